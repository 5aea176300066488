//! What is bet on a p-value that should be uniform: functions f on (0, 1) whose integral is 1.
//!
//! A strategy is a list of such functions, with capital on each; after every observation a share
//! `jump` of all capital is spread evenly over them again. With `jump` above 0 this is Vovk's
//! simple jumper (Vovk, Petej, Nouretdinov, Ahlberg, Carlsson & Gammerman 2021, "Retrain or not
//! retrain: conformal test martingales for change-point detection", algorithm 1), with 0 a mixture.
//! Because the whole is linear in the capital, bets that began at different times add up.

use serde::{Deserialize, Serialize};

/// Betting strategy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bets {
    /// Lines in p and in |2p - 1|, so that changes of place and of spread are both found; jump
    /// 0.001. The default.
    #[default]
    Composite,
    /// The simple jumper: `1 + e (p - 1/2)`, e of -1, 0 and 1, jump 0.01. Changes of place.
    Jumper,
    /// A mixture of `k p^(k-1)` and `k (1-p)^(k-1)` over k of 0.1 to 0.9 (Vovk, Nouretdinov &
    /// Gammerman 2003, "Testing exchangeability on-line", the simple mixture): unbounded gains at
    /// far outliers.
    Mixture,
    /// The power bets with k = 0.92 (the same, section 4), half on either end.
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    /// `1 + e (p - 1/2)`
    Place(f64),
    /// `1 + e (|2p - 1| - 1/2)`
    Spread(f64),
    /// `k p^(k-1)`
    Low(f64),
    /// `k (1-p)^(k-1)`
    High(f64),
}

use Function::{High, Low, Place, Spread};

const COMPOSITE: &[Function] = &[
    Place(-1.8),
    Place(-0.6),
    Place(0.6),
    Place(1.8),
    Spread(-1.8),
    Spread(-0.6),
    Spread(0.6),
    Spread(1.8),
];
const JUMPER: &[Function] = &[Place(-1.0), Place(0.0), Place(1.0)];
const MIXTURE: &[Function] = &[
    Low(0.1),
    Low(0.3),
    Low(0.5),
    Low(0.7),
    Low(0.9),
    High(0.1),
    High(0.3),
    High(0.5),
    High(0.7),
    High(0.9),
];
const POWER: &[Function] = &[Low(0.92), High(0.92)];

impl Bets {
    fn functions(self) -> &'static [Function] {
        match self {
            Bets::Composite => COMPOSITE,
            Bets::Jumper => JUMPER,
            Bets::Mixture => MIXTURE,
            Bets::Power => POWER,
        }
    }

    /// How many functions there are.
    pub(super) fn count(self) -> usize {
        self.functions().len()
    }

    pub(super) fn jump(self) -> f64 {
        match self {
            Bets::Composite => 0.001,
            Bets::Jumper => 0.01,
            Bets::Mixture | Bets::Power => 0.0,
        }
    }

    /// Whether every function is a line in p or |2p - 1|, so that a p-value that is a little off
    /// costs a little.
    #[must_use]
    pub fn are_lines(self) -> bool {
        matches!(self, Bets::Composite | Bets::Jumper)
    }

    /// Multiplies each capital by its function's value at p. With p-values off by up to `off_by`,
    /// lines are divided by what their mean can then be: `1 + |e| off_by` for place and `1 + 2 |e|
    /// off_by` for spread.
    #[inline]
    pub(super) fn play(self, capital: &mut [f64], p: f64, off_by: f64) {
        let (place, spread) = (p - 0.5, (2.0 * p - 1.0).abs() - 0.5);
        let lines = |capital: &mut [f64], e: &[f64], at: f64, off_by: f64| {
            for (c, e) in capital.iter_mut().zip(e) {
                *c *= (1.0 + e * at) / (1.0 + e.abs() * off_by);
            }
        };
        match self {
            Bets::Composite => {
                let (a, b) = capital.split_at_mut(4);
                let e = [-1.8, -0.6, 0.6, 1.8];
                lines(a, &e, place, off_by);
                lines(b, &e, spread, 2.0 * off_by);
            }
            Bets::Jumper => lines(capital, &[-1.0, 0.0, 1.0], place, off_by),
            Bets::Mixture | Bets::Power => {
                let (low, high) = (p.ln(), (-p).ln_1p());
                for (c, f) in capital.iter_mut().zip(self.functions()) {
                    *c *= match f {
                        Low(k) => k * ((k - 1.0) * low).exp(),
                        High(k) => k * ((k - 1.0) * high).exp(),
                        Place(_) | Spread(_) => 1.0,
                    };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Bets; 4] = [Bets::Composite, Bets::Jumper, Bets::Mixture, Bets::Power];

    #[test]
    fn no_function_wins_on_uniform_p_values() {
        // Midpoint sums after p = u^20 (dp = 20 u^19 du), which tames the poles at the ends.
        let integral = |f: &dyn Fn(f64) -> f64| {
            let n = 100_000;
            (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n)).map(f).sum::<f64>() / f64::from(n)
        };
        for bets in ALL {
            for (k, function) in bets.functions().iter().enumerate() {
                let f = |p: f64| {
                    let mut capital = vec![1.0; bets.count()];
                    bets.play(&mut capital, p, 0.0);
                    capital[k]
                };
                let mean = match function {
                    High(_) => continue, // the mirror of Low, below
                    Low(_) => integral(&|u| f(u.powi(20)) * 20.0 * u.powi(19)),
                    _ => integral(&f),
                };
                assert!((mean - 1.0).abs() < 1e-4, "{bets:?} {function:?}: {mean}");
            }
        }
        let mut capital = [1.0; 10];
        Bets::Mixture.play(&mut capital, 0.3, 0.0);
        let mut mirrored = [1.0; 10];
        Bets::Mixture.play(&mut mirrored, 0.7, 0.0);
        assert!((0..5).all(|k| (capital[k] - mirrored[k + 5]).abs() < 1e-12));
    }

    #[test]
    fn a_lowered_line_does_not_win_when_p_values_are_off() {
        // p-values moved by 0.05 towards either side.
        for bets in [Bets::Composite, Bets::Jumper] {
            for shift in [-0.05, 0.05f64] {
                let mut mean = vec![0.0; bets.count()];
                for i in 0..10_000 {
                    let p = ((f64::from(i) + 0.5) / 1e4 + shift).clamp(0.0, 1.0);
                    let mut capital = vec![1.0; bets.count()];
                    bets.play(&mut capital, p, 0.05);
                    mean.iter_mut().zip(capital).for_each(|(m, c)| *m += c / 1e4);
                }
                assert!(mean.iter().all(|m| *m <= 1.0 + 1e-9), "{bets:?} {mean:?}");
            }
        }
    }
}
