//! ADWIN: an adaptive window that drops its old part when the means of some split differ.
//!
//! Bifet & Gavaldà 2007, "Learning from time-changing data with adaptive windowing", section 4
//! (ADWIN2): the window is an exponential histogram of buckets of 2^i observations, at most
//! `max_buckets` of each size, and every boundary between two buckets is a split. With n0 and n1
//! observations on the sides, `1/m = 1/n0 + 1/n1` and `d' = ln(2 ln(n) / delta)`, the old part goes
//! when `|mean0 - mean1| > sqrt(2/m var d') + 2/(3m) d'` (section 3.3, "epsilon cut" by the normal
//! approximation).
//!
//! As in MOA and river, n0 and n1 in 1/m are lessened by `min_window_length - 1`, d' has 2 ln(n)
//! where the paper has n, and checks are made once in `clock` observations. As in river (0.26), the
//! whole window is forgotten after a detection; with `keep_window` the newer part stays, as in the
//! paper, and a change is then often told several times over.
//!
//! Cost: O(1) amortized an observation, and O(max_buckets log n) a check. Memory: O(max_buckets log
//! n).

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::{Online, State, expect};
use crate::Result;
use crate::sound::{Sound, can_grow};

/// Options of [`Adwin`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdwinOptions {
    /// Level of each check, in (0, 1).
    pub delta: f64,
    /// Observations between checks, at least 1.
    pub clock: u64,
    /// Buckets of one size, at least 2.
    pub max_buckets: usize,
    /// The least number of observations on either side of a split, at least 1.
    pub min_window_length: u64,
    /// No check before there are more observations than this.
    pub grace_period: u64,
    /// After a detection, keep the newer part of the window (the paper) instead of starting afresh
    /// (river).
    pub keep_window: bool,
}

