//! Scores read off predictions that are distributions themselves: of labels, of numbers.
//!
//! | score | of | definition | source |
//! |---|---|---|---|
//! | entropy | labels | the sum of the labels' entropies, nats | |
//! | entropy | Gaussian | `sum ln(2 pi e v) / 2` of variances `v`, nats | Cover and Thomas 2006, theorem 8.4.1 |
//! | entropy | mixture | the same of the mixture's variance: no mixture of that variance has more | theorem 8.6.5 there |
//! | joint-energy | labels | `-sum ln(1 + exp(logit))` | Wang et al. 2021, "Can multi-label classification networks know what they don't know?", equation 5 |
//!
//! Higher is more anomalous. In double precision, whatever the elements are.

use std::f64::consts::{E, PI};

use crate::outlier::OutputKind;
use crate::simd::Real;

/// The least that is left of one by a probability, and the least variance: what single precision
/// makes 0.
const TINY: f64 = (f32::EPSILON / 2.0) as f64;
const LEAST_VARIANCE: f64 = f32::MIN_POSITIVE as f64;

/// The entropy of each prediction; NaN where it is not finite.
pub fn entropy<T: Real>(output: OutputKind, rows: &[T], features: usize, out: &mut Vec<f32>) {
    score(rows, features, out, |row| match output {
        OutputKind::Multilabel => row.iter().map(|p| of_share(p.to_f64())).sum(),
        OutputKind::MultilabelLogits => row.iter().map(|z| of_logit(z.to_f64())).sum(),
        OutputKind::Gaussian => row[features / 2..].iter().map(|v| of_variance(v.to_f64())).sum(),
        _ => of_variance(mixed(row, features / 3)),
    });
}

/// The joint energy of each prediction of labels; NaN where it is not finite.
pub fn joint_energy<T: Real>(output: OutputKind, rows: &[T], features: usize, out: &mut Vec<f32>) {
    score(rows, features, out, |row| match output {
        OutputKind::Multilabel => row.iter().map(|p| (1.0 - p.to_f64()).max(TINY).ln()).sum(),
        _ => row.iter().map(|z| -softplus(z.to_f64())).sum(),
    });
}

fn score<T: Real>(rows: &[T], features: usize, out: &mut Vec<f32>, of: impl Fn(&[T]) -> f64) {
    out.clear();
    out.extend(rows.chunks_exact(features).map(|row| {
        let is_finite = row.iter().all(|x| x.to_f64().is_finite());
        if is_finite { of(row) as f32 } else { f32::NAN }
    }));
}

fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

fn of_share(p: f64) -> f64 {
    let of = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    of(p) + of(1.0 - p)
}

fn of_logit(z: f64) -> f64 {
    // Of the rarer of the two: its odds.
    let odds = (-z.abs()).exp();
    odds.ln_1p() + z.abs() * odds / (1.0 + odds)
}

fn of_variance(v: f64) -> f64 {
    0.5 * (2.0 * PI * E * v.max(LEAST_VARIANCE)).ln()
}

/// The variance of a mixture: within its parts, and between them.
fn mixed<T: Real>(row: &[T], parts: usize) -> f64 {
    let part = |k: usize| [row[k], row[parts + k], row[2 * parts + k]].map(|x| x.to_f64());
    let sum = |f: &dyn Fn([f64; 3]) -> f64| (0..parts).map(|k| f(part(k))).sum::<f64>();
    let all = sum(&|[w, ..]| w).max(f64::MIN_POSITIVE);
    let mean = sum(&|[w, m, _]| w * m) / all;
    sum(&|[w, m, v]| w * (v + (m - mean).powi(2))) / all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(
        score: impl Fn(OutputKind, &[f64], usize, &mut Vec<f32>),
        kind: OutputKind,
        row: &[f64],
    ) -> f64 {
        let mut out = Vec::new();
        score(kind, row, row.len(), &mut out);
        f64::from(out[0])
    }

    /// By numerical integration of `-p ln p`.
    fn integrated(density: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
        let n = 20_000;
        let width = (to - from) / f64::from(n);
        (0..n)
            .map(|i| density(from + (f64::from(i) + 0.5) * width))
            .map(|p| if p > 0.0 { -p * p.ln() * width } else { 0.0 })
            .sum()
    }

    fn normal(x: f64, mean: f64, variance: f64) -> f64 {
        (-0.5 * (x - mean).powi(2) / variance).exp() / (2.0 * PI * variance).sqrt()
    }

    proptest! {
        #[test]
        fn logits_score_as_their_probabilities(z in prop::collection::vec(-12.0..12.0f64, 1..8)) {
            let p: Vec<f64> = z.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
            for score in [entropy::<f64>, joint_energy::<f64>] {
                let (by_logits, by_shares) =
                    (of(score, OutputKind::MultilabelLogits, &z),
                     of(score, OutputKind::Multilabel, &p));
                prop_assert!((by_logits - by_shares).abs() < 1e-5 * (1.0 + by_logits.abs()), "{by_logits} {by_shares}");
            }
            let by_definition: f64 = p.iter().map(|p| -p * p.ln() - (1.0 - p) * (1.0 - p).ln())
                .sum();
            let found = of(entropy::<f64>, OutputKind::Multilabel, &p);
            prop_assert!((found - by_definition).abs() < 1e-5 * (1.0 + by_definition), "{found} {by_definition}");
        }

        #[test]
        fn entropies_of_densities_are_their_integrals(
            w in 0.05..0.95f64, means in (-3.0..3.0f64, -3.0..3.0f64),
            variances in (0.1..4.0f64, 0.1..4.0f64),
        ) {
            let one = of(entropy::<f64>, OutputKind::Gaussian, &[means.0, variances.0]);
            let by_integral = integrated(|x| normal(x, means.0, variances.0), -25.0, 25.0);
            prop_assert!((one - by_integral).abs() < 1e-4, "{one} {by_integral}");
            let both = of(entropy::<f64>, OutputKind::Gaussian,
                &[means.0, means.1, variances.0, variances.1]);
            let other = of(entropy::<f64>, OutputKind::Gaussian, &[means.1, variances.1]);
            prop_assert!((both - one - other).abs() < 1e-5);

            let mixture = [w, 1.0 - w, means.0, means.1, variances.0, variances.1];
            let bound = of(entropy::<f64>, OutputKind::Mixture, &mixture);
            let density = |x: f64| w * normal(x, means.0, variances.0)
                + (1.0 - w) * normal(x, means.1, variances.1);
            prop_assert!(bound > integrated(density, -25.0, 25.0) - 1e-4, "{bound}");
            let alike = [w, 1.0 - w, means.0, means.0, variances.0, variances.0];
            prop_assert!((of(entropy::<f64>, OutputKind::Mixture, &alike) - one).abs() < 1e-4);
        }
    }

    #[test]
    fn what_is_certain_or_not_finite_has_a_score_or_none() {
        assert_eq!(of(entropy::<f64>, OutputKind::Multilabel, &[0.0, 1.0]), 0.0);
        assert!(of(joint_energy::<f64>, OutputKind::Multilabel, &[1.0]).is_finite());
        assert!(of(entropy::<f64>, OutputKind::Gaussian, &[0.0, 0.0]).is_finite());
        assert!(of(joint_energy::<f64>, OutputKind::MultilabelLogits, &[1e30]) < -1e29);
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(of(entropy::<f64>, OutputKind::Gaussian, &[x, 1.0]).is_nan());
            assert!(of(joint_energy::<f64>, OutputKind::MultilabelLogits, &[0.0, x]).is_nan());
        }
    }
}
