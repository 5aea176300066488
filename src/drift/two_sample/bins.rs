//! Bins of about equal mass in the reference.

use crate::{Error, Result};

/// Bins that a [`super::Reference`] is cut into unless told otherwise: deciles, the custom of
/// scorecards.
pub const DEFAULT_BINS: usize = 10;

/// The inner edges e₁ < e₂ < ... of the bins (-∞, e₁], (e₁, e₂], ..., (e_k, ∞).
///
/// They are the reference's quantiles (inverse of its distribution function) at 1/bins, 2/bins, ...
/// An atom, a value that takes up several of them, gets a bin of its own: it is cut off from what
/// lies just below. So a constant reference has the bins below, at and above its value, and a
/// ReLU's zeros are one bin.
pub(super) fn quantile_edges(sorted: &[f64], bins: usize) -> Result<Vec<f64>> {
    if bins < 2 {
        return Err(Error::invalid("bins", bins, "at least 2 bins"));
    }
    let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
    if first == last {
        return Ok(vec![just_below(first), first]);
    }
    let bins = bins.min(sorted.len());
    let mut edges = Vec::with_capacity(2 * bins);
    for k in 1..bins {
        let rank = (k as u128 * sorted.len() as u128).div_ceil(bins as u128) as usize;
        let edge = sorted[rank - 1];
        if edges.last() != Some(&edge) {
            edges.push(edge);
        } else if edges.len() < 2 || edges[edges.len() - 2] != just_below(edge) {
            edges.insert(edges.len() - 1, just_below(edge));
        }
    }
    edges.dedup();
    Ok(edges)
}

/// The largest double below x (`f64::next_down`, which Rust has from 1.86 on).
fn just_below(x: f64) -> f64 {
    let bits = x.to_bits();
    if x == 0.0 {
        -f64::from_bits(1)
    } else {
        f64::from_bits(if x > 0.0 { bits - 1 } else { bits + 1 })
    }
}

/// How many values fall into each bin. Cost: O(values · edges), vectorized.
pub(super) fn count<T: Into<f64> + Copy>(values: &[T], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for &value in values {
        let value = value.into();
        let bin = if edges.len() <= 32 {
            edges.iter().map(|edge| usize::from(value > *edge)).sum()
        } else {
            edges.partition_point(|edge| value > *edge)
        };
        counts[bin] += 1;
    }
    counts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn distinct_values_are_cut_into_equal_parts() {
        let sorted: Vec<f64> = (0..1000).map(f64::from).collect();
        let edges = quantile_edges(&sorted, 10).unwrap();
        assert_eq!(count(&sorted, &edges), [100; 10]);
    }

    #[test]
    fn an_atom_is_a_bin_of_its_own() {
        let mut relu = vec![0.0; 80];
        relu.extend((1..=20).map(f64::from));
        let edges = quantile_edges(&relu, 10).unwrap();
        assert_eq!(count(&relu, &edges), [0, 80, 10, 10]);
        assert_eq!(count(&[-1.0, 0.0, -0.0, 0.5], &edges), [1, 2, 1, 0]);
    }

    #[test]
    fn a_constant_has_a_below_and_an_above() {
        let edges = quantile_edges(&[3.0; 5], 10).unwrap();
        assert_eq!(count(&[2.0, 3.0, 3.0, 3.1], &edges), [1, 2, 1]);
        assert!(quantile_edges(&[3.0], 1).unwrap_err().to_string().starts_with("bins: got 1"));
    }

    proptest! {
        #[test]
        fn edges_rise_and_nothing_is_lost(mut values in prop::collection::vec(-5i32..5, 1..200),
            bins in 2usize..50) {
            values.sort_unstable();
            let sorted: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let edges = quantile_edges(&sorted, bins).unwrap();
            prop_assert!(edges.windows(2).all(|w| w[0] < w[1]), "{:?}", edges);
            prop_assert_eq!(count(&sorted, &edges).iter().sum::<u64>(), values.len() as u64);
        }
    }
}
