//! Fisher's exact test of a variable of two values.

use super::pooled::Pooled;
use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::stats::hypergeometric::Hypergeometric;
use crate::{Error, Result};

/// Two-sided: the probability, with the margins fixed, of all 2 × 2 tables that are no more
/// probable than the one observed (Fisher 1935; `scipy.stats.fisher_exact`; tables within 1e-7
/// count as equally probable, as R has it).
///
/// `statistic` is the number of current observations that have the second value (the larger; of
/// counts: the second count). The effect is the absolute difference of the two proportions, in [0,
/// 1]. Cost: O(min(m, n)) at most.
///
/// # Errors
/// `InvalidArgument` naming `test` when there are more than two values, which says what to use
/// instead; naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Fisher, current)
}

/// The same of counts, of one or two categories; categories that are empty in both are left out.
///
/// # Errors
/// `InvalidArgument` as [`test()`], and for counts of different lengths.
pub fn from_counts(reference: &[u64], current: &[u64]) -> Result<TestResult> {
    let table = super::table::Table::new(reference, current)?;
    if table.reference.len() > 2 {
        return Err(too_many(table.reference.len()));
    }
    let second = |counts: &[u64]| counts.get(1).copied().unwrap_or(0);
    let (in_reference, in_current) = (second(&table.reference), second(&table.current));
    let (m, n) = (table.reference_size, table.current_size);
    let (p, q) = (in_reference as f64 / m as f64, in_current as f64 / n as f64);
    Ok(TestResult {
        test: TestName::Fisher,
        statistic: in_current as f64,
        p_value: two_sided(in_reference, m, in_current, n)?,
        effect: (p - q).abs(),
        method: Method::Exact,
        reference_size: m,
        current_size: n,
    })
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    _method: Method,
    _permutations: Permutations,
) -> Result<TestResult> {
    let pooled = Pooled::new(reference, current);
    let groups = pooled.groups();
    if groups.len() > 2 {
        return Err(too_many(groups.len()));
    }
    let (before, now): (Vec<u64>, Vec<u64>) = groups
        .iter()
        .map(|group| (u64::from(group.all - group.current), u64::from(group.current)))
        .unzip();
    from_counts(&before, &now)
}

fn too_many(values: usize) -> Error {
    let expected = "a variable of two values; use g or chi2 for categories, ks or cvm for numbers";
    Error::invalid("test", format!("fisher of {values} distinct values"), expected)
}

fn two_sided(in_reference: u64, m: u64, in_current: u64, n: u64) -> Result<f64> {
    let counts = Hypergeometric::new(m + n, in_reference + in_current, n)?;
    let (low, high) = counts.support();
    let limit = counts.ln_pmf(in_current) + 1e-7;
    let mode = ((n as f64 + 1.0) * ((in_reference + in_current) as f64 + 1.0)
        / ((m + n) as f64 + 2.0)) as u64;
    let mode = mode.clamp(low, high);
    // The probabilities fall from the mode to both ends: each tail begins at the first that is
    // small enough.
    let first = |mut near: u64, mut far: u64| {
        // Invariant: `far` is within the limit, `near` (the mode's side) is not.
        while near.abs_diff(far) > 1 {
            let middle = near.midpoint(far);
            if counts.ln_pmf(middle) <= limit { far = middle } else { near = middle }
        }
        far
    };
    if counts.ln_pmf(mode) <= limit {
        return Ok(1.0);
    }
    let lower = if counts.ln_pmf(low) <= limit {
        counts.ln_lower_tail(first(mode, low)).exp()
    } else {
        0.0
    };
    let upper = if counts.ln_pmf(high) <= limit {
        counts.ln_upper_tail(first(mode, high)).exp()
    } else {
        0.0
    };
    Ok((lower + upper).min(1.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_over_all_tables() {
        for (m, n, marked) in [(7, 5, 4), (30, 12, 20), (1, 1, 1), (50, 50, 50), (40, 3, 0)] {
            let counts = Hypergeometric::new(m + n, marked, n).unwrap();
            let (low, high) = counts.support();
            for x in low..=high {
                let limit = counts.ln_pmf(x) + 1e-7;
                let sum: f64 = (low..=high)
                    .map(|j| counts.ln_pmf(j))
                    .filter(|ln| *ln <= limit)
                    .map(f64::exp)
                    .sum();
                let p = two_sided(marked - x, m, x, n).unwrap();
                assert!((p - sum).abs() < 1e-12, "{x} of {m}, {n}, {marked}: {p} for {sum}");
            }
        }
    }

    #[test]
    fn more_than_two_values_are_told_where_to_go() {
        let error = test(&[0.0, 1.0, 2.0], &[1.0]).unwrap_err().to_string();
        assert!(
            error.starts_with("test: got fisher of 3 distinct values")
                && error.contains("use g or chi2"),
            "{error}"
        );
        assert_eq!(test(&[1.0, 1.0], &[1.0]).unwrap().p_value, 1.0);
    }
}
