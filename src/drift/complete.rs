//! The observations that have a value for every feature.

use super::missing::complete;
use super::sample::Sample;
use crate::error::{Error, Result};
use crate::tensor::{Elements, Tensor};

enum Rows<'a> {
    Given(Tensor<'a>),
    Gathered(Vec<f64>),
}

/// The observations that have a value for every feature.
pub(crate) struct Complete<'a> {
    rows: Rows<'a>,
    /// Whether some have not.
    pub left_out: bool,
}

impl<'a> Complete<'a> {
    pub fn of(argument: &'static str, sample: &Sample<'a>, columns: &[usize]) -> Result<Self> {
        let (n, p) = (sample.observations(), columns.len());
        let kept = complete(|i| sample.get(i / p, columns[i % p]), n, p);
        let rows = match (&kept, sample) {
            (None, Sample::Rows(rows)) if p == sample.features() => Rows::Given(*rows),
            (None, _) => Rows::Gathered(sample.rows(0..n, columns)),
            (Some(kept), _) if kept.is_empty() => {
                let expected = "some for tests of all columns together; leave out the columns that are mostly missing";
                return Err(Error::invalid(
                    argument,
                    "no observation with a value in every column",
                    expected,
                ));
            }
            (Some(kept), _) => Rows::Gathered(sample.rows(kept.iter().copied(), columns)),
        };
        Ok(Complete { rows, left_out: kept.is_some() })
    }

    pub fn tensor(&self, features: usize) -> Result<Tensor<'_>> {
        match &self.rows {
            Rows::Given(rows) => Ok(*rows),
            Rows::Gathered(rows) => Tensor::new(Elements::F64(rows), rows.len() / features),
        }
    }
}
