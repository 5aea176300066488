//! The cumulant generating function of a step's privacy loss, `K(λ) = ln E exp(λL)`, by
//! Gauss-Legendre quadrature.
//!
//! With `λ = α - 1`, `K(λ)/λ` is the Rényi divergence of order `α`. It places the tilt, the grid
//! and the window of the FFT, where a small error costs speed and not soundness, and it is the RDP
//! of steps that have no series.

use super::grid::Cells;
use super::loss::Pair;
use super::step::Step;

/// Nodes a panel; with panels of half a standard deviation this is beyond the last place for all
/// pairs here.
const NODES: usize = 10;

/// `(ln probability, loss)` at quadrature nodes: at large orders the mass that counts is far below
/// what `f64` holds.
pub(crate) struct Cumulant {
    nodes: Vec<(f64, f64)>,
    largest: f64,
}

/// `K`, `K'` and `K''` at one `λ`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cumulants {
    pub(crate) value: f64,
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Cumulant {
    /// The step with tails of `mass` cut off; `reach` more standard deviations to the right are
    /// kept, for large orders.
    pub(crate) fn new(step: &Step, mass: f64, reach: f64) -> Self {
        let rule = gauss_legendre(NODES);
        let cut = step.cut(mass);
        let mut nodes: Vec<(f64, f64)> =
            cut.points.iter().map(|&(mass, loss)| (mass.ln(), loss)).collect();
        for stretch in &cut.stretches {
            let pair = stretch.pair;
            let to = if stretch.to_zero { stretch.to } else { stretch.to + reach };
            for (middle, half) in panels(pair, stretch.from, to) {
                nodes.extend(rule.iter().map(|&(node, weight)| {
                    let x = middle + half * node;
                    ((stretch.weight * weight * half).ln() + pair.ln_density(x), pair.loss(x))
                }));
            }
        }
        nodes.retain(|&(weight, _)| weight > f64::NEG_INFINITY);
        let largest = nodes.iter().map(|&(_, loss)| loss.abs()).fold(0.0, f64::max);
        Cumulant { nodes, largest }
    }

    /// `K(λ)` and its first two derivatives: the mean and variance of the tilted loss.
    pub(crate) fn at(&self, lambda: f64) -> Cumulants {
        let small = lambda * self.largest < 0.5;
        let shift = if small {
            0.0
        } else {
            self.nodes
                .iter()
                .map(|&(weight, loss)| lambda * loss + weight)
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let (mut excess, mut total, mut first, mut second) = (0.0, 0.0, 0.0, 0.0);
        for &(weight, loss) in &self.nodes {
            let tilted = if small {
                let mass = weight.exp();
                let less_one = mass * (lambda * loss).exp_m1();
                excess += less_one;
                mass + less_one
            } else {
                (weight + lambda * loss - shift).exp()
            };
            total += tilted;
            first += tilted * loss;
            second += tilted * loss * loss;
        }
        let mean = first / total;
        let value = if small { excess.ln_1p() } else { shift + total.ln() };
        Cumulants { value, mean, variance: (second / total - mean * mean).max(0.0) }
    }

    /// `(ln probability, loss)` of every node.
    pub(crate) fn nodes(&self) -> &[(f64, f64)] {
        &self.nodes
    }

    /// The largest loss of a node, in size.
    pub(crate) fn largest(&self) -> f64 {
        self.largest
    }

    /// The variance that a grid adds to losses of more than `beyond`, tilted by `λ` (`value` is
    /// `K(λ)`): the mean of `r·(width - r)` over the cells, with `r` the way into a cell;
    /// `steepness` is the largest exponent by which the answer weighs a loss.
    pub(crate) fn grid_variance(
        &self,
        lambda: f64,
        value: f64,
        cells: Cells,
        steepness: f64,
        beyond: f64,
    ) -> f64 {
        let added = |loss: f64| {
            let stretched = cells.growth * loss.abs();
            if stretched > cells.h {
                // beyond second order where exp(λl) bends within a cell
                return stretched * stretched / 6.0 * (steepness * stretched).min(100.0).exp();
            }
            let rest = loss - cells.h * (loss / cells.h).floor();
            rest * (cells.h - rest)
        };
        let far = self.nodes.iter().filter(|(_, loss)| loss.abs() > beyond);
        far.map(|&(weight, loss)| (weight + lambda * loss - value).exp() * added(loss)).sum()
    }
}

/// Middles and half lengths of panels: half a standard deviation where the loss is a straight line,
/// and where it bends short enough for that, two by its steepness at the least. A loss bends on a
/// stretch of some of its steepness' inverses alone. Towards the ends panels are no longer than the
/// way to them: a tilt whose mass lies beyond a cut leaves what is at its very end.
fn panels(pair: &Pair, from: f64, to: f64) -> Vec<(f64, f64)> {
    let least = 2.0 / pair.steepness();
    let wide = ((to - from) / 0.5).ceil().max(1.0);
    let half = 0.5 * (to - from) / wide;
    let mut open: Vec<(f64, f64)> = (0..wide as usize)
        .rev()
        .map(|index| (from + half * (2 * index + 1) as f64, half))
        .collect();
    let mut panels = Vec::with_capacity(open.len());
    while let Some((middle, half)) = open.pop() {
        let to_end = (middle - half - from).min(to - middle - half);
        if 2.0 * half <= least || 2.0 * half <= to_end && is_straight(pair, middle, half) {
            panels.push((middle, half));
        } else {
            open.extend([(middle + 0.5 * half, 0.5 * half), (middle - 0.5 * half, 0.5 * half)]);
        }
    }
    panels
}

/// Whether the loss is a line over the panel, but for rounding. Three points between the ends: a
/// loss that bends one way and the other may cross its chord in the middle.
fn is_straight(pair: &Pair, middle: f64, half: f64) -> bool {
    let (a, b) = (pair.loss(middle - half), pair.loss(middle + half));
    let rounding = 1e-13 + 8.0 * f64::EPSILON * a.abs().max(b.abs());
    let off =
        |share: f64| (pair.loss(middle + share * half) - (a + 0.5 * (1.0 + share) * (b - a))).abs();
    [-0.5, 0.0, 0.5].into_iter().all(|share| off(share) <= rounding)
}

/// Nodes and weights on [-1, 1], by Newton's method on the Legendre polynomial.
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (0..n)
        .map(|index| {
            let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..20 {
                let (mut last, mut value) = (1.0, x);
                for k in 2..=n {
                    let k = k as f64;
                    (last, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * last) / k);
                }
                slope = n as f64 * (x * value - last) / (x * x - 1.0);
                x -= value / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::loss::Mixture;
    use super::*;

    #[test]
    fn the_gaussian_has_its_closed_form() {
        let mu = 0.7;
        let step = Step::plain(Pair { upper: Mixture::sampled(1.0, mu), lower: Mixture::zero() });
        let cumulant = Cumulant::new(&step, 1e-60, 0.0);
        for lambda in [1e-6, 0.1, 1.0, 5.0] {
            let got = cumulant.at(lambda);
            let variance = mu * mu;
            assert!(
                (got.value / (0.5 * lambda * (lambda + 1.0) * variance) - 1.0).abs() < 1e-9,
                "{lambda}"
            );
            assert!((got.mean - (0.5 + lambda) * variance).abs() < 1e-12);
            assert!((got.variance - variance).abs() < 1e-11);
        }
    }

    #[test]
    fn the_rule_is_exact_on_polynomials() {
        let rule = gauss_legendre(10);
        let sixth: f64 = rule.iter().map(|&(x, w)| w * x.powi(18)).sum();
        assert!((sixth - 2.0 / 19.0).abs() < 1e-15);
    }

    #[test]
    fn panels_of_a_steep_loss_are_short_where_it_bends() {
        for (rate, distance) in [(0.5, 1000.0), (0.001, 300.0), (0.3, 4.0), (0.01, 0.5)] {
            let mixture = Mixture::sampled(rate, distance);
            let mirrored = Pair { upper: mixture.clone(), lower: mixture.clone() };
            for pair in [mirrored, Pair { upper: mixture, lower: Mixture::zero() }] {
                let step = Step::plain(pair.clone());
                // As short everywhere as where it bends.
                let even = |from: f64, to: f64| {
                    let count = ((to - from) / (2.0 / pair.steepness()).min(0.5)).ceil();
                    let half = 0.5 * (to - from) / count;
                    (0..count as usize).map(move |i| (from + half * (2 * i + 1) as f64, half))
                };
                let rule = gauss_legendre(NODES);
                let (mut slow, cut) = (Vec::new(), step.cut(1e-60));
                for stretch in &cut.stretches {
                    for (middle, half) in even(stretch.from, stretch.to) {
                        slow.extend(rule.iter().map(|&(node, weight)| {
                            let x = middle + half * node;
                            (
                                (stretch.weight * weight * half).ln() + stretch.pair.ln_density(x),
                                stretch.pair.loss(x),
                            )
                        }));
                    }
                }
                let fast = Cumulant::new(&step, 1e-60, 0.0);
                let largest = fast.largest;
                slow.extend(cut.points.iter().map(|&(mass, loss)| (mass.ln(), loss)));
                slow.retain(|&(weight, _)| weight > f64::NEG_INFINITY);
                assert!(
                    fast.nodes.len() <= slow.len()
                        && (distance < 100.0 || fast.nodes.len() * 20 < slow.len())
                );
                let slow = Cumulant { nodes: slow, largest };
                for lambda in [1e-6, 1e-3, 0.3] {
                    let (got, want) = (fast.at(lambda), slow.at(lambda));
                    // A variance is a difference of squares.
                    let square = 1e-12 * want.mean * want.mean;
                    for (got, want, slack) in [
                        (got.value, want.value, 0.0),
                        (got.mean, want.mean, 0.0),
                        (got.variance, want.variance, square),
                    ] {
                        let near = (got - want).abs() <= 1e-9 * want.abs() + 1e-12 + slack;
                        assert!(near, "{rate} {distance} {lambda}: {got} {want}");
                    }
                }
            }
        }
    }
}
