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

use statrs::function::gamma;

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

/// How many times larger an urn dependent observations may be drawn from.
const URN_SIZES: [f64; 3] = [4.0, 16.0, 64.0];

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
        let null = self.ln_null(x, &urn);
        let (all, spaced) = (urn.iter().sum::<f64>(), self.spacings.iter().sum::<f64>());
        let late: Vec<f64> =
            self.late.iter().zip(&urn).map(|(late, u)| late + PRIOR * u / all).collect();
        let mut ratio =
            WEIGHT_CASH + WEIGHT_RECENT * (ln_dirichlet_multinomial(x, &late) - null).exp();
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

    /// The logarithm of a batch's likelihood without drift. Of dependent observations the fall of
    /// the far ends says how many count as one, and neighboring groups may be far more alike than
    /// as many independent ones: of all urns of the same shares, from this one to an endless one,
    /// the likeliest, so that being too regular is no evidence.
    fn ln_null(&self, x: &[f64], urn: &[f64]) -> f64 {
        let known = ln_dirichlet_multinomial(x, urn);
        if !self.dependent {
            return known;
        }
        let all: f64 = urn.iter().sum();
        let endless: f64 =
            x.iter().zip(urn).filter(|(x, _)| **x > 0.0).map(|(x, u)| x * (u / all).ln()).sum();
        let larger = URN_SIZES.iter().map(|times| {
            let urn: Vec<f64> = urn.iter().map(|u| times * u).collect();
            ln_dirichlet_multinomial(x, &urn)
        });
        larger.fold(known.max(endless), f64::max)
    }

    /// The logarithm of the odds that a batch is from the reference, and not from what the counts
    /// of late are from.
    fn ln_odds_of_the_reference(&self, x: &[f64]) -> f64 {
        let all = self.spacings.iter().sum::<f64>();
        let late: Vec<f64> =
            self.late.iter().zip(&self.spacings).map(|(late, s)| late + PRIOR * s / all).collect();
        ln_dirichlet_multinomial(x, &self.spacings) - ln_dirichlet_multinomial(x, &late)
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

    /// For who watches it: that it alarms as it is now.
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

/// The logarithm of the probability of a sequence with counts `x` from an urn that begins with
/// `urn`; zero-weight groups must have zero counts.
fn ln_dirichlet_multinomial(x: &[f64], urn: &[f64]) -> f64 {
    let (n, all) = (x.iter().sum::<f64>(), urn.iter().sum::<f64>());
    let groups: f64 = x
        .iter()
        .zip(urn)
        .filter(|(x, _)| **x > 0.0)
        .map(|(x, u)| ln_gamma(u + x) - ln_gamma(*u))
        .sum();
    ln_gamma(all) - ln_gamma(all + n) + groups
}

/// The logarithm of the gamma function, by Stirling's series where three terms give it to the last
/// digits (Abramowitz and Stegun 1964, 6.1.41): a fifth of the time.
fn ln_gamma(x: f64) -> f64 {
    if x < 32.0 {
        return gamma::ln_gamma(x);
    }
    const HALF_LN_2_PI: f64 = 0.918_938_533_204_672_8;
    let y = 1.0 / (x * x);
    (x - 0.5) * x.ln() - x + HALF_LN_2_PI + (1.0 / 12.0 - y * (1.0 / 360.0 - y / 1260.0)) / x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::{Histogram, HistogramCounts, Histograms};
    use crate::testing::Random;

    /// A column's reference, and counts of batches in its groups.
    fn column(random: &mut Random, m: usize) -> (Histogram, Histograms) {
        let mut sorted = random.normals(m);
        sorted.sort_by(f64::total_cmp);
        let histogram = Histogram::new(&sorted, 10);
        (histogram.clone(), Histograms::new(vec![histogram]))
    }

    fn groups(histogram: &Histogram, of: &Histograms, values: &[f64]) -> Vec<u64> {
        let mut counts = HistogramCounts::new(1);
        counts.update(of, values, true);
        counts.groups(0, histogram).counts().to_vec()
    }

    #[test]
    fn the_series_is_the_logarithm_of_the_gamma_function() {
        for x in [0.5, 3.0, 31.9, 32.0, 33.3, 500.0, 1e7] {
            assert!((ln_gamma(x) / gamma::ln_gamma(x) - 1.0).abs() < 1e-13, "{x}");
        }
    }

    #[test]
    fn an_urn_is_its_draws_one_by_one() {
        let (mut urn, mut product) = (vec![3.0, 1.0, 2.0], 0.0);
        for group in [0, 2, 2, 1, 0] {
            product += (urn[group] / urn.iter().sum::<f64>()).ln();
            urn[group] += 1.0;
        }
        assert!(
            (ln_dirichlet_multinomial(&[2.0, 1.0, 2.0], &[3.0, 1.0, 2.0]) - product).abs() < 1e-12
        );
    }

    /// Over every sequence of draws from the urn, given some before: the mean of the ratio is 1, to
    /// the last digit.
    #[test]
    fn the_ratio_is_an_e_value() {
        let mut counts = GroupedMartingale::new(&[4, 2, 5]);
        for before in [[0, 0, 0], [3, 0, 1], [0, 9, 2]] {
            counts.update(&before, 0.1);
            let urn: Vec<f64> =
                counts.spacings.iter().zip(&counts.seen).map(|(s, c)| s + c).collect();
            let mut mean = 0.0;
            for sequence in 0..3usize.pow(6) {
                let mut x = [0.0; 3];
                (0..6).for_each(|i| x[sequence / 3usize.pow(i) % 3] += 1.0);
                mean += ln_dirichlet_multinomial(&x, &urn).exp() * counts.ratio(&x, 6.0);
            }
            assert!((mean - 1.0).abs() < 1e-10, "{mean}");
        }
    }

    /// Of dependent observations neighboring groups move together: each is nearer to its share than
    /// as many independent ones are.
    #[test]
    fn being_too_regular_is_no_evidence() {
        let thinning = Thinning::by(36.0);
        for groups in [4, 16, 64] {
            let reference = vec![300 / groups; groups as usize];
            let (mut counts, batch) = (
                GroupedMartingale::of_dependent(&reference, thinning),
                vec![2000 / groups; groups as usize],
            );
            (0..20).for_each(|_| assert!(counts.update_dependent(&batch, 0.01, thinning) < 1.0));
            assert!(counts.e_value() < 2.0, "{} in {groups} groups", counts.e_value());
            // A lost half is found all the same.
            let half: Vec<u64> = (0..groups)
                .map(|group| if group < groups / 2 { 4000 / groups } else { 0 })
                .collect();
            (0..3).for_each(|_| assert!(counts.update_dependent(&half, 0.01, thinning) > 0.0));
            assert!(counts.e_value() > 1e3, "{} in {groups} groups", counts.e_value());
        }
    }

    /// With a small reference, whose quantiles are far from the truth, too.
    #[test]
    fn false_alarms_stay_within_the_stakes() {
        for (m, batch) in [(40, 25), (300, 60)] {
            let (runs, batches, stake) = (10_000, 6, 0.01);
            let mut reached = 0;
            for run in 0..runs {
                let mut random = Random(run);
                let (histogram, of) = column(&mut random, m);
                let mut counts = GroupedMartingale::new(histogram.reference());
                let batch = |_| {
                    counts.update(&groups(&histogram, &of, &random.normals(batch)), stake) >= 1.0
                };
                reached += u32::from((0..batches).any(batch));
            }
            let allowed = f64::from(batches) * stake * runs as f64;
            assert!(
                f64::from(reached) < allowed + 3.0 * allowed.sqrt() && reached > 0,
                "{m}: {reached} of {allowed}"
            );
        }
    }

    /// Each value comes several times in a row, all but the same, and counts as a part of one; in
    /// the smallest cases a group of the reference counts as less than a value.
    #[test]
    fn values_that_come_several_times_spend_no_more() {
        for (m, batch, times) in [(200, 100, 5), (200, 200, 40), (1000, 300, 10)] {
            let (runs, batches, stake) = (2000, 6, 0.01);
            let thinning = Thinning::by(f64::from(times));
            let repeated = |random: &mut Random, n: usize| -> Vec<f64> {
                let values = random.normals(n / times as usize);
                values
                    .iter()
                    .flat_map(|x| (0..times).map(move |i| x + 1e-9 * f64::from(i)))
                    .collect()
            };
            let mut reached = 0;
            for run in 0..runs {
                let mut random = Random(run);
                let mut sorted = repeated(&mut random, m);
                sorted.sort_by(f64::total_cmp);
                let histogram = Histogram::new(&sorted, 10);
                let of = Histograms::new(vec![histogram.clone()]);
                let mut counts = GroupedMartingale::of_dependent(histogram.reference(), thinning);
                let batch = |_| {
                    let values = repeated(&mut random, batch);
                    counts.update_dependent(&groups(&histogram, &of, &values), stake, thinning)
                        >= 1.0
                };
                reached += u32::from((0..batches).any(batch));
            }
            let allowed = f64::from(batches) * stake * runs as f64;
            assert!(
                f64::from(reached) < allowed + 3.0 * allowed.sqrt(),
                "{m} by {times}: {reached} of {allowed}"
            );
        }
    }

    #[test]
    fn weak_drift_is_found_that_no_single_batch_shows() {
        let mut random = Random(5);
        let (histogram, of) = column(&mut random, 2000);
        for (name, change) in [
            ("moved", (|x| x + 0.3) as fn(f64) -> f64),
            ("spread", |x| 1.3 * x),
            ("two humps", |x| if x > 0.0 { x + 0.5 } else { x - 0.5 }),
        ] {
            let mut counts = GroupedMartingale::new(histogram.reference());
            let mut batch = |n, changed: bool| {
                let values: Vec<f64> = random
                    .normals(n)
                    .iter()
                    .map(|x| if changed { change(*x) } else { *x })
                    .collect();
                groups(&histogram, &of, &values)
            };
            for _ in 0..20 {
                assert!(counts.update(&batch(100, false), 1e-7) < 1e-2, "{name}");
            }
            let found = (1..=20).find(|_| counts.update(&batch(100, true), 1e-7) >= 1.0);
            assert!(found.is_some_and(|after| after > 1), "{name}: {found:?}");
            counts.reset();
            assert_eq!(counts.capital(), 0.0);
        }
    }

    #[test]
    fn what_alarmed_is_seen_to_go_and_seldom_when_it_stays() {
        let mut random = Random(9);
        let (histogram, of) = column(&mut random, 2000);
        for (shift, at_most) in [(2.0, 1), (0.5, 2), (0.25, 4)] {
            let mut counts = GroupedMartingale::new(histogram.reference());
            let mut gone = |counts: &mut GroupedMartingale, shift: f64| {
                let values: Vec<f64> = random.normals(200).iter().map(|x| x + shift).collect();
                counts.update(&groups(&histogram, &of, &values), 1e-7);
                counts.has_gone()
            };
            (0..10)
                .for_each(|_| assert!(!gone(&mut counts, shift), "nothing can go before an alarm"));
            counts.alarm();
            let wrongly = (0..1000).filter(|_| gone(&mut counts, shift)).count();
            assert_eq!(wrongly, 0, "{shift}");
            let after = (1..=10).find(|_| gone(&mut counts, 0.0));
            assert!(after.is_some_and(|after| after <= at_most), "{shift}: {after:?}");
            counts.reset();
            assert!(!counts.has_alarmed() && !counts.has_gone());
        }
    }

    #[test]
    fn far_off_counts_do_not_overflow() {
        let mut counts = GroupedMartingale::new(&[500, 500, 500, 500]);
        assert!(counts.update(&[0, 0, 0, 10_000_000], 1e-300).is_finite());
        assert!(counts.update(&[0, 0, 0, 10_000_000], 1e-300) >= 1.0);
        assert_eq!(GroupedMartingale::new(&[0, 9]).update(&[0, 0], 0.5), 0.5);
    }
}
