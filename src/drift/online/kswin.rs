//! KSWIN: the newest observations against a random sample of those before, by Kolmogorov and
//! Smirnov's test.
//!
//! Raab, Heusinger & Schleif 2020, "Reactive soft prototype computing for concept drift streams",
//! section 3. Of the last `window_size` observations the newest `stat_size` are compared with as
//! many drawn without replacement from the others; it fires where the exact two-sided p-value is at
//! most `alpha` and the statistic exceeds 0.1 (river's rule, which the paper has not). The level
//! holds for one test: there is one at every observation, so false alarms come far more often than
//! alpha.
//!
//! As in river, the window is forgotten after a detection; with `keep_window` the newest part
//! stays, as in the paper. The draws are those of our own generator: detections equal river's where
//! nothing is left to chance, which is at `window_size = 2 stat_size`.
//!
//! Cost: O(stat_size log stat_size) an observation, no p-value: the least statistic that is
//! significant is found once. Memory: O(window_size).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Online, State, expect};
use crate::Result;
use crate::sound::Sound;
use crate::stats::kolmogorov::{self, Method};
use crate::stats::random::SplitMix64;

/// Options of [`Kswin`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KswinOptions {
    /// Level of each test, in (0, 1).
    pub alpha: f64,
    /// Observations in the window, at least twice `stat_size`, at most 1,000,000.
    pub window_size: usize,
    /// Observations that are compared, at least 2, at most 10,000.
    pub stat_size: usize,
    /// After a detection, keep the newest part of the window (the paper) instead of starting afresh
    /// (river).
    pub keep_window: bool,
    /// Of the draws.
    pub seed: u64,
}

impl Default for KswinOptions {
    fn default() -> Self {
        KswinOptions { alpha: 0.005, window_size: 100, stat_size: 30, keep_window: false, seed: 0 }
    }
}

/// The least statistic that counts, whatever its p-value.
const MIN: f64 = 0.1;

/// KSWIN. Its statistic is the distance of the two distribution functions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kswin {
    options: KswinOptions,
    window: VecDeque<f64>,
    /// The newest `stat_size`, in order.
    newest: Vec<f64>,
    /// Indices to draw from, in whatever order the draws left them.
    indices: Vec<u32>,
    drawn: Vec<f64>,
    random: SplitMix64,
    /// It fires at this many steps of 1 / stat_size.
    steps: u32,
    statistic: f64,
}

impl Kswin {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: KswinOptions) -> Result<Self> {
        let KswinOptions { alpha, window_size, stat_size, seed, .. } = options;
        expect("alpha", alpha, alpha > 0.0 && alpha < 1.0, "a probability between 0 and 1")?;
        expect(
            "stat_size",
            stat_size,
            (2..=10_000).contains(&stat_size),
            "2 to 10000 observations",
        )?;
        let enough = (2 * stat_size..=1_000_000).contains(&window_size);
        expect(
            "window_size",
            window_size,
            enough,
            "at least twice the stat_size, at most 1000000 observations",
        )?;
        let r = stat_size as u64;
        let mut steps = (MIN * r as f64).floor() as u64 + 1;
        while steps <= r
            && kolmogorov::p_value(steps as f64 / r as f64, r, r, Method::Exact)?.p_value > alpha
        {
            steps += 1;
        }
        let possible = steps <= r;
        expect(
            "alpha",
            alpha,
            possible,
            "a level that windows of this stat_size can reach; raise stat_size",
        )?;
        Ok(Kswin {
            options,
            window: VecDeque::with_capacity(window_size),
            newest: Vec::with_capacity(stat_size),
            indices: (0..(window_size - stat_size) as u32).collect(),
            drawn: Vec::with_capacity(stat_size),
            random: SplitMix64::new(seed),
            steps: steps as u32,
            statistic: 0.0,
        })
    }

    fn slide(&mut self, x: f64) {
        if self.window.len() == self.options.window_size {
            self.window.pop_front();
        }
        if self.newest.len() == self.options.stat_size {
            let leaves = self.window[self.window.len() - self.options.stat_size];
            let at = self.newest.partition_point(|v| *v < leaves);
            self.newest.remove(at);
        }
        let at = self.newest.partition_point(|v| *v < x);
        self.newest.insert(at, x);
        self.window.push_back(x);
    }

    /// `stat_size` of the observations before the newest, in order.
    fn draw(&mut self) {
        self.drawn.clear();
        let n = self.indices.len();
        let all = self.options.stat_size == n;
        for i in 0..self.options.stat_size {
            if !all {
                self.indices.swap(i, i + self.random.below(n - i));
            }
            self.drawn.push(self.window[self.indices[i] as usize]);
        }
        self.drawn.sort_unstable_by(f64::total_cmp);
    }
}

