//! What the cells of a column are to a sketch: whole numbers, doubles or text, which are different
//! items to all libraries.

use clap::ValueEnum;
use serde::Serialize;

use super::super::Failure;
use super::super::classes::texts;
use super::super::failure::{BadCsv, quoted};
use super::super::sample::{Cells, Column, Dialect, Sample, has_zeros, whole};
use fluxguard::sketch::Sketch as Made;

/// What items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// Whole numbers of 64 bits, exactly: the longs of Java and Spark
    Int,
    /// Doubles
    Float,
    /// The cells' text as it stands: zip codes, ids
    Text,
}

/// The items of a column of one file.
pub struct Items<'a> {
    pub sample: &'a Sample,
    pub column: &'a Column,
}

impl ItemKind {
    /// Of columns whose kind nobody said.
    pub fn of(all: &[Items<'_>], dialect: &Dialect) -> Result<ItemKind, Failure> {
        let (mut ints, mut floats) = (true, true);
        for items in all {
            for cell in items.cells()?.iter().flatten() {
                ints &= whole(cell).is_some_and(|x| x <= i128::from(i64::MAX));
                floats &= !has_zeros(cell) && dialect.number(cell).is_some_and(|x| holds(cell, x));
            }
        }
        Ok(if ints {
            ItemKind::Int
        } else if floats {
            ItemKind::Float
        } else {
            ItemKind::Text
        })
    }
}

/// Whether a double holds what the cell says: not the last digits of a long id.
fn holds(cell: &str, x: f64) -> bool {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    x.is_finite() && (x.abs() < 2f64.powi(53) || !digits.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Items<'_> {
    fn cells(&self) -> Result<&[Option<String>], Failure> {
        texts(self.sample, "--column", &self.column.name)
    }

    /// Line and text of the first cell with a zero in front that a number does not need.
    pub fn with_zeros(&self) -> Option<(u64, String)> {
        match &self.column.cells {
            Cells::Text(cells) => {
                let at = cells.iter().position(|cell| cell.as_deref().is_some_and(has_zeros))?;
                Some((self.sample.line(at), cells[at].clone()?))
            }
            _ => self.column.zeros.clone(),
        }
    }

    /// Takes them all into the sketch.
    ///
    /// # Errors
    /// [`BadCsv`] for the first cell that is no such item.
    pub fn take_in(
        &self,
        sketch: &mut Made,
        kind: ItemKind,
        dialect: &Dialect,
    ) -> Result<(), Failure> {
        let cells = self.cells()?;
        match kind {
            ItemKind::Text => {
                sketch.update_words(cells.iter().flatten().map(|word| (word.as_str(), 1)))?
            }
            ItemKind::Int => {
                // Who says that they are numbers means 7 by 007.
                let long = |cell: &str| cell.parse::<i128>().ok().or_else(|| whole(cell));
                let fits = |x: &i128| (i128::from(i64::MIN)..=i128::from(i64::MAX)).contains(x);
                let longs = self.all(
                    cells,
                    |cell| long(cell).filter(fits),
                    "a whole number of 64 bits",
                    "text",
                )?;
                sketch.update_ints(&longs)?;
            }
            ItemKind::Float => {
                let double = |cell: &str| dialect.number(cell).filter(|x| x.is_finite());
                sketch.update(&self.all(cells, double, "a finite number", "text")?)?;
            }
        }
        Ok(())
    }

    fn all<T>(
        &self,
        cells: &[Option<String>],
        of: impl Fn(&str) -> Option<T>,
        expected: &str,
        instead: &str,
    ) -> Result<Vec<T>, Failure> {
        let mut all = Vec::with_capacity(cells.len());
        for (i, cell) in cells.iter().enumerate() {
            let Some(cell) = cell else { continue };
            let Some(item) = of(cell) else {
                let problem = format!("got {}, expected {expected}", quoted(cell));
                let fix = format!("fix it, or say --items {instead}");
                let (file, column) = (self.sample.file.clone(), Some(self.column.name.clone()));
                return Err(
                    BadCsv { file, line: Some(self.sample.line(i)), column, problem, fix }.into()
                );
            };
            all.push(item);
        }
        Ok(all)
    }
}
