//! A reference of many columns, prepared once for many comparisons.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::compare::{CompareOptions, Comparison, by_columns, compare, prepare, thinned};
use super::narrow::{Narrowed, Width};
use super::sample::Sample;
use super::two_sample::Reference as Column;
use crate::error::{Error, Result};
use crate::sound::Sound;
use crate::store::{self, Stored};
use crate::tensor::{Elements, Tensor};

/// A reference sample: each column sorted and cut into bins, as [`Column`], and the rows for tests
/// of all columns together.
///
/// [`Reference::compare`] gives what [`super::compare::compare`] gives, to the bit, and does not
/// sort the reference anew. Memory: 16 bytes a number.
#[derive(Debug, Clone)]
pub struct Reference {
    rows: Vec<f64>,
    /// Of what it was made of; of a loaded one, which does not say, the widest.
    width: Width,
    /// None of a column without values.
    columns: Vec<Option<Column>>,
}

impl Reference {
    /// Copies and sorts; NaN stands for no value. Cost: O(n) a column.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] naming `reference` for Inf, or a range beyond the largest
    /// double.
    pub fn new(reference: &Tensor<'_>) -> Result<Self> {
        let rows: Vec<f64> = match reference.elements() {
            Elements::F16(x) => x.iter().map(|x| x.to_f64()).collect(),
            Elements::F32(x) => x.iter().map(|x| f64::from(*x)).collect(),
            Elements::F64(x) => x.to_vec(),
        };
        let p = reference.features();
        let column =
            |k: usize| prepare(&rows.iter().skip(k).step_by(p).copied().collect::<Vec<f64>>());
        let columns = (0..p).map(column).collect::<Result<_>>()?;
        Ok(Reference { rows, width: Width::of(reference), columns })
    }

    /// Columns.
    #[must_use]
    pub fn features(&self) -> usize {
        self.columns.len()
    }

    /// Observations of each.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.rows.len() / self.columns.len()
    }

    /// Observation after observation, as they were given.
    #[must_use]
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// `current` against this reference.
    ///
    /// # Errors
    /// Those of [`super::compare::compare`].
    pub fn compare(&self, current: &Tensor<'_>, options: &CompareOptions) -> Result<Comparison> {
        let rows = Tensor::new(Elements::F64(&self.rows), self.observations())?;
        if Width::of(current) < self.width {
            return compare(&rows, current, options);
        }
        let current = Narrowed::new(current, self.width);
        let (rows, current) = (Sample::Rows(rows), Sample::Rows(current.tensor()?));
        match thinned(&rows, &current, options)? {
            Some(apart) => Ok(apart),
            None => by_columns(
                &rows,
                |k| Ok(self.columns[k].as_ref().map(Cow::Borrowed)),
                &current,
                options,
            ),
        }
    }
}

/// What a file of it holds: observations, and rows. Nine bytes a number; sorted again when it is
/// loaded.
#[derive(Serialize, Deserialize)]
struct Filed<'a>(usize, Cow<'a, [f64]>);

impl Sound for Filed<'_> {
    fn is_sound(&self) -> bool {
        self.0 > 0 && self.1.len().is_multiple_of(self.0)
    }
}

impl Stored for Reference {
    const KIND: &'static str = "reference";
    const VERSION: u32 = 1;

    fn write(&self, path: &Path) -> Result<()> {
        store::write_cbor(
            &Filed(self.observations(), Cow::from(self.rows())),
            path,
            Self::KIND,
            Self::VERSION,
        )
    }

    fn read(path: &Path) -> Result<Self> {
        let Filed(observations, rows) = store::read_cbor(path, Self::KIND, Self::VERSION)?;
        let damaged = |e: Error| Error::FileDamaged {
            path: path.display().to_string(),
            reason: e.to_string(),
        };
        Tensor::new(Elements::F64(&rows), observations)
            .and_then(|rows| Reference::new(&rows))
            .map_err(damaged)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;
    use crate::two_sample::TestName;

    #[test]
    fn it_compares_as_the_sample_itself_does_to_the_bit() {
        let single: Vec<f32> = Random(1).normals(3 * 120).iter().map(|x| *x as f32).collect();
        let double: Vec<f64> = Random(2).normals(3 * 120);
        let current = Random(3).normals(3 * 90);
        let current = Tensor::new(Elements::F64(&current), 90).unwrap();
        // fisher is for two values.
        let tests: Vec<TestName> =
            TestName::names().filter(|test| *test != TestName::Fisher).collect();
        assert!(tests.len() > 20);
        for elements in [Elements::F32(&single), Elements::F64(&double)] {
            let sample = Tensor::new(elements, 120).unwrap();
            let reference = Reference::new(&sample).unwrap();
            assert_eq!((reference.features(), reference.observations()), (3, 120));
            for tests in [tests.clone(), vec![TestName::Ks]] {
                let options = CompareOptions { tests, ..Default::default() };
                // Again and again: nothing is used up.
                for _ in 0..2 {
                    let prepared = reference.compare(&current, &options).unwrap();
                    assert_eq!(prepared, compare(&sample, &current, &options).unwrap());
                }
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let bad = [0.0, 1.0, f64::INFINITY, 2.0];
        let error = Reference::new(&Tensor::new(Elements::F64(&bad), 4).unwrap()).unwrap_err();
        assert!(
            error.code() == 100 && error.to_string().starts_with("reference: got inf"),
            "{error}"
        );
        let good = Reference::new(&Tensor::new(Elements::F64(&bad[..2]), 2).unwrap()).unwrap();
        let two = Tensor::new(Elements::F64(&bad[..2]), 1).unwrap();
        assert_eq!(good.compare(&two, &CompareOptions::default()).unwrap_err().code(), 103);
    }
}
