//! What a detector of classifiers takes beside the features: labels and the last layer.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::Failure;
use super::super::sample::{Cells, Sample};
use super::numbers;
use fluxguard::Error;
use fluxguard::outlier::ood::Head;

/// Takes the column of this name out of a sample: classes from 0.
///
/// # Errors
/// [`Error::InvalidArgument`] where there is no such column, or it holds something else.
pub fn take_labels(sample: &mut Sample, name: &str) -> Result<Vec<u32>, Failure> {
    let Some(at) = sample.columns.iter().position(|column| column.name == name) else {
        let expected = format!("one of {}", sample.names());
        return Err(Error::invalid("--label-column", format!("{name:?}"), expected).into());
    };
    let column = sample.columns.remove(at);
    let whole = |x: &f64| (*x >= 0.0 && *x == x.trunc() && *x < f64::from(u32::MAX)).then_some(*x as u32);
    let labels = match &column.cells {
        Cells::Numbers(values) => values.iter().map(whole).collect::<Option<Vec<u32>>>(),
        Cells::Categories(_) | Cells::Text(_) => None,
    };
    let wrong = || Error::invalid("--label-column", format!("{name:?}"), "whole numbers from 0, the classes");
    Ok(labels.ok_or_else(wrong)?)
}

/// The last layer from a CSV: a row a class, a column a feature by its name, and the column `bias`.
///
/// # Errors
/// As [`Sample::read`]; [`Error::InvalidArgument`] for other columns.
pub fn read_head(path: &Path, features: &[String]) -> Result<Head, Failure> {
    let sample = Sample::read("--weights", path, &BTreeMap::new())?;
    let known = |name: &String| name == "bias" || features.contains(name);
    let strange = sample.columns.iter().find(|column| !known(&column.name));
    let missing = features.iter().find(|name| sample.column(name).is_none());
    if let Some(name) = strange.map(|column| &column.name).or(missing) {
        let expected = "a column for each feature of --fit, by its name, and perhaps bias; a row a class";
        let what = if strange.is_some() { "with" } else { "without" };
        return Err(Error::invalid("--weights", format!("a file {what} column {name:?}"), expected).into());
    }
    let bias = match sample.column("bias") {
        Some(_) => numbers(&sample, &["bias".to_owned()])?,
        None => vec![0.0; sample.observations],
    };
    Ok(Head::new(numbers(&sample, features)?, bias)?)
}
