//! The Mann-Whitney U test (Wilcoxon's rank sum).

use super::pooled::{Group, Pooled};
use super::table::Table;
use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::Result;
use crate::stats::dependence::Thinning;
use crate::stats::{normal, sums};

/// With so few values in the smaller sample the normal limit is not relied on (as scipy has it).
const FEW: u32 = 8;

/// Up to this many pairs (m n) the null distribution is counted out.
const EXACT_PAIRS: f64 = 1e4;

/// U: in how many pairs the current value is above the reference's, a tie counting half (Mann &
/// Whitney 1947; `scipy.stats.mannwhitneyu(current, reference)`). Sensitive to a shift of the
/// middle, to nothing else.
///
/// The effect is |2U/(mn) - 1|, the absolute rank-biserial correlation, in [0, 1]: 0.1 says that a
/// current value beats a reference value with probability 0.55 (or 0.45). The p-value is two-sided.
/// Above 8 values each: normal, with correction for ties and continuity, unless so many are tied
/// that a sum of ranks is far from normal (ten times the squared skewness or five times the excess
/// kurtosis of all ranks is more than the smaller sample: 2 % of ones among 98 % of zeros need
/// 471). Else: exact without ties and for at most 10,000 pairs, else by 999 reassignments. Cost:
/// O(m + n) after sorting.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::MannWhitney, current)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    let pooled = Pooled::new(reference, current);
    let (pairs, size) = (pooled.pairs(), pooled.size());
    let u = u_of(pooled.groups());
    let from_middle = |groups: &[Group]| (u_of(groups) - 0.5 * pairs).abs();
    let (m, n) = (pooled.reference_size, pooled.current_size);
    let countable = !pooled.has_ties() && pairs <= EXACT_PAIRS;
    let chosen = match method {
        _ if pooled.groups().len() == 1 => Method::Auto,
        Method::Auto
            if m.min(n) > FEW && least_for_normal(pooled.groups()) <= f64::from(m.min(n)) =>
        {
            Method::Asymptotic
        }
        Method::Auto if countable => Method::Exact,
        Method::Auto => Method::Permutation,
        Method::Exact if !countable => {
            return Err(pooled.not_countable(
                TestName::MannWhitney,
                "different values, and at most 10000 pairs of them",
            ));
        }
        asked => asked,
    };
    let p_value = if chosen == Method::Exact {
        (exact_p(u, m as usize, n as usize), Method::Exact)
    } else {
        let limit = |from_middle: f64| {
            let variance = pairs / 12.0 * (size + 1.0 - pooled.ties() / (size * (size - 1.0)));
            Ok(2.0 * normal::sf((from_middle - 0.5) / variance.sqrt()))
        };
        pooled.p_value(chosen, from_middle, limit, permutations)?
    };
    Ok(pooled.result(TestName::MannWhitney, u, p_value, (2.0 * u / pairs - 1.0).abs()))
}

/// The same of counts in ordered groups, lowest first, values of one group counting as equal: what
/// is left of the test where the values are gone. The p-value is normal with correction for ties
/// and continuity, so take it for 9 values each or more.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current`: counts of different lengths, or all 0.
pub fn from_ordered_counts(reference: &[u64], current: &[u64]) -> Result<TestResult> {
    Ok(of_ordered_counts(reference, current)?.0)
}

/// The same, and (U - mn/2) over its standard deviation: standard normal under the null, 0 where
/// all values are equal.
pub fn of_ordered_counts(reference: &[u64], current: &[u64]) -> Result<(TestResult, f64)> {
    let Table { reference, current, reference_size, current_size } =
        Table::new(reference, current)?;
    let (m, n) = (reference_size as f64, current_size as f64);
    let (pairs, size) = (m * n, m + n);
    let (mut below, mut u, mut ties) = (0.0, 0.0, 0.0);
    for (r, c) in reference.iter().zip(&current) {
        let (r, c) = (*r as f64, *c as f64);
        u += c * (below + 0.5 * r);
        below += r;
        ties += (r + c) * ((r + c) * (r + c) - 1.0);
    }
    let variance = pairs / 12.0 * (size + 1.0 - ties / (size * (size - 1.0)));
    let from_middle = u - 0.5 * pairs;
    let (z, p_value) = if variance > 0.0 {
        let sd = variance.sqrt();
        (from_middle / sd, (2.0 * normal::sf((from_middle.abs() - 0.5) / sd)).min(1.0))
    } else {
        (0.0, 1.0)
    };
    let result = TestResult {
        test: TestName::MannWhitney,
        statistic: u,
        p_value,
        effect: (2.0 * u / pairs - 1.0).abs(),
        method: Method::Grouped,
        reference_size,
        current_size,
    };
    Ok((result, z))
}

