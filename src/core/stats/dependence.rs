//! How much values that follow each other depend on each other: how many of them count as one.
//!
//! The mean of a stretch of independent values has a variance that falls with its length. Of
//! dependent ones it falls later: by the ratio of the two variances, the stretch counts as so many
//! times fewer values (the method of batch means; Law and Kelton 1984, "Confidence intervals for
//! steady-state simulations", section 2). The ratio is measured for stretches of 2, 4, 8, ...
//! values.

use serde::{Deserialize, Serialize};

use super::{chi_squared, normal};

/// What the order of observations means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// They follow each other as they come in service: where neighbors depend on each other, they
    /// count as fewer.
    #[default]
    Given,
    /// Nothing (shuffled, or sorted by class): observations are independent, says the user.
    None,
}

/// Stretches that a ratio of variances is measured over, at least: it is then off by a third, once
/// in three times.
const STRETCHES: usize = 16;

/// Values below which long stretches are too few to be measured, and an autoregression is supposed.
const SHORT: usize = 64 * STRETCHES;

/// Independent values look as dependent with this probability, and dependent ones that are too few
/// to tell seldom less. `make evaluate ARGS=nulls` has what it costs the one, and saves the other.
const SUSPICIOUS: f64 = 0.15;

/// Neighboring stretches that are so alike are part of a longer wave, whose variance does not fall
/// with their length at all.
const PERSISTENT: f64 = 0.6;

/// What was measured of a series of values in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dependence {
    /// How many values count as one in a stretch of 2^(1 + index) values, from 1 on and never
    /// falling; empty: all are independent.
    inflation: Vec<f64>,
    /// What an autoregression as strong as the correlation of neighbors comes to, where a series is
    /// too short to measure it.
    at_least: f64,
    /// The same where the correlation of neighbors is what chance may give, but seldom does; 0
    /// where it is not.
    suspected: f64,
    /// Whether it goes on growing with the length of a stretch, beyond what was measured.
    persistent: bool,
}

/// The correlation of values beside each other.
struct Neighbors {
    alike: f64,
    count: usize,
}

impl Neighbors {
    /// Among independent values the correlation is about normal, with a variance of one over their
    /// number.
    fn p_value(&self) -> f64 {
        let enough = self.count >= STRETCHES;
        if enough { normal::sf(self.alike * (self.count as f64).sqrt()) } else { 1.0 }
    }

    /// What an autoregression comes to whose correlation is one standard deviation above what was
    /// measured: (1 + a)/(1 - a).
    fn upper(&self) -> f64 {
        let alike = (self.alike + (self.count as f64).powf(-0.5)).min(0.99);
        (1.0 + alike) / (1.0 - alike)
    }
}

/// One length of stretches.
struct Level {
    ratio: f64,
    stretches: usize,
    /// The correlation of stretches beside each other.
    alike: f64,
}

impl Dependence {
    /// Measures how middles move, and how spreads do, of the values' places among all. Independent
    /// values are found to depend with a probability of `chance`, about. Cost: a sort.
    #[must_use]
    pub fn of_values(values: &[f64], chance: f64) -> Self {
        Self::of_sorted(values, &in_order(values), chance)
    }

    /// [`Dependence::of_values`] whose [`in_order`] is known.
    pub fn of_sorted(values: &[f64], order: &[u32], chance: f64) -> Self {
        Self::of_places(&places(values, order), chance)
    }

