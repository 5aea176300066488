//! The two-sample Kolmogorov-Smirnov statistic of grouped data: `max |F - G|` over a few points
//! that are order statistics of the first sample.
//!
//! Under the null hypothesis with continuous data every order of the pooled values is equally
//! likely, so the number of second-sample values below successive order statistics of the first is
//! a Markov chain with negative hypergeometric steps (David and Nagaraja 2003, section 2.2, with
//! the ordering for the distribution). [`p_value`] follows the chain exactly for small samples and
//! its limit, a Brownian bridge, for large ones.

use statrs::function::erf::erfc;
use statrs::function::factorial::ln_binomial;

use super::PValue;
use crate::{Error, Result};

/// Largest second sample whose chain is followed count by count: some hundred microseconds.
const EXACT_LARGEST: u64 = 1024;

/// P(D >= d) for samples of `m` and `n`, D being the largest `|F - G|` just below the first
/// sample's order statistics number `below[j] + 1`; `below` ascends strictly and ends below `m`.
/// Tied data make it approximate by one value's share.
///
/// Exact for `n` up to 1,024, to about 1e-12 of itself where it is above 1e-25; beyond, the
/// bridge's value at those points. Cost: below two milliseconds.
///
/// # Errors
/// `InvalidArgument` when d is not in [0, 1], a size is 0, or `below` is not as said.
pub fn p_value(d: f64, below: &[u64], m: u64, n: u64) -> Result<PValue> {
    super::check(d, m, n)?;
    let ascends = below.windows(2).all(|w| w[0] < w[1]);
    if !ascends || below.last().is_none_or(|last| *last >= m) {
        return Err(Error::invalid(
            "below",
            format!("{below:?}"),
            format!("counts that ascend, below {m}"),
        ));
    }
    let exact = n <= EXACT_LARGEST;
    let p = if exact { chain(d, below, m, n) } else { bridge(d, below, m, n) };
    Ok(PValue { p_value: p.clamp(0.0, 1.0), exact })
}

/// A share of the values between two points from which on the limit law knows too little of where
/// they are.
const WIDE: f64 = 1.0 / 8.0;

/// [`p_value`] from Kolmogorov's limit law alone, with the barrier moved out by what lies unseen
/// between the points (Siegmund 1985, section X.2: 0.5826 standard deviations of a step), and with
/// a value of the first sample on either side: of what is to come, between b and b + 1 shares lie
/// just below its value number b + 1. Counts are whole, which the law does not know (the correction
/// for continuity, see `reached_from`). Of few points, or of uneven ones as ties leave them, from
/// the normal law at each, with Bonferroni. Constant time.
///
/// # Errors
/// As [`p_value`].
pub fn quick_p_value(d: f64, below: &[u64], m: u64, n: u64) -> Result<f64> {
    super::check(d, m, n)?;
    let size = m as f64;
    let widest = below
        .iter()
        .chain([&m])
        .scan(0, |last, b| Some(b - std::mem::replace(last, *b)))
        .max()
        .unwrap_or(m);
    let (root, widest) = ((size * n as f64 / (size + n as f64)).sqrt(), widest as f64 / size);
    let lambda = reached_from(d, below, size, n as f64) * root;
    if widest < WIDE {
        // Half a value to either side, of a tail that is exp(-2 lambda^2).
        let between = (4.0 * lambda * 0.5 * root / size).cosh();
        return Ok((between * super::limit::sf(lambda + 0.5826 * widest.sqrt())).min(1.0));
    }
    let at_each = below.iter().map(|b| *b as f64 / size).filter(|t| *t > 0.0 && *t < 1.0);
    Ok(at_each.map(|t| erfc(lambda / (2.0 * t * (1.0 - t)).sqrt())).sum::<f64>().min(1.0))
}

