//! What both faces do with detectors, in safe Rust.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::host::{given_options, json};
use super::left_behind::leavable_on;
use crate::error::{Error, Result};
use crate::outlier::compare::compare_detectors;
use crate::outlier::ood::Head;
use crate::outlier::threshold::Method;
use crate::outlier::threshold::curves::{Labelled, PrecisionRecallPoint, Quality, RocPoint};
use crate::outlier::{Fitted, NAMES, Spec, within};
use crate::store;
use crate::tensor::Tensor;

/// `name` is one of [`NAMES`], `options` JSON by [`Spec::new`].
pub(super) fn fit(name: &str, options: &str, reference: &Tensor<'_>) -> Result<Fitted> {
    let spec = Spec::from_json(name, options)?;
    leavable_on([reference], move |[reference]| Fitted::fit(&spec, &reference))
}

/// [`fit`] of a classifier: no labels, or no bias, are none.
pub(super) fn fit_classifier(
    name: &str,
    options: &str,
    reference: &Tensor<'_>,
    labels: &[u32],
    (weights, bias): (&[f64], &[f64]),
) -> Result<Fitted> {
    let (spec, head, labels) = (Spec::from_json(name, options)?, head(weights, bias)?, labels.to_vec());
    leavable_on([reference], move |[reference]| {
        Fitted::fit_classifier(&spec, &reference, given(&labels), head.as_ref())
    })
}

/// Writes one score and one p-value an observation of the reference: see [`within`]. No labels, or no bias, are none.
pub(super) fn score_within(
    name: &str,
    options: &str,
    reference: &Tensor<'_>,
    labels: &[u32],
    (weights, bias): (&[f64], &[f64]),
    (scores, p_values): (&mut [f64], &mut [f64]),
) -> Result<()> {
    let n = reference.observations();
    if scores.len() != n || p_values.len() != n {
        let was = format!("{} and {} elements", scores.len(), p_values.len());
        return Err(Error::invalid("out", was, format!("{n} each, one an observation")));
    }
    let (spec, head, labels) = (Spec::from_json(name, options)?, head(weights, bias)?, labels.to_vec());
    let found = leavable_on([reference], move |[reference]| within(&spec, &reference, given(&labels), head.as_ref()))?;
    scores.copy_from_slice(found.scores());
    p_values.copy_from_slice(&found.p_values());
    Ok(())
}

fn head(weights: &[f64], bias: &[f64]) -> Result<Option<Head>> {
    match (weights, bias) {
        ([], []) => Ok(None),
        _ => Head::new(weights.to_vec(), bias.to_vec()).map(Some),
    }
}

fn given(labels: &[u32]) -> Option<&[u32]> {
    (!labels.is_empty()).then_some(labels)
}

/// JSON list of [`NAMES`].
pub(super) fn names() -> Result<String> {
    json(&NAMES)
}

/// Detectors on their way into a guard: options are text, and a detector is not.
static SHARED: Mutex<BTreeMap<i64, Arc<Fitted>>> = Mutex::new(BTreeMap::new());

/// A number under which the next guard whose options name it takes the detector, once.
pub(super) fn share(detector: &Arc<Fitted>) -> i64 {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let number = shared.last_key_value().map_or(1, |(last, _)| last + 1);
    shared.insert(number, detector.clone());
    number
}

/// What [`share`] gave this number to.
pub(super) fn take_shared(number: i64) -> Result<Arc<Fitted>> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.remove(&number).ok_or_else(|| Error::invalid("fitted", number, "a number that a detector was just given"))
}

/// JSON of [`crate::outlier::fitted::Description`], with the bytes that a file takes.
pub(super) fn describe(detector: &Fitted) -> Result<String> {
    #[derive(Serialize)]
    struct Described {
        #[serde(flatten)]
        description: crate::outlier::fitted::Description,
        bytes: u64,
    }
    json(&Described { description: detector.describe(), bytes: store::size_of_detector(detector)? })
}

/// JSON of [`crate::outlier::threshold::Threshold`], by [`Method`] in JSON, from the detector's calibration.
pub(super) fn threshold(detector: &Fitted, method: &str) -> Result<String> {
    json(&detector.threshold_by(&given_options::<Method>(method)?)?)
}

