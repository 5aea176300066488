//! What a detector of classifiers takes beside the features: labels and the last layer.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::Failure;
use super::super::failure::quoted;
use super::super::sample::{Cells, Dialect, Plan, Sample, Wanted, by_observation};
use fluxguard::Error;
use fluxguard::outlier::ood::Head;

/// Takes the column of this name out of a sample: classes from 0, none where there is no value.
///
/// # Errors
/// [`Error::InvalidArgument`] where there is no such column, or it holds something else.
pub fn take_labels(sample: &mut Sample, name: &str) -> Result<Vec<Option<u32>>, Failure> {
    let Some(column) = sample.take(name) else {
        return Err(sample.lacks("--label-column", name).into());
    };
    let class = |x: &f64| match *x {
        x if x.is_nan() => Some(None),
        x if x >= 0.0 && x == x.trunc() && x < f64::from(u32::MAX) => Some(Some(x as u32)),
        _ => None,
    };
    let labels = match &column.cells {
        Cells::Numbers(values) => values.iter().map(class).collect::<Option<Vec<_>>>(),
        Cells::Categories(_) | Cells::Text(_) => None,
    };
    let wrong =
        || Error::invalid("--label-column", quoted(name), "whole numbers from 0, the classes");
    Ok(labels.filter(|labels| labels.iter().any(Option::is_some)).ok_or_else(wrong)?)
}

/// The last layer from a CSV: a row per class, a column per feature by name, and the column `bias`.
///
/// # Errors
/// As [`Sample::read`]; [`Error::InvalidArgument`] for other columns, and for cells without a
/// number.
pub fn read_head(path: &Path, features: &[String], dialect: &Dialect) -> Result<Head, Failure> {
    let plan = Plan { dialect, known: &BTreeMap::new(), columns: Wanted::All };
    let sample = Sample::read("--weights", path, plan)?;
    let known = |name: &String| name == "bias" || features.contains(name);
    let strange = sample.columns.iter().find(|column| !known(&column.name));
    let missing = features.iter().find(|name| sample.column(name).is_none());
    if let Some(name) = strange.map(|column| &column.name).or(missing) {
        let expected =
            "a column for each feature of --fit, by its name, and perhaps bias; a row per class";
        let what = if strange.is_some() { "with" } else { "without" };
        return Err(Error::invalid(
            "--weights",
            format!("a file {what} column {}", quoted(name)),
            expected,
        )
        .into());
    }
    let bias = match sample.column("bias") {
        Some(_) => weights(&sample, &["bias".to_owned()])?,
        None => vec![0.0; sample.observations],
    };
    Ok(Head::new(weights(&sample, features)?, bias)?)
}

fn weights(sample: &Sample, names: &[String]) -> Result<Vec<f64>, Failure> {
    let mut columns = Vec::with_capacity(names.len());
    for column in names.iter().filter_map(|name| sample.column(name)) {
        match &column.cells {
            Cells::Numbers(values) if column.missing == 0 => columns.push(values.as_slice()),
            _ => {
                let was = format!("column {}, which lacks numbers", quoted(&column.name));
                return Err(Error::invalid("--weights", was, "a number in every cell").into());
            }
        }
    }
    Ok(by_observation(&columns))
}
