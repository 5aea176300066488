//! Rows of a sample scored by detectors that have not seen them: which rows of one sample do not
//! look like the rest of it.
//!
//! A detector that is fitted on a row knows it: of `knn` the row is its own nearest neighbor, of
//! `kde` it stands under its own kernel. Scores of the rows that a detector was fitted on are
//! therefore too low, and lowest for what is most unusual.

use super::calibration::{self, Calibrated, Calibration};
use super::fold::{expect_classifier, fold};
use super::ood::Head;
use super::threshold;
use super::{Rows, Spec};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// What [`within`] says of each row, in the order of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Within {
    scores: Vec<f64>,
    calibrated: Calibrated,
}

/// Scores each observation of `reference` by a detector that was fitted on other observations of
/// it: behind `fluxguard detect --within` and Julia's `score_within`.
///
/// The folds are those of [`Calibration::Cross`] (five, if the spec does not say otherwise; as many
/// as observations where there are fewer): observations in a random order that depends on their
/// number alone are cut into parts of equal size (but for 1), and each part is scored by a detector
/// that was fitted on all others. Observations that are equal share the mean of their scores,
/// whichever folds they are in. `labels` and `head` are those of [`super::Fitted::fit_classifier`].
///
/// Costs as many fits as folds, and one score per observation.
///
/// # Errors
/// As [`super::Fitted::fit`] and [`super::Fitted::fit_classifier`]; [`Error::InvalidArgument`] for
/// a calibration other than by folds; [`Error::BaselineTooSmall`] where the folds' rests do not
/// suffice for the detector.
pub fn within(
    spec: &Spec,
    reference: &Tensor<'_>,
    labels: Option<&[u32]>,
    head: Option<&Head>,
) -> Result<Within> {
    let Calibration::Cross(folds) = spec.calibration else {
        let was = if spec.calibration == Calibration::None { "none" } else { "holdout" };
        let expected =
            "\"cross\" or {\"cross\": folds}: every row is scored, by what was fitted on others";
        return Err(Error::invalid("calibration", was, expected));
    };
    expect_classifier(spec, labels, head)?;
    let rows = Rows::reference(reference)?.of_classifier(labels, head)?;
    let mut scores = out_of_fold(spec, &rows, folds)?;
    share_between_equals(&rows, &mut scores);
    Ok(Within { calibrated: Calibrated::new(scores.clone()), scores })
}

impl Within {
    /// One score per observation; higher is more anomalous; finite.
    #[must_use]
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// One p-value per observation: of all `n` scores the fraction that is at least as high as its
    /// own, itself included. From `1/n`, of the highest score, to 1. They are ranks within the
    /// sample: of any `n` rows some are the most unusual, and at most the fraction `a` of them has
    /// a p-value up to `a`, whether or not any of them is wrong. Not to be corrected for many
    /// tests: [`Within::scores`] and a threshold by peaks ([`threshold::Method::Pot`]) say how far
    /// out the first of them are.
    #[must_use]
    pub fn p_values(&self) -> Vec<f64> {
        let sorted = self.calibrated.scores();
        let n = sorted.len();
        let rank =
            |score: &f64| (n - sorted.partition_point(|other| other < score)) as f64 / n as f64;
        self.scores.iter().map(rank).collect()
    }

    /// All scores in rising order, as of unseen observations: what a threshold is made of.
    #[must_use]
    pub fn calibrated(&self) -> &Calibrated {
        &self.calibrated
    }

    /// The score that at most the fraction `rate` of the rows exceed.
    ///
    /// # Errors
    /// [`Error::BaselineTooSmall`] for a rate below `1/(n + 1)`, as [`threshold::conformal`].
    pub fn threshold(&self, rate: f64) -> Result<f64> {
        threshold::conformal(self.calibrated.scores(), rate)
    }
}

/// One score per row, by the detector that was fitted on the other folds.
pub(super) fn out_of_fold(spec: &Spec, rows: &Rows<'_>, folds: usize) -> Result<Vec<f64>> {
    let mut scores = vec![0.0; rows.len()];
    let spec = &Spec { family: spec.family.for_folds(rows.len(), folds), ..spec.clone() };
    for part in calibration::folds(rows.len(), folds)? {
        let (_, own) =
            fold(spec, rows, &part).map_err(|e| calibration::too_few(rows, folds, &e))?;
        part.score.iter().zip(own).for_each(|(i, score)| scores[*i] = score);
    }
    Ok(scores)
}

