//! Categories of two samples: how their frequencies differ, which are new and which are gone.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::drift::two_sample::{TestResult, chi2, g};
use crate::error::{Error, Result};
use crate::stats::multiple::{Correction, adjust};

/// A category that one sample has and the other has not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OneSided {
    /// Its name.
    pub category: String,
    /// How often the sample has it.
    pub count: u64,
    /// The chance that all of so many fall into this sample, were both drawn alike: Fisher's exact
    /// test, one-sided (1935).
    pub p_value: f64,
    /// The same for all of these categories at once (Benjamini and Hochberg 1995).
    pub adjusted_p_value: f64,
}

/// What [`compare`] finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryReport {
    /// Observations of the reference, and of the current sample.
    pub observations: (u64, u64),
    /// Categories of the reference.
    pub categories: usize,
    /// The chi-squared test over the reference's categories and one cell for all others.
    pub chi2: TestResult,
    /// The G-test over the same cells.
    pub g: TestResult,
    /// In the current sample alone, the most frequent first.
    pub unseen: Vec<OneSided>,
    /// In the reference alone, the most frequent first.
    pub vanished: Vec<OneSided>,
    /// The share of the current sample that is unseen.
    pub unseen_share: f64,
    /// What that share is expected to be if nothing has changed: the share of categories that the
    /// reference has once (Good 1953, after Turing).
    pub expected_unseen_share: f64,
}

/// Compares counts by category. Cost: a sort.
///
/// # Errors
/// [`Error::InvalidArgument`] for a sample of no observations.
pub fn compare(
    reference: &BTreeMap<String, u64>,
    current: &BTreeMap<String, u64>,
) -> Result<CategoryReport> {
    let (n, m): (u64, u64) = (reference.values().sum(), current.values().sum());
    for (argument, count) in [("reference", n), ("current", m)] {
        if count == 0 {
            return Err(Error::invalid(argument, "no observations", "at least 1"));
        }
    }
    let unseen = one_sided(current, reference, m, n)?;
    let vanished = one_sided(reference, current, n, m)?;
    let new: u64 = unseen.iter().map(|c| c.count).sum();
    let mut cells =
        (Vec::with_capacity(reference.len() + 1), Vec::with_capacity(reference.len() + 1));
    for (category, count) in reference {
        cells.0.push(*count);
        cells.1.push(current.get(category).copied().unwrap_or(0));
    }
    cells.0.push(0);
    cells.1.push(new);
    let once = reference.values().filter(|count| **count == 1).count();
    Ok(CategoryReport {
        observations: (n, m),
        categories: reference.len(),
        chi2: chi2::from_counts(&cells.0, &cells.1)?,
        g: g::from_counts(&cells.0, &cells.1)?,
        unseen,
        vanished,
        unseen_share: new as f64 / m as f64,
        expected_unseen_share: once as f64 / n as f64,
    })
}

/// Categories of `mine`, `size` observations, that `other` has not.
fn one_sided(
    mine: &BTreeMap<String, u64>,
    other: &BTreeMap<String, u64>,
    size: u64,
    other_size: u64,
) -> Result<Vec<OneSided>> {
    let alone = mine
        .iter()
        .filter(|(name, count)| **count > 0 && other.get(*name).copied().unwrap_or(0) == 0);
    // Of all ways to place `count` observations, those with all of them here.
    let share = |i: u64| -(other_size as f64 / (size + other_size - i) as f64);
    let p = |count: u64| (0..count).map(|i| share(i).ln_1p()).sum::<f64>().exp();
    let mut found: Vec<OneSided> = alone
        .map(|(name, count)| OneSided {
            category: name.clone(),
            count: *count,
            p_value: p(*count),
            adjusted_p_value: f64::NAN,
        })
        .collect();
    found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.category.cmp(&b.category)));
    let p_values: Vec<f64> = found.iter().map(|c| c.p_value).collect();
    if !p_values.is_empty() {
        let adjusted = adjust(&p_values, Correction::BenjaminiHochberg)?;
        found.iter_mut().zip(adjusted).for_each(|(c, p)| c.adjusted_p_value = p);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn new_and_gone_categories_are_told_with_their_chance() {
        let reference = counts(&[("a", 50), ("b", 30), ("c", 19), ("d", 1)]);
        let current = counts(&[("a", 20), ("b", 15), ("e", 4), ("f", 1)]);
        let report = compare(&reference, &current).expect("counts");
        let names = |list: &[OneSided]| list.iter().map(|c| c.category.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&report.unseen), names(&report.vanished)),
            (vec!["e".to_owned(), "f".into()], vec!["c".into(), "d".into()])
        );
        // All four of e among the 40 of 140: 40 39 38 37 / (140 139 138 137).
        let want = 40.0 * 39.0 * 38.0 * 37.0 / (140.0 * 139.0 * 138.0 * 137.0);
        assert!((report.unseen[0].p_value / want - 1.0).abs() < 1e-9);
        assert!((report.vanished[1].p_value - 100.0 / 140.0).abs() < 1e-9);
        assert!(
            (report.unseen_share - 0.125).abs() < 1e-12
                && (report.expected_unseen_share - 0.01).abs() < 1e-12
        );
        // By 999 reassignments: 1/1000 is the least.
        assert!(report.chi2.p_value < 2e-3 && report.g.p_value < 2e-3);
        let same = compare(&reference, &reference).expect("counts");
        assert!(same.unseen.is_empty() && same.vanished.is_empty() && same.chi2.p_value > 0.99);
        assert_eq!(compare(&reference, &counts(&[])).map_err(|e| e.code()), Err(100));
    }
}
