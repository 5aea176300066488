//! Observations in double precision, one after the other.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use ndarray::{Array2, ArrayView2};

use super::memory;
use crate::error::{Error, Result};
use crate::ood::Head;
use crate::tensor::{Elements, Tensor};

/// The largest number that detectors reckon with: a covariance's eigenvalues take the square of the
/// square of a difference, which is a double still. Every Float32 is far below it.
pub const LARGEST: f64 = 1e75;

/// `features x observations`, feature fastest, finite; of a classifier also the class of each, and
/// the layer that makes logits of them.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    values: Cow<'a, [f64]>,
    features: usize,
    labels: Option<Cow<'a, [u32]>>,
    head: Option<&'a Head>,
}

impl<'a> Rows<'a> {
    /// The reference observations of a tensor: in place where it is double precision, else a copy.
    ///
    /// # Errors
    /// [`Error::NonFiniteBaseline`]; [`Error::InvalidArgument`] for a number beyond [`LARGEST`], or
    /// if the copy does not fit into memory.
    pub fn reference(reference: &Tensor<'a>) -> Result<Self> {
        let values = widened("reference", reference)?;
        let features = reference.features();
        let bad = values.iter().filter(|x| !x.is_finite()).count();
        if bad > 0 {
            let first = values.iter().position(|x| !x.is_finite()).unwrap_or(0);
            let (feature, observation) = (first % features, first / features);
            return Err(Error::NonFiniteBaseline {
                argument: "reference",
                count: bad,
                feature,
                observation,
            });
        }
        if let Some(at) = values.iter().position(|x| x.abs() > LARGEST) {
            let was = format!(
                "{:e} in feature {} of observation {} (from 0)",
                values[at],
                at % features,
                at / features
            );
            return Err(Error::invalid(
                "reference",
                was,
                "numbers from -1e75 to 1e75; divide by a unit that fits",
            ));
        }
        Ok(Rows { values, features, labels: None, head: None })
    }

    /// Values that are known to be finite.
    #[must_use]
    pub fn from_values(values: Vec<f64>, features: usize) -> Self {
        Rows { values: Cow::Owned(values), features, labels: None, head: None }
    }

