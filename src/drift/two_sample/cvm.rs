//! The two-sample Cramér-von Mises test.

use super::pooled::{Group, Pooled};
use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::Result;
use crate::stats::goodness_of_fit;

/// Up to this many values in each sample the null distribution is counted out.
const EXACT: u32 = 20;

/// Anderson's T from midranks (Anderson 1962, "On the distribution of the two-sample Cramér-von
/// Mises criterion", eq. 10; `scipy.stats.cramervonmises_2samp`). Without ties it is mn/(m+n)² Σ
/// (F - G)² over all values.
///
/// The effect is √(T (m+n)/(mn)), the root mean square of F - G, in [0, 0.58]. The p-value is exact
/// for at most 20 values each without ties, asymptotic (the limit law, T moved and scaled to its
/// mean and variance, as scipy has it) from 10 values each with few ties, else by 999 reassignments
/// (scipy ignores ties). Cost: O(m + n) after sorting.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::Cvm, current)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    let pooled = Pooled::new(reference, current);
    let (m, n) = (f64::from(pooled.reference_size), f64::from(pooled.current_size));
    let (pairs, size) = (pooled.pairs(), pooled.size());
    if pooled.groups().len() == 1 {
        return Ok(pooled.result(TestName::Cvm, 0.0, (1.0, Method::Exact), 0.0));
    }
    let statistic = |groups: &[Group]| from_midranks(groups, m, n);
    let t = statistic(pooled.groups());
    let countable = !pooled.has_ties() && pooled.reference_size.max(pooled.current_size) <= EXACT;
    if method == Method::Exact && !countable {
        return Err(
            pooled.not_countable(TestName::Cvm, "at most 20 different values in each sample")
        );
    }
    let p_value = if countable && matches!(method, Method::Auto | Method::Exact) {
        (exact_sf(t, pooled.reference_size as usize, pooled.current_size as usize), Method::Exact)
    } else {
        let limit = |t: f64| {
            let mean = (1.0 + 1.0 / size) / 6.0;
            let variance = (size + 1.0)
                * (4.0 * pairs * size - 3.0 * (m * m + n * n) - 2.0 * pairs)
                / (45.0 * size * size * 4.0 * pairs);
            Ok(goodness_of_fit::cramer_von_mises_sf(
                1.0 / 6.0 + (t - mean) / (45.0 * variance).sqrt(),
            ))
        };
        pooled.p_value(method, statistic, limit, permutations)?
    };
    Ok(pooled.result(TestName::Cvm, t, p_value, (t * size / pairs).max(0.0).sqrt().min(1.0)))
}

/// U/(mnN) - (4mn - 1)/(6N) with U = m Σ(rᵢ - i)² + n Σ(sⱼ - j)², r and s the midranks of the
/// samples' sorted values.
fn from_midranks(groups: &[Group], m: f64, n: f64) -> f64 {
    let (mut before, mut of_r, mut of_c) = (0.0, 0.0, 0.0);
    let (mut sum_r, mut sum_c) = (0.0, 0.0);
    // Σ over k = 1..t of (d - k)² for the t equal values of one sample.
    let squares =
        |d: f64, t: f64| t * d * d - d * t * (t + 1.0) + t * (t + 1.0) * (2.0 * t + 1.0) / 6.0;
    for group in groups {
        let (all, c) = (f64::from(group.all), f64::from(group.current));
        let r = all - c;
        let midrank = before + 0.5 * (all + 1.0);
        sum_r += squares(midrank - of_r, r);
        sum_c += squares(midrank - of_c, c);
        before += all;
        of_r += r;
        of_c += c;
    }
    let (pairs, size) = (m * n, m + n);
    (m * sum_r + n * sum_c) / (pairs * size) - (4.0 * pairs - 1.0) / (6.0 * size)
}

