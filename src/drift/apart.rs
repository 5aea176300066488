//! Rows that are far enough apart to be independent.

use crate::error::{Error, Result};
use crate::stats::copies;
use crate::stats::dependence::{Dependence, Thinning};
use crate::tensor::{Elements, Tensor};

/// The chance that independent samples are found to depend in some column, and are thinned for nothing.
const CHANCE: f64 = 0.01;

/// Rows that must remain of either sample.
const LEAST: usize = 20;

/// Of both samples: every how-manieth row is about independent of the one before, in all columns.
///
/// # Errors
/// `InvalidArgument` naming `order` where fewer than 20 rows would remain.
pub(super) fn stride(reference: &Tensor<'_>, current: &Tensor<'_>) -> Result<usize> {
    let chance = CHANCE / (2 * reference.features()) as f64;
    let mut stride = 1;
    for sample in [reference, current] {
        for k in 0..sample.features() {
            let column: Vec<f64> = column(sample, k).into_iter().filter(|x| !x.is_nan()).collect();
            let one_in = Dependence::of_values(&column, chance).of(column.len() as u64);
            stride = stride.max(Thinning::by(one_in).stride() as usize);
        }
    }
    let fewest = reference.observations().min(current.observations());
    if stride > 1 && fewest / stride < LEAST {
        let was = format!("given, by which one in {stride} of {fewest} observations is independent of the one before");
        let expected = format!("at least {} observations; or none, where the order means nothing", LEAST * stride);
        return Err(Error::invalid("order", was, expected));
    }
    Ok(stride)
}

/// How often each row is there, where all are there equally often, as after several epochs: [`copies::times`]. Where the first row
/// comes once, no more is looked at.
pub(super) fn copies(sample: &Tensor<'_>) -> f64 {
    let (p, elements) = (sample.features(), sample.elements());
    let is_first = |row: usize| (0..p).all(|k| elements.get(row * p + k).to_bits() == elements.get(k).to_bits());
    let again = (1..sample.observations()).any(is_first);
    if again { copies::times(&every(sample, 1), p) } else { 1.0 }
}

/// Every `stride`-th row.
pub(super) fn every(sample: &Tensor<'_>, stride: usize) -> Vec<f64> {
    let (p, elements) = (sample.features(), sample.elements());
    let rows = (0..sample.observations()).skip(stride / 2).step_by(stride);
    rows.flat_map(|row| (0..p).map(move |k| elements.get(row * p + k))).collect()
}

/// A column, row after row.
pub(super) fn column(sample: &Tensor<'_>, k: usize) -> Vec<f64> {
    fn every<'a, T>(x: &'a [T], k: usize, p: usize, wide: impl Fn(&'a T) -> f64) -> Vec<f64> {
        x[k..].iter().step_by(p).map(wide).collect()
    }
    let p = sample.features();
    match sample.elements() {
        Elements::F16(x) => every(x, k, p, |x| x.to_f64()),
        Elements::F32(x) => every(x, k, p, |x| f64::from(*x)),
        Elements::F64(x) => every(x, k, p, |x| *x),
    }
}