    fn of_places(places: &[f64], chance: f64) -> Self {
        let middles: Vec<f64> = places.iter().map(|u| u - 0.5).collect();
        let spreads: Vec<f64> = middles.iter().map(|u| u * u).collect();
        let neighbors = [&middles, &spreads]
            .map(|values| Neighbors { alike: moments(values).1, count: values.len() });
        let measured = [levels(middles), levels(spreads)];
        let is_suspicious = neighbors[0].p_value() <= SUSPICIOUS;
        let tests = (measured.iter().map(Vec::len).sum::<usize>() + measured.len()) as f64;
        let suspected = if is_suspicious { neighbors[0].upper() } else { 0.0 };
        let mut dependence = Dependence { suspected, ..Dependence::default() };
        for (levels, neighbors) in measured.into_iter().zip(neighbors) {
            let found = neighbors.p_value() * tests <= chance;
            if found && places.len() < SHORT {
                dependence.at_least = dependence.at_least.max(neighbors.upper());
            }
            if !found && !levels.iter().any(|level| level.p_value() * tests <= chance) {
                continue;
            }
            // Of twice as many stretches: their correlation is off by less than a fifth, twice in
            // three times.
            let well_known = levels
                .iter()
                .rev()
                .find(|level| level.stretches >= 2 * STRETCHES)
                .or(levels.last());
            dependence.persistent |= well_known.is_some_and(|level| level.alike > PERSISTENT);
            let mut largest = 1.0;
            for (at, level) in levels.iter().enumerate() {
                largest = f64::max(largest, level.upper());
                match dependence.inflation.get_mut(at) {
                    Some(known) => *known = known.max(largest),
                    None => dependence.inflation.push(largest),
                }
            }
        }
        dependence
    }

    /// Whether any was found.
    #[must_use]
    pub fn is_found(&self) -> bool {
        !self.inflation.is_empty() || self.at_least > 1.0
    }

    /// How many values in a row count as one if those that are too few to tell depend on each other
    /// as they seem to; at least 1.
    #[must_use]
    pub fn suspected(&self) -> f64 {
        self.suspected.max(1.0)
    }

    /// How many of `n` values in a row count as one; from 1 to `n`.
    #[must_use]
    pub fn of(&self, n: u64) -> f64 {
        let (Some(last), true) = (self.inflation.last(), n > 1) else {
            return self.at_least.clamp(1.0, n.max(1) as f64);
        };
        let level = n.next_power_of_two().trailing_zeros() as usize - 1;
        let inflation = match self.inflation.get(level) {
            Some(inflation) => *inflation,
            None if self.persistent => last * (n as f64 / (1u64 << self.inflation.len()) as f64),
            None => *last,
        };
        inflation.max(self.at_least).clamp(1.0, n as f64)
    }

    /// Whatever depends more, at every length.
    #[must_use]
    pub fn larger(&self, other: &Self) -> Self {
        let length = self.inflation.len().max(other.inflation.len());
        let inflation = (0..length).map(|at| self.of(2 << at).max(other.of(2 << at))).collect();
        let at_least = self.at_least.max(other.at_least);
        let suspected = self.suspected.max(other.suspected);
        let persistent = self.persistent || other.persistent;
        Dependence { inflation, at_least, suspected, persistent }
    }
}

impl Level {
    /// Of the ratio among independent values: sums of stretches are about normal.
    fn p_value(&self) -> f64 {
        let degrees = self.stretches as f64 - 1.0;
        chi_squared::sf(degrees * self.ratio, degrees).unwrap_or(1.0)
    }

    /// One standard deviation above what was measured: too few observations cost less than too
    /// many.
    fn upper(&self) -> f64 {
        self.ratio * (1.0 + (2.0 / (self.stretches as f64 - 1.0)).sqrt())
    }
}

/// The place of each value among all, from 0 to 1; of equal ones the middle of theirs.
fn places(values: &[f64], order: &[u32]) -> Vec<f64> {
    let (mut places, mut first) = (vec![0.0; values.len()], 0);
    while first < order.len() {
        let value = values[order[first] as usize];
        let same =
            order[first..].iter().take_while(|i| values[**i as usize] == value).count().max(1);
        let middle = (first as f64 + 0.5 * same as f64) / values.len() as f64;
        order[first..first + same].iter().for_each(|i| places[*i as usize] = middle);
        first += same;
    }
    places
}

/// The indices of values that are not NaN, from the lowest value to the highest. What single
/// precision holds, as most outputs, is sorted as one number with its index, which is faster.
pub fn in_order(values: &[f64]) -> Vec<u32> {
    if values.iter().all(|x| f64::from(*x as f32) == *x) {
        let key = |x: f64| {
            let bits = (x as f32 + 0.0).to_bits();
            if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
        };
        let mut keys: Vec<u64> =
            values.iter().zip(0..).map(|(x, i)| u64::from(key(*x)) << 32 | i).collect();
        keys.sort_unstable();
        return keys.into_iter().map(|key| key as u32).collect();
    }
    // Values beside their indices, so that a comparison reads no other place.
    let mut pairs: Vec<(f64, u32)> = values.iter().zip(0..).map(|(x, i)| (x + 0.0, i)).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    pairs.into_iter().map(|(_, i)| i).collect()
}

