//! The exact two-sided two-sample distribution of D, for continuous data.
//!
//! Under the null hypothesis each order of the m + n observations is equally likely: a random path
//! on a lattice from (0, 0) to (m, n), and D >= d when it touches a line |i/m - j/n| = d (Gnedenko
//! & Korolyuk 1951; Hodges 1958).

use crate::stats::saddle_point::ln_binomial_pmf;
use crate::{Error, Result};

/// Largest sample for which unequal sizes are counted exactly, and the most steps that are spent on
/// it.
const LARGEST: u64 = 1 << 20;
const MAX_WORK: f64 = 2e10;

/// `P(D >= d)` for samples of sizes `m` and `n`, exactly (but for rounding, about 1e-12 relative,
/// also in the tail).
///
/// `d` is taken to the nearest multiple of 1/lcm(m, n), the values that D can have. Cost: m = n:
/// O(min(1/d, √n/(d n)·6)) terms of the reflection series. Else about 2·d·m·n steps of a vectorized
/// loop (0.3 ns each or so) and O(min(m, n)) memory.
///
/// # Errors
/// `InvalidArgument` when d is not in [0, 1], a size is 0, or the count would take minutes.
pub fn sf(d: f64, m: u64, n: u64) -> Result<f64> {
    super::check(d, m, n)?;
    let common = gcd(m, n);
    if m == n {
        return Ok(reflection((d * n as f64).round(), n as f64));
    }
    if m.max(n) > LARGEST || work(d, m, n) > MAX_WORK {
        let expected = format!(
            "asymptotic for samples of {m} and {n}: counting the paths would take too long"
        );
        return Err(Error::invalid("method", "exact", expected));
    }
    let (small, large) = (m.min(n), m.max(n));
    let steps = (d * (small / common * large) as f64).round() as i64;
    Ok(if steps == 0 { 1.0 } else { Band::new(small, large, common, steps).mass_that_leaves() })
}

/// About how many steps [`sf`] takes for unequal sizes: the lattice points inside the band, and one
/// a diagonal.
fn work(d: f64, m: u64, n: u64) -> f64 {
    let (m, n) = (m as f64, n as f64);
    2.0 * d * m * n + 20.0 * (m + n)
}

