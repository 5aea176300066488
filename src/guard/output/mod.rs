//! Scores read off a classifier's own output, one set an observation.
//!
//! | score | definition | source |
//! |---|---|---|
//! | msp | `1 - p1`, with the largest probability `p1` | Hendrycks and Gimpel 2017 |
//! | entropy | `-sum p ln p`, nats | |
//! | margin | `1 - (p1 - p2)`, with the two largest | |
//! | energy | `-ln sum exp(logit)` | Liu et al. 2020, equation 4 with T = 1 |
//!
//! Higher is more anomalous. `1 - p1` is summed up from the other probabilities, so that
//! predictions whose probability rounds to 1 still differ.
//!
//! Accuracy: a few units in the last place of the element type (single precision for Float16).

pub mod contents;
mod logits;
pub mod predicted;
pub mod probabilities;

use crate::outlier::OutputKind;
use crate::simd::Real;

/// Scores of a batch, one entry per observation. An observation with a NaN or Inf in it has NaN for
/// scores, and its predicted class is [`ClassScores::NO_CLASS`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClassScores {
    /// One minus the largest probability.
    pub msp: Vec<f32>,
    /// Shannon entropy in nats.
    pub entropy: Vec<f32>,
    /// One minus the difference of the two largest probabilities (0 with a single class).
    pub margin: Vec<f32>,
    /// `-ln sum exp(logit)`; for probabilities NaN, which have no energy.
    pub energy: Vec<f32>,
    /// Index of the largest; the first of equals.
    pub predicted: Vec<u32>,
    /// Both classes of outputs that say one of them.
    both: Vec<f32>,
}

impl ClassScores {
    /// The predicted class of an observation that is not finite.
    pub const NO_CLASS: u32 = u32::MAX;

    fn resize(&mut self, n: usize) {
        for scores in [&mut self.msp, &mut self.entropy, &mut self.margin, &mut self.energy] {
            scores.resize(n, 0.0);
        }
        self.predicted.resize(n, 0);
    }

    /// Scores `rows` of a kind of `output` that has classes ([`OutputKind::has_classes`]),
    /// `features` an observation, feature fastest.
    pub fn from_output<T: Real>(&mut self, output: OutputKind, rows: &[T], features: usize) {
        let mut both = std::mem::take(&mut self.both);
        both.clear();
        match output {
            OutputKind::Probabilities => self.from_probabilities(rows, features),
            OutputKind::Binary => {
                let p = rows.iter().map(|p| p.to_f64());
                both.extend(p.flat_map(|p| [(1.0 - p) as f32, p as f32]));
                self.from_probabilities(&both, 2);
            }
            OutputKind::BinaryLogit => {
                both.extend(rows.iter().flat_map(|z| [0.0, z.to_f64() as f32]));
                self.from_logits(&both, 2);
            }
            _ => self.from_logits(rows, features),
        }
        self.both = both;
    }

    /// Scores `rows`, logits of `classes >= 1` classes an observation, class fastest.
    pub fn from_logits<T: Real>(&mut self, rows: &[T], classes: usize) {
        self.resize(rows.len() / classes);
        logits::score(rows, classes, self);
        // Of log-probabilities it is 0: what rounding leaves of that is no score.
        let rounding =
            16.0 * if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let largest = rows.chunks_exact(classes).zip(&self.predicted);
        for (energy, (row, class)) in self.energy.iter_mut().zip(largest) {
            let scale = row.get(*class as usize).map_or(0.0, |x| x.to_f64().abs().max(1.0));
            if f64::from(energy.abs()) <= rounding * scale {
                *energy = 0.0;
            }
        }
    }

    /// Scores `rows`, probabilities of `classes >= 1` classes an observation. Zeros are allowed;
    /// values that do not add up to 1 are taken as they are: see [`probabilities::expect`].
    pub fn from_probabilities<T: Real>(&mut self, rows: &[T], classes: usize) {
        self.resize(rows.len() / classes);
        probabilities::score(rows, classes, self);
    }

