//! The observations of a sample that have a value for every feature.

use super::super::Failure;
use super::super::failure::BadCsv;
use super::super::sample::{Cells, Column, Sample, by_observation};
use fluxguard::Error;
use fluxguard::tensor::{Elements, Tensor};

/// Observations with all their features; indices are those of the sample's rows.
pub struct Rows {
    values: Vec<f64>,
    features: usize,
    /// Where each stood.
    kept: Vec<usize>,
    observations: usize,
}

impl Rows {
    /// The columns of these names, an observation after the other. `argument` names the file in
    /// errors.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a column of text; [`BadCsv`] where no observation is
    /// complete.
    pub fn complete(
        argument: &'static str,
        sample: &Sample,
        names: &[String],
    ) -> Result<Self, Failure> {
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let column = sample.column(name);
            match column.map(|column| &column.cells) {
                Some(Cells::Numbers(values)) => columns.push(values.as_slice()),
                _ => {
                    let plainly = column.map(Column::plainly).unwrap_or_default();
                    let was = format!("column {name:?}, which holds text{plainly}");
                    let expected = "columns of numbers; leave others out: --ignore COLUMN";
                    return Err(Error::invalid(argument, was, expected).into());
                }
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let complete = sample.complete(&names);
        let kept: Vec<usize> = (0..sample.observations).filter(|i| complete[*i]).collect();
        if kept.is_empty() {
            let worst = sample.columns.iter().max_by_key(|column| column.missing);
            return Err(BadCsv {
                file: sample.file.clone(),
                line: None,
                column: worst.map(|column| column.name.clone()),
                problem: "no line has a value in every column, and this one has the fewest".into(),
                fix: "leave columns out that have few: --ignore COLUMN".into(),
            }
            .into());
        }
        let mut values = by_observation(&columns);
        if kept.len() < sample.observations {
            let p = columns.len();
            values = kept.iter().flat_map(|i| values[i * p..(i + 1) * p].to_vec()).collect();
        }
        Ok(Rows { values, features: columns.len(), kept, observations: sample.observations })
    }

    /// For the engine.
    pub fn tensor(&self) -> Result<Tensor<'_>, Error> {
        Tensor::new(Elements::F64(&self.values), self.kept.len())
    }

    /// One number per row of the sample; NaN for those that were left out.
    pub fn spread(&self, of_kept: &[f64]) -> Vec<f64> {
        let mut all = vec![f64::NAN; self.observations];
        self.kept.iter().zip(of_kept).for_each(|(i, x)| all[*i] = *x);
        all
    }

    /// The features of a row of the sample, where it is complete.
    pub fn of(&self, row: usize) -> Option<&[f64]> {
        let at = self.kept.binary_search(&row).ok()?;
        self.values.get(at * self.features..(at + 1) * self.features)
    }

    /// Leaves out those without a label, and gives the others'.
    pub fn labeled(&mut self, labels: Vec<Option<u32>>) -> Vec<u32> {
        let (mut kept, mut values, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for (at, row) in self.kept.iter().enumerate() {
            if let Some(label) = labels.get(*row).copied().flatten() {
                kept.push(*row);
                values
                    .extend_from_slice(&self.values[at * self.features..(at + 1) * self.features]);
                found.push(label);
            }
        }
        (self.kept, self.values) = (kept, values);
        found
    }
}
