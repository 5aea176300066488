//! References that are prepared once for many comparisons.

use std::sync::Arc;

use serde_json::json;

use super::drift::is_short;
use super::file::{loads, saves};
use crate::call::{Answer, Call, Operation};
use crate::drift::compare::CompareOptions;
use crate::drift::reference::Reference;
use crate::error::Result;
use crate::handle::Held;
use crate::leavable::leavable_on;

impl Held for Arc<Reference> {
    const KIND: &'static str = "reference";
}

/// As `drift.compare`, against a prepared reference.
fn compare(call: &mut Call<'_>) -> Result<Answer> {
    let options = call.options_or_default::<CompareOptions>()?;
    let (reference, current) =
        (call.handle::<Arc<Reference>>("reference")?, call.tensor("current")?);
    if is_short(
        &options,
        reference.features() * reference.observations() + current.elements().len(),
    ) {
        return Answer::json(&reference.compare(&current, &options)?);
    }
    let reference = reference.clone();
    leavable_on([&current], move |[current]| Answer::json(&reference.compare(&current, &options)?))
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("reference.new", |call| {
        let reference = call.tensor("reference")?;
        leavable_on([&reference], |[reference]| Reference::new(&reference).map(Arc::new))
            .map(Answer::made)
    })
    .of(&["reference"]),
    Operation::new("reference.compare", compare).on(&["reference"]).of(&["current"]),
    Operation::new("reference.describe", |call| {
        let reference = call.handle::<Arc<Reference>>("reference")?;
        Answer::json(
            &json!({ "features": reference.features(), "observations": reference.observations() }),
        )
    })
    .on(&["reference"]),
    saves::<Arc<Reference>>("reference.save", &["reference"]),
    loads::<Arc<Reference>>("reference.load"),
];
