//! What both faces do with estimates of performance and with late labels, in safe Rust.

use serde::Serialize;

use super::host::{all_options, json};
use super::left_behind::leavable_on;
use crate::error::Result;
use crate::performance::late::{Detection, Id};
use crate::performance::{Answers, Estimator, LateLabels, LateOptions, Options};
use crate::tensor::Tensor;

/// Nothing stands for nothing given.
fn given(values: &[f64]) -> Option<&[f64]> {
    (!values.is_empty()).then_some(values)
}

/// `options` is JSON of [`Options`].
pub(super) fn fit(text: &str, scores: Tensor<'_>, predictions: &[f64], labels: &[f64]) -> Result<Estimator> {
    let (options, predictions, labels) = (all_options::<Options>(text)?, predictions.to_vec(), labels.to_vec());
    leavable_on([&scores], move |[scores]| {
        let reference = Answers { scores, predictions: given(&predictions), labels: given(&labels) };
        Estimator::fit(&reference, options)
    })
}

/// JSON of [`crate::performance::Estimate`].
pub(super) fn estimate(
    estimator: &Estimator,
    scores: Tensor<'_>,
    predictions: &[f64],
    labels: &[f64],
) -> Result<String> {
    let current = Answers { scores, predictions: given(predictions), labels: given(labels) };
    json(&estimator.estimate(&current)?)
}

/// `options` is JSON of [`LateOptions`].
pub(super) fn late_new(text: &str) -> Result<LateLabels> {
    LateLabels::new(all_options::<LateOptions>(text)?)
}

/// A time, or NaN for none.
fn at(time: f64) -> Option<f64> {
    (!time.is_nan()).then_some(time)
}

/// Words of 64 bits: with a sign where `signed` is not 0.
fn integers(words: &[u64], signed: u8) -> Vec<Id> {
    words.iter().map(|word| if signed == 0 { Id::from(*word) } else { Id::from(*word as i64) }).collect()
}

/// JSON list of [`Detection`], an id as text: readers of JSON keep 53 bits of a number.
fn told(detections: &[Detection]) -> Result<String> {
    #[derive(Serialize)]
    struct Told {
        outcome: u64,
        id: String,
    }
    json(&detections.iter().map(|d| Told { outcome: d.outcome, id: d.id.to_string() }).collect::<Vec<_>>())
}

/// JSON list of detections.
pub(super) fn late_record(
    late: &mut LateLabels,
    (ids, signed): (&[u64], u8),
    predictions: &[f64],
    time: f64,
) -> Result<String> {
    told(&late.record(&integers(ids, signed), predictions, at(time))?)
}

/// As [`late_record`].
pub(super) fn late_label(
    late: &mut LateLabels,
    (ids, signed): (&[u64], u8),
    labels: &[f64],
    time: f64,
) -> Result<String> {
    told(&late.label(&integers(ids, signed), labels, at(time))?)
}
