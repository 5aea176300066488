//! Estimates of performance without labels.

use std::sync::Arc;

use super::file::{loads, saves};
use crate::call::{Answer, Call, Operation};
use crate::error::Result;
use crate::handle::Held;
use crate::leavable::leavable_on;
use crate::performance::{Answers, Estimator, Options};

impl Held for Arc<Estimator> {
    const KIND: &'static str = "estimator";
}

/// By [`Options`], on a labeled reference: scores, and predictions where scores do not say them.
fn fit(call: &mut Call<'_>) -> Result<Answer> {
    let options = call.options_or_default::<Options>()?;
    let scores = call.tensor("reference")?;
    let predictions = call.given::<f64>("predictions")?.map(<[f64]>::to_vec);
    let labels = call.given::<f64>("labels")?.map(<[f64]>::to_vec);
    let fitted = leavable_on([&scores], move |[scores]| {
        let reference =
            Answers { scores, predictions: predictions.as_deref(), labels: labels.as_deref() };
        Estimator::fit(&reference, options)
    });
    fitted.map(Arc::new).map(Answer::made)
}

/// [`crate::performance::Estimate`].
fn estimate(call: &mut Call<'_>) -> Result<Answer> {
    let estimator = call.handle::<Arc<Estimator>>("estimator")?;
    let scores = call.tensor("current")?;
    let current =
        Answers { scores, predictions: call.given("predictions")?, labels: call.given("labels")? };
    Answer::json(&estimator.estimate(&current)?)
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("performance.fit", fit).of(&["reference", "predictions", "labels"]),
    Operation::new("performance.estimate", estimate).on(&["estimator"]).of(&[
        "current",
        "predictions",
        "labels",
    ]),
    // [`crate::performance::Description`].
    Operation::new("performance.describe", |call| {
        Answer::json(&call.handle::<Arc<Estimator>>("estimator")?.describe())
    })
    .on(&["estimator"]),
    saves::<Arc<Estimator>>("performance.save", &["estimator"]),
    loads::<Arc<Estimator>>("performance.load"),
];
