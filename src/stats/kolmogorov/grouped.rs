//! The two-sample Kolmogorov-Smirnov statistic of grouped data: `max |F - G|` over a few points that are order statistics
//! of the first sample.
//!
//! Under the null hypothesis with continuous data every order of the pooled values is equally likely, so the number of
//! second-sample values below successive order statistics of the first is a Markov chain with negative hypergeometric steps
//! (David and Nagaraja 2003, section 2.2, with the ordering for the distribution). [`sf`] follows the chain exactly for
//! small samples and its limit, a Brownian bridge, for large ones.

use statrs::function::beta::ln_beta;
use statrs::function::erf::erfc;
use statrs::function::factorial::ln_binomial;

use super::PValue;
use crate::{Error, Result};

/// Largest second sample whose chain is followed count by count: a millisecond.
const EXACT_LARGEST: u64 = 1024;

/// P(D >= d) for samples of `m` and `n`, D being the largest `|F - G|` just below the first sample's order statistics
/// number `below[j] + 1`; `below` ascends strictly and ends below `m`. Tied data make it approximate by one value's share.
///
/// Exact for `n` up to 1,024, to about 1e-12 of itself; beyond, the bridge's value at those points. Cost: below two milliseconds.
///
/// # Errors
/// `InvalidArgument` when d is not in [0, 1], a size is 0, or `below` is not as said.
pub fn p_value(d: f64, below: &[u64], m: u64, n: u64) -> Result<PValue> {
    super::check(d, m, n)?;
    let ascends = below.windows(2).all(|w| w[0] < w[1]);
    if !ascends || below.last().is_none_or(|last| *last >= m) {
        return Err(Error::invalid("below", format!("{below:?}"), format!("counts that ascend, below {m}")));
    }
    let exact = n <= EXACT_LARGEST;
    let p = if exact { chain(d, below, m, n) } else { bridge(d, below, m, n) };
    Ok(PValue { p_value: p.clamp(0.0, 1.0), exact })
}

/// [`p_value`] from Kolmogorov's limit law alone, with the barrier moved out by what lies unseen between the points
/// (Siegmund 1985, section X.2: 0.5826 standard deviations of a step). Constant time.
///
/// # Errors
/// As [`p_value`].
pub fn quick_p_value(d: f64, below: &[u64], m: u64, n: u64) -> Result<f64> {
    super::check(d, m, n)?;
    let size = m as f64;
    let widest = below.iter().chain([&m]).scan(0, |last, b| Some(b - std::mem::replace(last, *b))).max().unwrap_or(m);
    let lambda = d * (size * n as f64 / (size + n as f64)).sqrt();
    Ok(super::limit::sf(lambda + 0.5826 * (widest as f64 / size).sqrt()))
}

/// First exits from `|F - G| < d`, added up point by point: no difference of large numbers.
fn chain(d: f64, below: &[u64], m: u64, n: u64) -> f64 {
    let limit = d * (1.0 - 1e-12);
    let inside = |b: u64, k: u64| (b as f64 / m as f64 - k as f64 / n as f64).abs() < limit;
    // Weights of the counts `first, first + 1, ...` of second-sample values so far, all inside.
    let (mut first, mut weights, mut placed) = (0u64, vec![1.0f64], 0u64);
    let mut exit = 0.0;
    for &b in below {
        let step = b + 1 - placed;
        let band: Vec<u64> = (0..=n).filter(|k| inside(b, *k)).collect();
        let (low, high) = (band.first().copied().unwrap_or(0), band.last().map_or(0, |k| k + 1));
        let mut next = vec![0.0; (high - low) as usize];
        for (k, weight) in (first..).zip(&weights) {
            exit += weight * spread(k, step, m - placed, n - k, (low, high), *weight, &mut next);
        }
        (first, weights, placed) = (low, next, b + 1);
    }
    exit
}

