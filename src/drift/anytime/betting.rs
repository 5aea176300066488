//! Bets on the mean of a bounded stream: is it what it was said to be, or, where nothing was said,
//! has it changed?
//!
//! Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", sections
//! 4 and 5. Observations are scaled to [0, 1], and the possible means are cut into cells. Against
//! each cell [a, b] capital is bet on both sides, by the factors `1 + l/b (x - b)` and `1 - l/(1-a)
//! (x - a)` with l of 0.02, 0.1, 0.3 and 0.7: while the mean of each observation, given those
//! before, lies in the cell, capital ever reaches `1/alpha` with probability at most alpha (a
//! mixture over sides, l and the times at which the bets begin; see `starts.rs`). Cells that have
//! not been refuted are a confidence sequence for a constant mean ([`Betting::interval`]): it
//! covers it at all times at once with probability 1 - alpha.
//!
//! An alarm says that no mean is left: every cell (or the `mean` that was given) has been refuted.
//! **P(ever a false alarm) <= alpha** whatever the distribution within the bounds, as long as the
//! mean of each observation, given those before it, stays in a cell; after an alarm all starts
//! afresh, with the same statement. Independent observations of one mean are so. Those of a stream
//! that remembers are not, whatever their mean on the whole: where one observation above the mean
//! makes the next one likely to be above it, that is what is found. Give it means of stretches so
//! long that they do not depend on each other.
//!
//! Cost: 8 multiplications an observation and cell that is left (at most 50). Memory: 4 KiB.

use serde::{Deserialize, Serialize};

use super::starts::Starts;
use crate::Result;
use crate::online::{Domain, Online, State, expect};
use crate::sound::Sound;

/// Options of [`Betting`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BettingOptions {
    /// No observation is below this.
    pub lower: f64,
    /// No observation is above this.
    pub upper: f64,
    /// The mean while all is well; where there is none, any mean that stays.
    pub mean: Option<f64>,
    /// The probability of ever a false alarm, in (0, 1).
    pub alpha: f64,
    /// Into how many cells the possible means are cut where none is given: 2 to 1,000.
    pub cells: usize,
}

impl Default for BettingOptions {
    fn default() -> Self {
        BettingOptions { lower: 0.0, upper: 1.0, mean: None, alpha: 0.01, cells: 50 }
    }
}

/// Shares of the largest stake that can never lose all.
const SHARES: [f64; 4] = [0.02, 0.1, 0.3, 0.7];

/// The capital against a cell of means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cell {
    low: f64,
    high: f64,
    above: [f64; 4],
    below: [f64; 4],
}

impl Cell {
    fn new(low: f64, high: f64) -> Self {
        Cell { low, high, above: [0.0; 4], below: [0.0; 4] }
    }

    fn staked(&self) -> f64 {
        self.above.iter().sum::<f64>() + self.below.iter().sum::<f64>()
    }

    #[inline]
    fn update(&mut self, x: f64, stake: f64) -> f64 {
        // A mean at the edge leaves nothing to lose on that side, and the bet there is no bet.
        let up = if self.high > 0.0 { (x - self.high) / self.high } else { 0.0 };
        let down = if self.low < 1.0 { (self.low - x) / (1.0 - self.low) } else { 0.0 };
        for (k, share) in SHARES.into_iter().enumerate() {
            self.above[k] = (self.above[k] + stake) * (1.0 + share * up);
            self.below[k] = (self.below[k] + stake) * (1.0 + share * down);
        }
        self.staked()
    }
}

/// Bets on the mean. Its statistic is the capital against the cell that is hardest to refute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Betting {
    options: BettingOptions,
    cells: Vec<Cell>,
    starts: Starts,
    statistic: f64,
}

impl Betting {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: BettingOptions) -> Result<Self> {
        let BettingOptions { lower, upper, mean, alpha, cells } = options;
        expect("lower", lower, lower.is_finite(), "a finite number")?;
        expect("upper", upper, upper.is_finite() && upper > lower, "a finite number above lower")?;
        let inside = mean.is_none_or(|m| m > lower && m < upper);
        expect(
            "mean",
            mean.unwrap_or(0.0),
            inside,
            &format!("a number between {lower} and {upper}, or a wider range"),
        )?;
        expect("alpha", alpha, alpha > 0.0 && alpha < 1.0, "a probability between 0 and 1")?;
        expect("cells", cells, (2..=1000).contains(&cells), "2 to 1000 cells")?;
        let mut betting =
            Betting { options, cells: Vec::new(), starts: Starts::new(), statistic: 1.0 };
        betting.reset();
        Ok(betting)
    }

    /// The capital at which a cell is refuted.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        1.0 / self.options.alpha
    }

    /// The smallest interval that holds all means which have not been refuted, in units of the
    /// observations: a confidence sequence at level 1 - alpha, to the width of a cell. Where a
    /// `mean` was given, that.
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        let BettingOptions { lower, upper, .. } = self.options;
        let scale = |m: f64| lower + m * (upper - lower);
        Some((scale(self.cells.first()?.low), scale(self.cells.last()?.high)))
    }
}

