//! Evidence that the counts of a column between the reference's quantiles have changed, batch after
//! batch, for ever.
//!
//! **The null.** Values like the reference's fall between its order statistics as a Pólya urn's
//! balls do, whatever their distribution: with `m` reference values, the next one falls between
//! neighboring order statistics with probability `(s + c) / (m + 1 + n)`, `s` being the gaps
//! between them and `c` of `n` values so far having fallen there. So a batch's counts are
//! Dirichlet-multinomial given all counts before (David and Nagaraja 2003, section 2.2, for the
//! uniform spacings behind it), exactly, with the reference's own finite size taken into account.
//! Columns with ties follow it up to one reference value an edge.
//!
//! **The bets.** The likelihood ratio of a batch under any alternative that was fixed before it is
//! an e-value given the past. Here a mixture: the counts of late come again; and the reference
//! moved or spread by several degrees.
//!
//! **The sum.** Capital is `C <- (C + w) L`, with a stake `w` that does not depend on the values
//! and the batch's ratio `L` (Shiryaev-Roberts with stakes; [`super::evidence`] has the form with
//! stakes of 1). `C` less all stakes is a martingale, so that the probability that `C` ever reaches
//! 1 is at most the stakes so far (optional stopping): a budget of false alarms, spent as it comes
//! in, with nothing lost between batches.

use super::urn;
use crate::stats::dependence::Thinning;

/// Weight of what came before, from one batch to the next, in the counts of late.
const DECAY: f64 = 0.8;

/// Observations that the reference's shares count for in the counts of late.
const PRIOR: f64 = 20.0;

/// Shares of the capital bet on: the counts of late; each moved or spread reference; nothing at
/// all.
const WEIGHT_RECENT: f64 = 0.4;
const WEIGHT_TILT: f64 = 0.5;
const WEIGHT_CASH: f64 = 0.1;

/// Odds at which batches after an alarm must speak for the reference, and not for the counts of
/// late, to say that what alarmed has gone: a CUSUM (Page 1954). Were the counts of late the truth
/// about what drifted, it would be wrong once in at least so many batches that still drift; they
/// are an estimate of it.
const RECOVERY_ODDS: f64 = 1000.0;

/// Sizes of a moved (first) and spread (second) reference: tilts of the log-density of its normal
/// scores.
const TILTS: [(f64, f64); 10] = [
    (0.1, 0.0),
    (-0.1, 0.0),
    (0.3, 0.0),
    (-0.3, 0.0),
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, 0.1),
    (0.0, -0.1),
    (0.0, 0.3),
    (0.0, -0.4),
];

/// The evidence against one column.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupedMartingale {
    /// Spacings of the reference in each group.
    spacings: Vec<f64>,
    /// Values so far in each group.
    seen: Vec<f64>,
    late: Vec<f64>,
    /// For each tilt the logarithm of its factor on each group's share.
    tilts: Vec<Vec<f64>>,
    capital: f64,
    staked: f64,
    /// Since an alarm: the logarithm of the odds that it is the reference again, at least 0.
    back: Option<f64>,
    /// Whether observations depend on each other.
    dependent: bool,
}

impl GroupedMartingale {
    /// Against a reference with so many values in each group, at least one in all: the first group
    /// ends just below an order statistic, as the next ones begin and end.
    #[must_use]
    pub fn new(reference: &[u64]) -> Self {
        Self::of_dependent(reference, Thinning::by(1.0))
    }

    /// [`GroupedMartingale::new`] of observations of which so many count as one.
    #[must_use]
    pub fn of_dependent(reference: &[u64], thinning: Thinning) -> Self {
        // Not rounded: a group whose few values count as none could not be told from one that
        // nothing ever falls into.
        let mut spacings: Vec<f64> =
            reference.iter().map(|count| *count as f64 / thinning.inflation()).collect();
        // All spacings are m + 1; below the first edge, which is itself an order statistic, lies
        // one more than values.
        spacings[0] += 1.0;
        // Above values that are all equal lies one, too: that of m values none differed says of the
        // next that it differs once in m + 1 times, and not never.
        if reference.len() > 1 && reference.last() == Some(&0) {
            let fullest = spacings.iter_mut().max_by(|a, b| a.total_cmp(b));
            fullest.into_iter().for_each(|fullest| *fullest = (*fullest - 1.0).max(0.5));
            spacings.last_mut().into_iter().for_each(|above| *above += 1.0);
        }
        let total: f64 = spacings.iter().sum();
        let mut below = 0.0;
        let scores: Vec<f64> = spacings
            .iter()
            .map(|s| {
                below += s;
                crate::stats::normal::quantile(((below - 0.5 * s) / total).clamp(1e-9, 1.0 - 1e-9))
                    .unwrap_or(0.0)
            })
            .collect();
        let tilt = |(moved, spread): (f64, f64)| {
            let by: Vec<f64> = scores.iter().map(|z| moved * z + spread * (z * z - 1.0)).collect();
            let norm =
                by.iter().zip(&spacings).map(|(by, s)| s / total * by.exp()).sum::<f64>().ln();
            by.iter().map(|by| by - norm).collect()
        };
        let zeros = vec![0.0; spacings.len()];
        GroupedMartingale {
            tilts: TILTS.map(tilt).to_vec(),
            seen: zeros.clone(),
            late: zeros,
            capital: 0.0,
            staked: 0.0,
            back: None,
            dependent: !thinning.is_none(),
            spacings,
        }
    }

