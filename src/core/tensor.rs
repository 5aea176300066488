//! Borrowed, column-major views of a caller's array. The last dimension is the observation (Flux's
//! convention), so one observation's features lie next to each other, whatever the rank.

use half::f16;
use ndarray::ArrayView2;

use crate::error::{Error, Result};

/// The elements of a dense column-major array, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Elements<'a> {
    /// Half precision; kernels read it through a conversion to single.
    F16(&'a [f16]),
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

impl Elements<'_> {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Elements::F16(x) => x.len(),
            Elements::F32(x) => x.len(),
            Elements::F64(x) => x.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`, widened.
    #[must_use]
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Elements::F16(x) => x[index].to_f64(),
            Elements::F32(x) => f64::from(x[index]),
            Elements::F64(x) => x[index],
        }
    }
}

/// `features x observations`, dense, feature fastest.
#[derive(Debug, Clone, Copy)]
pub struct Tensor<'a> {
    elements: Elements<'a>,
    features: usize,
    observations: usize,
}

impl<'a> Tensor<'a> {
    /// A view of `elements` whose last dimension has length `observations`; all other dimensions
    /// are the features.
    ///
    /// # Errors
    /// [`Error::EmptyTensor`] without elements or observations, [`Error::InvalidArgument`] if the
    /// length is no multiple.
    #[inline]
    pub fn new(elements: Elements<'a>, observations: usize) -> Result<Self> {
        let len = elements.len();
        if len == 0 || observations == 0 {
            let was = format!("{len} elements in {observations} observations");
            return Err(Error::EmptyTensor { argument: "output", was });
        }
        if !len.is_multiple_of(observations) {
            let was = format!("{len} elements in {observations} observations");
            return Err(Error::invalid("output", was, "a whole number of features an observation"));
        }
        Ok(Tensor { elements, features: len / observations, observations })
    }

    /// A view of a matrix with one observation a row (ndarray's habit), in standard layout.
    ///
    /// # Errors
    /// As [`Tensor::new`]; [`Error::InvalidArgument`] if the rows are not contiguous.
    pub fn from_rows(rows: &'a ArrayView2<'_, f64>) -> Result<Self> {
        let elements = rows.as_slice().ok_or_else(|| {
            Error::invalid("rows", "a matrix with strides", "standard layout: as_standard_layout()")
        })?;
        Tensor::new(Elements::F64(elements), rows.nrows())
    }

    /// All dimensions but the last, multiplied.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// The last dimension.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// The elements, feature fastest.
    #[must_use]
    pub fn elements(&self) -> Elements<'a> {
        self.elements
    }

    /// Demands the baseline's number of features.
    ///
    /// # Errors
    /// [`Error::FeatureMismatch`].
    pub fn expect_features(&self, expected: usize) -> Result<()> {
        if self.features == expected {
            return Ok(());
        }
        Err(Error::FeatureMismatch { argument: "output", was: self.features, expected })
    }
}

/// A copy of what a [`Tensor`] views, for work that goes on after the call that it was given to.
pub struct TensorCopy {
    elements: Copied,
    features: usize,
    observations: usize,
}

enum Copied {
    F16(Vec<f16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Tensor<'_> {
    /// `None` where there is no room for a copy.
    pub fn copied(&self) -> Option<TensorCopy> {
        fn copied<T: Copy>(values: &[T]) -> Option<Vec<T>> {
            let mut copy = Vec::new();
            copy.try_reserve_exact(values.len()).ok()?;
            copy.extend_from_slice(values);
            Some(copy)
        }
        let elements = match self.elements {
            Elements::F16(x) => Copied::F16(copied(x)?),
            Elements::F32(x) => Copied::F32(copied(x)?),
            Elements::F64(x) => Copied::F64(copied(x)?),
        };
        Some(TensorCopy { elements, features: self.features, observations: self.observations })
    }
}

impl TensorCopy {
    /// It, as a tensor.
    pub fn tensor(&self) -> Tensor<'_> {
        let elements = match &self.elements {
            Copied::F16(x) => Elements::F16(x),
            Copied::F32(x) => Elements::F32(x),
            Copied::F64(x) => Elements::F64(x),
        };
        Tensor { elements, features: self.features, observations: self.observations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        let x = [0.0f32; 6];
        let t = Tensor::new(Elements::F32(&x), 3).expect("2 x 3");
        assert_eq!((t.features(), t.observations()), (2, 3));
        assert_eq!(t.expect_features(4).map_err(|e| e.code()), Err(103));
        assert_eq!(Tensor::new(Elements::F32(&x), 4).map_err(|e| e.code()).err(), Some(100));
        assert_eq!(Tensor::new(Elements::F32(&x), 0).map_err(|e| e.code()).err(), Some(102));
        assert_eq!(Tensor::new(Elements::F64(&[]), 1).map_err(|e| e.code()).err(), Some(102));
    }

    #[test]
    fn rows_of_a_matrix_are_observations() {
        let rows = ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let view = rows.view();
        let t = Tensor::from_rows(&view).expect("standard layout");
        assert_eq!((t.features(), t.observations(), t.elements().get(3)), (3, 2, 4.0));
        assert!(Tensor::from_rows(&rows.t()).is_err());
    }
}
