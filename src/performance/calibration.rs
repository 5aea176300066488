//! Scores that are made probabilities on a labeled reference.

use serde::{Deserialize, Serialize};

use super::isotonic::Isotonic;
use crate::Result;
use crate::sound::Sound;
use crate::stats::random::SplitMix64;

/// Whether scores are calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calibration {
    /// Where it lowers the calibration error on observations that the calibrator has not seen: by
    /// cross-fitting in [`FOLDS`] folds, and only then. A reference that is calibrated already is
    /// left as it is: isotonic regression would only add its noise.
    Auto,
    /// Always.
    Always,
    /// Never: the scores are probabilities.
    Never,
}

/// Folds of cross-fitting.
pub const FOLDS: usize = 10;

/// Groups of equally many observations that the calibration error is taken over.
const BINS: usize = 10;

/// A calibrating function for each class, or none where the scores are left as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrator {
    classes: Vec<Option<Isotonic>>,
}

impl Calibrator {
    /// `scores` and `truth` (0 or 1) of each class. O(classes n log n), [`FOLDS`] times for
    /// [`Calibration::Auto`].
    pub(super) fn fit(
        mode: Calibration,
        scores: &[Vec<f64>],
        truth: &[Vec<f64>],
        seed: u64,
    ) -> Result<Self> {
        let one = |(scores, truth): (&Vec<f64>, &Vec<f64>)| {
            let wanted = match mode {
                Calibration::Never => false,
                Calibration::Always => true,
                Calibration::Auto => helps(scores, truth, seed)?,
            };
            wanted.then(|| Isotonic::fit(scores, truth)).transpose()
        };
        Ok(Calibrator { classes: scores.iter().zip(truth).map(one).collect::<Result<_>>()? })
    }

    /// Which classes are calibrated.
    #[must_use]
    pub fn calibrated(&self) -> Vec<bool> {
        self.classes.iter().map(Option::is_some).collect()
    }

    /// Probabilities of each class; those of several classes add up to 1 (where all are 0, the
    /// scores stay).
    pub(super) fn apply(&self, scores: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let calibrate = |(scores, calibrator): (&Vec<f64>, &Option<Isotonic>)| match calibrator {
            Some(calibrator) => scores.iter().map(|x| calibrator.predict(*x)).collect(),
            None => scores.clone(),
        };
        let mut out: Vec<Vec<f64>> = scores.iter().zip(&self.classes).map(calibrate).collect();
        if out.len() > 1 {
            for i in 0..out[0].len() {
                let sum: f64 = out.iter().map(|class| class[i]).sum();
                for (class, raw) in out.iter_mut().zip(scores) {
                    class[i] = if sum > 0.0 { class[i] / sum } else { raw[i] };
                }
            }
        }
        out
    }
}

/// Whether isotonic regression lowers the calibration error of observations that it was not fitted
/// on.
fn helps(scores: &[f64], truth: &[f64], seed: u64) -> Result<bool> {
    let n = scores.len();
    if n < 2 * FOLDS {
        return Ok(false);
    }
    let mut order: Vec<usize> = (0..n).collect();
    let mut random = SplitMix64::new(seed);
    (1..n).for_each(|i| order.swap(i, random.below(i + 1)));
    let mut calibrated = vec![0.0; n];
    for fold in 0..FOLDS {
        let (mut x, mut y) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for (k, &i) in order.iter().enumerate() {
            if k % FOLDS != fold {
                x.push(scores[i]);
                y.push(truth[i]);
            }
        }
        let fitted = Isotonic::fit(&x, &y)?;
        order
            .iter()
            .skip(fold)
            .step_by(FOLDS)
            .for_each(|&i| calibrated[i] = fitted.predict(scores[i]));
    }
    Ok(calibration_error(&calibrated, truth) < calibration_error(scores, truth))
}

/// The expected calibration error (Naeini, Cooper and Hauskrecht 2015) over ten groups of
/// equally many observations, in the order of the probabilities: the mean over the observations of
/// |mean probability - share of ones| of their group.
#[must_use]
pub fn calibration_error(probabilities: &[f64], truth: &[f64]) -> f64 {
    let n = probabilities.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| probabilities[i].total_cmp(&probabilities[j]));
    let gap = |bin: usize| {
        let members = &order[bin * n / BINS..(bin + 1) * n / BINS];
        members.iter().map(|&i| probabilities[i] - truth[i]).sum::<f64>().abs()
    };
    (0..BINS).map(gap).sum::<f64>() / n.max(1) as f64
}

impl Calibrator {
    /// Whether it is of so many classes.
    pub(super) fn is_sound(&self, classes: usize) -> bool {
        self.classes.len() == classes && self.classes.iter().flatten().all(Sound::is_sound)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn outcomes(n: usize, distort: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
        let mut random = Random(3);
        let draw = |_| {
            let p = random.uniform();
            (distort(p), f64::from(u8::from(random.uniform() < p)))
        };
        (0..n).map(draw).unzip()
    }

    #[test]
    fn only_what_is_not_calibrated_is_calibrated() {
        let (scores, truth) = outcomes(4000, |p| p);
        assert!(!helps(&scores, &truth, 0).unwrap());
        let (scores, truth) = outcomes(4000, |p| p * p);
        assert!(helps(&scores, &truth, 0).unwrap());
        let fitted = Calibrator::fit(
            Calibration::Auto,
            std::slice::from_ref(&scores),
            std::slice::from_ref(&truth),
            0,
        )
        .unwrap();
        assert_eq!(fitted.calibrated(), [true]);
        let after = fitted.apply(std::slice::from_ref(&scores));
        assert!(calibration_error(&after[0], &truth) < 0.1 * calibration_error(&scores, &truth));
    }

    #[test]
    fn probabilities_of_classes_add_up() {
        let scores = vec![vec![0.1, 0.5, 0.9, 0.3], vec![0.9, 0.5, 0.1, 0.7]];
        let truth = vec![vec![0.0, 0.0, 1.0, 0.0], vec![0.0, 1.0, 0.0, 0.0]];
        let fitted = Calibrator::fit(Calibration::Always, &scores, &truth, 0).unwrap();
        let out = fitted.apply(&scores);
        (0..4).for_each(|i| assert!((out[0][i] + out[1][i] - 1.0).abs() < 1e-12));
        // A calibrator that gives no class a chance says nothing: the scores stay.
        let none = vec![vec![0.0; 4], vec![0.0; 4]];
        assert_eq!(
            Calibrator::fit(Calibration::Always, &scores, &none, 0).unwrap().apply(&scores),
            scores
        );
    }
}
