//! One step's dominating privacy loss: a mixture of cases that the adversary is told apart, each
//! with its pair.

use super::loss::{Pair, Tails};

/// One case of a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Case {
    /// The loss of one pair.
    Plain(Pair),
    /// The loss whose hockey-stick divergence is that of `above` for `ε > 0` and that of `below`
    /// for `ε < 0`.
    ///
    /// Its positive part is `above`'s, its negative part `below`'s, and what is left of the mass
    /// has loss zero. This is the form that a bound proven for `ε >= 0` alone takes, with its
    /// mirror image for `ε < 0` (Zhu, Dong and Wang, "Optimal Accounting of Differential Privacy
    /// via Characteristic Function", 2022, Theorem 11).
    Folded {
        /// Where the loss is positive.
        above: Pair,
        /// Where the loss is negative.
        below: Pair,
    },
}

/// Cases and their probabilities, which are the same for both neighbors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) cases: Vec<(f64, Case)>,
}

/// One stretch of `x` on which the loss follows one pair.
pub(crate) struct Stretch<'a> {
    pub(crate) weight: f64,
    pub(crate) pair: &'a Pair,
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// Does the stretch begin (end) where the loss is zero, rather than where the tail was cut?
    pub(crate) from_zero: bool,
    pub(crate) to_zero: bool,
}

/// A step cut to where its losses matter.
pub(crate) struct Cut<'a> {
    pub(crate) stretches: Vec<Stretch<'a>>,
    /// `(mass, loss)`: mass with loss exactly zero, and mass below the cut, moved up to the loss at
    /// the cut.
    pub(crate) points: Vec<(f64, f64)>,
    /// Mass above the cut, whose loss is taken to be infinite.
    pub(crate) infinite: f64,
}

impl Stretch<'_> {
    /// The losses at the ends.
    pub(crate) fn losses(&self) -> (f64, f64) {
        let low = if self.from_zero { 0.0 } else { self.pair.loss(self.from) };
        let high = if self.to_zero { 0.0 } else { self.pair.loss(self.to) };
        (low, high)
    }
}

impl Step {
    /// A step with one case.
    pub(crate) fn plain(pair: Pair) -> Self {
        Step { cases: vec![(1.0, Case::Plain(pair))] }
    }

    /// `δ(ε)` of this step alone for `epsilon >= 0`, by its definition, rounded up; `δ(0)` is the
    /// total variation distance.
    pub(crate) fn delta(&self, epsilon: f64) -> f64 {
        let of_pair = |pair: &Pair| {
            let threshold = pair.invert(epsilon, -1e3, 1e3 + pair.steepness());
            let above = Tails::new(pair, threshold).advance(f64::INFINITY);
            let factor = epsilon.exp_m1();
            let error = above.error + 8.0 * f64::EPSILON * (above.upper + factor * above.lower);
            // beyond what exp can hold, Q's part is not subtracted
            let less = if factor < 1e300 { factor * above.lower } else { 0.0 };
            (above.difference - less + error).clamp(0.0, 1.0)
        };
        let of = |case: &Case| match case {
            Case::Plain(pair) => of_pair(pair),
            Case::Folded { above, .. } => of_pair(above),
        };
        self.cases.iter().map(|(weight, case)| weight * of(case)).sum::<f64>() * (1.0 + 1e-9)
    }

    /// What `δ(epsilon)` of `count` such steps is at least: what the test says that asks whether
    /// any step was conspicuous, `1 - (1-p)^n - e^ε·(1 - (1-q)^n)`, with `p` and `q` the
    /// probabilities that one is.
    pub(crate) fn delta_at_least(&self, epsilon: f64, count: u64) -> f64 {
        let tests = self.cases.iter().flat_map(|(weight, case)| {
            [epsilon, 0.03, 0.3, 1.0, 3.0, 9.0].map(|loss| (*weight, case, loss))
        });
        let of = |(weight, case, loss): (f64, &Case, f64)| {
            let (Case::Plain(pair) | Case::Folded { above: pair, .. }) = case;
            let threshold = pair.invert(loss, -1e3, 1e3 + pair.steepness());
            let above = Tails::new(pair, threshold).advance(f64::INFINITY);
            let any = |mass: f64| -(count as f64 * (-weight * mass).ln_1p()).exp_m1();
            any(above.upper) - epsilon.exp() * any(above.lower)
        };
        tests.map(of).fold(0.0, f64::max) * (1.0 - 1e-9)
    }

