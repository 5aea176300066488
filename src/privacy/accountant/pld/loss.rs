//! The privacy loss of one step, as a pair of Gaussian mixtures on a line.
//!
//! Every sampled Gaussian step is dominated by pairs `P = rest·N(0) + Σ w_j N(m_j)`, `Q =
//! rest'·N(0) + Σ v_j N(-n_j)` with `m_j, n_j > 0` and unit variance (centers are counted in
//! standard deviations of the noise), so that the loss `L(x) = ln P(x)/Q(x)` grows with `x`. Which
//! pair belongs to which sampler and relation is said, with its proof, in `subsampling`.

use super::super::normal::upper_tail;

/// One component of a mixture beside the one at zero: its weight and its distance from zero in
/// standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Component {
    pub(crate) weight: f64,
    pub(crate) distance: f64,
}

/// A mixture `rest·N(0) + Σ weight·N(±distance)`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Mixture {
    rest: f64,
    components: Vec<Component>,
}

impl Mixture {
    /// `N(0)` alone.
    pub(crate) fn zero() -> Self {
        Mixture { rest: 1.0, components: Vec::new() }
    }

    /// `(1 - weight)·N(0) + weight·N(distance)`.
    pub(crate) fn sampled(weight: f64, distance: f64) -> Self {
        Mixture { rest: 1.0 - weight, components: vec![Component { weight, distance }] }
    }

    /// `rest·N(0)` and the components, whose weights with `rest` add up to one.
    pub(crate) fn new(rest: f64, components: Vec<Component>) -> Self {
        Mixture { rest, components }
    }

    /// `ln (mixture(x) / N(0)(x))`, where `side` is the sign of the components' centers.
    fn ln_ratio(&self, side: f64, x: f64) -> f64 {
        let exponent = |c: &Component| c.distance * (side * x - 0.5 * c.distance);
        match self.components.as_slice() {
            [] => 0.0,
            [only] if self.rest == 0.0 => exponent(only),
            components => {
                let top = components.iter().map(&exponent).fold(0.0, f64::max);
                if top < 1.0 {
                    components.iter().map(|c| c.weight * exponent(c).exp_m1()).sum::<f64>().ln_1p()
                } else {
                    let scaled = |c: &Component| c.weight * (exponent(c) - top).exp();
                    top + (self.rest * (-top).exp() + components.iter().map(scaled).sum::<f64>())
                        .ln()
                }
            }
        }
    }

    /// The `x >= 0`-oriented inverse of [`Mixture::ln_ratio`] where there is but one component.
    fn invert_single(component: Component, rest: f64, ratio: f64) -> f64 {
        let exponent = if rest == 0.0 {
            ratio
        } else if ratio > 30.0 {
            ratio - component.weight.ln() + (-rest * (-ratio).exp()).ln_1p()
        } else {
            let above_minus_one = ratio.exp_m1() / component.weight;
            if above_minus_one <= -1.0 {
                return f64::NEG_INFINITY;
            }
            above_minus_one.ln_1p()
        };
        exponent / component.distance + 0.5 * component.distance
    }
}

/// `P` (components at `+distance`) against `Q` (components at `-distance`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    pub(crate) upper: Mixture,
    pub(crate) lower: Mixture,
}

impl Pair {
    /// The loss `ln P(x)/Q(x)` at `x` standard deviations; it does not decrease in `x`.
    pub(crate) fn loss(&self, x: f64) -> f64 {
        self.upper.ln_ratio(1.0, x) - self.lower.ln_ratio(-1.0, x)
    }

    /// What no loss exceeds: infinite unless `P` is `N(0)` and `Q` holds some of it.
    pub(crate) fn largest(&self) -> f64 {
        if self.upper.components.is_empty() { -self.lower.rest.ln() } else { f64::INFINITY }
    }

    /// The mean of the loss at `P`'s centers.
    pub(crate) fn typical(&self) -> f64 {
        let Mixture { rest, components } = &self.upper;
        rest * self.loss(0.0)
            + components.iter().map(|c| c.weight * self.loss(c.distance)).sum::<f64>()
    }

