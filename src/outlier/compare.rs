//! Which detector suits a user's own data: each is fitted on the reference and judged on labeled
//! observations.

use std::time::Instant;

use serde::Serialize;

use super::threshold::curves::{Labeled, Quality};
use super::{Fitted, Spec};
use crate::error::Result;
use crate::store;
use crate::tensor::Tensor;

/// A detector's row; numbers are `None` where it could not be fitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Its name.
    pub detector: String,
    /// Area under the receiver operating characteristic, and more.
    #[serde(flatten)]
    pub quality: Option<Quality>,
    /// Seconds to fit, calibration included.
    pub fit_seconds: f64,
    /// Seconds to score all labeled observations at once.
    pub score_seconds: f64,
    /// Bytes of the fitted detector in a file.
    pub bytes: u64,
    /// Why there are no numbers.
    pub error: Option<String>,
}

/// Fits each of `specs` on `reference`, scores `batch` and compares with `labels` (true: an
/// anomaly). Precision, recall and F1 are those at the conformal threshold of `rate`. The rows are
/// ranked by AUROC, then AUPRC.
///
/// # Errors
/// What is wrong with the data or the labels; what is wrong with one detector stands in its row.
pub fn compare_detectors(
    specs: &[Spec],
    reference: &Tensor<'_>,
    batch: &Tensor<'_>,
    labels: &[bool],
    rate: f64,
) -> Result<Vec<Compared>> {
    batch.expect_features(reference.features())?;
    Labeled::check(batch.observations(), labels)?;
    let mut rows: Vec<Compared> =
        specs.iter().map(|spec| compared(spec, reference, batch, labels, rate)).collect();
    let key = |row: &Compared| row.quality.as_ref().map_or((-1.0, -1.0), |q| (q.auroc, q.auprc));
    rows.sort_by(|a, b| key(b).0.total_cmp(&key(a).0).then(key(b).1.total_cmp(&key(a).1)));
    Ok(rows)
}

fn compared(
    spec: &Spec,
    reference: &Tensor<'_>,
    batch: &Tensor<'_>,
    labels: &[bool],
    rate: f64,
) -> Compared {
    let mut row = Compared {
        detector: spec.family.name().into(),
        quality: None,
        fit_seconds: 0.0,
        score_seconds: 0.0,
        bytes: 0,
        error: None,
    };
    let mut measure = || -> Result<Quality> {
        let start = Instant::now();
        let fitted = Fitted::fit(spec, reference)?;
        row.fit_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let scores = fitted.score(batch)?;
        row.score_seconds = start.elapsed().as_secs_f64();
        row.bytes = store::size_of_detector(&fitted)?;
        Labeled::new(&scores, labels)?.quality(fitted.threshold(rate)?)
    };
    match measure() {
        Ok(quality) => row.quality = Some(quality),
        Err(error) => row.error = Some(error.to_string()),
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Elements;
    use crate::testing::Random;
    use serde_json::Map;

    #[test]
    fn detectors_are_ranked_and_failures_are_named() {
        let mut random = Random(8);
        let reference = random.normals(2 * 300);
        let mut batch = random.normals(2 * 100);
        batch[..20].iter_mut().for_each(|x| *x += 6.0);
        let labels: Vec<bool> = (0..100).map(|i| i < 10).collect();
        let mut specs: Vec<Spec> = ["mahalanobis", "iforest", "knn"]
            .iter()
            .map(|name| Spec::new(name, Map::new()).expect("name"))
            .collect();
        specs.push(Spec::from_json("lof", "{\"neighbors\": 299}").expect("options"));
        let reference = Tensor::new(Elements::F64(&reference), 300).expect("shape");
        let batch = Tensor::new(Elements::F64(&batch), 100).expect("shape");
        let rows = compare_detectors(&specs, &reference, &batch, &labels, 0.05).expect("labeled");
        assert_eq!(rows.len(), 4);
        let auroc: Vec<f64> =
            rows.iter().filter_map(|row| row.quality.as_ref()).map(|q| q.auroc).collect();
        assert!(
            auroc.len() == 3 && auroc.is_sorted_by(|a, b| a >= b) && auroc[2] > 0.95,
            "{auroc:?}"
        );
        assert!(
            rows[3].detector == "lof"
                && rows[3].error.as_ref().is_some_and(|e| e.contains("folds"))
        );
        assert!(rows[..3].iter().all(|row| row.bytes > 100 && row.fit_seconds > 0.0));
        let bad = compare_detectors(&specs, &reference, &batch, &labels[..9], 0.05);
        assert_eq!(bad.map_err(|e| e.code()), Err(100));
    }
}