    /// The first `n` of the lanes, from observation `at` on.
    #[inline(always)]
    fn put_lanes(&mut self, at: usize, n: usize, lanes: &ScoreLanes) {
        let columns = [&mut self.msp, &mut self.entropy, &mut self.margin, &mut self.energy];
        for (column, lanes) in columns.into_iter().zip(&lanes.scores) {
            column[at..at + n].copy_from_slice(&lanes[..n]);
        }
        self.predicted[at..at + n].copy_from_slice(&lanes.predicted[..n]);
    }

    fn put(&mut self, at: usize, s: Scores) {
        self.msp[at] = s.msp;
        self.entropy[at] = s.entropy;
        self.margin[at] = s.margin;
        self.energy[at] = s.energy;
        self.predicted[at] = s.predicted;
    }
}

/// Scores of one observation.
#[derive(Debug, Clone, Copy)]
struct Scores {
    msp: f32,
    entropy: f32,
    margin: f32,
    energy: f32,
    predicted: u32,
}

impl Scores {
    const NON_FINITE: Scores = Scores {
        msp: f32::NAN,
        entropy: f32::NAN,
        margin: f32::NAN,
        energy: f32::NAN,
        predicted: ClassScores::NO_CLASS,
    };
}

/// Scores of [`LANES`] observations: msp, entropy, margin, energy; and the predicted classes.
struct ScoreLanes {
    scores: [[f32; LANES]; 4],
    predicted: [u32; LANES],
}

/// Observations scored side by side when there are few classes, and classes side by side when there
/// are many.
const LANES: usize = 16;

/// The two largest of many values, lane by lane, the first place of the largest, and whether all
/// were finite.
#[derive(Clone, Copy)]
struct Largest<T: Real> {
    first: [T; LANES],
    second: [T; LANES],
    place: [T; LANES],
    /// Stays 0 while all values are finite: `x * 0` is NaN for NaN and Inf.
    spoiled: [T; LANES],
}

impl<T: Real> Largest<T> {
    #[inline(always)]
    fn new() -> Self {
        Largest {
            first: [T::LOWEST; LANES],
            second: [T::LOWEST; LANES],
            place: [T::ZERO; LANES],
            spoiled: [T::ZERO; LANES],
        }
    }

    #[inline(always)]
    fn update<const FMA: bool>(&mut self, x: &[T; LANES], place: T) {
        // One operation a loop: what the compiler keeps in registers.
        let before = self.first;
        let larger = |l: usize| x[l] > before[l];
        let spoiled = self.spoiled;
        self.spoiled = std::array::from_fn(|l| x[l].fma::<FMA>(T::ZERO, spoiled[l]));
        let loser: [T; LANES] = std::array::from_fn(|l| if larger(l) { before[l] } else { x[l] });
        let second = self.second;
        self.second =
            std::array::from_fn(|l| if loser[l] > second[l] { loser[l] } else { second[l] });
        self.first = std::array::from_fn(|l| if larger(l) { x[l] } else { before[l] });
        let places = self.place;
        self.place = std::array::from_fn(|l| if larger(l) { place } else { places[l] });
    }

    /// [`Largest::update`] as one loop, whose lanes the compiler keeps in memory: slower for a few
    /// short chains, faster for the long one of many classes.
    #[inline(always)]
    fn sweep<const FMA: bool>(&mut self, x: &[T; LANES], place: T) {
        for l in 0..LANES {
            let x = x[l];
            self.spoiled[l] = x.fma::<FMA>(T::ZERO, self.spoiled[l]);
            let larger = x > self.first[l];
            let loser = if larger { self.first[l] } else { x };
            self.second[l] = if loser > self.second[l] { loser } else { self.second[l] };
            self.first[l] = if larger { x } else { self.first[l] };
            self.place[l] = if larger { place } else { self.place[l] };
        }
    }

