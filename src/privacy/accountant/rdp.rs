//! Rényi differential privacy: `D_α(P‖Q)` of a step, which adds up over steps.

use super::normal::ln_upper_tail;
use super::pld::cumulant::Cumulant;
use super::pld::step::Step;
use super::subsampling::Mechanism;

/// Terms of the fractional series before it is cut.
const MOST_TERMS: usize = 1000;

/// Fractional orders beyond this are rounded up to whole ones.
const MOST_FRACTIONAL: f64 = 256.0;

/// Whole orders beyond this are bounded by the Gaussian mechanism without sampling.
const MOST_WHOLE: f64 = 50_000.0;

/// The orders that are searched: dense where small orders matter, then by tenths up to ten thousand.
pub(crate) fn orders() -> Vec<f64> {
    let mut orders: Vec<f64> = vec![1.01, 1.02, 1.05];
    orders.extend((1..100).map(|tenths| 1.0 + f64::from(tenths) / 10.0));
    orders.extend((11..64).map(f64::from));
    let mut order: f64 = 64.0;
    while order < 1e4 {
        orders.push(order);
        order = (order * 1.1).floor();
    }
    orders
}

/// `ln A_α` of the Poisson-sampled Gaussian under removal, `A_α = E_Q (P/Q)^α`.
///
/// Source: Mironov, Talwar and Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism", 2019: section 3.3
/// for whole `α` (a sum of positive terms), section 3.3's fractional case with the signs of the binomials kept. They
/// prove that removal is the worse direction. Rounding, and a bound on the terms left out, are added.
pub(crate) fn ln_moment(rate: f64, sigma: f64, alpha: f64) -> f64 {
    if rate == 1.0 {
        return alpha * (alpha - 1.0) / (2.0 * sigma * sigma);
    }
    if alpha < MOST_FRACTIONAL && alpha.fract() != 0.0 {
        return ln_moment_fractional(rate, sigma, alpha);
    }
    let whole = alpha.ceil();
    if whole > MOST_WHOLE {
        // without sampling it can only be more
        return alpha * (alpha - 1.0) / (2.0 * sigma * sigma);
    }
    // D_α = ln A_α / (α - 1) does not decrease in α
    ln_moment_whole(rate, sigma, whole) * (alpha - 1.0) / (whole - 1.0)
}

fn ln_moment_whole(rate: f64, sigma: f64, alpha: f64) -> f64 {
    // Σ C(α,k)(1-q)^(α-k) q^k (e^(k(k-1)/2σ²) - 1), which is A - 1: the terms k = 0, 1 vanish
    let mut ln_choose = alpha.ln();
    let mut terms = Vec::with_capacity(alpha as usize);
    for k in 2..=alpha as u64 {
        let k = k as f64;
        ln_choose += ((alpha - k + 1.0) / k).ln();
        let exponent = k * (k - 1.0) / (2.0 * sigma * sigma);
        let ln_grown = if exponent > 30.0 { exponent } else { exponent.exp_m1().ln() };
        terms.push(ln_choose + (alpha - k) * (-rate).ln_1p() + k * rate.ln() + ln_grown);
    }
    let excess = ln_sum(&terms) + 1e-13 * alpha;
    if excess < 30.0 { excess.exp().ln_1p() } else { excess + 1e-13 }
}

fn ln_moment_fractional(rate: f64, sigma: f64, alpha: f64) -> f64 {
    let turn = sigma * sigma * (1.0 / rate - 1.0).ln() + 0.5;
    let (mut plus, mut minus) = (Vec::new(), Vec::new());
    let (ln_rate, ln_rest) = (rate.ln(), (-rate).ln_1p());
    let mut top = f64::NEG_INFINITY;
    let mut ln_choose = 0.0;
    let mut sign = true;
    let half_line =
        |count: f64, offset: f64| (count * count - count) / (2.0 * sigma * sigma) + ln_upper_tail(offset / sigma);
    let mut rest = f64::NEG_INFINITY;
    for index in 0..MOST_TERMS {
        let i = index as f64;
        let j = alpha - i;
        let low = ln_choose + i * ln_rate + j * ln_rest + half_line(i, i - turn);
        let high = ln_choose + j * ln_rate + i * ln_rest + half_line(j, turn - j);
        let same = if sign { &mut plus } else { &mut minus };
        let larger = low.max(high);
        top = top.max(larger);
        // beyond α the series alternates and falls like a power of i: half of the last term stands for all that follow
        // it, to within the difference of two terms
        rest = if i > alpha { larger + (4.0 * (alpha + 2.0) / i).ln() } else { larger };
        if index + 1 == MOST_TERMS || (i > alpha && rest < top - 38.0) {
            same.extend([low - std::f64::consts::LN_2, high - std::f64::consts::LN_2]);
            break;
        }
        same.extend([low, high]);
        if j < 0.0 {
            sign = !sign;
        }
        ln_choose += (j.abs() / (i + 1.0)).ln();
        if j == 0.0 {
            break;
        }
    }
    let (plus, minus) = (ln_sum(&plus), ln_sum(&minus));
    let value = plus + (-(minus - plus).exp()).ln_1p();
    let rounding = 1e-13 * (plus - value).exp() + (rest - value).exp();
    value.max(0.0) + rounding
}