/// Where a smooth law reaches what counts of `n` reach at `d`: half a value below the first count
/// that does, which depends on where a point lies between two values; the mean over the points.
fn reached_from(d: f64, below: &[u64], m: f64, n: f64) -> f64 {
    let beyond = |at: f64| (at - 1e-9).ceil() - at;
    let total: f64 = below
        .iter()
        .map(|b| *b as f64 / m * n)
        .map(|share| (beyond(share + n * d) + beyond(n * d - share)) / 2.0)
        .sum();
    (d + (total / below.len().max(1) as f64 - 0.5) / n).max(0.0)
}

/// Bounds of [`p_value`]: the largest of the probabilities that `|F - G|` reaches `d` at one of the
/// points, and their sum. They hold for any points, also for those that ties leave, of which
/// [`quick_p_value`] knows only the widest step. Cost: about a microsecond a point.
///
/// # Errors
/// As [`p_value`].
pub fn bounds(d: f64, below: &[u64], m: u64, n: u64) -> Result<(f64, f64)> {
    super::check(d, m, n)?;
    let limit = d * (1.0 - 1e-12);
    let outside = |b: u64, k: u64| (b as f64 / m as f64 - k as f64 / n as f64).abs() >= limit;
    let ln_all = ln_binomial(m + n, n);
    let (mut largest, mut sum) = (0.0f64, 0.0);
    for &b in below.iter().filter(|b| **b < m) {
        // P(k) = C(b + k, k) C(m - b - 1 + n - k, n - k) / C(m + n, n); away from the mode it falls
        // faster than geometrically.
        let (r, rest, size) = ((b + 1) as f64, (m - b - 1) as f64, n as f64);
        let p =
            |k: u64| (ln_binomial(b + k, k) + ln_binomial(m - b - 1 + n - k, n - k) - ln_all).exp();
        let at = (b as f64 / m as f64) * size;
        let mut tail = 0.0;
        // The first counts outside, to either side of where F and G are equal; rounding may move
        // them by one.
        let up = ((at + limit * size).ceil() as u64).saturating_sub(1);
        if let Some(first) = (up..=n.min(up + 2)).find(|k| *k as f64 >= at && outside(b, *k)) {
            let mut term = p(first);
            for k in first..=n {
                tail += term;
                let x = k as f64;
                term *= (r + x) * (size - x) / ((x + 1.0) * (rest + size - x).max(1.0));
                if term < 1e-9 * tail {
                    break;
                }
            }
        }
        let down = (at - limit * size).floor() + 1.0;
        if down >= 0.0
            && let Some(first) = (0..=3)
                .filter_map(|i| (down as u64).checked_sub(i))
                .find(|k| *k as f64 <= at && outside(b, *k))
        {
            let mut term = p(first);
            for k in (0..=first).rev() {
                tail += term;
                let x = k as f64;
                term *= x * (rest + 1.0 + size - x) / ((r + x - 1.0).max(1.0) * (size - x + 1.0));
                if term < 1e-9 * tail {
                    break;
                }
            }
        }
        largest = largest.max(tail);
        sum += tail;
    }
    // What was cut off, and roundings, are far below this.
    Ok((largest * (1.0 - 1e-6), (sum * (1.0 + 1e-6)).min(1.0)))
}

