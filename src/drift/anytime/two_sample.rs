//! Two streams side by side: have they one distribution? A test that may stop at any time.
//!
//! Shekhar & Ramdas 2024, "Nonparametric two-sample testing by betting", section 3, with the
//! Kolmogorov-Smirnov class of witnesses: for each of 15 thresholds u, the payoff of a pair is `1(x
//! <= u) - 1(y <= u)`, which has mean 0 if x and y have one distribution; capital is bet on either
//! sign with shares of 0.1, 0.3 and 0.7. Thresholds are order statistics of the first `warm_up`
//! pairs, on which nothing is bet. The capital is a mixture over thresholds, signs, shares and
//! beginnings (see `starts.rs`). **P(ever an alarm) <= alpha** while the two observations of each
//! pair are exchangeable given all pairs before; successive pairs need not be independent.
//!
//! Cost: 90 multiplications a pair. Memory: 1 KiB.

use serde::{Deserialize, Serialize};

use super::starts::Starts;
use crate::Result;
use crate::online::{Domain, Online, State, expect};
use crate::sound::Sound;

const THRESHOLDS: usize = 15;
const SHARES: [f64; 3] = [0.1, 0.3, 0.7];

/// Options of [`TwoSample`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoSampleOptions {
    /// The probability of ever a false alarm, in (0, 1).
    pub alpha: f64,
    /// Pairs that only choose thresholds: 8 to 100,000.
    pub warm_up: usize,
}

impl Default for TwoSampleOptions {
    fn default() -> Self {
        TwoSampleOptions { alpha: 0.01, warm_up: 20 }
    }
}

/// The test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TwoSample {
    options: TwoSampleOptions,
    collected: Vec<f64>,
    thresholds: Vec<f64>,
    capital: Vec<[f64; 2 * SHARES.len()]>,
    starts: Starts,
    largest: f64,
    /// Of a pair that comes in turn.
    first: Option<f64>,
}

impl TwoSample {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: TwoSampleOptions) -> Result<Self> {
        let TwoSampleOptions { alpha, warm_up } = options;
        expect("alpha", alpha, alpha > 0.0 && alpha < 1.0, "a probability between 0 and 1")?;
        expect("warm_up", warm_up, (8..=100_000).contains(&warm_up), "8 to 100000 pairs")?;
        let capital = vec![[0.0; 2 * SHARES.len()]; THRESHOLDS];
        let starts = Starts::new();
        Ok(TwoSample {
            options,
            collected: Vec::new(),
            thresholds: Vec::new(),
            capital,
            starts,
            largest: 1.0,
            first: None,
        })
    }

    /// Takes in one observation of each stream. After [`State::Drift`] the test has started afresh.
    ///
    /// # Errors
    /// `InvalidArgument` naming `x` or `y` when it is NaN or Inf.
    pub fn update_pair(&mut self, x: f64, y: f64) -> Result<State> {
        Domain::Finite.check("x", [x])?;
        Domain::Finite.check("y", [y])?;
        Ok(self.bet(x, y))
    }

    fn bet(&mut self, x: f64, y: f64) -> State {
        if self.thresholds.is_empty() {
            self.collected.extend([x, y]);
            if self.collected.len() == 2 * self.options.warm_up {
                self.collected.sort_unstable_by(f64::total_cmp);
                let n = self.collected.len();
                self.thresholds =
                    (1..=THRESHOLDS).map(|k| self.collected[k * n / (THRESHOLDS + 1)]).collect();
                self.collected.clear();
            }
            return State::Stable;
        }
        let stake = self.starts.stake().unwrap_or(0.0) / (THRESHOLDS * 2 * SHARES.len()) as f64;
        for (capital, u) in self.capital.iter_mut().zip(&self.thresholds) {
            let payoff = f64::from(u8::from(x <= *u)) - f64::from(u8::from(y <= *u));
            for (k, share) in SHARES.iter().enumerate() {
                capital[2 * k] = (capital[2 * k] + stake) * (1.0 + share * payoff);
                capital[2 * k + 1] = (capital[2 * k + 1] + stake) * (1.0 - share * payoff);
            }
        }
        let evidence = self.evidence();
        self.largest = self.largest.max(evidence);
        if evidence < 1.0 / self.options.alpha {
            return State::Stable;
        }
        let largest = self.largest;
        self.reset();
        self.largest = largest;
        State::Drift
    }

    /// The capital: an e-value.
    #[must_use]
    pub fn evidence(&self) -> f64 {
        self.starts.cash + self.capital.iter().flatten().sum::<f64>()
    }

    /// A p-value that is valid at any time: `1 / ` the largest evidence that there was.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        1.0 / self.largest
    }
}

/// The observations of the two streams in turn: x, y, x, y.
impl Online for TwoSample {
    fn update(&mut self, x: f64) -> State {
        match self.first.take() {
            Some(first) => self.bet(first, x),
            None => {
                self.first = Some(x);
                State::Stable
            }
        }
    }

    fn statistic(&self) -> f64 {
        self.evidence()
    }

    fn reset(&mut self) {
        self.collected.clear();
        self.thresholds.clear();
        self.capital.iter_mut().for_each(|c| *c = [0.0; 2 * SHARES.len()]);
        self.starts = Starts::new();
        self.largest = 1.0;
        self.first = None;
    }

    fn needs(&self) -> u64 {
        self.options.warm_up as u64 + 1
    }
}

impl Sound for TwoSample {
    fn is_sound(&self) -> bool {
        let learns = self.collected.len() < 2 * self.options.warm_up
            && self.collected.len().is_multiple_of(2);
        let learned = [0, THRESHOLDS].contains(&self.thresholds.len());
        TwoSample::new(self.options).is_ok() && learns && learned && self.starts.is_sound()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn false_alarms_are_rare_and_differences_found() {
        // alpha = 0.05 over 600 streams of 2,000 pairs: at most 30 are expected, 52 is four
        // standard errors above.
        let mut false_alarms = 0;
        for run in 0..600 {
            let mut random = Random(run);
            let mut test =
                TwoSample::new(TwoSampleOptions { alpha: 0.05, ..Default::default() }).unwrap();
            // Pairs depend on a common walk: exchangeable within each pair is all that is asked.
            let mut walk = 0.0;
            false_alarms += u32::from((0..2000).any(|_| {
                walk += 0.1 * random.normal();
                test.update_pair(walk + random.normal(), walk + random.normal()).unwrap()
                    == State::Drift
            }));
        }
        assert!(false_alarms <= 52, "{false_alarms}");
        for spread in [false, true] {
            let mut random = Random(7);
            let mut test = TwoSample::new(TwoSampleOptions::default()).unwrap();
            let found = (0..1000).any(|_| {
                let (x, y) = (random.normal(), random.normal());
                test.update_pair(x, if spread { 3.0 * y } else { y + 1.0 }).unwrap() == State::Drift
            });
            assert!(found && test.p_value() <= 0.01);
        }
        let mut test = TwoSample::new(TwoSampleOptions::default()).unwrap();
        assert!(test.update_pair(f64::NAN, 0.0).unwrap_err().to_string().starts_with("x: got NaN"));
    }
}