/// P(T >= t) over all orders of m and n distinct values: Σ (i n - j m)² along the paths from (0, 0)
/// to (m, n), each path's share of the probability carried along (after Xiao, Gordon & Yakovlev
/// 2007; here sums of at least the observed one are not told apart). Cost: below 0.1 s for 20 and
/// 20.
fn exact_sf(t: f64, m: usize, n: usize) -> f64 {
    let common = gcd(m, n);
    let (a, b) = ((n / common) as i64, (m / common) as i64);
    let unit = (common * common) as f64 / ((m * n) as f64 * ((m + n) as f64).powi(2));
    let observed = (t / unit).round() as u64;
    let step = |i: usize, j: usize| ((i as i64 * a - j as i64 * b).pow(2)) as u64;
    // row[j]: ascending sums that can be had at (i, j), with the probability of each.
    let mut row: Vec<Vec<(u64, f64)>> = Vec::with_capacity(n + 1);
    for i in 0..=m {
        for j in 0..=n {
            let (left, below) = (f64::from((m - i) as u32), f64::from((n - j) as u32));
            let mut sums = if i == 0 && j == 0 { vec![(0, 1.0)] } else { Vec::new() };
            // From (i - 1, j) a reference value was taken next, from (i, j - 1) a current one.
            let up = if i > 0 { row[j].as_slice() } else { &[] };
            let side = if j > 0 { row[j - 1].as_slice() } else { &[] };
            let (by_up, by_side) =
                ((left + 1.0) / (left + 1.0 + below), (below + 1.0) / (left + below + 1.0));
            merge(&mut sums, (up, by_up), (side, by_side), step(i, j), observed);
            if i == 0 {
                row.push(sums);
            } else {
                row[j] = sums;
            }
        }
    }
    row[n].iter().filter(|(sum, _)| *sum >= observed).map(|(_, p)| p).sum::<f64>().min(1.0)
}

/// Both lists, in order, weighted, all sums raised by `step` and none above `most`.
fn merge(
    into: &mut Vec<(u64, f64)>,
    a: (&[(u64, f64)], f64),
    b: (&[(u64, f64)], f64),
    step: u64,
    most: u64,
) {
    let (mut i, mut j) = (0, 0);
    while i < a.0.len() || j < b.0.len() {
        let from_a = j == b.0.len() || (i < a.0.len() && a.0[i].0 <= b.0[j].0);
        let (sum, p) = if from_a { (a.0[i].0, a.0[i].1 * a.1) } else { (b.0[j].0, b.0[j].1 * b.1) };
        (i, j) = (i + usize::from(from_a), j + usize::from(!from_a));
        let sum = (sum + step).min(most);
        match into.last_mut() {
            Some(last) if last.0 == sum => last.1 += p,
            _ => into.push((sum, p)),
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::pooled::walk;
    use super::*;
    use crate::testing::Random;

    /// mn/(m+n)² Σ (F - G)²: the definition, for distinct values.
    fn by_definition(groups: &[Group], m: f64, n: f64) -> f64 {
        m * n / (m + n).powi(2)
            * walk(groups, m, n)
                .map(|(f, g, group)| f64::from(group.all) * (f - g).powi(2))
                .sum::<f64>()
    }

    #[test]
    fn midranks_without_ties_are_the_definition() {
        for (m, n) in [(1, 1), (3, 8), (40, 17), (100, 100)] {
            let sample =
                |seed, n| super::super::sorted("current", &Random(seed).normals(n)).unwrap();
            let pooled = Pooled::new(&sample(1, m), &sample(2, n));
            let (m, n) = (m as f64, n as f64);
            let (t, slow) =
                (from_midranks(pooled.groups(), m, n), by_definition(pooled.groups(), m, n));
            assert!((t - slow).abs() < 1e-11 * (1.0 + t), "{t} {slow}");
        }
    }

    #[test]
    fn the_exact_law_is_that_of_all_orders() {
        // All C(7, 3) ways in which 3 of 7 places can be the reference's.
        let all: Vec<f64> = (0u32..1 << 7)
            .filter(|set| set.count_ones() == 3)
            .map(|set| {
                let groups: Vec<Group> =
                    (0..7).map(|k| Group { all: 1, current: 1 - (set >> k & 1) }).collect();
                from_midranks(&groups, 3.0, 4.0)
            })
            .collect();
        for t in &all {
            let share =
                all.iter().filter(|other| **other >= t - 1e-12).count() as f64 / all.len() as f64;
            assert!((exact_sf(*t, 3, 4) - share).abs() < 1e-12);
        }
    }
}