    /// What no loss of this step exceeds, or infinity.
    pub(crate) fn largest(&self) -> f64 {
        let of = |case: &Case| match case {
            Case::Plain(pair) => pair.largest(),
            Case::Folded { .. } => f64::INFINITY,
        };
        self.cases.iter().map(|(_, case)| of(case)).fold(0.0, f64::max)
    }

    /// The loss at the centers of what is composed, by their weights.
    pub(crate) fn typical(&self) -> f64 {
        let of = |case: &Case| match case {
            Case::Plain(pair) | Case::Folded { above: pair, .. } => pair.typical(),
        };
        self.cases.iter().map(|(weight, case)| weight * of(case)).sum()
    }

    /// The rate and distance of a plain Poisson step under removal or addition, which RDP has a
    /// series for.
    pub(crate) fn as_poisson(&self) -> Option<(f64, f64)> {
        match self.cases.as_slice() {
            [(_, Case::Plain(pair))] => pair.as_sampled(),
            _ => None,
        }
    }

    /// The largest distance of any center.
    pub(crate) fn steepness(&self) -> f64 {
        let of = |case: &Case| match case {
            Case::Plain(pair) => pair.steepness(),
            Case::Folded { above, below } => above.steepness().max(below.steepness()),
        };
        self.cases.iter().map(|(_, case)| of(case)).fold(0.0, f64::max)
    }

    /// Cuts off tails of at most `mass` on each side of each pair.
    pub(crate) fn cut(&self, mass: f64) -> Cut<'_> {
        let mut cut = Cut { stretches: Vec::new(), points: Vec::new(), infinite: 0.0 };
        for (weight, case) in &self.cases {
            let weight = *weight;
            match case {
                Case::Plain(pair) => {
                    let (from, to) = pair.range(mass);
                    cut.stretch(Stretch {
                        weight,
                        pair,
                        from,
                        to,
                        from_zero: false,
                        to_zero: false,
                    });
                }
                Case::Folded { above, below } => {
                    let (low, high) = above.range(mass);
                    let zero = above.invert(0.0, low, high);
                    cut.stretch(Stretch {
                        weight,
                        pair: above,
                        from: zero,
                        to: high,
                        from_zero: true,
                        to_zero: false,
                    });
                    let positive = Tails::new(above, zero).advance(f64::INFINITY).upper;
                    let (low, high) = below.range(mass);
                    let zero = below.invert(0.0, low, high);
                    cut.stretch(Stretch {
                        weight,
                        pair: below,
                        from: low,
                        to: zero,
                        from_zero: false,
                        to_zero: true,
                    });
                    let negative = Tails::new(below, f64::NEG_INFINITY).advance(zero).upper;
                    cut.points.push((weight * (1.0 - positive - negative).max(0.0), 0.0));
                }
            }
        }
        cut
    }
}

impl<'a> Cut<'a> {
    fn stretch(&mut self, stretch: Stretch<'a>) {
        let Stretch { weight, pair, from, to, from_zero, to_zero } = stretch;
        if !to_zero {
            self.infinite += weight * Tails::new(pair, to).advance(f64::INFINITY).upper;
        }
        if !from_zero {
            self.points.push((
                weight * Tails::new(pair, f64::NEG_INFINITY).advance(from).upper,
                pair.loss(from),
            ));
        }
        self.stretches.push(stretch);
    }
}
