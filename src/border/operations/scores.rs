//! Scores of any detector: a threshold for them, and how good they are.

use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call, Operation};
use crate::error::{Error, Result};
use crate::outlier::threshold::Method;
use crate::outlier::threshold::curves::{Labeled, PrecisionRecallPoint, Quality, RocPoint};

/// [`crate::outlier::threshold::Threshold`] by [`Method`], from scores of usual observations in any
/// order.
fn threshold(call: &mut Call<'_>) -> Result<Answer> {
    let mut scores = call.read::<f64>("scores")?.to_vec();
    let nan = scores.iter().filter(|x| x.is_nan()).count();
    if nan > 0 {
        return Err(Error::invalid("scores", format!("{nan} NaN"), "numbers"));
    }
    scores.sort_by(f64::total_cmp);
    Answer::json(&call.options::<Method>()?.threshold(&scores)?)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct QualityOptions {
    /// At which the quality is; none: above all scores.
    threshold: Option<f64>,
    /// Whether both curves are wanted.
    #[serde(default)]
    curves: bool,
}

/// The quality of scores against labels: 0 for a usual observation, else 1.
fn quality(call: &mut Call<'_>) -> Result<Answer> {
    #[derive(Serialize)]
    struct Answered {
        #[serde(flatten)]
        quality: Quality,
        #[serde(skip_serializing_if = "Option::is_none")]
        roc: Option<Vec<RocPoint>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        precision_recall: Option<Vec<PrecisionRecallPoint>>,
    }
    let QualityOptions { threshold, curves } = call.options_or_default()?;
    let labels: Vec<bool> = call.read::<u8>("labels")?.iter().map(|label| *label != 0).collect();
    let labeled = Labeled::new(call.read("scores")?, &labels)?;
    let quality = labeled.quality(threshold.unwrap_or(f64::INFINITY))?;
    let (roc, precision_recall) =
        (curves.then(|| labeled.roc()), curves.then(|| labeled.precision_recall()));
    Answer::json(&Answered { quality, roc, precision_recall })
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("scores.threshold", threshold).of(&["scores"]),
    Operation::new("scores.quality", quality).of(&["scores", "labels"]),
];
