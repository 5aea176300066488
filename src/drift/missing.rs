//! Values that are not there: counted, left out of the tests of a column, and their share tested
//! itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::decision::TestDecision;
use super::two_sample::{TestName, fisher};
use crate::error::Result;

/// How many observations of a column have no value, and whether their share has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingValues {
    /// In the reference.
    pub reference: u64,
    /// In the current sample.
    pub current: u64,
    /// Fisher's exact test of the two shares; `statistic` is `current`, the effect the difference
    /// of the shares.
    #[serde(flatten)]
    pub test: TestDecision,
}

impl MissingValues {
    /// Of `missing` and all observations of the reference, and of the current sample; `None` where
    /// both are whole. Cost: O(smaller sample) at most.
    ///
    /// # Errors
    /// Those of [`fisher::from_counts`].
    pub fn new(
        (reference, m): (u64, u64),
        (current, n): (u64, u64),
        min_effect: Option<&BTreeMap<TestName, f64>>,
    ) -> Result<Option<Self>> {
        if reference + current == 0 {
            return Ok(None);
        }
        let mut test = fisher::from_counts(&[m - reference, reference], &[n - current, current])?;
        // Where nothing is there at all, the test has a single category and counts none.
        test.statistic = current as f64;
        Ok(Some(MissingValues { reference, current, test: TestDecision::new(test, min_effect) }))
    }
}

/// Which observations have a value for every feature; `None` where all have. `values` are an
/// observation after the other.
pub(super) fn complete(
    values: impl Fn(usize) -> f64,
    observations: usize,
    features: usize,
) -> Option<Vec<usize>> {
    let whole = |i: &usize| (0..features).all(|k| !values(i * features + k).is_nan());
    let kept: Vec<usize> = (0..observations).filter(whole).collect();
    (kept.len() < observations).then_some(kept)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_tested_whatever_is_there() {
        assert_eq!(MissingValues::new((0, 10), (0, 5), None).unwrap(), None);
        let all = MissingValues::new((10, 10), (5, 5), None).unwrap().unwrap();
        assert_eq!((all.test.result.p_value, all.test.result.effect), (1.0, 0.0));
        // Half of 20 against none of 20, by scipy.stats.fisher_exact([[10, 10], [20, 0]]).
        let half = MissingValues::new((10, 20), (0, 20), None).unwrap().unwrap();
        assert!(
            (half.test.result.p_value - 0.000_435_919_790_758_500_45).abs() < 1e-12,
            "{half:?}"
        );
        assert_eq!((half.test.result.effect, half.test.result.statistic), (0.5, 0.0));
        let gone = MissingValues::new((0, 20), (20, 20), None).unwrap().unwrap();
        assert_eq!((gone.test.result.effect, gone.test.result.statistic), (1.0, 20.0));
    }
}
