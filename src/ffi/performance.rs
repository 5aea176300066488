//! What both faces do with estimates of performance and with late labels, in safe Rust.

use super::host::{json, options};
use crate::error::Result;
use crate::performance::{Answers, Estimator, LateLabels, LateOptions, Options};
use crate::tensor::Tensor;

/// Nothing stands for nothing given.
fn given(values: &[f64]) -> Option<&[f64]> {
    (!values.is_empty()).then_some(values)
}

/// `options` is JSON of [`Options`].
pub(super) fn fit(text: &str, scores: Tensor<'_>, predictions: &[f64], labels: &[f64]) -> Result<Estimator> {
    let reference = Answers { scores, predictions: given(predictions), labels: given(labels) };
    Estimator::fit(&reference, options::<Options>(text)?)
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
    LateLabels::new(options::<LateOptions>(text)?)
}

/// A time, or NaN for none.
fn at(time: f64) -> Option<f64> {
    (!time.is_nan()).then_some(time)
}

/// JSON list of [`crate::performance::late::Detection`].
pub(super) fn late_record(late: &mut LateLabels, ids: &[u64], predictions: &[f64], time: f64) -> Result<String> {
    json(&late.record(ids, predictions, at(time))?)
}

/// As [`late_record`].
pub(super) fn late_label(late: &mut LateLabels, ids: &[u64], labels: &[f64], time: f64) -> Result<String> {
    json(&late.label(ids, labels, at(time))?)
}
