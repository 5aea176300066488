//! Monitors of many columns, as one: each column of a model's output against its own reference.
//!
//! The false alarms of all columns together are bounded as one monitor's would be, **whatever the
//! dependence between columns**: each of d columns has alpha / d (`ever`, by Bonferroni) or a run
//! length of d times `run_length`. An alarm names its column.
//!
//! [`Columns::mean_evidence`] and [`Columns::discoveries`] combine the columns' e-values further.
//! The mean of e-values is an e-value at any fixed time under any dependence (Vovk & Wang 2021,
//! "E-values", section 3), and e-BH (Wang & Ramdas 2022) holds the false discovery rate. But each
//! column's evidence is a martingale in the light of its own past only, so a rule that stops by
//! looking at several columns is covered by the alarms above, not by the mean.

use serde::{Deserialize, Serialize};

use super::evidence::Form;
use super::monitor::{Alarm, Monitor, MonitorOptions};
use crate::online::expect;
use crate::stats::e_values;
use crate::stats::random::SplitMix64;
use crate::{Error, Result};

/// An alarm of a column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ColumnsAlarm {
    /// Which column, from 0.
    pub column: usize,
    /// What its monitor said.
    #[serde(flatten)]
    pub alarm: Alarm,
}

/// A monitor for each column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    options: MonitorOptions,
    monitors: Vec<Monitor>,
}

impl Columns {
    /// Monitors against `references`, one for each column; alpha and run length in `options` are
    /// those of all columns together.
    ///
    /// # Errors
    /// As [`Monitor::new`]; `InvalidArgument` where there is no column.
    pub fn new<R: AsRef<[f64]>>(references: &[R], options: MonitorOptions) -> Result<Self> {
        expect("references", "no column", !references.is_empty(), "at least one column")?;
        let d = references.len() as f64;
        let mut seeds = SplitMix64::new(options.seed);
        let mut monitors = Vec::with_capacity(references.len());
        for reference in references {
            let seed = seeds.next_u64();
            let mut monitor =
                Monitor::new(reference.as_ref(), MonitorOptions { seed, ..options.clone() })?;
            monitor.set_threshold(options.threshold() * d);
            monitor.set_off_by(options.alpha / (2.0 * d));
            monitors.push(monitor);
        }
        Ok(Columns { options, monitors })
    }

    /// Takes in a batch of observations, one after the other, each with a value for every column:
    /// column-major columns x observations, as Julia and Flux have it. Gives the alarms, in the
    /// order of the columns.
    ///
    /// # Errors
    /// `FeatureMismatch` where the length is not a multiple of the number of columns.
    pub fn extend<T: Into<f64> + Copy>(&mut self, values: &[T]) -> Result<Vec<ColumnsAlarm>> {
        let d = self.monitors.len();
        if !values.len().is_multiple_of(d) {
            return Err(Error::FeatureMismatch {
                argument: "values",
                was: values.len() % d,
                expected: d,
            });
        }
        let mut alarms = Vec::new();
        for (column, monitor) in self.monitors.iter_mut().enumerate() {
            for x in values.iter().skip(column).step_by(d) {
                alarms.extend(
                    monitor.update((*x).into()).map(|alarm| ColumnsAlarm { column, alarm }),
                );
            }
        }
        Ok(alarms)
    }

    /// The columns' monitors, for those who have a column's values together:
    /// `columns.monitor_mut(j).extend(values)`.
    pub fn monitor_mut(&mut self, column: usize) -> Option<&mut Monitor> {
        self.monitors.get_mut(column)
    }

    /// The columns' monitors.
    #[must_use]
    pub fn monitors(&self) -> &[Monitor] {
        &self.monitors
    }

    /// The mean of the columns' evidence.
    #[must_use]
    pub fn mean_evidence(&self) -> f64 {
        self.monitors.iter().map(Monitor::evidence).sum::<f64>() / self.monitors.len() as f64
    }

    /// The columns that changed, by e-BH at level alpha: of those named, a share of at most alpha
    /// falsely, on average.
    ///
    /// # Errors
    /// `InvalidArgument` where the form is not `ever` (the others have no e-values), or for an
    /// alpha that is no probability.
    pub fn discoveries(&self, alpha: f64) -> Result<Vec<usize>> {
        let form = self.options.form;
        expect(
            "form",
            form.as_str(),
            form == Form::Ever,
            "\"ever\", whose evidence is an e-value",
        )?;
        let evidence: Vec<f64> = self.monitors.iter().map(Monitor::evidence).collect();
        e_values::benjamini_hochberg(&evidence, alpha)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn references(columns: usize) -> Vec<Vec<f64>> {
        (0..columns).map(|j| Random(j as u64).normals(1000)).collect()
    }

    #[test]
    fn the_column_that_changed_is_named() {
        let mut columns = Columns::new(&references(5), MonitorOptions::default()).unwrap();
        let mut random = Random(99);
        let mut draw = |shift: f64| -> Vec<f64> {
            (0..2000)
                .flat_map(|_| (0..5).map(|j| if j == 3 { shift } else { 0.0 }).collect::<Vec<_>>())
                .collect::<Vec<_>>()
                .iter()
                .map(|shift| random.normal() + shift)
                .collect()
        };
        assert!(columns.extend(&draw(0.0)).unwrap().is_empty());
        let alarms = columns.extend(&draw(1.0)[..500]).unwrap();
        assert!(
            !alarms.is_empty()
                && alarms.iter().all(|a| a.column == 3 && a.alarm.threshold == 500.0),
            "{alarms:?}"
        );
        assert!(alarms[0].alarm.index >= 2000 && alarms[0].alarm.index < 2100);
        let json = serde_json::to_string(&columns).unwrap();
        assert_eq!(serde_json::from_str::<Columns>(&json).unwrap(), columns);
    }

    #[test]
    fn a_batch_by_column_is_a_batch_by_row() {
        let x: Vec<f64> =
            Random(3).normals(300).iter().enumerate().map(|(i, x)| x + i as f64 / 50.0).collect();
        let mut rows = Columns::new(&references(3), MonitorOptions::default()).unwrap();
        let mut single = rows.clone();
        rows.extend(&x).unwrap();
        for j in 0..3 {
            single.monitor_mut(j).unwrap().extend(x.iter().copied().skip(j).step_by(3));
        }
        assert_eq!(rows, single);
        assert!(
            rows.extend(&x[..4]).is_err()
                && Columns::new::<Vec<f64>>(&[], MonitorOptions::default()).is_err()
        );
    }
}