/// m = n: 2 Σ (-1)^(k-1) C(2n, n-kh) / C(2n, n), by reflection at both lines (Gnedenko & Korolyuk
/// 1951).
///
/// The first term rules the tail, and what follows is smaller by at least its cube: no
/// cancellation.
fn reflection(h: f64, n: f64) -> f64 {
    if h < 1.0 {
        return 1.0;
    }
    let middle = ln_binomial_pmf(n, 2.0 * n, 0.5, 0.5);
    let mut sum = 0.0;
    let mut k = 1.0;
    while k * h <= n {
        let term = (ln_binomial_pmf(n - k * h, 2.0 * n, 0.5, 0.5) - middle).exp();
        sum += if k % 2.0 == 1.0 { term } else { -term };
        if term < 1e-18 * sum.abs() {
            break;
        }
        k += 1.0;
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

/// The lattice points (i, j) with |i n - j m| < steps·common, by diagonals t = i + j.
struct Band {
    m: u64,
    n: u64,
    /// m and n divided by their common factor.
    reduced: (i64, i64),
    steps: i64,
}

impl Band {
    fn new(m: u64, n: u64, common: u64, steps: i64) -> Self {
        Self { m, n, reduced: ((m / common) as i64, (n / common) as i64), steps }
    }

    /// Whether (i, t - i) is outside below (too few i) or above.
    fn is_below(&self, i: i64, t: i64) -> bool {
        let (m, n) = self.reduced;
        t * m - i * (m + n) >= self.steps
    }

    fn is_above(&self, i: i64, t: i64) -> bool {
        let (m, n) = self.reduced;
        i * (m + n) - t * m >= self.steps
    }

    /// The probability that the path ever stands outside.
    ///
    /// The path is an urn with m and n balls, drawn empty: from (i, j) it goes to (i + 1, j) with
    /// probability (m - i) / (m + n - i - j). `inside[i + 1]` is the probability to stand at (i,
    /// t - i) and never to have been outside; what steps outside is added to the result and
    /// removed. All terms are positive and at most 1: nothing overflows, and a tiny p keeps its
    /// digits.
    fn mass_that_leaves(&self) -> f64 {
        let m = self.m as usize;
        let total = self.m + self.n;
        // The balls of the first kind that are left when i - 1 have been drawn, at i + 1.
        let left: Vec<f64> = (0..=m + 2).map(|i| (m + 2) as f64 - i as f64).collect();
        let mut inside = vec![0.0; m + 3];
        let mut next = vec![0.0; m + 3];
        inside[1] = 1.0;
        let (mut low, mut high) = (0usize, 0usize);
        let mut outside = 0.0;
        for t in 1..=total {
            let rest = (total - t + 1) as f64;
            let scale = 1.0 / rest;
            // From the points low..=high of the last diagonal, low..=high + 1 can be reached; the
            // cells beside are 0.
            let range = low + 1..(high + 2).min(m + 1) + 1;
            let last = range.end - 1;
            let before = &inside[range.start - 1..last];
            let here = &inside[range.clone()];
            for (((next, before), here), left) in
                next[range.clone()].iter_mut().zip(before).zip(here).zip(&left[range.clone()])
            {
                *next = (before * left + here * (rest + 1.0 - left)) * scale;
            }
            next[range.start - 1] = 0.0;
            next[last + 1] = 0.0;
            let t = t as i64;
            high = last - 1;
            while low <= high && self.is_below(low as i64, t) {
                outside += std::mem::take(&mut next[low + 1]);
                low += 1;
            }
            while high > low && self.is_above(high as i64, t) {
                outside += std::mem::take(&mut next[high + 1]);
                high -= 1;
            }
            if low > high || (low == high && self.is_above(low as i64, t)) {
                // No point of this diagonal is inside: every path leaves.
                return 1.0;
            }
            std::mem::swap(&mut inside, &mut next);
        }
        outside.min(1.0)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// By definition: all orders of m + n observations, as bit sets.
    fn by_enumeration(steps: u64, m: u64, n: u64) -> f64 {
        let (mut outside, mut all) = (0u32, 0u32);
        for order in 0u32..1 << (m + n) {
            if u64::from(order.count_ones()) != m {
                continue;
            }
            all += 1;
            let (mut i, mut worst) = (0u64, 0u64);
            for t in 0..m + n {
                i += u64::from(order >> t & 1);
                worst = worst.max((i * n).abs_diff((t + 1 - i) * m));
            }
            outside += u32::from(worst >= steps * gcd(m, n));
        }
        f64::from(outside) / f64::from(all)
    }

    #[test]
    fn every_small_case_is_that_of_enumeration() {
        for m in 1..=8 {
            for n in 1..=8 {
                let lcm = m / gcd(m, n) * n;
                for steps in 0..=lcm {
                    let p = sf(steps as f64 / lcm as f64, m, n).unwrap();
                    let expected = by_enumeration(steps, m, n);
                    assert!(
                        (p - expected).abs() < 1e-13,
                        "m = {m}, n = {n}, d = {steps}/{lcm}: {p} for {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn counting_agrees_with_the_series_into_the_far_tail() {
        for (n, d) in [(50, 0.9), (200, 0.05), (400, 0.7), (1000, 0.3)] {
            let steps = (d * n as f64).round() as i64;
            let counted = Band::new(n, n, n, steps).mass_that_leaves();
            let series = reflection(steps as f64, n as f64);
            assert!(
                (counted / series - 1.0).abs() < 1e-11,
                "n = {n}, d = {d}: {counted} for {series}"
            );
        }
    }

    #[test]
    fn the_extremes_are_one_path_out_of_all() {
        // D = 1: one sample lies wholly below the other; 2 of the C(m + n, m) orders.
        let p = sf(1.0, 20, 30).unwrap();
        assert!((p / (2.0 / 47_129_212_243_960.0) - 1.0).abs() < 1e-12, "{p}");
        assert_eq!(sf(0.0, 20, 30).unwrap(), 1.0);
    }

    #[test]
    fn too_much_work_is_an_error_that_says_so() {
        let error = sf(0.5, 1_000_000, 999_999).unwrap_err().to_string();
        assert!(error.starts_with("method: got exact, expected asymptotic"), "{error}");
    }
}