/// Gives rows that are equal the mean of their scores.
fn share_between_equals(rows: &Rows<'_>, scores: &mut [f64]) {
    let (order, ranges) = rows.equals();
    for equal in ranges.into_iter().map(|range| &order[range]).filter(|equal| equal.len() > 1) {
        // Each is divided first: a sum of the largest doubles is none.
        let mean = equal.iter().map(|i| scores[*i] / equal.len() as f64).sum();
        equal.iter().for_each(|i| scores[*i] = mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Elements;
    use crate::testing::Random;
    use crate::{Fitted, NAMES};
    use serde_json::{Map, json};

    fn of(name: &str, options: serde_json::Value, rows: &[f64], n: usize) -> Result<Within> {
        let serde_json::Value::Object(options) = options else { panic!("an object") };
        within(&Spec::new(name, options)?, &Tensor::new(Elements::F64(rows), n)?, None, None)
    }

    #[test]
    fn each_row_is_scored_by_a_detector_of_the_other_folds() {
        let (n, p) = (63, 3);
        let rows = Random(5).normals(n * p);
        let found = of("knn", json!({"calibration": {"cross": 4}}), &rows, n).expect("enough");
        let all = Rows::from_values(rows.clone(), p);
        for part in calibration::folds(n, 4).expect("enough") {
            let spec = Spec::new("knn", Map::from_iter([("calibration".into(), json!("none"))]))
                .expect("name");
            let rest = Fitted::fit_rows(&spec, &all.select(&part.fit)).expect("enough");
            let own = all.select(&part.score);
            let scores =
                rest.score(&Tensor::new(Elements::F64(own.values()), own.len()).expect("shape"));
            let got: Vec<f64> = part.score.iter().map(|i| found.scores()[*i]).collect();
            assert_eq!(scores.expect("same features"), got);
        }
    }

    #[test]
    fn p_values_are_ranks_among_all_rows() {
        let rows = Random(6).normals(50);
        let found = of("zscore", json!({}), &rows, 50).expect("enough");
        for (score, p) in found.scores().iter().zip(found.p_values()) {
            let at_least = found.scores().iter().filter(|other| *other >= score).count();
            assert_eq!(p, at_least as f64 / 50.0);
        }
        let above = found.threshold(0.1).expect("supported");
        assert!(found.scores().iter().filter(|score| **score > above).count() <= 5);
        assert_eq!(found.threshold(0.001).map_err(|e| e.code()), Err(203));
    }

    #[test]
    fn a_row_that_was_put_in_is_found_by_every_detector_that_fits_it_in_sample() {
        let mut rows = Random(7).normals(2 * 200);
        rows[2 * 17] = 9.0;
        rows[2 * 17 + 1] = -9.0;
        for name in NAMES.iter().filter(|name| !super::super::ood::NAMES.contains(name)) {
            let found = of(name, json!({}), &rows, 200).expect("enough");
            let p = found.p_values();
            assert!(p[17] <= 0.02, "{name}: {}", p[17]);
            assert!(found.scores().iter().all(|score| score.is_finite()), "{name}");
        }
    }

    #[test]
    fn rows_that_are_equal_get_the_same_in_whichever_folds_they_are() {
        let mut rows = Random(8).normals(60);
        rows.extend([0.5; 21]);
        rows.extend([0.0, -0.0]);
        for name in ["knn", "kde", "iforest", "zscore"] {
            let found = of(name, json!({}), &rows, rows.len()).expect("enough");
            let scores = found.scores();
            assert!(scores[60..81].iter().all(|score| *score == scores[60]), "{name}");
            assert_eq!(scores[81], scores[82], "{name}");
        }
    }

    #[test]
    fn what_does_not_score_every_row_is_refused() {
        let rows = Random(9).normals(40);
        for calibration in [json!("none"), json!("holdout"), json!({"holdout": 0.5})] {
            let refused = of("knn", json!({"calibration": calibration}), &rows, 40);
            let error = refused.map(|_| ()).expect_err("not by folds");
            assert!(error.code() == 100 && error.to_string().contains("calibration"), "{error}");
        }
        assert!(of("knn", json!({"neighbors": 39}), &rows, 40).is_err());
        let tensor = Tensor::new(Elements::F64(&rows), 40).expect("shape");
        let spec = Spec::new("knn", Map::new()).expect("name");
        assert_eq!(within(&spec, &tensor, Some(&[0; 40]), None).map_err(|e| e.code()), Err(100));
    }
}