    /// `(largest, second largest, place of the largest, all finite)` over the lanes, lane `l` being
    /// `places[l]` on.
    #[inline(always)]
    fn reduce(&self) -> (T, T, usize, bool) {
        let (mut first, mut second, mut place, mut finite) =
            (T::LOWEST, T::LOWEST, usize::MAX, true);
        for l in 0..LANES {
            finite &= self.spoiled[l] == T::ZERO;
            let (x, at) = (self.first[l], self.place[l].to_f64() as usize + l);
            if x > first || (x == first && at < place) {
                second = if first > second { first } else { second };
                first = x;
                place = at;
            } else if x > second {
                second = x;
            }
            second = if self.second[l] > second { self.second[l] } else { second };
        }
        (first, second, place, finite)
    }
}

/// `LANES` classes of one observation from `k` on, `pad` beyond the last.
#[inline(always)]
fn block<T: Real>(row: &[T], k: usize, pad: T) -> [T; LANES] {
    let mut x = [pad; LANES];
    let n = (row.len() - k).min(LANES);
    if n == LANES {
        x.copy_from_slice(&row[k..k + LANES]);
    } else {
        x[..n].copy_from_slice(&row[k..]);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition, in double precision.
    fn naive(row: &[f64], logits: bool) -> [f64; 4] {
        let z: f64 = row.iter().map(|x| x.exp()).sum();
        let p: Vec<f64> =
            if logits { row.iter().map(|x| x.exp() / z).collect() } else { row.to_vec() };
        let mut sorted = p.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let entropy = -p.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>();
        let second = sorted.get(1).copied().unwrap_or(0.0);
        let rest = sorted[1..].iter().sum::<f64>().max(if logits { 0.0 } else { 1.0 - sorted[0] });
        [rest, entropy, rest + second, if logits { -z.ln() } else { f64::NAN }]
    }

    fn check<T: Real>(
        rows: &[T],
        classes: usize,
        logits: bool,
        tolerance: f64,
    ) -> Result<(), TestCaseError> {
        let mut s = ClassScores::default();
        if logits {
            s.from_logits(rows, classes)
        } else {
            s.from_probabilities(rows, classes)
        };
        prop_assert_eq!(s.predicted.len(), rows.len() / classes);
        for (j, row) in rows.chunks(classes).enumerate() {
            let row: Vec<f64> = row.iter().map(|x| x.to_f64()).collect();
            let got = [s.msp[j], s.entropy[j], s.margin[j], s.energy[j]].map(f64::from);
            if row.iter().any(|x| !x.is_finite()) {
                prop_assert!(
                    got.iter().all(|x| x.is_nan()) && s.predicted[j] == ClassScores::NO_CLASS
                );
                continue;
            }
            // Energies that rounding could have made are 0.
            let most = row.iter().fold(1.0f64, |most, x| most.max(x.abs()));
            for (got, want) in got.iter().zip(naive(&row, logits)) {
                let same = (got - want).abs() <= tolerance * (1.0 + want.abs())
                    || (*got == 0.0 && want.abs() <= 2e-6 * most)
                    || (got.is_nan() && want.is_nan());
                prop_assert!(same, "observation {}: got {}, want {} of {:?}", j, got, want, row);
            }
            let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(
                s.predicted[j] as usize,
                row.iter().position(|x| *x == best).unwrap_or(usize::MAX)
            );
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn scores_are_the_definitions(
            classes in prop_oneof![1usize..24, 60usize..70],
            n in 1usize..40,
            seed in any::<u64>(),
            ties in any::<bool>(),
            bad in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut state = seed | 1;
            let mut logits: Vec<f64> = (0..classes * n).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let u = (state >> 40) as f64 / 16_777_216.0 * 20.0 - 10.0;
                f64::from(if ties { u.round() as f32 } else { u as f32 })
            }).collect();
            let mut probabilities = logits.clone();
            for row in probabilities.chunks_mut(classes) {
                let z: f64 = row.iter().map(|x| x.exp()).sum();
                row.iter_mut().for_each(|x| *x = f64::from((x.exp() / z) as f32));
            }
            if let Some(at) = bad {
                let at = at.index(logits.len());
                logits[at] = f64::NAN;
                probabilities[at] = f64::INFINITY;
            }
            for (rows, is_logits) in [(&logits, true), (&probabilities, false)] {
                check(rows, classes, is_logits, 1e-6)?;
                let single: Vec<f32> = rows.iter().map(|x| *x as f32).collect();
                check(&single, classes, is_logits, 2e-6)?;
            }
        }
    }

    #[test]
    fn predictions_whose_probability_rounds_to_one_still_differ() {
        for classes in [3usize, 10, 40, 100] {
            let rows: Vec<f32> = (0..40 * classes)
                .map(|i| if i % classes == 1 { 25.0 } else { (i / classes) as f32 / 8.0 })
                .collect();
            let mut s = ClassScores::default();
            s.from_logits(&rows, classes);
            for (j, msp) in s.msp.iter().enumerate() {
                let rest = (classes as f64 - 1.0) * (j as f64 / 8.0 - 25.0).exp();
                assert!(
                    (f64::from(*msp) / (rest / (1.0 + rest)) - 1.0).abs() < 1e-4,
                    "{msp} of {classes} classes"
                );
            }
            let rows: Vec<f32> =
                [1.0f32].into_iter().chain(std::iter::repeat_n(1e-12, classes - 1)).collect();
            s.from_probabilities(&rows, classes);
            assert!((f64::from(s.msp[0]) / (1e-12 * (classes - 1) as f64) - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn the_entropy_of_a_confident_prediction_is_exact_and_what_adds_up_to_nothing_is_unsure() {
        let mut s = ClassScores::default();
        for gap in [5.0f32, 15.0, 20.0, 25.0, 40.0] {
            s.from_logits(&[gap, 0.0, 0.0, 0.0], 4);
            let (gap, rest) = (f64::from(gap), 3.0 * f64::from(-gap).exp());
            let want = rest.ln_1p() + gap * rest / (1.0 + rest);
            assert!((f64::from(s.entropy[0]) / want - 1.0).abs() < 1e-5, "{gap}: {}", s.entropy[0]);
        }
        s.from_probabilities(&[0.0f32; 4], 4);
        assert!(s.msp[0] == 1.0 && s.margin[0] == 1.0);
    }

    #[test]
    fn log_probabilities_have_no_energy_but_rounding() {
        for classes in [3usize, 10, 100, 1000] {
            let mut state = 7u64;
            let mut uniform = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as f64 / f64::from(1u32 << 31)
            };
            let mut rows: Vec<f64> = (0..200 * classes).map(|_| 12.0 * uniform()).collect();
            for row in rows.chunks_mut(classes) {
                let z = row.iter().map(|x| x.exp()).sum::<f64>().ln();
                row.iter_mut().for_each(|x| *x -= z);
            }
            let single: Vec<f32> = rows.iter().map(|x| *x as f32).collect();
            let mut s = ClassScores::default();
            s.from_logits(&rows, classes);
            assert!(s.energy.iter().all(|energy| *energy == 0.0), "{classes}");
            s.from_logits(&single, classes);
            assert!(s.energy.iter().all(|energy| *energy == 0.0), "{classes} in single precision");
            assert!(s.msp.iter().all(|msp| *msp > 0.0));
            // Those of other logits stay, however small.
            s.from_logits(&[1e-3f32 - 2f32.ln(), -(2f32.ln())], 2);
            assert!((s.energy[0] + 5e-4).abs() < 1e-6, "{}", s.energy[0]);
        }
    }

    #[test]
    fn extreme_logits_neither_overflow_nor_vanish() {
        let mut s = ClassScores::default();
        s.from_logits(&[1e30f32, -1e30, 0.0], 3);
        assert!(s.msp[0] < 1e-30 && s.margin[0] < 1e-30 && s.predicted[0] == 0);
        assert!(s.entropy[0].abs() < 1e-30);
        assert_eq!(s.energy[0], -1e30);
    }
}