    /// With the class of each observation, from 0, and the layer that makes logits of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another number of labels, or a class that the head has not;
    /// [`Error::FeatureMismatch`] for a head of other features.
    pub fn of_classifier(
        mut self,
        labels: Option<&'a [u32]>,
        head: Option<&'a Head>,
    ) -> Result<Self> {
        if let Some(head) = head
            && head.features() != self.features
        {
            let (was, expected) = (head.features(), self.features);
            return Err(Error::FeatureMismatch { argument: "weights", was, expected });
        }
        if let Some(labels) = labels {
            let n = self.len();
            if labels.len() != n {
                let expected = format!("{n}, one per observation");
                return Err(Error::invalid("labels", format!("{} labels", labels.len()), expected));
            }
            // As many classes as observations at most, since each needs one.
            let classes = head.map_or(n, Head::classes);
            if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
                let expected = format!("classes from 0 to {}", classes - 1);
                return Err(Error::invalid("labels", format!("class {label} (from 0)"), expected));
            }
        }
        (self.labels, self.head) = (labels.map(Cow::Borrowed), head);
        Ok(self)
    }

    /// The class of each observation, from 0.
    #[must_use]
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The layer that makes logits of the features.
    #[must_use]
    pub fn head(&self) -> Option<&'a Head> {
        self.head
    }

    /// The head of a detector that cannot do without.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn expect_head(&self) -> Result<&'a Head> {
        self.head.ok_or_else(|| {
            Error::invalid("weights", "none", "weights and bias of the last linear layer")
        })
    }

    /// Number of classes: of the head, else of the labels.
    #[must_use]
    pub fn classes(&self) -> usize {
        let labeled = || {
            self.labels()
                .and_then(|labels| labels.iter().max())
                .map_or(0, |label| *label as usize + 1)
        };
        self.head.map_or_else(labeled, Head::classes)
    }

    /// All values, feature fastest.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of observations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.features
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Observation `i`.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.features..(i + 1) * self.features]
    }

    /// One observation after the other.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.features)
    }

    /// Values of each feature, sorted.
    #[must_use]
    pub fn sorted_columns(&self) -> Vec<Vec<f64>> {
        super::columns::sorted_columns(&self.values, self.features)
    }

    /// The observations at `indices`, copied.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Rows<'a> {
        let values = indices.iter().flat_map(|i| self.row(*i)).copied().collect();
        let labels =
            self.labels().map(|labels| Cow::Owned(indices.iter().map(|i| labels[*i]).collect()));
        Rows { values: Cow::Owned(values), features: self.features, labels, head: self.head }
    }

    /// As ndarray sees it: one observation a row.
    #[must_use]
    pub fn matrix(&self) -> ArrayView2<'_, f64> {
        // The length is a whole number of observations by construction.
        ArrayView2::from_shape((self.len(), self.features), &self.values)
            .unwrap_or_else(|_| unreachable!())
    }

    /// Means of the features.
    #[must_use]
    pub fn means(&self) -> Vec<f64> {
        let mut means = vec![0.0; self.features];
        for row in self.iter() {
            means.iter_mut().zip(row).for_each(|(m, x)| *m += x);
        }
        means.iter_mut().for_each(|m| *m /= self.len() as f64);
        means
    }

    /// Covariance with divisor n, about `means`.
    #[must_use]
    pub fn covariance(&self, means: &[f64]) -> Array2<f64> {
        let p = self.features;
        let mut sums = Array2::<f64>::zeros((p, p));
        let mut centered = vec![0.0; p];
        for row in self.iter() {
            for (c, (x, m)) in centered.iter_mut().zip(row.iter().zip(means)) {
                *c = x - m;
            }
            for (i, a) in centered.iter().enumerate() {
                let mut sums = sums.row_mut(i);
                if let Some(sums) = sums.as_slice_mut() {
                    sums[..=i].iter_mut().zip(&centered).for_each(|(s, b)| *s += a * b);
                }
            }
        }
        let n = self.len() as f64;
        for i in 0..p {
            for j in 0..=i {
                sums[[i, j]] /= n;
                sums[[j, i]] = sums[[i, j]];
            }
        }
        sums
    }

    /// Indices in the order of the observations' values, and where equal ones begin and end in it.
    /// 0 and -0 are equal.
    #[must_use]
    pub fn equals(&self) -> (Vec<usize>, Vec<Range<usize>>) {
        let compare = |a: &usize, b: &usize| {
            let pairs = self.row(*a).iter().zip(self.row(*b));
            pairs
                .map(|(x, y)| x.partial_cmp(y).unwrap_or(Ordering::Equal))
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        };
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(compare);
        let mut start = 0;
        let ranges = order.chunk_by(|a, b| compare(a, b).is_eq()).map(|equal| {
            start += equal.len();
            start - equal.len()..start
        });
        let ranges = ranges.collect();
        (order, ranges)
    }

    /// The first of each kind of equal observations, in their order.
    #[must_use]
    pub fn distinct(&self) -> Rows<'a> {
        let (order, ranges) = self.equals();
        if ranges.len() == self.len() {
            return self.clone();
        }
        // Equal ones stand in their own order: the sort is stable.
        let mut first: Vec<usize> = ranges.into_iter().map(|range| order[range.start]).collect();
        first.sort_unstable();
        self.select(&first)
    }

    /// Demands so many observations.
    ///
    /// # Errors
    /// [`Error::BaselineTooSmall`].
    pub fn expect_at_least(&self, expected: usize, reason: &str) -> Result<()> {
        if self.len() >= expected {
            return Ok(());
        }
        Err(Error::BaselineTooSmall {
            argument: "reference",
            was: self.len(),
            expected,
            reason: reason.into(),
        })
    }

    /// Demands that every feature varies.
    ///
    /// # Errors
    /// [`Error::ConstantFeature`].
    pub fn expect_spread(&self) -> Result<()> {
        let first = self.row(0);
        for (feature, value) in first.iter().enumerate() {
            if self.iter().all(|row| row[feature] == *value) {
                let (value, observations) = (*value, self.len());
                return Err(Error::ConstantFeature {
                    argument: "reference",
                    feature,
                    value,
                    observations,
                });
            }
        }
        Ok(())
    }
}

/// The elements in double precision: in place where they are.
pub fn widened<'a>(argument: &'static str, tensor: &Tensor<'a>) -> Result<Cow<'a, [f64]>> {
    if let Elements::F64(x) = tensor.elements() {
        return Ok(Cow::Borrowed(x));
    }
    memory::expect_room(argument, tensor.elements().len(), 8, "a copy in double precision")?;
    Ok(Cow::Owned(match tensor.elements() {
        Elements::F16(x) => x.iter().map(|x| x.to_f64()).collect(),
        Elements::F32(x) => x.iter().map(|x| f64::from(*x)).collect(),
        Elements::F64(x) => x.to_vec(),
    }))
}