/// The largest distance of two distribution functions of equally many values in order, in steps.
fn distance(a: &[f64], b: &[f64]) -> u32 {
    let (mut i, mut j, mut most) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let x = a[i].min(b[j]);
        while i < a.len() && a[i] <= x {
            i += 1;
        }
        while j < b.len() && b[j] <= x {
            j += 1;
        }
        most = most.max(i.abs_diff(j));
    }
    most as u32
}

impl Online for Kswin {
    fn update(&mut self, x: f64) -> State {
        self.slide(x + 0.0); // -0 and 0 are one value
        if self.window.len() < self.options.window_size {
            return State::Stable;
        }
        self.draw();
        let steps = distance(&self.drawn, &self.newest);
        self.statistic = f64::from(steps) / self.options.stat_size as f64;
        if steps < self.steps {
            return State::Stable;
        }
        if self.options.keep_window {
            self.window.drain(..self.options.window_size - self.options.stat_size);
        } else {
            self.window.clear();
            self.newest.clear();
        }
        State::Drift
    }

    fn needs(&self) -> u64 {
        self.options.window_size as u64
    }

    fn statistic(&self) -> f64 {
        self.statistic
    }

    fn reset(&mut self) {
        self.window.clear();
        self.newest.clear();
        self.statistic = 0.0;
        self.random = SplitMix64::new(self.options.seed);
        self.indices = (0..self.indices.len() as u32).collect();
    }
}

impl Sound for Kswin {
    fn is_sound(&self) -> bool {
        let KswinOptions { window_size, stat_size, .. } = self.options;
        let Ok(fresh) = Kswin::new(self.options) else { return false };
        let mut newest: Vec<f64> = self.window.iter().rev().take(stat_size).copied().collect();
        newest.sort_unstable_by(f64::total_cmp);
        let mut indices = self.indices.clone();
        indices.sort_unstable();
        self.window.len() <= window_size
            && self.window.iter().all(|x| x.is_finite())
            && newest == self.newest
            && indices == fresh.indices
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;
    use crate::two_sample::ks;

    #[test]
    fn the_statistic_is_that_of_the_two_sample_test() {
        let mut random = Random(3);
        let options =
            KswinOptions { alpha: 1e-12, window_size: 60, stat_size: 30, ..Default::default() };
        let mut kswin = Kswin::new(options).unwrap();
        let x: Vec<f64> = (0..500).map(|_| (random.normal() * 4.0).round()).collect();
        for (i, x_i) in x.iter().enumerate() {
            assert_eq!(kswin.update(*x_i), State::Stable);
            if i >= 59 {
                let test = ks::test(&x[i - 59..i - 29], &x[i - 29..=i]).unwrap();
                assert!((kswin.statistic() - test.statistic).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn it_fires_exactly_where_the_p_value_is_small_enough() {
        for alpha in [0.05, 0.005, 1e-4] {
            let kswin = Kswin::new(KswinOptions { alpha, ..Default::default() }).unwrap();
            let p = |steps: u32| {
                kolmogorov::p_value(f64::from(steps) / 30.0, 30, 30, Method::Exact).unwrap().p_value
            };
            assert!(p(kswin.steps) <= alpha && p(kswin.steps - 1) > alpha);
        }
        assert!(
            Kswin::new(KswinOptions { stat_size: 3, ..Default::default() }).is_err(),
            "no p-value is that small"
        );
    }

    #[test]
    fn draws_are_without_replacement_from_what_is_older() {
        let mut kswin = Kswin::new(KswinOptions::default()).unwrap();
        kswin.steps = 31; // never
        let mut counts = [0u32; 70];
        for i in 0..3099 {
            kswin.update(f64::from(i));
            if i >= 99 {
                assert!(kswin.drawn.windows(2).all(|pair| pair[0] < pair[1]));
                kswin.drawn.iter().for_each(|x| counts[*x as usize - (i as usize - 99)] += 1);
            }
        }
        // 3000 draws of 30 out of 70: each place 1286 times, give or take four standard errors.
        assert!(counts.iter().all(|c| c.abs_diff(1286) < 110), "{counts:?}");
    }
}