impl Online for Betting {
    fn update(&mut self, x: f64) -> State {
        let BettingOptions { lower, upper, .. } = self.options;
        let x = (x - lower) / (upper - lower);
        let stake = self.starts.stake().unwrap_or(0.0) / (2 * SHARES.len()) as f64;
        let (cash, threshold) = (self.starts.cash, self.threshold());
        let mut least = f64::MAX;
        self.cells.retain_mut(|cell| {
            let capital = cash + cell.update(x, stake);
            least = least.min(capital);
            capital < threshold
        });
        self.statistic = least;
        if self.cells.is_empty() {
            self.reset();
            self.statistic = least;
            return State::Drift;
        }
        State::Stable
    }

    fn statistic(&self) -> f64 {
        self.statistic
    }

    fn reset(&mut self) {
        let BettingOptions { lower, upper, mean, cells, .. } = self.options;
        self.cells = match mean.map(|mean| (mean - lower) / (upper - lower)) {
            Some(mean) => vec![Cell::new(mean, mean)],
            None => (0..cells)
                .map(|k| Cell::new(k as f64 / cells as f64, (k + 1) as f64 / cells as f64))
                .collect(),
        };
        self.starts = Starts::new();
        self.statistic = 1.0;
    }

    fn domain(&self) -> Domain {
        Domain::Within(self.options.lower, self.options.upper)
    }
}

impl Sound for Betting {
    fn is_sound(&self) -> bool {
        Betting::new(self.options).is_ok() && self.starts.is_sound()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn capital_has_mean_one_at_most_for_any_mean_in_the_cell() {
        // Exactly, over all sequences of four outcomes 0, 1/2 and 1.
        for (low, high) in [(0.2, 0.3), (0.0, 0.02), (0.98, 1.0), (0.5, 0.5)] {
            for mean in [low, high, 0.5 * (low + high)] {
                for half in [0.0, 0.3] {
                    let half: f64 =
                        if mean < half / 2.0 || 1.0 - mean < half / 2.0 { 0.0 } else { half };
                    let weights = [1.0 - half - (mean - half / 2.0), half, mean - half / 2.0];
                    let mut expected = 0.0;
                    for path in 0..81 {
                        let mut cell = Cell::new(low, high);
                        let (mut probability, mut capital) = (1.0, 0.0);
                        for (t, power) in [1, 3, 9, 27].into_iter().enumerate() {
                            let k = path / power % 3;
                            probability *= weights[k];
                            capital = cell.update(k as f64 / 2.0, if t == 0 { 0.125 } else { 0.0 });
                        }
                        expected += probability * capital;
                    }
                    assert!(
                        expected <= 1.0 + 1e-12 && expected > 0.5,
                        "{low} {high} {mean}: {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_interval_covers_at_all_times() {
        // 400 streams of 2,000 Bernoulli outcomes: at most alpha = 0.1 of them may ever lose the
        // mean, and 0.16 with four standard errors.
        let mut lost = 0;
        for run in 0..400u64 {
            let mut random = Random(run);
            let options = BettingOptions { alpha: 0.1, ..Default::default() };
            let mut betting = Betting::new(options).unwrap();
            let covers = (0..2000).all(|_| {
                let drift =
                    betting.update(f64::from(u8::from(random.uniform() < 0.37))) == State::Drift;
                let (low, high) = betting.interval().unwrap();
                !drift && low <= 0.37 && 0.37 <= high
            });
            lost += u32::from(!covers);
            let (low, high) = betting.interval().unwrap();
            assert!(!covers || high - low < 0.25, "{low} {high}");
        }
        assert!(lost <= 64, "{lost}");
    }

    #[test]
    fn a_change_of_an_unknown_mean_and_a_wrong_mean_are_found() {
        let mut random = Random(1);
        let mut betting = Betting::new(BettingOptions::default()).unwrap();
        let mut outcome = |p: f64| f64::from(u8::from(random.uniform() < p));
        assert!((0..2000).all(|_| betting.update(outcome(0.2)) == State::Stable));
        assert!((0..1000).any(|_| betting.update(outcome(0.6)) == State::Drift));
        let mut known =
            Betting::new(BettingOptions { mean: Some(0.2), ..Default::default() }).unwrap();
        assert!((0..200).any(|_| known.update(outcome(0.6)) == State::Drift));
    }
}
