//! What both faces do with many tests at once, in safe Rust.

use super::host::json;
use crate::error::{Error, Result};
use crate::stats::e_values;
use crate::stats::multiple::{self, Correction};

/// JSON list of the adjusted p-values.
pub(super) fn adjust(correction: &str, p_values: &[f64]) -> Result<String> {
    let correction: Correction = serde_json::from_value(correction.into()).map_err(|_| {
        let known = "one of bonferroni, holm, benjamini-hochberg, benjamini-yekutieli";
        Error::invalid("correction", format!("{correction:?}"), known)
    })?;
    json(&multiple::adjust(p_values, correction)?)
}

/// JSON list of the rejected hypotheses, by their indices from 0.
pub(super) fn e_bh(e_values: &[f64], alpha: f64) -> Result<String> {
    json(&e_values::benjamini_hochberg(e_values, alpha)?)
}