/// First exits from `|F - G| < d`, added up point by point: no difference of large numbers.
///
/// Of all orders of the pooled values, those with `k` of the second sample below the first's value
/// number `r` and `k + i` below its value number `r + s` are `C(s - 1 + i, i)` times those before
/// and after: what a step adds does not depend on `k`. So a step is a convolution. Every count is
/// weighted as if each place were of the second sample with probability `n / (m + n)`, which keeps
/// all numbers within a double's range and cancels in the end.
fn chain(d: f64, below: &[u64], m: u64, n: u64) -> f64 {
    let limit = d * (1.0 - 1e-12);
    let inside = |b: u64, k: u64| (b as f64 / m as f64 - k as f64 / n as f64).abs() < limit;
    let all = ln_pascal(m + 1, n, m, n).exp();
    // Weights of the counts `first, first + 1, ...` of second-sample values so far, all inside.
    let (mut first, mut weights, mut placed) = (0u64, vec![1.0f64], 0u64);
    let mut exit = 0.0;
    let mut step: (u64, (u64, Vec<f64>)) = (0, (0, Vec::new()));
    for &b in below {
        let length = b + 1 - placed;
        if step.0 != length {
            step = (length, pascal(length, m, n));
        }
        let (from, added) = &step.1;
        let start = first + from;
        let mut next =
            vec![0.0; ((n + 1).saturating_sub(start) as usize).min(weights.len() + added.len())];
        for (i, weight) in weights.iter().enumerate() {
            let reached = next.get_mut(i..).unwrap_or_default();
            reached.iter_mut().zip(added).for_each(|(next, added)| *next += weight * added);
        }
        placed = b + 1;
        // Exits, each with all orders that may follow it.
        let (least, follows) = pascal(m - placed + 1, m, n);
        for (k, weight) in (start..).zip(&next) {
            if let Some(i) = (n - k).checked_sub(least)
                && let Some(follows) = follows.get(i as usize)
                && !inside(b, k)
            {
                exit += weight * follows / all;
            }
        }
        let low = (start..).zip(&next).position(|(k, _)| inside(b, k));
        let Some(low) = low else { return exit };
        let high = next.iter().enumerate().skip(low).find(|(i, _)| !inside(b, start + *i as u64));
        let high = high.map_or(next.len(), |(i, _)| i);
        (first, weights) = (start + low as u64, next[low..high].to_vec());
    }
    exit
}

/// The logarithm of the probability that so many values of the second sample come before the
/// first's value number `s`.
fn ln_pascal(s: u64, i: u64, m: u64, n: u64) -> f64 {
    let (size, all) = ((s - 1) as f64, (m + n) as f64);
    let orders = if s == 1 { 0.0 } else { ln_binomial(s - 1 + i, i) };
    orders + i as f64 * (n as f64 / all).ln() + (size + 1.0) * (m as f64 / all).ln()
}

/// Probabilities of `from, from + 1, ...` second-sample values before the first's value number `s`
/// (Pascal's distribution), all that are not negligible.
fn pascal(s: u64, m: u64, n: u64) -> (u64, Vec<f64>) {
    let (size, q) = (s as f64, n as f64 / (m + n) as f64);
    let mode = (((size - 1.0) * n as f64 / m as f64) as u64).min(n);
    let peak = ln_pascal(s, mode, m, n).exp();
    let negligible = 1e-40 * peak;
    let (mut down, mut p) = (Vec::new(), peak);
    for i in (1..=mode).rev() {
        p *= i as f64 / ((size + i as f64 - 1.0) * q);
        if p < negligible {
            break;
        }
        down.push(p);
    }
    let from = mode - down.len() as u64;
    let mut all: Vec<f64> = down.into_iter().rev().chain([peak]).collect();
    p = peak;
    for i in mode..n {
        p *= (size + i as f64) * q / (i as f64 + 1.0);
        if p < negligible {
            break;
        }
        all.push(p);
    }
    (from, all)
}

/// First exits of a Brownian bridge, seen at the points alone, from `|B| < lambda`, by
/// Gauss-Legendre quadrature over where it is at each point.
fn bridge(d: f64, below: &[u64], m: u64, n: u64) -> f64 {
    let size = m as f64;
    let lambda = d * (size * n as f64 / (size + n as f64)).sqrt();
    let times: Vec<f64> = below.iter().filter(|b| **b > 0).map(|b| *b as f64 / size).collect();
    let shortest =
        times.iter().scan(0.0, |last, t| Some(t - std::mem::replace(last, *t))).fold(1.0, f64::min);
    // Nodes close enough for the narrowest step's density.
    let nodes = ((4.0 * lambda / shortest.sqrt()) as usize).clamp(24, 400);
    let (x, w): (Vec<f64>, Vec<f64>) =
        gauss_legendre(nodes).into_iter().map(|(x, w)| (lambda * x, lambda * w)).unzip();
    let (mut at, mut mass, mut time) = (vec![0.0], vec![1.0], 0.0);
    let mut exit = 0.0;
    for t in times {
        let sd = ((t - time) * (1.0 - t) / (1.0 - time)).sqrt();
        let pull = (1.0 - t) / (1.0 - time);
        let mut next = vec![0.0; nodes];
        for (from, mass) in at.iter().zip(&mass) {
            let mean = from * pull;
            let tail = |z: f64| 0.5 * erfc(z / std::f64::consts::SQRT_2);
            exit += mass * (tail((lambda - mean) / sd) + tail((lambda + mean) / sd));
            let scale = mass / (sd * (2.0 * std::f64::consts::PI).sqrt());
            for ((next, x), w) in next.iter_mut().zip(&x).zip(&w) {
                *next += scale * w * (-0.5 * ((x - mean) / sd).powi(2)).exp();
            }
        }
        (at, mass, time) = (x.clone(), next, t);
    }
    exit
}

