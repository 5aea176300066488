//! Rényi differential privacy: `D_α(P‖Q)` of a step, which adds up over steps.

use std::cell::RefCell;
use std::collections::HashMap;

use super::normal::ln_upper_tail;
use super::pld::cumulant::Cumulant;
use super::pld::step::Step;
use super::subsampling::Mechanism;

/// Terms of the fractional series before it is cut.
const MAX_TERMS: usize = 1000;

/// Fractional orders beyond this are rounded up to whole ones.
const MAX_FRACTIONAL: f64 = 256.0;

/// Whole orders beyond this are bounded by the Gaussian mechanism without sampling.
const MAX_WHOLE: f64 = 50_000.0;

/// The orders that are searched: dense where small orders matter, then by tenths up to ten
/// thousand.
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
/// Source: Mironov, Talwar and Zhang, "Rényi Differential Privacy of the Sampled Gaussian
/// Mechanism", 2019: section 3.3 for whole `α` (a sum of positive terms), section 3.3's fractional
/// case with the signs of the binomials kept. They prove that removal is the worse direction.
/// Rounding, and a bound on the terms left out, are added.
pub(crate) fn ln_moment(rate: f64, sigma: f64, alpha: f64) -> f64 {
    if rate == 1.0 {
        return alpha * (alpha - 1.0) / (2.0 * sigma * sigma);
    }
    if alpha < MAX_FRACTIONAL && alpha.fract() != 0.0 {
        return ln_moment_fractional(rate, sigma, alpha);
    }
    let whole = alpha.ceil();
    if whole > MAX_WHOLE {
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
    let half_line = |count: f64, offset: f64| {
        (count * count - count) / (2.0 * sigma * sigma) + ln_upper_tail(offset / sigma)
    };
    let mut rest = f64::NEG_INFINITY;
    for index in 0..MAX_TERMS {
        let i = index as f64;
        let j = alpha - i;
        let low = ln_choose + i * ln_rate + j * ln_rest + half_line(i, i - turn);
        let high = ln_choose + j * ln_rate + i * ln_rest + half_line(j, turn - j);
        let same = if sign { &mut plus } else { &mut minus };
        let larger = low.max(high);
        top = top.max(larger);
        // beyond α the series alternates and falls like a power of i: half of the last term stands
        // for all that follow it, to within the difference of two terms
        rest = if i > alpha { larger + (4.0 * (alpha + 2.0) / i).ln() } else { larger };
        if index + 1 == MAX_TERMS || (i > alpha && rest < top - 38.0) {
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
    if top == f64::NEG_INFINITY {
        top
    } else {
        top + terms.iter().map(|term| (term - top).exp()).sum::<f64>().ln()
    }
}

/// `D_α (α - 1)` of one step by quadrature, for pairs that have no series. `cumulant` reaches to
/// the order.
fn by_quadrature(cumulant: &Cumulant, alpha: f64) -> f64 {
    cumulant.at(alpha - 1.0).value * (1.0 + 1e-10) + 1e-14
}

/// The nodes that orders up to `alpha` need.
fn reaching(step: &Step, alpha: f64) -> Cumulant {
    Cumulant::new(step, 1e-290, 2.0 * alpha * step.steepness())
}

/// `D_α` of a mechanism, the larger direction's: of the orders that are asked for, each once.
pub(crate) struct Curve<'m> {
    mechanism: &'m Mechanism,
    orders: Vec<f64>,
    known: RefCell<Vec<Option<f64>>>,
    /// Nodes by direction, step and the power of two that their orders stay below.
    nodes: RefCell<HashMap<(usize, usize, u32), Cumulant>>,
}

impl<'m> Curve<'m> {
    /// Over these orders, rising.
    pub(crate) fn new(mechanism: &'m Mechanism, orders: Vec<f64>) -> Self {
        let known = RefCell::new(vec![None; orders.len()]);
        Curve { mechanism, orders, known, nodes: RefCell::default() }
    }

    /// `(α, D_α)` of all orders.
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        (0..self.orders.len()).map(|index| (self.orders[index], self.at(index))).collect()
    }

    fn at(&self, index: usize) -> f64 {
        if let Some(known) = self.known.borrow()[index] {
            return known;
        }
        let alpha = self.orders[index];
        let sampled =
            (0..self.mechanism.sampled.len()).map(|d| self.direction(d, alpha)).fold(0.0, f64::max);
        let value = 0.5 * alpha * self.mechanism.gaussian + sampled;
        self.known.borrow_mut()[index] = Some(value);
        value
    }

    fn direction(&self, direction: usize, alpha: f64) -> f64 {
        let steps = self.mechanism.sampled[direction].steps.iter().enumerate();
        let of_step = |(index, (step, count)): (usize, &(Step, u64))| {
            let moment = match step.as_poisson() {
                Some((rate, distance)) => ln_moment(rate, 1.0 / distance, alpha),
                None => {
                    let power = alpha.log2().ceil().max(1.0) as u32;
                    let mut nodes = self.nodes.borrow_mut();
                    let cumulant = nodes
                        .entry((direction, index, power))
                        .or_insert_with(|| reaching(step, 2f64.powi(power as i32)));
                    by_quadrature(cumulant, alpha)
                }
            };
            *count as f64 * moment / (alpha - 1.0)
        };
        steps.map(of_step).sum()
    }

    /// The least `value(α, D_α)` over the orders, for a value that grows with `D_α`. `D_α` does not
    /// fall with `α`, so an order is a bound on what all after it can give: they are looked at only
    /// while that is less than what was found.
    fn least(&self, value: impl Fn(f64, f64) -> f64) -> f64 {
        let mut best = f64::INFINITY;
        for index in 0..self.orders.len() {
            let rdp = self.at(index);
            best = best.min(value(self.orders[index], rdp));
            // A little less, for what was rounded up.
            let least = rdp * (1.0 - 1e-6);
            if self.orders[index + 1..].iter().all(|alpha| value(*alpha, least) >= best) {
                break;
            }
        }
        best
    }

    /// Whether the mechanism gives nothing away at all.
    fn is_nothing(&self) -> bool {
        self.at(0) == 0.0 && self.at(self.orders.len() - 1) == 0.0
    }

    /// `ε` at `delta`: Canonne, Kamath and Steinke 2020, Proposition 12 (also Balle et al. 2020,
    /// Theorem 21).
    pub(crate) fn epsilon(&self, delta: f64) -> f64 {
        if self.at(0) == 0.0 && self.is_nothing() {
            return 0.0;
        }
        self.least(|alpha, rdp| {
            rdp + (-1.0 / alpha).ln_1p() - (delta.ln() + alpha.ln()) / (alpha - 1.0)
        })
        .max(0.0)
    }

    /// `δ` at `epsilon`: the same formula, solved for `δ`.
    pub(crate) fn delta(&self, epsilon: f64) -> f64 {
        if self.at(0) == 0.0 && self.is_nothing() {
            return 0.0;
        }
        let at = |alpha: f64, rdp: f64| {
            (alpha - 1.0) * (rdp - epsilon + (-1.0 / alpha).ln_1p()) - alpha.ln()
        };
        self.least(at).min(0.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pld::Composed;
    use super::super::pld::loss::{Mixture, Pair};
    use super::super::{Phase, Relation, Sampling};
    use super::*;
    use crate::Result;
    use statrs::function::gamma::ln_gamma;

    fn ln_choose(alpha: f64, k: f64) -> f64 {
        ln_gamma(alpha + 1.0) - ln_gamma(k + 1.0) - ln_gamma(alpha - k + 1.0)
    }

    fn quadrature(rate: f64, sigma: f64, alpha: f64) -> f64 {
        let pair = Pair { upper: Mixture::sampled(rate, 1.0 / sigma), lower: Mixture::zero() };
        by_quadrature(&reaching(&Step::plain(pair), alpha), alpha)
    }

    #[test]
    fn the_series_agree_with_quadrature() {
        for (rate, sigma) in
            [(0.01, 1.0), (0.3, 0.6), (1e-4, 0.5), (0.9, 4.0), (0.5, 1.0), (1e-3, 20.0)]
        {
            for alpha in [1.1, 1.5, 2.0, 3.7, 8.0, 16.3, 32.0] {
                let (series, exact) =
                    (ln_moment(rate, sigma, alpha), quadrature(rate, sigma, alpha));
                assert!(
                    (series - exact).abs() <= 1e-8 * exact + 1e-10,
                    "{rate} {sigma} {alpha}: {series} {exact}"
                );
            }
        }
    }

    #[test]
    fn large_orders_agree_with_quadrature() {
        for (rate, sigma, alpha) in
            [(0.3, 100.0, 5000.0), (0.01, 30.0, 9999.0), (0.5, 10.0, 700.5), (0.02, 5.0, 60.0)]
        {
            let (series, exact) = (ln_moment(rate, sigma, alpha), quadrature(rate, sigma, alpha));
            let slack = if alpha.fract() == 0.0 { 1e-8 } else { 1e-2 };
            assert!(
                series >= exact * (1.0 - 1e-9) && series <= exact * (1.0 + slack),
                "{alpha}: {series} {exact}"
            );
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

    /// Every order by its definition, with nodes of its own.
    fn slow(mechanism: &Mechanism) -> Vec<(f64, f64)> {
        let of = |step: &Step, alpha: f64| match step.as_poisson() {
            Some((rate, distance)) => ln_moment(rate, 1.0 / distance, alpha) / (alpha - 1.0),
            None => by_quadrature(&reaching(step, alpha), alpha) / (alpha - 1.0),
        };
        let at = |alpha: f64| {
            let sum = |d: &Composed| {
                d.steps.iter().map(|(step, count)| *count as f64 * of(step, alpha)).sum::<f64>()
            };
            0.5 * alpha * mechanism.gaussian + mechanism.sampled.iter().map(sum).fold(0.0, f64::max)
        };
        orders()
            .into_iter()
            .filter(|alpha| *alpha < 300.0)
            .map(|alpha| (alpha, at(alpha)))
            .collect()
    }

    #[test]
    fn looking_at_fewer_orders_finds_the_same() -> Result<()> {
        let lots = Sampling::WithoutReplacement { lot_size: 10, dataset_size: 1000 };
        for (sampling, sigma, steps, relation) in [
            (Sampling::Poisson { rate: 0.001 }, 0.6, 10_000, Relation::ReplaceOne),
            (Sampling::Poisson { rate: 0.02 }, 1.1, 3000, Relation::ReplaceOne),
            (Sampling::Poisson { rate: 0.02 }, 1.1, 3000, Relation::AddRemove),
            (lots, 0.9, 200, Relation::ReplaceOne),
            (Sampling::Poisson { rate: 0.3 }, 0.05, 3, Relation::ReplaceOne),
        ] {
            let phase = Phase { noise_multiplier: sigma, sampling, steps };
            let mechanism = Mechanism::new(&[phase], relation, 1)?;
            let (fast, slow) = (Curve::new(&mechanism, orders()), slow(&mechanism));
            for delta in [1e-3, 1e-6, 1e-12] {
                let at = |&(alpha, rdp): &(f64, f64)| {
                    rdp + (-1.0 / alpha).ln_1p() - (f64::ln(delta) + alpha.ln()) / (alpha - 1.0)
                };
                let expected = slow.iter().map(at).fold(f64::INFINITY, f64::min).max(0.0);
                let epsilon = fast.epsilon(delta);
                assert!(
                    (epsilon / expected - 1.0).abs() < 1e-8,
                    "{sampling:?} {sigma} {delta}: {epsilon} {expected}"
                );
                let back = fast.delta(epsilon);
                assert!((back / delta - 1.0).abs() < 1e-6, "{back} {delta}");
            }
        }
        Ok(())
    }
}