/// Stretches of 2, 4, 8, ... values, while there are enough; none of a constant.
fn levels(mut values: Vec<f64>) -> Vec<Level> {
    let (mut length, mut levels) = (1.0, Vec::new());
    let (variance, _) = moments(&values);
    while values.len() / 2 >= STRETCHES && variance > 0.0 {
        values = values.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect();
        length *= 2.0;
        let (of_sums, alike) = moments(&values);
        levels.push(Level { ratio: of_sums / (length * variance), stretches: values.len(), alike });
    }
    levels
}

/// The variance, and the correlation of neighbors.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let products: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    (
        squares / (values.len().max(2) - 1) as f64,
        if squares > 0.0 { products / squares } else { 0.0 },
    )
}

/// Counts of dependent observations, as of so many independent ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thinning(f64);

impl Thinning {
    /// So many count as one: 1 or more.
    #[must_use]
    pub fn by(inflation: f64) -> Self {
        Thinning(inflation.max(1.0))
    }

    /// So many count as one.
    #[must_use]
    pub fn inflation(self) -> f64 {
        self.0
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 <= 1.0
    }

    /// Every how-manieth observation is about independent of the one before: twice as far apart as
    /// one independent observation is from the next, where an autoregression has fallen below 2 %.
    #[must_use]
    pub fn stride(self) -> u64 {
        if self.is_none() { 1 } else { (2.0 * self.0).ceil() as u64 }
    }

    /// A number of observations.
    #[must_use]
    pub fn count(self, n: u64) -> u64 {
        if self.is_none() { n } else { (n as f64 / self.0).round() as u64 }
    }

    /// How many of `m` count below each of some points, which ascend: points between which less
    /// than one counts are one.
    #[must_use]
    pub fn below(self, points: impl Iterator<Item = u64>, m: u64) -> Vec<u64> {
        let mut below: Vec<u64> = points.map(|count| self.count(count)).collect();
        if !self.is_none() {
            below.dedup();
            below.retain(|count| *count < m);
        }
        below
    }