fn ln_sum(terms: &[f64]) -> f64 {
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY { top } else { top + terms.iter().map(|term| (term - top).exp()).sum::<f64>().ln() }
}

/// `D_α` of one step by quadrature, for pairs that have no series.
fn by_quadrature(step: &Step, alpha: f64) -> f64 {
    let steepest = step.steepness();
    let cumulant = Cumulant::new(step, 1e-290, 2.0 * alpha * steepest);
    cumulant.at(alpha - 1.0).value * (1.0 + 1e-10) + 1e-14
}

/// `(α, D_α)` of a whole mechanism over `orders`: the larger direction's.
pub(crate) fn curve(mechanism: &Mechanism, orders: &[f64]) -> Vec<(f64, f64)> {
    let gaussian = |alpha: f64| 0.5 * alpha * mechanism.gaussian;
    let sampled = |alpha: f64| {
        let of_step = |step: &Step| match step.as_poisson() {
            Some((rate, distance)) => ln_moment(rate, 1.0 / distance, alpha) / (alpha - 1.0),
            None => by_quadrature(step, alpha) / (alpha - 1.0),
        };
        let directions = mechanism.sampled.iter();
        directions
            .map(|d| d.steps.iter().map(|(step, count)| *count as f64 * of_step(step)).sum::<f64>())
            .fold(0.0, f64::max)
    };
    orders.iter().map(|&alpha| (alpha, gaussian(alpha) + sampled(alpha))).collect()
}

/// `ε` at `delta`: Canonne, Kamath and Steinke 2020, Proposition 12 (also Balle et al. 2020, Theorem 21).
pub(crate) fn epsilon(curve: &[(f64, f64)], delta: f64) -> f64 {
    let at = |&(alpha, rdp): &(f64, f64)| rdp + (-1.0 / alpha).ln_1p() - (delta.ln() + alpha.ln()) / (alpha - 1.0);
    curve.iter().map(at).fold(f64::INFINITY, f64::min).max(0.0)
}

/// `δ` at `epsilon`: the same formula, solved for `δ`.
pub(crate) fn delta(curve: &[(f64, f64)], epsilon: f64) -> f64 {
    let at = |&(alpha, rdp): &(f64, f64)| (alpha - 1.0) * (rdp - epsilon + (-1.0 / alpha).ln_1p()) - alpha.ln();
    curve.iter().map(at).fold(0.0, f64::min).exp()
}

#[cfg(test)]
mod tests {
    use super::super::pld::loss::{Mixture, Pair};
    use super::*;
    use statrs::function::gamma::ln_gamma;

    fn ln_choose(alpha: f64, k: f64) -> f64 {
        ln_gamma(alpha + 1.0) - ln_gamma(k + 1.0) - ln_gamma(alpha - k + 1.0)
    }

    fn quadrature(rate: f64, sigma: f64, alpha: f64) -> f64 {
        let pair = Pair { upper: Mixture::sampled(rate, 1.0 / sigma), lower: Mixture::zero() };
        by_quadrature(&Step::plain(pair), alpha)
    }

    #[test]
    fn the_series_agree_with_quadrature() {
        for (rate, sigma) in [(0.01, 1.0), (0.3, 0.6), (1e-4, 0.5), (0.9, 4.0), (0.5, 1.0), (1e-3, 20.0)] {
            for alpha in [1.1, 1.5, 2.0, 3.7, 8.0, 16.3, 32.0] {
                let (series, exact) = (ln_moment(rate, sigma, alpha), quadrature(rate, sigma, alpha));
                assert!((series - exact).abs() <= 1e-8 * exact + 1e-10, "{rate} {sigma} {alpha}: {series} {exact}");
            }
        }
    }

    #[test]
    fn large_orders_agree_with_quadrature() {
        for (rate, sigma, alpha) in [(0.3, 100.0, 5000.0), (0.01, 30.0, 9999.0), (0.5, 10.0, 700.5), (0.02, 5.0, 60.0)]
        {
            let (series, exact) = (ln_moment(rate, sigma, alpha), quadrature(rate, sigma, alpha));
            let slack = if alpha.fract() == 0.0 { 1e-8 } else { 1e-2 };
            assert!(series >= exact * (1.0 - 1e-9) && series <= exact * (1.0 + slack), "{alpha}: {series} {exact}");
        }
    }

    #[test]
    fn whole_orders_agree_with_the_plain_binomial_sum() {
        let (rate, sigma, alpha): (f64, f64, f64) = (0.02, 0.8, 12.0);
        let terms: Vec<f64> = (0..=12)
            .map(|k| {
                let k = f64::from(k);
                ln_choose(alpha, k)
                    + (alpha - k) * (1.0 - rate).ln()
                    + k * rate.ln()
                    + k * (k - 1.0) / (2.0 * sigma * sigma)
            })
            .collect();
        assert!((ln_sum(&terms) - ln_moment(rate, sigma, alpha)).abs() < 1e-11);
    }
}