    /// `ln P(x)` as a density.
    pub(crate) fn ln_density(&self, x: f64) -> f64 {
        super::super::normal::ln_density(x) + self.upper.ln_ratio(1.0, x)
    }

    /// The `x` in `[low, high]` at which the loss is `loss`, or the end beyond which it would lie.
    pub(crate) fn invert(&self, loss: f64, low: f64, high: f64) -> f64 {
        match (self.upper.components.as_slice(), self.lower.components.as_slice()) {
            ([only], []) => Mixture::invert_single(*only, self.upper.rest, loss).clamp(low, high),
            ([], [only]) => {
                (-Mixture::invert_single(*only, self.lower.rest, -loss)).clamp(low, high)
            }
            _ => self.invert_by_search(loss, low, high),
        }
    }

    /// Regula falsi with the Illinois rule, kept inside a bracket.
    fn invert_by_search(&self, loss: f64, mut low: f64, mut high: f64) -> f64 {
        let (mut f_low, mut f_high) = (self.loss(low) - loss, self.loss(high) - loss);
        if f_low >= 0.0 {
            return low;
        }
        if f_high <= 0.0 {
            return high;
        }
        let mut last_side = 0;
        for round in 0..200 {
            let width = high - low;
            let middle = if round % 8 == 7 {
                0.5 * (low + high)
            } else {
                low + width * (-f_low / (f_high - f_low))
            };
            if width <= 4.0 * f64::EPSILON * high.abs().max(low.abs())
                || middle <= low
                || middle >= high
            {
                break;
            }
            let f = self.loss(middle) - loss;
            if f == 0.0 {
                return middle;
            }
            let side = if f < 0.0 { -1 } else { 1 };
            if f < 0.0 {
                (low, f_low) = (middle, f);
                f_high *= if last_side == side { 0.5 } else { 1.0 };
            } else {
                (high, f_high) = (middle, f);
                f_low *= if last_side == side { 0.5 } else { 1.0 };
            }
            last_side = side;
            if f.abs() <= 2.0 * f64::EPSILON * loss.abs() {
                return middle;
            }
        }
        0.5 * (low + high)
    }

    /// `(weight, distance)` of `(1-w)N(0) + w·N(d)` against `N(0)`, in either direction.
    pub(crate) fn as_sampled(&self) -> Option<(f64, f64)> {
        match (self.upper.components.as_slice(), self.lower.components.as_slice()) {
            ([only], []) | ([], [only]) => Some((only.weight, only.distance)),
            _ => None,
        }
    }

    /// The largest distance of a center: the steepest the loss can be in `x`, and the scale on
    /// which it bends.
    pub(crate) fn steepness(&self) -> f64 {
        let both = self.upper.components.iter().chain(&self.lower.components);
        both.map(|c| c.distance).fold(1e-300, f64::max)
    }

    /// The `x` beyond which, on either side, `P` holds at most `2·mass` together: every center
    /// clears `±z(mass)`.
    pub(crate) fn range(&self, mass: f64) -> (f64, f64) {
        let z = super::super::normal::upper_quantile(mass.clamp(1e-300, 0.25));
        let far = self.upper.components.iter().map(|c| c.distance).fold(0.0, f64::max);
        let near = if self.upper.rest > 0.0 {
            0.0
        } else {
            self.upper.components.iter().map(|c| c.distance).fold(far, f64::min)
        };
        (near - z, far + z)
    }
}

/// The tails of every component at one point, from which the masses of the cells between two points
/// come.
///
/// A cell's mass is the difference of two upper tails to the right of a center and of two lower
/// tails to its left, so that it is exact relative to the tail, not to one.
pub(crate) struct Tails {
    /// `(weight in P, weight in Q, center, tail, right of the center?)`; the first is the component
    /// at zero.
    entries: Vec<(f64, f64, f64, f64, bool)>,
}