/// Whether the p-value of ordered counts is one to rely on: neither sample counts as so few, nor
/// are values so rare, that a sum of ranks is not normal.
pub fn is_normal(
    (reference, of_reference): (&[u64], Thinning),
    (current, of_current): (&[u64], Thinning),
) -> bool {
    let size = |counts: &[u64], thinning: Thinning| {
        counts.iter().sum::<u64>() as f64 / thinning.inflation()
    };
    let fewer = size(reference, of_reference).min(size(current, of_current));
    let all = reference.iter().zip(current).map(|(r, c)| (r + c) as f64);
    fewer > f64::from(FEW) && sums::least_for_normal_ranks(all) <= fewer
}

fn least_for_normal(groups: &[Group]) -> f64 {
    sums::least_for_normal_ranks(groups.iter().map(|group| f64::from(group.all)))
}

fn u_of(groups: &[Group]) -> f64 {
    let (mut below, mut u) = (0.0, 0.0);
    for group in groups {
        let current = f64::from(group.current);
        let reference = f64::from(group.all) - current;
        u += current * (below + 0.5 * reference);
        below += reference;
    }
    u
}

/// 2 P(U >= max(u, mn - u)), at most 1, over all orders: the largest value is one of the m or of
/// the n. Cost: O((mn)²) at worst, 10⁸ additions.
fn exact_p(u: f64, m: usize, n: usize) -> f64 {
    let (m, n) = (m.min(n), m.max(n));
    let least = u.min((m * n) as f64 - u).round() as usize;
    // law[i][u]: P(U = u) for i values of the smaller sample and j of the larger, for u up to
    // `least`.
    let mut law = vec![vec![0.0; least + 1]; m + 1];
    law.iter_mut().for_each(|row| row[0] = 1.0);
    for j in 1..=n {
        for i in 1..=m {
            let (by_i, by_j) = (i as f64 / (i + j) as f64, j as f64 / (i + j) as f64);
            let (done, rest) = law.split_at_mut(i);
            let (fewer, row) = (&done[i - 1], &mut rest[0]);
            for u in (0..=least).rev() {
                // The largest is one of the smaller sample: it is above all j others.
                row[u] = by_j * row[u] + if u >= j { by_i * fewer[u - j] } else { 0.0 };
            }
        }
    }
    (2.0 * law[m].iter().sum::<f64>()).min(1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn ordered_counts_are_samples_with_ties() {
        let mut random = Random(6);
        for (m, n) in [(30, 20), (400, 90), (12, 500)] {
            let mut sample =
                |size| (0..size).map(|_| (5.0 * random.uniform()).floor()).collect::<Vec<f64>>();
            let (a, b) = (sample(m), sample(n));
            let count = |s: &[f64]| {
                (0..6).map(|k| s.iter().filter(|v| **v == f64::from(k)).count() as u64).collect()
            };
            let (counts_a, counts_b): (Vec<u64>, Vec<u64>) = (count(&a), count(&b));
            let (of_values, of_counts) =
                (test(&a, &b).unwrap(), from_ordered_counts(&counts_a, &counts_b).unwrap());
            assert_eq!(of_counts.statistic, of_values.statistic);
            assert!((of_counts.p_value - of_values.p_value).abs() < 1e-12);
            assert!((of_counts.effect - of_values.effect).abs() < 1e-12);
        }
        let same = from_ordered_counts(&[0, 7], &[0, 3]).unwrap();
        assert_eq!((same.p_value, same.effect), (1.0, 0.0));
        assert!(from_ordered_counts(&[1, 2], &[0, 0]).is_err());
    }

    #[test]
    fn the_exact_law_is_that_of_all_orders() {
        let all: Vec<f64> = (0u32..1 << 8)
            .filter(|set| set.count_ones() == 3)
            .map(|set| {
                u_of(&(0..8).map(|k| Group { all: 1, current: set >> k & 1 }).collect::<Vec<_>>())
            })
            .collect();
        for u in &all {
            let extreme = u.max(15.0 - u);
            let share =
                all.iter().filter(|other| **other >= extreme).count() as f64 / all.len() as f64;
            assert!((exact_p(*u, 5, 3) - (2.0 * share).min(1.0)).abs() < 1e-12, "{u}");
        }
    }
}
