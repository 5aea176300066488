//! `fluxguard adjust`: the p-values, or e-values, of many tests that were made at once.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::compare::{CORRECTIONS, probability};
use super::failure::quoted;
use super::outcome::Outcome;
use super::sample::Dialect;
use super::stream::{Values, read};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use fluxguard::drift::compare::CompareOptions;
use fluxguard::stats::e_values;
use fluxguard::stats::multiple::{self, Correction};

/// Adjusts the p-values of many tests made at once, and says which are rejected
///
/// A CSV has a header and one line per test. For a stream of p-values that never ends: stream
/// --detector lord, or saffron.
#[derive(Debug, Args)]
pub struct Adjust {
    /// CSV of p-values, for e-bh of e-values; - is standard input
    values: PathBuf,
    /// What is held at alpha: the family-wise error rate (bonferroni, holm) or the false discovery
    /// rate; e-bh takes e-values
    #[arg(long, value_name = "NAME", default_value = CORRECTIONS[2].0, value_parser = procedure())]
    correction: Procedure,
    /// The error rate that is held
    #[arg(long, default_value_t = CompareOptions::default().alpha, value_parser = probability)]
    alpha: f64,
    /// Column to read, where there are several
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    #[command(flatten)]
    dialect: Dialect,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How to decide.
#[derive(Debug, Clone, Copy)]
enum Procedure {
    OfPValues(Correction),
    EBh,
}

/// The name of e-BH: [`fluxguard::stats::e_values`].
const E_BH: &str = "e-bh";

impl Procedure {
    fn name(self) -> &'static str {
        match self {
            Procedure::EBh => E_BH,
            Procedure::OfPValues(chosen) => {
                CORRECTIONS.iter().find(|(_, _, c)| *c == chosen).map_or("", |(name, _, _)| *name)
            }
        }
    }
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Adjusted {
    correction: &'static str,
    alpha: f64,
    column: String,
    /// Lines that have a value.
    tests: usize,
    /// Indices from 0, of lines.
    rejected: Vec<usize>,
    /// In the order of the file, `null` for a line without a value; of e-values there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    adjusted_p_values: Option<Vec<f64>>,
}

impl Adjust {
    /// Reads the values and adjusts them.
    pub fn run(&self) -> Result<Answer, Failure> {
        let Values { column, values, .. } =
            read("VALUES", &self.values, self.column.as_deref(), &self.dialect)?;
        let (rows, there): (Vec<usize>, Vec<f64>) =
            values.iter().copied().enumerate().filter(|(_, x)| !x.is_nan()).unzip();
        let (rejected, adjusted_p_values) = match self.correction {
            Procedure::EBh => (e_values::benjamini_hochberg(&there, self.alpha)?, None),
            Procedure::OfPValues(correction) => {
                let adjusted = multiple::adjust(&there, correction)?;
                let mut all = vec![f64::NAN; values.len()];
                rows.iter().zip(&adjusted).for_each(|(row, p)| all[*row] = *p);
                ((0..adjusted.len()).filter(|i| adjusted[*i] <= self.alpha).collect(), Some(all))
            }
        };
        let rejected = rejected.into_iter().map(|i| rows[i]).collect();
        let (correction, alpha, tests) = (self.correction.name(), self.alpha, there.len());
        let found = Adjusted { correction, alpha, column, tests, rejected, adjusted_p_values };
        Ok(Answer::new(self.json, &found, || table(&found, &values), Outcome::Done))
    }
}

fn table(found: &Adjusted, values: &[f64]) -> String {
    let Adjusted { correction, alpha, tests, rejected, adjusted_p_values, .. } = found;
    let mut header = vec![("index from 0", Align::Right)];
    match adjusted_p_values {
        Some(_) => header.extend([("p-value", Align::Right), ("adjusted p", Align::Right)]),
        None => header.push(("e-value", Align::Right)),
    }
    header.push(("rejected", Align::Left));
    let row = |i: usize| {
        let adjusted = adjusted_p_values.as_ref().map(|adjusted| number(adjusted[i]));
        let verdict = if rejected.contains(&i) { "yes" } else { "no" };
        let cells = [i.to_string(), number(values[i])].into_iter().chain(adjusted);
        cells.chain([verdict.to_owned()]).collect()
    };
    let there: Vec<usize> = (0..values.len()).filter(|i| !values[*i].is_nan()).collect();
    let missing = match values.len() - there.len() {
        0 => String::new(),
        n => format!("{n} lines have no value and were left out; indices are lines\n"),
    };
    let rows: Vec<Vec<String>> = there.into_iter().map(row).collect();
    format!(
        "{} of {tests} tests of {} are rejected by {correction} at {alpha}\n{missing}\n{}",
        rejected.len(),
        quoted(&found.column),
        render(&header, &rows)
    )
}

fn procedure() -> impl TypedValueParser<Value = Procedure> {
    let names = CORRECTIONS.map(|(name, short, _)| PossibleValue::new(name).aliases(short));
    PossibleValuesParser::new(names.into_iter().chain([PossibleValue::new(E_BH)])).map(|name| {
        let known = CORRECTIONS
            .iter()
            .find(|(long, short, _)| *long == name || *short == Some(name.as_str()));
        known.map_or(Procedure::EBh, |(_, _, correction)| Procedure::OfPValues(*correction))
    })
}
