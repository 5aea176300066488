//! False discovery rate over a stream of tests that never ends: a level for each test before its
//! p-value is seen.
//!
//! - [`Lord`]: LORD++ (Ramdas, Yang, Wainwright & Jordan 2017, "Online control of the false
//!   discovery rate with decaying memory", section 2.2).
//! - [`Saffron`]: SAFFRON (Ramdas, Zrnic, Wainwright & Jordan 2018, "SAFFRON: an adaptive algorithm
//!   for online control of the false discovery rate", algorithm 1), which does not spend on
//!   p-values above `lambda` and gains where many hypotheses are false.
//!
//! Both hold the false discovery rate at alpha at any time for **independent** p-values (of the
//! true hypotheses, independent of each other and of the others), and the ratio of expectations
//! (mFDR) if each p-value is valid given the past.
//!
//! Cost: O(number of discoveries) a test.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::e_values::check_alpha;
use crate::sound::{Sound, can_grow};
use crate::{Error, Result};

/// A level for each of a stream of tests.
pub trait OnlineFdr {
    /// The level of the next test.
    fn level(&self) -> f64;

    /// Takes in the next p-value: whether its hypothesis is rejected.
    ///
    /// # Errors
    /// `InvalidArgument` for a p-value that is not in [0, 1].
    fn test(&mut self, p_value: f64) -> Result<bool>;
}

fn check_p(p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) {
        Ok(())
    } else {
        Err(Error::invalid("p_value", p, "a probability in [0, 1]"))
    }
}

fn check_wealth(wealth: f64, alpha: f64) -> Result<()> {
    if wealth > 0.0 && wealth < alpha {
        return Ok(());
    }
    Err(Error::invalid("initial_wealth", wealth, "a number between 0 and alpha"))
}

/// LORD++'s sequence `gamma_j = 0.07720838 ln(max(j, 2)) / (j exp(sqrt(ln j)))`, j from 1: it adds
/// up to 0.976 (Javanmard & Montanari 2018, "Online rules for control of false discovery rate and
/// false discovery exceedance", section 5).
fn gamma_lord(j: u64) -> f64 {
    let j = j as f64;
    0.077_208_38 * j.max(2.0).ln() / (j * j.ln().sqrt().exp())
}

/// SAFFRON's sequence `gamma_j = 0.4374901658 / j^1.6`, j from 1: it adds up to 1 (Ramdas et al.
/// 2018, section 3).
fn gamma_saffron(j: u64) -> f64 {
    0.437_490_165_8 / (j as f64).powf(1.6)
}

/// LORD++.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lord {
    alpha: f64,
    initial_wealth: f64,
    tests: u64,
    /// The tests (from 1) that rejected.
    rejections: Vec<u64>,
}

impl Lord {
    /// At false discovery rate `alpha`, with `initial_wealth` (alpha / 2 where there is none) to
    /// spend before the first discovery.
    ///
    /// # Errors
    /// `InvalidArgument` naming `alpha` or `initial_wealth`.
    pub fn new(alpha: f64, initial_wealth: Option<f64>) -> Result<Self> {
        check_alpha(alpha)?;
        let initial_wealth = initial_wealth.unwrap_or(alpha / 2.0);
        check_wealth(initial_wealth, alpha)?;
        Ok(Lord { alpha, initial_wealth, tests: 0, rejections: Vec::new() })
    }
}

impl OnlineFdr for Lord {
    fn level(&self) -> f64 {
        let t = self.tests + 1;
        let mut level = gamma_lord(t) * self.initial_wealth;
        for (k, rejection) in self.rejections.iter().enumerate() {
            let reward = if k == 0 { self.alpha - self.initial_wealth } else { self.alpha };
            level += reward * gamma_lord(t - rejection);
        }
        level
    }

    fn test(&mut self, p_value: f64) -> Result<bool> {
        check_p(p_value)?;
        let rejected = p_value <= self.level();
        self.tests += 1;
        if rejected {
            self.rejections.push(self.tests);
        }
        Ok(rejected)
    }
}

/// SAFFRON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saffron {
    alpha: f64,
    initial_wealth: f64,
    lambda: f64,
    tests: u64,
    /// Tests with a p-value at most lambda.
    candidates: u64,
    /// Of each test that rejected: its number (from 1), and the candidates up to it, itself
    /// included.
    rejections: VecDeque<(u64, u64)>,
}

impl Saffron {
    /// At false discovery rate `alpha`, with `initial_wealth` (alpha / 2 where there is none) to
    /// spend before the first discovery; p-values above `lambda` (in (0, 1); 0.5 is usual) cost
    /// nothing.
    ///
    /// # Errors
    /// `InvalidArgument` naming `alpha`, `initial_wealth` or `lambda`.
    pub fn new(alpha: f64, initial_wealth: Option<f64>, lambda: f64) -> Result<Self> {
        check_alpha(alpha)?;
        let initial_wealth = initial_wealth.unwrap_or(alpha / 2.0);
        check_wealth(initial_wealth, alpha)?;
        if !(lambda > 0.0 && lambda < 1.0) {
            return Err(Error::invalid("lambda", lambda, "a probability between 0 and 1"));
        }
        Ok(Saffron {
            alpha,
            initial_wealth,
            lambda,
            tests: 0,
            candidates: 0,
            rejections: VecDeque::new(),
        })
    }
}

