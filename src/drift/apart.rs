//! Rows that are far enough apart to be independent.

use super::sample::Sample;
use crate::error::{Error, Result};
use crate::stats::copies;
use crate::stats::dependence::{Dependence, Thinning};

/// The chance that independent samples are found to depend in some column, and are thinned for
/// nothing.
const CHANCE: f64 = 0.01;

/// Rows that must remain of either sample.
const MIN: usize = 20;

/// Of both samples: every how-manieth row is about independent of the one before, in all columns.
///
/// # Errors
/// `InvalidArgument` naming `order` where fewer than 20 rows would remain.
pub(super) fn stride(reference: &Sample<'_>, current: &Sample<'_>) -> Result<usize> {
    let chance = CHANCE / (2 * reference.features()) as f64;
    let mut stride = 1;
    for sample in [reference, current] {
        for k in 0..sample.features() {
            let column: Vec<f64> =
                sample.column(k).iter().copied().filter(|x| !x.is_nan()).collect();
            let one_in = Dependence::of_values(&column, chance).of(column.len() as u64);
            stride = stride.max(Thinning::by(one_in).stride() as usize);
        }
    }
    let fewest = reference.observations().min(current.observations());
    if stride > 1 && fewest / stride < MIN {
        let was = format!(
            "given, by which one in {stride} of {fewest} observations is independent of the one before"
        );
        let expected = format!(
            "at least {} observations; or none, where the order means nothing",
            MIN * stride
        );
        return Err(Error::invalid("order", was, expected));
    }
    Ok(stride)
}

/// How often each row is there, where all are there equally often, as after several epochs:
/// [`copies::times`]. Where the first row comes once, no more is looked at.
pub(super) fn copies(sample: &Sample<'_>) -> f64 {
    let p = sample.features();
    let is_first =
        |row: usize| (0..p).all(|k| sample.get(row, k).to_bits() == sample.get(0, k).to_bits());
    let again = (1..sample.observations()).any(is_first);
    if again { copies::times(&every(sample, 1), p) } else { 1.0 }
}

/// Every `stride`-th row.
pub(super) fn every(sample: &Sample<'_>, stride: usize) -> Vec<f64> {
    let all: Vec<usize> = (0..sample.features()).collect();
    sample.rows((0..sample.observations()).skip(stride / 2).step_by(stride), &all)
}
