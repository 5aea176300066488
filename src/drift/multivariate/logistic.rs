//! Logistic regression with an L2 penalty of 1, by Newton's method.
//!
//! The loss is convex and its minimum one, so that any method finds the same; this one finds it for
//! whatever rows there are. Steps solve Newton's equation by conjugate gradients, only as far as it
//! helps, and are halved until the loss falls enough (truncated Newton: Nocedal and Wright 2006,
//! section 7.1).

/// Steps of Newton's method, and of conjugate gradients in one.
const STEPS: usize = 100;
const INNER: usize = 200;

/// Largest gradient at which it is done.
const TOLERANCE: f64 = 1e-8;

/// Rows with labels of 1 (true) or 0, `features` numbers each.
pub(super) struct Problem<'a> {
    pub rows: Vec<&'a [f64]>,
    pub labels: Vec<bool>,
    pub features: usize,
}

impl Problem<'_> {
    /// The weight of each feature at the minimum of `sum ln(1 + exp(-y z)) + |w|² / 2`, with an
    /// intercept that costs nothing and is left out. Cost: O(rows · features) an inner step; some
    /// tens to a few hundred of them.
    pub fn weights(&self) -> Vec<f64> {
        let mut w = vec![0.0; self.features + 1];
        let mut z = vec![0.0; self.rows.len()];
        let mut loss = self.loss(&w, &z);
        for _ in 0..STEPS {
            let chances: Vec<f64> = z.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
            let errors: Vec<f64> = chances
                .iter()
                .zip(&self.labels)
                .map(|(p, y)| p - f64::from(u8::from(*y)))
                .collect();
            let mut gradient = self.transposed(&errors);
            gradient.iter_mut().zip(&w).take(self.features).for_each(|(g, w)| *g += w);
            if norm(&gradient) <= TOLERANCE {
                break;
            }
            let curvature: Vec<f64> = chances.iter().map(|p| p * (1.0 - p)).collect();
            let direction = self.direction(&curvature, &gradient);
            let slope = dot(&gradient, &direction);
            let moved = self.applied(&direction);
            let mut length = 1.0;
            let fell = loop {
                let next: Vec<f64> =
                    w.iter().zip(&direction).map(|(w, d)| w + length * d).collect();
                let at: Vec<f64> = z.iter().zip(&moved).map(|(z, m)| z + length * m).collect();
                let there = self.loss(&next, &at);
                if there <= loss + 1e-4 * length * slope {
                    (w, z) = (next, at);
                    let fell = loss - there;
                    loss = there;
                    break fell;
                }
                length *= 0.5;
                if length < 1e-10 {
                    break 0.0; // as near as these numbers can tell
                }
            };
            if fell <= 0.0 {
                break;
            }
        }
        w.truncate(self.features);
        w
    }

    fn loss(&self, w: &[f64], z: &[f64]) -> f64 {
        let of = |(z, y): (&f64, &bool)| {
            let against = if *y { -z } else { *z };
            against.max(0.0) + (-against.abs()).exp().ln_1p()
        };
        z.iter().zip(&self.labels).map(of).sum::<f64>()
            + 0.5 * dot(&w[..self.features], &w[..self.features])
    }

    /// `X v`, with the intercept.
    fn applied(&self, v: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|row| dot(row, &v[..self.features]) + v[self.features]).collect()
    }

    /// `Xᵀ v`.
    fn transposed(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.features + 1];
        for (row, v) in self.rows.iter().zip(v) {
            out.iter_mut().zip(*row).for_each(|(out, x)| *out += v * x);
            out[self.features] += v;
        }
        out
    }

    /// About `-H⁻¹ g`: downhill in any case.
    fn direction(&self, curvature: &[f64], gradient: &[f64]) -> Vec<f64> {
        let mut d = vec![0.0; gradient.len()];
        let mut rest: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut along = rest.clone();
        let mut square = dot(&rest, &rest);
        let enough = square * (square.sqrt().min(0.25)).min(1.0);
        for _ in 0..INNER.min(10 * gradient.len()) {
            let weighted: Vec<f64> =
                self.applied(&along).iter().zip(curvature).map(|(x, h)| x * h).collect();
            let mut bent = self.transposed(&weighted);
            bent.iter_mut().zip(&along).take(self.features).for_each(|(bent, a)| *bent += a);
            let across = dot(&along, &bent);
            if across <= 1e-300 {
                break;
            }
            let step = square / across;
            d.iter_mut().zip(&along).for_each(|(d, a)| *d += step * a);
            rest.iter_mut().zip(&bent).for_each(|(r, b)| *r -= step * b);
            let next = dot(&rest, &rest);
            if next <= enough {
                break;
            }
            let kept = next / square;
            along.iter_mut().zip(&rest).for_each(|(a, r)| *a = r + kept * *a);
            square = next;
        }
        if d.iter().all(|d| *d == 0.0) { gradient.iter().map(|g| -g).collect() } else { d }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |most, x| x.abs().max(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;
    use proptest::prelude::*;

    proptest! {
        /// Rare ones, constants, values far out: the gradient vanishes where it says that the
        /// minimum is.
        #[test]
        fn it_ends_at_the_minimum(seed in any::<u64>(), n in 4usize..60, features in 1usize..6,
            kind in 0usize..4) {
            let mut random = Random(seed);
            let values: Vec<f64> = random.normals(n * features).into_iter().map(|z| match kind {
                0 => z,
                1 => f64::from(u8::from(z > 2.0)) * 7.0,
                2 => 0.0,
                _ => (4.0 * z).exp(),
            }).collect();
            let labels: Vec<bool> = (0..n).map(|i| i % 2 == 0 || random.uniform() < 0.1).collect();
            let problem = Problem { rows: values.chunks_exact(features).collect(), labels,
                features };
            let w = problem.weights();
            prop_assert!(w.iter().all(|w| w.is_finite()));
            // The intercept at which the loss is least, by bisection of its slope; then each
            // weight's slope is to be 0.
            let apart = |b: f64| -> Vec<f64> {
                let with = [&w[..], &[b]].concat();
                let z = problem.applied(&with);
                z.iter().zip(&problem.labels)
                    .map(|(z, y)| 1.0 / (1.0 + (-z).exp()) - f64::from(u8::from(*y))).collect()
            };
            let (mut low, mut high) = (-1e6, 1e6);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if apart(middle).iter().sum::<f64>() < 0.0 { low = middle } else { high = middle }
            }
            let slope = problem.transposed(&apart(low));
            let scale = 1.0 + values.iter().fold(0.0f64, |most, x| x.abs().max(most));
            for (slope, w) in slope.iter().zip(&w) {
                prop_assert!((slope + w).abs() <= 1e-5 * scale, "{} {w}", slope + w);
            }
        }
    }
}