impl OnlineFdr for Saffron {
    fn level(&self) -> f64 {
        let t = self.tests + 1;
        let mut level = self.initial_wealth * gamma_saffron(t - self.candidates);
        for (k, (at, candidates)) in self.rejections.iter().enumerate() {
            let reward = if k == 0 { self.alpha - self.initial_wealth } else { self.alpha };
            level += reward * gamma_saffron(t - at - (self.candidates - candidates));
        }
        ((1.0 - self.lambda) * level).min(self.lambda)
    }

    fn test(&mut self, p_value: f64) -> Result<bool> {
        check_p(p_value)?;
        let rejected = p_value <= self.level();
        self.tests += 1;
        self.candidates += u64::from(p_value <= self.lambda);
        if rejected {
            self.rejections.push_back((self.tests, self.candidates));
        }
        Ok(rejected)
    }
}

impl Sound for Lord {
    fn is_sound(&self) -> bool {
        let times = self.rejections.is_sorted()
            && self.rejections.last().is_none_or(|last| *last <= self.tests);
        Lord::new(self.alpha, Some(self.initial_wealth)).is_ok() && can_grow([self.tests]) && times
    }
}

impl Sound for Saffron {
    fn is_sound(&self) -> bool {
        let times = |(at, candidates): &(u64, u64)| {
            candidates <= at
                && *at <= self.tests
                && *candidates <= self.candidates
                // As many of the tests since were candidates as there were tests, at most.
                && self.candidates - candidates <= self.tests - at
        };
        Saffron::new(self.alpha, Some(self.initial_wealth), self.lambda).is_ok()
            && can_grow([self.tests])
            && self.candidates <= self.tests
            && self.rejections.iter().all(times)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stats::normal;
    use crate::testing::Random;

    #[test]
    fn the_sequences_add_up_to_at_most_one() {
        // The tails are added as integrals; LORD's is long.
        let saffron: f64 = (1..=100_000).map(gamma_saffron).sum::<f64>()
            + 0.437_490_165_8 / 0.6 * 1e5f64.powf(-0.6);
        assert!((saffron - 1.0).abs() < 1e-6, "{saffron}");
        // Integral of ln j / (j exp(sqrt(ln j))) from n: with s = sqrt(ln n), 2 (s^3 + 3 s^2 + 6
        // s + 6) exp(-s).
        let s = 1e6f64.ln().sqrt();
        let tail = 0.077_208_38 * 2.0 * (s.powi(3) + 3.0 * s * s + 6.0 * s + 6.0) * (-s).exp();
        let lord: f64 = (1..=1_000_000).map(gamma_lord).sum::<f64>() + tail;
        assert!((lord - 0.976).abs() < 1e-3, "{lord}");
    }

    /// (share of false discoveries, mean over runs; share of the false hypotheses that were found)
    fn simulate(make: impl Fn() -> Box<dyn OnlineFdr>) -> (f64, f64) {
        let (mut rate, mut found, mut there) = (0.0, 0.0, 0.0);
        for run in 0..400 {
            let mut random = Random(run);
            let mut procedure = make();
            let (mut discoveries, mut false_ones) = (0.0f64, 0.0);
            for _ in 0..500 {
                let is_false = random.uniform() < 0.3;
                let p = normal::sf(random.normal() + if is_false { 3.0 } else { 0.0 });
                let rejected = procedure.test(p).unwrap();
                there += f64::from(u8::from(is_false));
                found += f64::from(u8::from(is_false && rejected));
                discoveries += f64::from(u8::from(rejected));
                false_ones += f64::from(u8::from(!is_false && rejected));
            }
            rate += false_ones / discoveries.max(1.0) / 400.0;
        }
        (rate, found / there)
    }

    #[test]
    fn the_false_discovery_rate_is_held_and_much_is_found() {
        let (rate, power) = simulate(|| Box::new(Lord::new(0.1, None).unwrap()));
        assert!(rate < 0.1 && power > 0.4, "{rate} {power}");
        let (rate, power) = simulate(|| Box::new(Saffron::new(0.1, None, 0.5).unwrap()));
        assert!(rate < 0.11 && power > 0.5, "{rate} {power}");
    }

    #[test]
    fn bad_input_is_named() {
        assert!(Lord::new(0.0, None).is_err() && Lord::new(0.1, Some(0.1)).is_err());
        assert!(Saffron::new(0.1, None, 1.0).is_err());
        let error = Lord::new(0.1, None).unwrap().test(f64::NAN).unwrap_err();
        assert_eq!(error.to_string(), "p_value: got NaN, expected a probability in [0, 1]");
    }
}
