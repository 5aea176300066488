//! Cells without a value, as a command tells them.

use serde::Serialize;

use super::super::failure::quoted;
use super::super::text_table::number;
use super::Sample;
use fluxguard::Error;
use fluxguard::drift::compare::CompareOptions;
use fluxguard::drift::decision::{TestDecision, decide};
use fluxguard::drift::missing::MissingValues;

/// How many cells of a column have no value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missing {
    /// The column's name.
    pub column: String,
    /// In the sample that is judged.
    pub current: u64,
    /// In the reference, and whether the share has changed: where there is a reference.
    #[serde(flatten)]
    pub beside: Option<Beside>,
}

/// The reference's cells, and Fisher's exact test of the shares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    pub reference: u64,
    #[serde(flatten)]
    pub test: TestDecision,
}

impl Missing {
    /// The columns of these names that have such cells in a sample.
    pub fn of(sample: &Sample, names: &[&str]) -> Vec<Missing> {
        let columns =
            names.iter().filter_map(|name| sample.column(name)).filter(|column| column.missing > 0);
        columns
            .map(|column| Missing {
                column: column.name.clone(),
                current: column.missing,
                beside: None,
            })
            .collect()
    }

    /// The columns of these names that have such cells in `current` or in the `reference` before
    /// it; their shares are tested as `compare` does by default.
    ///
    /// # Errors
    /// Those of [`MissingValues::new`].
    pub fn since(
        reference: &Sample,
        current: &Sample,
        names: &[&str],
    ) -> Result<Vec<Missing>, Error> {
        let mut found = Vec::new();
        for name in names {
            let of = |sample: &Sample| sample.column(name).map_or(0, |column| column.missing);
            let (before, after) =
                ((of(reference), reference.observations), (of(current), current.observations));
            let tested =
                MissingValues::new((before.0, before.1 as u64), (after.0, after.1 as u64), None)?;
            found.extend(tested.map(|missing| ((*name).to_owned(), missing)));
        }
        let options = CompareOptions::default();
        decide(
            found.iter_mut().map(|(_, missing)| &mut missing.test),
            options.correction,
            options.alpha,
        )?;
        let reported =
            |(column, MissingValues { reference, current, test }): (String, MissingValues)| {
                Missing { column, current, beside: Some(Beside { reference, test }) }
            };
        Ok(found.into_iter().map(reported).collect())
    }

    /// Whether the share is another than before.
    pub fn drift(&self) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.test.drift)
    }
}

/// Lines for people: what is missing where, and what became of it.
pub fn counted(missing: &[Missing], became: &str) -> String {
    let mut text = String::new();
    for Missing { column, current, beside } in missing {
        let beside = beside.as_ref().map_or_else(String::new, |Beside { reference, test }| {
            let drift = if test.drift { ", DRIFT" } else { "" };
            format!(
                " (of the reference {reference}; adjusted p {}{drift})",
                number(test.adjusted_p_value)
            )
        });
        text += &format!("{}: {current} cells have no value{beside}; {became}\n", quoted(column));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}
