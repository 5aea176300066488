//! Comparisons of two samples, and many tests at once.

use crate::call::{Answer, Call, Operation, named_options};
use crate::drift::compare::{CompareOptions, compare};
use crate::error::{Error, Result};
use crate::leavable::leavable_on;
use crate::stats::e_values;
use crate::stats::multiple::{self, Correction};

/// Whether a comparison ends before anybody could want to leave it; a thread and copies would cost
/// a part of it.
pub(super) fn is_short(options: &CompareOptions, numbers: usize) -> bool {
    let usual = CompareOptions::default();
    numbers < 1 << 13
        && options.method == usual.method
        && options.permutations.draws <= usual.permutations.draws
        && !options.tests.iter().any(|test| test.is_of_all_columns())
}

/// [`crate::drift::compare::Comparison`] of two arrays of the same features, by [`CompareOptions`].
fn compare_samples(call: &mut Call<'_>) -> Result<Answer> {
    let options = call.options_or_default::<CompareOptions>()?;
    let (reference, current) = (call.tensor("reference")?, call.tensor("current")?);
    if is_short(&options, reference.elements().len() + current.elements().len()) {
        return Answer::json(&compare(&reference, &current, &options)?);
    }
    leavable_on([&reference, &current], move |[reference, current]| {
        Answer::json(&compare(&reference, &current, &options)?)
    })
}

/// List of the adjusted p-values.
fn adjust(call: &mut Call<'_>) -> Result<Answer> {
    let correction = named_options!(call, correction: String)?;
    let correction: Correction =
        serde_json::from_value(correction.as_str().into()).map_err(|_| {
            let known = "one of bonferroni, holm, benjamini-hochberg, benjamini-yekutieli";
            Error::invalid("correction", format!("{correction:?}"), known)
        })?;
    Answer::json(&multiple::adjust(call.read("p_values")?, correction)?)
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("drift.compare", compare_samples).of(&["reference", "current"]),
    Operation::new("drift.adjust", adjust).of(&["p_values"]),
    // List of the hypotheses (from 0) that e-BH rejects.
    Operation::new("drift.e_bh", |call| {
        Answer::json(&e_values::benjamini_hochberg(
            call.read("e_values")?,
            named_options!(call, alpha: f64)?,
        )?)
    })
    .of(&["e_values"]),
];
