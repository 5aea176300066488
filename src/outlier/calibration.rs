//! From scores to p-values: the rank of a score among scores of reference observations that the
//! detector had not seen (conformal prediction: Vovk, Gammerman and Shafer 2005; for outliers
//! Bates, Candes, Lei, Romano and Sesia 2023).

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Rows;
use super::support::packed;
use crate::error::{Error, Result};
use crate::sound::{Sound, in_order};

/// Where the scores of unseen observations come from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calibration {
    /// The reference in so many folds: each is scored by a detector that was fitted on the others.
    /// The detector itself is fitted on all. P(p <= a) is about a, and at most 2a where removing
    /// one fold does not change the detector (Vovk 2015; Barber, Candes, Ramdas and Tibshirani
    /// 2021).
    Cross(usize),
    /// This fraction of the reference is kept for calibration and the detector is fitted on the
    /// rest: P(p <= a) <= a for any sample size, detector and distribution.
    Holdout(f64),
    /// No p-values and no thresholds from the reference.
    None,
}

impl Default for Calibration {
    fn default() -> Self {
        Calibration::Cross(5)
    }
}

impl Calibration {
    /// `"cross"`, `"holdout"`, `"none"`, `{"cross": folds}` or `{"holdout": fraction}`; the default
    /// of nothing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub(crate) fn parse(option: Option<Value>) -> Result<Self> {
        match option {
            None => Ok(Calibration::default()),
            Some(Value::String(text)) if text == "cross" => Ok(Calibration::default()),
            Some(Value::String(text)) if text == "holdout" => Ok(Calibration::Holdout(0.25)),
            Some(value) => serde_json::from_value(value.clone()).map_err(|_| {
                let expected = "\"cross\", \"holdout\", \"none\", {\"cross\": folds} or {\"holdout\": fraction}";
                Error::invalid("calibration", value, expected)
            }),
        }
    }
}

/// Which observations are fitted on, and which are scored.
pub struct Fold {
    /// Numbers of those that are fitted on.
    pub fit: Vec<usize>,
    /// Numbers of those that are scored.
    pub score: Vec<usize>,
}

/// Observations in random order, so that a trend in the reference is in every fold.
fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(0x5EED));
    order
}

/// `folds` of `n` observations.
pub fn folds(n: usize, folds: usize) -> Result<Vec<Fold>> {
    if folds < 2 {
        return Err(Error::invalid("calibration", format!("cross = {folds}"), "at least 2 folds"));
    }
    if n < 2 {
        let reason = "calibration by folds takes two; or calibration = \"none\"".into();
        return Err(Error::BaselineTooSmall { argument: "reference", was: n, expected: 2, reason });
    }
    let (order, folds) = (shuffled(n), folds.min(n));
    let of = |i: usize| i * folds / n;
    let pick = |keep: &dyn Fn(usize) -> bool| {
        let mut picked: Vec<usize> = (0..n).filter(|i| keep(of(*i))).map(|i| order[i]).collect();
        picked.sort_unstable();
        picked
    };
    Ok((0..folds).map(|k| Fold { fit: pick(&|f| f != k), score: pick(&|f| f == k) }).collect())
}

/// A single fold, of which `fraction` is scored.
pub fn holdout(n: usize, fraction: f64) -> Result<Fold> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(Error::invalid(
            "calibration",
            format!("holdout = {fraction}"),
            "a fraction between 0 and 1",
        ));
    }
    let kept = ((n as f64 * fraction).round() as usize).clamp(1, n.saturating_sub(1).max(1));
    if kept >= n {
        let reason = "one to fit on, one to calibrate with".into();
        return Err(Error::BaselineTooSmall { argument: "reference", was: n, expected: 2, reason });
    }
    let mut order = shuffled(n);
    let mut fit = order.split_off(kept);
    order.sort_unstable();
    fit.sort_unstable();
    Ok(Fold { fit, score: order })
}

/// All were enough, those of a fold were not.
pub(crate) fn too_few(reference: &Rows<'_>, folds: usize, error: &Error) -> Error {
    let reason = format!(
        "calibration by {folds} folds failed on one: {error}; or use calibration = \"none\""
    );
    Error::BaselineTooSmall {
        argument: "reference",
        was: reference.len(),
        expected: reference.len() + 1,
        reason,
    }
}

/// Scores of unseen observations, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    #[serde(with = "packed")]
    scores: Vec<f64>,
}

impl Calibrated {
    /// Scores in any order; those that are NaN are left out.
    #[must_use]
    pub fn new(mut scores: Vec<f64>) -> Self {
        scores.retain(|score| !score.is_nan());
        scores.sort_by(f64::total_cmp);
        Calibrated { scores }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Demands that there are some.
    ///
    /// # Errors
    /// [`Error::Incompatible`].
    pub fn expect_scores(&self) -> Result<()> {
        if !self.is_empty() {
            return Ok(());
        }
        let (argument, was) =
            ("detector", "a detector fitted with calibration = \"none\"".to_owned());
        Err(Error::Incompatible {
            argument,
            was,
            expected: "p-values or thresholds; fit it with \"cross\"".into(),
        })
    }

    /// In rising order.
    #[must_use]
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// `(1 + scores of at least this one) / (1 + scores)`: at least 1/(n + 1). NaN for NaN.
    #[must_use]
    pub fn p_value(&self, score: f64) -> f64 {
        if score.is_nan() {
            return f64::NAN;
        }
        let below = self.scores.partition_point(|s| *s < score);
        (1 + self.scores.len() - below) as f64 / (1 + self.scores.len()) as f64
    }

    /// Takes in one more score: see [`super::threshold::feedback`].
    pub fn insert(&mut self, score: f64) {
        if !score.is_nan() {
            let at = self.scores.partition_point(|s| *s < score);
            self.scores.insert(at, score);
        }
    }
}

impl Sound for Calibrated {
    fn is_sound(&self) -> bool {
        in_order(&self.scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_observation_is_scored_once_by_what_has_not_seen_it() {
        for (n, k) in [(10, 5), (11, 3), (4, 9)] {
            let folds = folds(n, k).expect("enough");
            let mut seen = vec![0; n];
            for fold in &folds {
                assert_eq!(fold.fit.len() + fold.score.len(), n);
                assert!(!fold.score.is_empty() && fold.score.iter().all(|i| !fold.fit.contains(i)));
                fold.score.iter().for_each(|i| seen[*i] += 1);
            }
            assert!(seen.iter().all(|s| *s == 1));
        }
        let one = holdout(10, 0.25).expect("enough");
        assert_eq!((one.fit.len(), one.score.len()), (7, 3));
        assert!(
            holdout(1, 0.5).is_err()
                && holdout(9, 1.0).is_err()
                && folds(1, 5).is_err()
                && folds(5, 1).is_err()
        );
    }

    #[test]
    fn p_values_are_ranks() {
        let mut calibrated = Calibrated::new(vec![3.0, 1.0, f64::NAN, 2.0]);
        let p: Vec<f64> =
            [0.0, 1.0, 2.5, 3.0, 9.0].iter().map(|s| calibrated.p_value(*s)).collect();
        assert_eq!(p, [1.0, 1.0, 0.5, 0.5, 0.25]);
        assert!(calibrated.p_value(f64::NAN).is_nan());
        calibrated.insert(2.5);
        assert_eq!((calibrated.len(), calibrated.p_value(2.5)), (4, 0.6));
    }
}
