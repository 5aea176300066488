//! Observations by their class.

use crate::Rows;
use crate::error::{Error, Result};

/// The mean of each class, class after class.
///
/// # Errors
/// [`Error::InvalidArgument`] without labels, or for a class that no observation has.
pub fn means(reference: &Rows<'_>) -> Result<Vec<f64>> {
    means_of(reference, |_| true, "no observation")
}

/// The mean of each class over the observations that `counts`; `none` is what the error says of a
/// class that has none.
pub fn means_of(
    reference: &Rows<'_>,
    counts: impl Fn(usize) -> bool,
    none: &str,
) -> Result<Vec<f64>> {
    let (labels, p) = (labels(reference)?, reference.features());
    let classes = reference.classes();
    let (mut sums, mut members) = (vec![0.0; classes * p], vec![0usize; classes]);
    for (_, (row, label)) in reference.iter().zip(labels).enumerate().filter(|(i, _)| counts(*i)) {
        let class = *label as usize;
        members[class] += 1;
        sums[class * p..(class + 1) * p].iter_mut().zip(row).for_each(|(s, x)| *s += x);
    }
    if let Some(empty) = members.iter().position(|n| *n == 0) {
        let was = format!("{none} of class {empty} (from 0) of {classes}");
        return Err(Error::invalid("labels", was, "at least one of every class"));
    }
    for (sums, n) in sums.chunks_exact_mut(p).zip(members) {
        sums.iter_mut().for_each(|s| *s /= n as f64);
    }
    Ok(sums)
}

/// The labels of a reference that must have them.
///
/// # Errors
/// [`Error::InvalidArgument`].
pub fn labels<'a>(reference: &'a Rows<'_>) -> Result<&'a [u32]> {
    reference
        .labels()
        .ok_or_else(|| Error::invalid("labels", "none", "the class of each reference observation"))
}

/// What each observation is beyond the mean of its class.
pub fn residuals(reference: &Rows<'_>, means: &[f64]) -> Result<Rows<'static>> {
    let p = reference.features();
    let mut values = Vec::with_capacity(reference.values().len());
    for (row, label) in reference.iter().zip(labels(reference)?) {
        let mean = &means[*label as usize * p..][..p];
        values.extend(row.iter().zip(mean).map(|(x, m)| x - m));
    }
    Ok(Rows::from_values(values, p))
}