    /// Each of several numbers; those that add up (a cumulative count) keep their order.
    #[must_use]
    pub fn counts(self, counts: &[u64]) -> Vec<u64> {
        counts.iter().map(|n| self.count(*n)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    fn normals(n: usize, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| StandardNormal.sample(&mut random)).collect()
    }

    fn autoregressive(n: usize, by: f64, seed: u64) -> Vec<f64> {
        let mut last = 0.0;
        normals(n + 200, seed)
            .iter()
            .map(|e| {
                last = by * last + e;
                last
            })
            .skip(200)
            .collect()
    }

    #[test]
    fn both_ways_to_sort_give_the_same_places() {
        let single: Vec<f64> =
            normals(500, 8).iter().map(|x| f64::from((8.0 * x).round() as f32 / 8.0)).collect();
        let double: Vec<f64> = single.iter().map(|x| x * std::f64::consts::PI).collect();
        assert!(double.iter().any(|x| f64::from(*x as f32) != *x));
        let places = |values: &[f64]| places(values, &in_order(values));
        assert_eq!(places(&single), places(&double));
        let found = places(&[0.0, f64::INFINITY, -1.5, -0.0, f64::NEG_INFINITY, 2.0]);
        let ranks: Vec<f64> = found.iter().map(|place| (60.0 * place).round() / 10.0).collect();
        assert_eq!(ranks, [3.0, 5.5, 1.5, 3.0, 0.5, 4.5]);
    }

    #[test]
    fn few_values_that_depend_are_suspected_and_independent_ones_seldom() {
        let suspected = |by: f64, n: usize| {
            let all = (0..200).map(|seed| autoregressive(n, by, seed));
            let of = all.map(|x| Dependence::of_values(&x, 0.01).suspected());
            of.filter(|inflation| *inflation > 1.0).count()
        };
        for n in [50, 100, 200] {
            let independent = suspected(0.0, n);
            assert!((8..=48).contains(&independent), "{independent} of 200");
            assert!(suspected(0.5, n) >= 190);
        }
        assert_eq!(Dependence::of_values(&[1.0, 2.0, 3.0], 0.01).suspected(), 1.0);
    }

    #[test]
    fn independent_values_seldom_depend_and_never_count_for_more() {
        for n in [40, 200, 2000] {
            let found = (0..1000)
                .filter(|seed| Dependence::of_values(&normals(n, *seed), 0.01).is_found())
                .count();
            assert!(found <= 30, "{found} of 1000 at {n}");
        }
        for few in [vec![], vec![0.5], vec![0.5; 1000]] {
            assert_eq!(Dependence::of_values(&few, 0.01).of(1000), 1.0);
        }
    }

    #[test]
    fn of_an_autoregression_it_is_what_theory_says_or_a_little_more() {
        // of the mean: (1 + a) / (1 - a)
        for (a, n) in [(0.5, 2000), (0.5, 20_000), (0.9, 20_000)] {
            let truth = (1.0 + a) / (1.0 - a);
            let mut measured: Vec<f64> = (0..40)
                .map(|seed| Dependence::of_values(&autoregressive(n, a, seed), 0.01).of(100_000))
                .collect();
            measured.sort_by(f64::total_cmp);
            assert!(
                measured[4] > 0.85 * truth && measured[20] < 2.0 * truth,
                "{a} {n}: {measured:?}, expected {truth}"
            );
        }
    }

    #[test]
    fn a_hundred_values_are_enough_to_see_an_autoregression() {
        let found: Vec<f64> = (0..100)
            .map(|seed| Dependence::of_values(&autoregressive(100, 0.5, seed), 0.01).of(50))
            .filter(|counts| *counts > 1.0)
            .collect();
        assert!(found.len() >= 85 && found.iter().all(|counts| *counts >= 1.8), "{found:?}");
    }

    #[test]
    fn spreads_that_come_in_waves_depend_though_middles_do_not() {
        let waves = autoregressive(5000, 0.95, 7);
        let values: Vec<f64> =
            normals(5000, 8).iter().zip(waves).map(|(z, w)| z * w.abs()).collect();
        assert!(Dependence::of_values(&values, 0.01).of(1000) > 2.0);
    }

    #[test]
    fn repeats_count_once_and_what_is_sorted_counts_as_nothing() {
        let repeated: Vec<f64> = normals(500, 1).iter().flat_map(|x| [*x; 8]).collect();
        let of = Dependence::of_values(&repeated, 0.01).of(1000);
        assert!((7.0..20.0).contains(&of), "{of}");
        let mut sorted = normals(1000, 2);
        sorted.sort_by(f64::total_cmp);
        let sorted = Dependence::of_values(&sorted, 0.01);
        assert!(sorted.of(1000) > 500.0 && sorted.of(100_000) > 50_000.0, "{sorted:?}");
        // half a wave is much like a drift, a hundred waves cancel
        let wave: Vec<f64> =
            (0..8192).map(|i| (f64::from(i) / 1024.0 * std::f64::consts::TAU).sin()).collect();
        let wave = Dependence::of_values(&wave, 0.01);
        assert!(wave.of(256) > 100.0, "{wave:?}");
    }

    #[test]
    fn the_larger_of_two_is_no_smaller_at_any_length() {
        let a = Dependence::of_values(&autoregressive(500, 0.8, 3), 0.01);
        let b = Dependence::of_values(&autoregressive(4000, 0.5, 4), 0.01);
        let both = a.larger(&b);
        for n in [2, 10, 100, 1000, 5000] {
            assert!(both.of(n) >= a.of(n).max(b.of(n)) - 1e-12, "{n}");
        }
        assert_eq!(Dependence::default().larger(&Dependence::default()), Dependence::default());
    }

    #[test]
    fn thinned_counts_add_up_and_keep_their_order() {
        let thinned = Thinning::by(7.3).counts(&[0, 1, 100, 101, 1000]);
        assert_eq!(thinned, [0, 0, 14, 14, 137]);
        assert_eq!(Thinning::by(0.2).counts(&[3, 4]), [3, 4]);
        assert_eq!([0.2, 1.0, 1.01, 19.0].map(|by| Thinning::by(by).stride()), [1, 1, 3, 38]);
    }
}