/// Moves `weight` at count `k` on by `step` first-sample values of the `m` left, while any number of the `n` left of the
/// second fall below: into `next` where inside `low..high`; returns the share that falls outside.
fn spread(k: u64, step: u64, m: u64, n: u64, (low, high): (u64, u64), weight: f64, next: &mut [f64]) -> f64 {
    let (r, rest) = (step as f64, (m - step) as f64);
    let size = n as f64;
    // P(i) = C(n, i) B(r + i, rest + 1 + n - i) / B(r, rest + 1): negative hypergeometric. From the mode to both sides.
    let mode = ((size * (r - 1.0) / (r + rest - 1.0).max(1.0)) as u64).min(n);
    let at = mode as f64;
    let peak = (ln_binomial(n, mode) + ln_beta(r + at, rest + 1.0 + size - at) - ln_beta(r, rest + 1.0)).exp();
    let mut outside = 0.0;
    let mut put = |i: u64, p: f64| {
        let to = k + i;
        if (low..high).contains(&to) { next[(to - low) as usize] += weight * p } else { outside += p }
    };
    let negligible = 1e-22 * peak;
    put(mode, peak);
    let mut p = peak;
    for i in mode..n {
        let x = i as f64;
        p *= (r + x) * (size - x) / ((x + 1.0) * (rest + size - x));
        put(i + 1, p);
        if p < negligible {
            break;
        }
    }
    p = peak;
    for i in (1..=mode).rev() {
        let x = i as f64;
        p *= x * (rest + 1.0 + size - x) / ((r + x - 1.0) * (size - x + 1.0));
        put(i - 1, p);
        if p < negligible {
            break;
        }
    }
    outside
}

/// First exits of a Brownian bridge, seen at the points alone, from `|B| < lambda`, by Gauss-Legendre quadrature over where
/// it is at each point.
fn bridge(d: f64, below: &[u64], m: u64, n: u64) -> f64 {
    let size = m as f64;
    let lambda = d * (size * n as f64 / (size + n as f64)).sqrt();
    let times: Vec<f64> = below.iter().filter(|b| **b > 0).map(|b| *b as f64 / size).collect();
    let shortest = times.iter().scan(0.0, |last, t| Some(t - std::mem::replace(last, *t))).fold(1.0, f64::min);
    // Nodes close enough for the narrowest step's density.
    let nodes = ((4.0 * lambda / shortest.sqrt()) as usize).clamp(24, 400);
    let (x, w): (Vec<f64>, Vec<f64>) = gauss_legendre(nodes).into_iter().map(|(x, w)| (lambda * x, lambda * w)).unzip();
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

/// Nodes and weights on [-1, 1]: Newton's method on the Legendre polynomial (Abramowitz and Stegun 1964, 25.4.29), from
/// the nodes' asymptotic places (22.16.6).
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
        for (m, n, below) in [(6, 7, &[1u64, 3, 4][..]), (9, 4, &[2, 4, 8]), (4, 10, &[0, 2]), (8, 8, &[3])] {
            for d in [0.05, 0.125, 0.3, 0.5, 0.75, 1.0] {
                let (fast, slow) = (p_value(d, below, m, n).expect("fits"), by_enumeration(d, below, m, n));
                assert!(fast.exact && (fast.p_value - slow).abs() < 1e-12, "{m} {n} {below:?} {d}: {fast:?} {slow}");
            }
        }
    }

    #[test]
    fn with_every_point_it_is_the_plain_statistic_from_below() {
        // F - G just below each of the first sample's values is one side of the plain statistic only, so this is less.
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
            assert!((f64::from(count) - rounds as f64 * level).abs() < spread, "{count} at {level}");
        }
    }

    #[test]
    fn bad_points_are_refused() {
        for below in [&[][..], &[2, 2], &[3, 1], &[1, 10]] {
            assert_eq!(p_value(0.5, below, 10, 10).map_err(|e| e.code()).expect_err("refused"), 100);
        }
    }
}
