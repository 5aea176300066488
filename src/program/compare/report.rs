//! A comparison as JSON.

use serde::Serialize;

use super::super::sample::{Cells, Sample};
use fluxguard::Error;
use fluxguard::drift::compare::{AllColumns, ComparedColumn, Comparison};
use fluxguard::sequence::{self, categories::OneSided};
use fluxguard::stats::multiple::Correction;

/// The JSON: a [`Comparison`], and of columns of categories those that only one sample has.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    pub drift: bool,
    pub alpha: f64,
    pub correction: Correction,
    pub reference_size: u64,
    pub current_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copies: Option<(f64, f64)>,
    pub columns: Vec<ReportedColumn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_columns: Option<&'a AllColumns>,
}

#[derive(Debug, Serialize)]
pub struct ReportedColumn<'a> {
    #[serde(flatten)]
    pub column: &'a ComparedColumn,
    #[serde(flatten)]
    pub one_sided: Option<OneSidedCategories>,
}

/// Categories that the current sample alone has, and those that the reference alone has.
#[derive(Debug, Serialize)]
pub struct OneSidedCategories {
    pub unseen: Vec<OneSided>,
    pub vanished: Vec<OneSided>,
}

impl<'a> Report<'a> {
    pub fn new(
        comparison: &'a Comparison,
        reference: &Sample,
        current: &Sample,
    ) -> Result<Self, Error> {
        let columns = comparison.columns.iter().map(|column| {
            let categories = |sample: &Sample| match &sample.column(&column.name)?.cells {
                Cells::Categories(categories) => {
                    Some(categories.counts()).filter(|counts| !counts.is_empty())
                }
                _ => None,
            };
            let one_sided = match (categories(reference), categories(current)) {
                (Some(before), Some(after)) => {
                    let report = sequence::categories::compare(&before, &after)?;
                    Some(OneSidedCategories { unseen: report.unseen, vanished: report.vanished })
                }
                _ => None,
            };
            Ok(ReportedColumn { column, one_sided })
        });
        Ok(Report {
            drift: comparison.drift,
            alpha: comparison.alpha,
            correction: comparison.correction,
            reference_size: comparison.reference_size,
            current_size: comparison.current_size,
            every: comparison.every,
            copies: comparison.copies,
            columns: columns.collect::<Result<_, Error>>()?,
            all_columns: comparison.all_columns.as_ref(),
        })
    }
}