    /// Takes in a batch's counts, of as many groups, with a stake for it; returns the capital.
    /// Cost: four logarithms a group, about a microsecond in all.
    pub fn update(&mut self, counts: &[u64], stake: f64) -> f64 {
        self.update_dependent(counts, stake, Thinning::by(1.0))
    }

    /// [`GroupedMartingale::update`] with observations of which so many count as one.
    pub fn update_dependent(&mut self, counts: &[u64], stake: f64, thinning: Thinning) -> f64 {
        let x: Vec<f64> = counts.iter().map(|count| *count as f64 / thinning.inflation()).collect();
        let n: f64 = x.iter().sum();
        self.staked += stake;
        if n > 0.0 {
            self.capital = ((self.capital + stake) * self.ratio(&x, n)).min(f64::MAX);
            self.back = self.back.map(|back| (back + self.ln_odds_of_the_reference(&x)).max(0.0));
            for ((late, seen), x) in self.late.iter_mut().zip(&mut self.seen).zip(&x) {
                *late = DECAY * *late + x;
                *seen += x;
            }
        } else {
            self.capital += stake;
        }
        self.capital
    }

    /// The likelihood ratio of a batch of `n`.
    fn ratio(&self, x: &[f64], n: f64) -> f64 {
        let urn: Vec<f64> = self.spacings.iter().zip(&self.seen).map(|(s, c)| s + c).collect();
        let null =
            if self.dependent { urn::ln_likeliest(x, &urn) } else { urn::ln_probability(x, &urn) };
        let (all, spaced) = (urn.iter().sum::<f64>(), self.spacings.iter().sum::<f64>());
        let late: Vec<f64> =
            self.late.iter().zip(&urn).map(|(late, u)| late + PRIOR * u / all).collect();
        let mut ratio = WEIGHT_CASH + WEIGHT_RECENT * (urn::ln_probability(x, &late) - null).exp();
        let level: f64 = x
            .iter()
            .zip(&self.spacings)
            .filter(|(x, _)| **x > 0.0)
            .map(|(x, s)| x * (s / spaced).ln())
            .sum();
        for tilt in &self.tilts {
            let moved: f64 = x.iter().zip(tilt).map(|(x, by)| x * by).sum();
            ratio += WEIGHT_TILT / TILTS.len() as f64 * (level + moved - null).exp();
        }
        if ratio.is_finite() { ratio } else { f64::MAX / (1.0 + n) }
    }

    /// The logarithm of the odds that a batch is from the reference, and not from what the counts
    /// of late are from.
    fn ln_odds_of_the_reference(&self, x: &[f64]) -> f64 {
        let all = self.spacings.iter().sum::<f64>();
        let late: Vec<f64> =
            self.late.iter().zip(&self.spacings).map(|(late, s)| late + PRIOR * s / all).collect();
        urn::ln_probability(x, &self.spacings) - urn::ln_probability(x, &late)
    }

    /// The capital.
    #[must_use]
    pub fn capital(&self) -> f64 {
        self.capital
    }

    /// What a unit staked has become, on average over the batches at which it was: an e-value at
    /// any fixed time. 1 before the first.
    #[must_use]
    pub fn e_value(&self) -> f64 {
        if self.staked > 0.0 { (self.capital / self.staked).min(f64::MAX) } else { 1.0 }
    }

    /// `max |F - G|` at the edges between the reference and the counts of late.
    #[must_use]
    pub fn effect(&self) -> f64 {
        let (spaced, late) = (self.spacings.iter().sum::<f64>(), self.late.iter().sum::<f64>());
        if late == 0.0 {
            return 0.0;
        }
        let steps = self.spacings.iter().zip(&self.late).map(|(s, l)| s / spaced - l / late);
        let apart = steps.scan(0.0, |sum: &mut f64, step| {
            *sum += step;
            Some(sum.abs())
        });
        apart.fold(0.0, f64::max)
    }

    /// Records that an alarm was raised in the current state.
    pub fn alarm(&mut self) {
        self.back = self.back.or(Some(0.0));
    }

    /// Whether there was an alarm since the last reset.
    #[must_use]
    pub fn has_alarmed(&self) -> bool {
        self.back.is_some()
    }

    /// Whether what alarmed has gone, as the batches since then have it. After strong drift one
    /// tells, where the counts of late need ten to forget.
    #[must_use]
    pub fn has_gone(&self) -> bool {
        self.back.is_some_and(|back| back >= RECOVERY_ODDS.ln())
    }

    /// Begins anew from the reference.
    pub fn reset(&mut self) {
        (self.capital, self.staked, self.back) = (0.0, 0.0, None);
        self.late.fill(0.0);
        self.seen.fill(0.0);
    }
}

#[cfg(test)]
mod tests;