impl Default for AdwinOptions {
    fn default() -> Self {
        AdwinOptions {
            delta: 0.002,
            clock: 32,
            max_buckets: 5,
            min_window_length: 5,
            grace_period: 10,
            keep_window: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Bucket {
    total: f64,
    /// Sum of squared deviations from the bucket's own mean.
    squares: f64,
}

/// ADWIN. Its statistic is the mean of the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adwin {
    options: AdwinOptions,
    /// `rows[i]` holds buckets of 2^i observations, the oldest first.
    rows: Vec<Vec<Bucket>>,
    width: f64,
    total: f64,
    squares: f64,
    until_check: u64,
}

impl Adwin {
    /// # Errors
    /// `InvalidArgument` that names the option out of range.
    pub fn new(options: AdwinOptions) -> Result<Self> {
        expect(
            "delta",
            options.delta,
            options.delta > 0.0 && options.delta < 1.0,
            "a probability between 0 and 1",
        )?;
        expect("clock", options.clock, options.clock >= 1, "at least 1 observation")?;
        expect(
            "max_buckets",
            options.max_buckets,
            (2..=1000).contains(&options.max_buckets),
            "2 to 1000 buckets",
        )?;
        let shortest = options.min_window_length;
        expect("min_window_length", shortest, shortest >= 1, "at least 1 observation")?;
        let rows = vec![Vec::with_capacity(options.max_buckets + 1)];
        Ok(Adwin {
            options,
            rows,
            width: 0.0,
            total: 0.0,
            squares: 0.0,
            until_check: options.clock,
        })
    }

    /// Observations in the window.
    #[must_use]
    pub fn width(&self) -> u64 {
        self.width as u64
    }

    fn insert(&mut self, x: f64) {
        self.width += 1.0;
        if self.width > 1.0 {
            let gap = x - self.total / (self.width - 1.0);
            self.squares += (self.width - 1.0) * gap * gap / self.width;
        }
        self.total += x;
        let mut new = Bucket { total: x, squares: 0.0 };
        // Sizes are powers of two: products with their inverses are quotients by them, to the bit.
        let (mut size, mut inverse) = (1.0, 1.0);
        for row in &mut self.rows {
            row.push(new);
            if row.len() <= self.options.max_buckets {
                return;
            }
            let (a, b) = (row[0], row[1]);
            // Five buckets are the default: a move of known length is not a call.
            if let [c0, c1, c2, c3, c4, c5] = row.as_mut_slice() {
                (*c0, *c1, *c2, *c3) = (*c2, *c3, *c4, *c5);
            } else {
                row.copy_within(2.., 0);
            }
            row.truncate(row.len() - 2);
            let gap = (a.total - b.total) * inverse;
            new = Bucket {
                total: a.total + b.total,
                squares: a.squares + b.squares + size * size * gap * gap * (0.5 * inverse),
            };
            (size, inverse) = (2.0 * size, 0.5 * inverse);
        }
        let mut row = Vec::with_capacity(self.options.max_buckets + 1);
        row.push(new);
        self.rows.push(row);
    }

    /// Drops the oldest bucket.
    fn shrink(&mut self) {
        let Some(oldest) = self.rows.last_mut().map(|row| row.remove(0)) else { return };
        let n = bucket_size(self.rows.len() - 1);
        self.width -= n;
        self.total -= oldest.total;
        let gap = oldest.total / n - self.total / self.width;
        self.squares -= oldest.squares + n * self.width * gap * gap / (n + self.width);
        if self.rows.len() > 1 && self.rows.last().is_some_and(Vec::is_empty) {
            self.rows.pop();
        }
    }

    /// Whether some split of the window is a cut.
    fn has_cut(&self) -> bool {
        let shortest = self.options.min_window_length as f64;
        let variance = self.squares / self.width;
        // Most windows are far from a cut, and that shows without a division or a root: both sides
        // of gap^2 <= 2 var d / m times their denominators, where the gap is (u0 n - u n0) / (n0
        // n1). What is near is compared as it is defined. The logarithms of powers of two below are
        // lower bounds that cost nothing.
        let d = LN_2 * whole_log2(2.0 * LN_2 * whole_log2(self.width) / self.options.delta);
        let likely = 0.999 * 2.0 * variance * d * (self.width - 2.0 * (shortest - 1.0));
        let (mut n0, mut u0) = (0.0, 0.0);
        let mut near = false;
        for (i, row) in self.rows.iter().enumerate().rev() {
            let n = bucket_size(i);
            for bucket in row {
                n0 += n;
                u0 += bucket.total;
                let n1 = self.width - n0;
                let (cross, sizes) = (u0 * self.width - self.total * n0, n0 * n1);
                let (a, b) = (n0 - shortest + 1.0, n1 - shortest + 1.0);
                near |= cross * cross * (a * b) > likely * (sizes * sizes);
            }
        }
        near && self.has_cut_as_defined(shortest, variance)
    }

    /// The same, split by split.
    fn has_cut_as_defined(&self, shortest: f64, variance: f64) -> bool {
        let d = (2.0 * self.width.ln() / self.options.delta).ln();
        let (mut n0, mut u0) = (0.0, 0.0);
        let (mut n1, mut u1) = (self.width, self.total);
        for (i, row) in self.rows.iter().enumerate().rev() {
            let n = bucket_size(i);
            for bucket in row {
                n0 += n;
                n1 -= n;
                u0 += bucket.total;
                u1 -= bucket.total;
                if n0 < shortest || n1 < shortest {
                    continue;
                }
                let (a, b) = (n0 - shortest + 1.0, n1 - shortest + 1.0);
                let gap: f64 = u0 / n0 - u1 / n1;
                let inverse = 1.0 / a + 1.0 / b;
                if gap.abs() > (2.0 * inverse * variance * d).sqrt() + 2.0 / 3.0 * d * inverse {
                    return true;
                }
            }
        }
        false
    }
}

/// The base-2 logarithm of a normal number above 0, rounded down.
fn whole_log2(x: f64) -> f64 {
    ((x.to_bits() >> 52) as i64 - 1023) as f64
}

fn bucket_size(row: usize) -> f64 {
    (1u64 << row) as f64
}

impl Online for Adwin {
    fn update(&mut self, x: f64) -> State {
        self.insert(x);
        self.until_check -= 1;
        if self.until_check > 0 {
            return State::Stable;
        }
        self.until_check = self.options.clock;
        if self.width <= self.options.grace_period as f64 || !self.has_cut() {
            return State::Stable;
        }
        if self.options.keep_window {
            while self.width > 1.0 && self.has_cut() {
                self.shrink();
            }
        } else {
            self.reset();
        }
        State::Drift
    }

    fn needs(&self) -> u64 {
        self.options.clock.max(self.options.grace_period + 1)
    }

    fn statistic(&self) -> f64 {
        if self.width > 0.0 { self.total / self.width } else { 0.0 }
    }

    fn reset(&mut self) {
        self.rows.truncate(1);
        self.rows[0].clear();
        (self.width, self.total, self.squares) = (0.0, 0.0, 0.0);
        self.until_check = self.options.clock;
    }
}

impl Sound for Adwin {
    fn is_sound(&self) -> bool {
        let options = &self.options;
        let full = |row: &Vec<Bucket>| row.len() <= options.max_buckets;
        let ends = self.rows.len() == 1 || self.rows.last().is_some_and(|row| !row.is_empty());
        let width = |(row, buckets): (usize, &Vec<Bucket>)| buckets.len() as f64 * bucket_size(row);
        Adwin::new(*options).is_ok()
            && can_grow([options.clock, options.min_window_length, options.grace_period])
            && (1..=options.clock).contains(&self.until_check)
            && (1..=53).contains(&self.rows.len())
            && ends
            && self.rows.iter().all(full)
            && self.rows.iter().enumerate().map(width).sum::<f64>() == self.width
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn the_histogram_is_the_window() {
        let mut adwin = Adwin::new(AdwinOptions { delta: 1e-9, ..Default::default() }).unwrap();
        let x = Random(5).normals(10_000);
        for x in &x {
            assert_eq!(adwin.update(*x), State::Stable);
        }
        let mean = x.iter().sum::<f64>() / 1e4;
        let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
        assert_eq!(adwin.width(), 10_000);
        assert!(
            (adwin.statistic() - mean).abs() < 1e-12
                && (adwin.squares / squares - 1.0).abs() < 1e-10
        );
        let held: f64 =
            adwin.rows.iter().enumerate().map(|(i, row)| row.len() as f64 * bucket_size(i)).sum();
        assert_eq!(held, 1e4);
        assert!(adwin.rows.iter().all(|row| row.len() <= 5));
    }

    #[test]
    fn a_kept_window_holds_the_newer_part() {
        let mut adwin =
            Adwin::new(AdwinOptions { keep_window: true, ..Default::default() }).unwrap();
        let mut random = Random(6);
        let fired: Vec<usize> = (0..4000)
            .filter(|i| {
                adwin.update(random.normal() + if *i < 2000 { 0.0 } else { 2.0 }) == State::Drift
            })
            .collect();
        assert!(!fired.is_empty() && fired.iter().all(|i| (2000..2300).contains(i)), "{fired:?}");
        assert!((adwin.statistic() - 2.0).abs() < 0.2 && adwin.width() < 2100);
    }
}
