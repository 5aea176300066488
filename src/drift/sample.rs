//! A sample of many columns, as callers have it: observation after observation, or column after
//! column.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::tensor::{Elements, Tensor};

/// Either.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sample<'a> {
    Rows(Tensor<'a>),
    /// Of the same length; there is one at least.
    Columns(&'a [&'a [f64]]),
}

impl<'a> Sample<'a> {
    /// # Errors
    /// [`Error::EmptyTensor`] without columns or observations, [`Error::InvalidArgument`] for
    /// columns of different lengths.
    pub fn of_columns(argument: &'static str, columns: &'a [&'a [f64]]) -> Result<Self> {
        let observations = columns.first().map_or(0, |column| column.len());
        if observations == 0 {
            let was = format!("{} columns of {observations} observations", columns.len());
            return Err(Error::EmptyTensor { argument, was });
        }
        match columns.iter().find(|column| column.len() != observations) {
            Some(other) => {
                let was = format!("columns of {observations} and of {} observations", other.len());
                Err(Error::invalid(argument, was, "columns of one length"))
            }
            None => Ok(Sample::Columns(columns)),
        }
    }

    pub fn features(&self) -> usize {
        match self {
            Sample::Rows(rows) => rows.features(),
            Sample::Columns(columns) => columns.len(),
        }
    }

    pub fn observations(&self) -> usize {
        match self {
            Sample::Rows(rows) => rows.observations(),
            Sample::Columns(columns) => columns[0].len(),
        }
    }

    /// The value of an observation in a column.
    pub fn get(&self, row: usize, k: usize) -> f64 {
        match self {
            Sample::Rows(rows) => rows.elements().get(row * rows.features() + k),
            Sample::Columns(columns) => columns[k][row],
        }
    }

    /// A column, observation after observation.
    pub fn column(&self, k: usize) -> Cow<'a, [f64]> {
        fn every<'a, T>(
            x: &'a [T],
            k: usize,
            p: usize,
            wide: impl Fn(&'a T) -> f64,
        ) -> Cow<'a, [f64]> {
            x[k..].iter().step_by(p).map(wide).collect()
        }
        match self {
            Sample::Columns(columns) => Cow::Borrowed(columns[k]),
            Sample::Rows(rows) => match rows.elements() {
                Elements::F16(x) => every(x, k, rows.features(), |x| x.to_f64()),
                Elements::F32(x) => every(x, k, rows.features(), |x| f64::from(*x)),
                Elements::F64(x) => every(x, k, rows.features(), |x| *x),
            },
        }
    }

    /// Some columns of some observations, one observation after the other.
    pub fn rows(&self, kept: impl Iterator<Item = usize>, columns: &[usize]) -> Vec<f64> {
        kept.flat_map(|row| columns.iter().map(move |k| self.get(row, *k))).collect()
    }
}