/// Nodes and weights on [-1, 1]: Newton's method on the Legendre polynomial (Abramowitz and Stegun
/// 1964, 25.4.29), from the nodes' asymptotic places (22.16.6).
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let order = n as f64;
    (0..n)
        .map(|i| {
            let mut x = -(std::f64::consts::PI * (i as f64 + 0.75) / (order + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut last, mut value) = (1.0, x);
                for k in 2..=n {
                    let k = k as f64;
                    (last, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * last) / k);
                }
                slope = order * (x * value - last) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    /// Every order of the pooled values: `true` is one of the first sample.
    fn by_enumeration(d: f64, below: &[u64], m: u64, n: u64) -> f64 {
        let (mut extreme, mut all) = (0u64, 0u64);
        for order in 0u32..1 << (m + n) {
            if order.count_ones() as u64 != m {
                continue;
            }
            all += 1;
            let (mut r, mut k, mut sup) = (0u64, 0u64, 0.0f64);
            for i in 0..m + n {
                if order >> i & 1 == 1 {
                    if below.contains(&r) {
                        sup = sup.max((r as f64 / m as f64 - k as f64 / n as f64).abs());
                    }
                    r += 1;
                } else {
                    k += 1;
                }
            }
            extreme += u64::from(sup >= d * (1.0 - 1e-12));
        }
        extreme as f64 / all as f64
    }

    #[test]
    fn the_chain_counts_orders() {
        for (m, n, below) in
            [(6, 7, &[1u64, 3, 4][..]), (9, 4, &[2, 4, 8]), (4, 10, &[0, 2]), (8, 8, &[3])]
        {
            for d in [0.05, 0.125, 0.3, 0.5, 0.75, 1.0] {
                let (fast, slow) =
                    (p_value(d, below, m, n).expect("fits"), by_enumeration(d, below, m, n));
                assert!(
                    fast.exact && (fast.p_value - slow).abs() < 1e-12,
                    "{m} {n} {below:?} {d}: {fast:?} {slow}"
                );
            }
        }
    }

    #[test]
    fn with_every_point_it_is_the_plain_statistic_from_below() {
        // F - G just below each of the first sample's values is one side of the plain statistic
        // only, so this is less.
        let below: Vec<u64> = (0..40).collect();
        for d in [0.2, 0.3, 0.4] {
            let grouped = p_value(d, &below, 40, 50).expect("fits").p_value;
            let plain = super::super::two_sample::sf(d, 40, 50).expect("fits");
            assert!(grouped <= plain && grouped > 0.6 * plain, "{d}: {grouped} {plain}");
        }
    }

    #[test]
    fn bridge_and_chain_agree_where_they_meet() {
        let below: Vec<u64> = (1..=16).map(|i| i * 5000 / 17).collect();
        for d in [0.02, 0.035, 0.05, 0.06, 0.08] {
            let (exact, limit) = (chain(d, &below, 5000, 1024), bridge(d, &below, 5000, 1024));
            assert!((exact / limit - 1.0).abs() < 0.1, "{d}: {exact} {limit}");
            let quick = quick_p_value(d, &below, 5000, 1024).expect("fits");
            assert!(exact > 0.2 || (quick / exact - 1.0).abs() < 0.5, "{d}: {exact} {quick}");
        }
        // And with unequal steps.
        let below = [50, 400, 420, 2600, 4900];
        for d in [0.03, 0.05] {
            let (exact, limit) = (chain(d, &below, 5000, 1024), bridge(d, &below, 5000, 1024));
            assert!((exact / limit - 1.0).abs() < 0.1, "{d}: {exact} {limit}");
        }
    }

    #[test]
    fn the_limit_is_near_the_law_of_small_samples_too() {
        let aligned = [(50u64, 50u64), (100, 100), (60, 300)];
        let apart = [(300, 60), (1000, 100), (50, 30), (50, 200), (97, 83), (10_000, 300)];
        for (m, n) in aligned.into_iter().chain(apart) {
            let below: Vec<u64> = (1..=15).map(|i| i * m / 16).collect();
            for d in (1..n).map(|k| k as f64 / n as f64) {
                let law = p_value(d, &below, m, n).expect("fits").p_value;
                let ratio = quick_p_value(d, &below, m, n).expect("fits") / law;
                let asked = (1e-3..0.2).contains(&law);
                assert!(!asked || (0.9..1.1).contains(&ratio), "{m} {n} {d}: {law}, {ratio} times");
            }
        }
    }

    #[test]
    fn the_bounds_hold_at_any_points() {
        let points = |m: u64, keep: u32| {
            let all = (1..=16).map(|i| i * m / 17).enumerate().filter(|(i, _)| keep >> i & 1 == 1);
            let mut kept: Vec<u64> = all.map(|(_, b)| b).collect();
            kept.dedup();
            kept
        };
        for (m, n) in [(30, 20), (30, 1000), (100, 50), (400, 200), (2000, 1000), (20_000, 1000)] {
            for keep in [0xffff, 0b1010_1010, 0x8001, 0b100, 1, 1 << 15] {
                let below = points(m, keep);
                for step in (1..40).step_by(4) {
                    let d = f64::from(step) * 0.1 * (1.0 / m as f64 + 1.0 / n as f64).sqrt();
                    let p = p_value(d.min(1.0), &below, m, n).expect("fits").p_value;
                    let (low, high) = bounds(d.min(1.0), &below, m, n).expect("fits");
                    let is_reported = p > 1e-25;
                    assert!(
                        !is_reported || low <= p * (1.0 + 1e-9) && p <= high * (1.0 + 1e-9),
                        "{m} {n} {keep:x} {d}: {low} {p} {high}"
                    );
                    assert!(
                        below.len() > 1 || !is_reported || high < 1.001 * p,
                        "one point: {m} {n} {keep:x} {d}: {p} {high}"
                    );
                }
            }
        }
    }

    #[test]
    fn p_values_are_uniform_under_the_null() {
        let (m, n) = (500usize, 300usize);
        let below: Vec<u64> = (1..=16).map(|i| i * 500 / 17).collect();
        let mut random = Random(4);
        let rounds = 4000;
        let mut small = [0u32; 2];
        for _ in 0..rounds {
            let (mut a, b) = (random.normals(m), random.normals(n));
            a.sort_by(f64::total_cmp);
            let d = below
                .iter()
                .map(|r| {
                    let k = b.iter().filter(|x| **x < a[*r as usize]).count();
                    (*r as f64 / m as f64 - k as f64 / n as f64).abs()
                })
                .fold(0.0, f64::max);
            let p = p_value(d, &below, m as u64, n as u64).expect("fits").p_value;
            small[0] += u32::from(p <= 0.1);
            small[1] += u32::from(p <= 0.01);
        }
        for (count, level) in small.into_iter().zip([0.1, 0.01]) {
            let spread = 3.3 * (rounds as f64 * level * (1.0 - level)).sqrt();
            assert!(
                (f64::from(count) - rounds as f64 * level).abs() < spread,
                "{count} at {level}"
            );
        }
    }

    #[test]
    fn bad_points_are_refused() {
        for below in [&[][..], &[2, 2], &[3, 1], &[1, 10]] {
            assert_eq!(
                p_value(0.5, below, 10, 10).map_err(|e| e.code()).expect_err("refused"),
                100
            );
        }
    }
}