/// What lies between two points of `x`.
pub(crate) struct CellMass {
    /// `P`'s mass.
    pub(crate) upper: f64,
    /// `Q`'s mass.
    pub(crate) lower: f64,
    /// `P`'s mass less `Q`'s, without the cancellation of what they share.
    pub(crate) difference: f64,
    /// A bound on the rounding error of `difference`.
    pub(crate) error: f64,
}

impl Tails {
    pub(crate) fn new(pair: &Pair, x: f64) -> Self {
        let mut entries = vec![(pair.upper.rest, pair.lower.rest, 0.0, 0.0, false)];
        entries
            .extend(pair.upper.components.iter().map(|c| (c.weight, 0.0, c.distance, 0.0, false)));
        entries
            .extend(pair.lower.components.iter().map(|c| (0.0, c.weight, -c.distance, 0.0, false)));
        let mut tails = Tails { entries };
        tails.advance(x);
        tails
    }

    /// Moves on to `x` (not less than the last) and returns what was passed.
    pub(crate) fn advance(&mut self, x: f64) -> CellMass {
        let mut cell = CellMass { upper: 0.0, lower: 0.0, difference: 0.0, error: 0.0 };
        let mut at_zero = (0.0, 0.0);
        for (index, (in_upper, in_lower, center, tail, right)) in
            self.entries.iter_mut().enumerate()
        {
            let offset = x - *center;
            let now_right = offset > 0.0;
            let now = upper_tail(offset.abs());
            let mass = match (*right, now_right) {
                (true, true) => *tail - now,
                (false, false) => now - *tail,
                _ => 1.0 - *tail - now,
            }
            .max(0.0);
            let scale = mass.max(*tail).max(now);
            (*tail, *right) = (now, now_right);
            cell.upper += *in_upper * mass;
            cell.lower += *in_lower * mass;
            if index == 0 {
                at_zero = (mass, scale);
            } else {
                // w_j (N(m_j) - N(0)): the part of P or Q that is not N(0)
                cell.difference += (*in_upper - *in_lower) * (mass - at_zero.0);
                cell.error += (*in_upper + *in_lower) * (scale + at_zero.1);
            }
        }
        cell.error *= 4.0 * f64::EPSILON;
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> Vec<Pair> {
        vec![
            Pair { upper: Mixture::sampled(0.01, 1.0), lower: Mixture::zero() },
            Pair { upper: Mixture::zero(), lower: Mixture::sampled(0.3, 2.0) },
            Pair { upper: Mixture::sampled(1.0, 0.5), lower: Mixture::zero() },
            Pair { upper: Mixture::sampled(0.1, 1.0), lower: Mixture::sampled(0.1, 1.0) },
        ]
    }

    #[test]
    fn invert_undoes_loss() {
        for pair in pairs() {
            for x in [-4.0, -1.0, 0.0, 0.7, 3.0, 9.0] {
                let loss = pair.loss(x);
                let back = pair.invert(loss, -20.0, 20.0);
                assert!(
                    (pair.loss(back) - loss).abs() <= 1e-13 * loss.abs().max(1e-2),
                    "{pair:?} {x} {back}"
                );
            }
        }
    }

    #[test]
    fn cells_add_up_and_agree_with_the_density() {
        for pair in pairs() {
            let mut tails = Tails::new(&pair, -12.0);
            let (mut upper, mut lower) = (0.0, 0.0);
            let steps = 2600;
            for step in 1..=steps {
                let x = -12.0 + 0.01 * f64::from(step);
                let cell = tails.advance(x);
                let middle = pair.ln_density(x - 0.005).exp() * 0.01;
                assert!((cell.upper - middle).abs() <= 1e-3 * middle + 1e-40);
                assert!((cell.upper - cell.lower - cell.difference).abs() <= 1e-14);
                upper += cell.upper;
                lower += cell.lower;
            }
            assert!((upper - 1.0).abs() < 1e-13 && (lower - 1.0).abs() < 1e-13);
        }
    }
}
