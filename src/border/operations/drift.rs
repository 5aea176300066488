//! Comparisons of two samples, and many tests at once.

use super::prelude::*;
use crate::drift::compare::{CompareOptions, compare};
use crate::stats::e_values;
use crate::stats::multiple::{self, Correction};

operations! {
    // [`crate::drift::compare::Comparison`] of two arrays of the same features.
    "drift.compare" by (options: CompareOptions) or none
    arrays (reference: Tensor, current: Tensor) -> json {
        let long = options.takes_long(reference.elements().len() + current.elements().len());
        leavable_if(long, [&reference, &current], move |[reference, current]| {
            compare(&reference, &current, &options)
        })?
    }
    // List of the adjusted p-values.
    "drift.adjust" options (correction: String) arrays (p_values: &[f64]) -> json {
        let known: Correction =
            serde_json::from_value(correction.as_str().into()).map_err(|_| {
                let known = "one of bonferroni, holm, benjamini-hochberg, benjamini-yekutieli";
                Error::invalid("correction", format!("{correction:?}"), known)
            })?;
        multiple::adjust(p_values, known)?
    }
    // List of the hypotheses (from 0) that e-BH rejects.
    "drift.e_bh" options (alpha: f64) arrays (e_values: &[f64]) -> json {
        e_values::benjamini_hochberg(e_values, alpha)?
    }
}