/// JSON of [`crate::outlier::threshold::Threshold`], by [`Method`] in JSON, from scores of usual observations in any order.
pub(super) fn threshold_of(scores: &[f64], method: &str) -> Result<String> {
    let nan = scores.iter().filter(|x| x.is_nan()).count();
    if nan > 0 {
        return Err(Error::invalid("scores", format!("{nan} NaN"), "numbers"));
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    json(&given_options::<Method>(method)?.threshold(&sorted)?)
}

/// JSON of the quality of scores against labels (0 or 1) at a threshold (NaN for none), and with `curves` of both curves.
pub(super) fn quality(scores: &[f64], labels: &[u8], threshold: f64, curves: bool) -> Result<String> {
    #[derive(Serialize)]
    struct Answer {
        #[serde(flatten)]
        quality: Quality,
        #[serde(skip_serializing_if = "Option::is_none")]
        roc: Option<Vec<RocPoint>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        precision_recall: Option<Vec<PrecisionRecallPoint>>,
    }
    let labelled = Labelled::new(scores, &booleans(labels))?;
    let quality = labelled.quality(if threshold.is_nan() { f64::INFINITY } else { threshold })?;
    let (roc, precision_recall) = (curves.then(|| labelled.roc()), curves.then(|| labelled.precision_recall()));
    json(&Answer { quality, roc, precision_recall })
}

fn booleans(labels: &[u8]) -> Vec<bool> {
    labels.iter().map(|label| *label != 0).collect()
}

/// JSON list of [`crate::outlier::compare::Compared`]. `options`: `{"detectors": [{"detector": name, "options": {...}}],
/// "rate": 0.01}`.
pub(super) fn compare(options: &str, reference: &Tensor<'_>, batch: &Tensor<'_>, labels: &[u8]) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Options {
        detectors: Vec<crate::outlier::ensemble::Member>,
        rate: f64,
    }
    let Options { detectors, rate } = given_options(options)?;
    let specs: Vec<Spec> =
        detectors.into_iter().map(|member| Spec::new(&member.detector, member.options)).collect::<Result<_>>()?;
    if !(rate > 0.0 && rate < 1.0) {
        return Err(Error::invalid("rate", rate, "a fraction between 0 and 1"));
    }
    let labels = booleans(labels);
    leavable_on([reference, batch], move |[reference, batch]| {
        json(&compare_detectors(&specs, &reference, &batch, &labels, rate)?)
    })
}

/// Multiplications that may take longer than a person notices: some ten milliseconds, or more where they are no mere ones.
const LONG: usize = 1 << 24;

/// Which numbers a call writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// One score an observation.
    Scores,
    /// One p-value an observation.
    PValues,
    /// One number a feature and observation.
    Parts,
}

impl Output {
    /// How many numbers there will be.
    pub fn len(self, batch: &Tensor<'_>) -> usize {
        if self == Output::Parts { batch.elements().len() } else { batch.observations() }
    }

    /// A call that can take long can be left; `out` is then as it was.
    pub fn write(self, detector: &Arc<Fitted>, batch: &Tensor<'_>, out: &mut [f64]) -> Result<()> {
        let each = detector.work().saturating_mul(if self == Output::Parts { batch.features() } else { 1 });
        if batch.observations().saturating_mul(each) < LONG {
            return self.write_here(detector, batch, out);
        }
        let (detector, numbers) = (detector.clone(), out.len());
        let made = leavable_on([batch], move |[batch]| {
            let mut made = vec![0.0; numbers];
            self.write_here(&detector, &batch, &mut made).map(|()| made)
        });
        out.copy_from_slice(&made?);
        Ok(())
    }

    fn write_here(self, detector: &Fitted, batch: &Tensor<'_>, out: &mut [f64]) -> Result<()> {
        match self {
            Output::Scores => detector.score_into(batch, out),
            Output::PValues => detector.p_values_into(batch, out),
            Output::Parts => detector.explain_into(batch, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Elements;

    #[test]
    fn words_in_and_out() {
        let rows: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 60)).collect();
        let reference = Tensor::new(Elements::F64(&rows), 60).expect("shape");
        let detector = fit("knn", "{\"neighbours\": 3}", &reference).expect("fits");
        let told = describe(&detector).expect("json");
        assert!(
            told.contains("\"detector\":\"knn\"") && told.contains("\"neighbours\":3") && told.contains("\"bytes\":"),
            "{told}"
        );
        assert!(
            threshold(&detector, "{\"method\":\"conformal\",\"rate\":0.1}").expect("enough").contains("\"threshold\":")
        );
        assert!(threshold_of(&rows, "{\"method\":\"percentile\",\"rate\":0.5}").expect("enough").contains("29.5"));
        for bad in ["", "{\"method\":\"conformal\"}", "{\"method\":\"pot\",\"rate\":0.1,\"x\":1}"] {
            assert_eq!(threshold(&detector, bad).map_err(|e| e.code()), Err(100), "{bad}");
        }
        let curves = quality(&[1.0, 2.0], &[0, 1], f64::NAN, true).expect("labelled");
        assert!(curves.contains("\"auroc\":1.0") && curves.contains("\"roc\":"), "{curves}");
        let compared =
            compare("{\"detectors\":[{\"detector\":\"knn\"}],\"rate\":0.1}", &reference, &reference, &[1; 60]);
        assert_eq!(compared.map_err(|e| e.code()), Err(100), "one kind of label");
        assert_eq!(fit("nothing", "", &reference).map(|_| ()).map_err(|e| e.code()), Err(100));
    }
}
