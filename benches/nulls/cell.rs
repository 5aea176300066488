//! One cell of the table: what was asked, what came, and what that says.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fluxguard::Result;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

/// The intervals are right but once in 10,000: there are thousands of rates.
pub const CONFIDENCE: f64 = 0.9999;

/// Levels at which p-values are counted, where there are enough of them.
pub const SCALES: [f64; 5] = [0.05, 0.01, 1e-3, 1e-4, 1e-5];

/// What a cell is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Whose: `fluxguard`, or a peer's name.
    pub by: String,
    /// A test's, a detector's, a monitor's name.
    pub what: String,
    /// `compare`, `guard`, `alarms`, `p-values`, `stream`.
    pub how: String,
    pub values: String,
    pub order: String,
    pub reference: usize,
    pub window: usize,
    pub columns: usize,
}

/// How often it came, of so many, beside what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    pub asked: f64,
    pub found: u64,
    pub of: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Holds,
    Refused,
    Exceeds,
}

impl Rate {
    pub fn share(self) -> f64 {
        self.found as f64 / self.of.max(1) as f64
    }

    /// Clopper and Pearson 1934.
    pub fn interval(self) -> (f64, f64) {
        let (x, n, tail) = (self.found as f64, self.of as f64, (1.0 - CONFIDENCE) / 2.0);
        let quantile = |a, b, p| Beta::new(a, b).map_or(f64::NAN, |law| law.inverse_cdf(p));
        let low = if self.found == 0 { 0.0 } else { quantile(x, n - x + 1.0, tail) };
        let high = if self.found == self.of { 1.0 } else { quantile(x + 1.0, n - x, 1.0 - tail) };
        (low, high)
    }

    pub fn exceeds(self) -> bool {
        self.of > 0 && self.found > 0 && self.interval().0 > self.asked
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    #[serde(flatten)]
    pub about: About,
    pub rates: Vec<Rate>,
    /// In the words of the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The share of trials that were.
    #[serde(default)]
    pub refused_share: f64,
}

impl Cell {
    pub fn verdict(&self) -> Verdict {
        match &self.refused {
            Some(_) => Verdict::Refused,
            None if self.rates.iter().any(|rate| rate.exceeds()) => Verdict::Exceeds,
            None => Verdict::Holds,
        }
    }

    /// The rate that is furthest above what was asked, as its interval has it.
    pub fn worst(&self) -> Option<Rate> {
        let over = |rate: &Rate| rate.interval().0 / rate.asked;
        let enough = |rate: &&Rate| rate.of as f64 * rate.asked >= 1.0 || rate.exceeds();
        let told = self.rates.iter().filter(enough);
        let ranked =
            |a: &&Rate, b: &&Rate| over(a).total_cmp(&over(b)).then(a.asked.total_cmp(&b.asked));
        told.max_by(ranked).or(self.rates.first()).copied()
    }
}

/// How long a cell is measured, and how many trials are enough.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub seconds: f64,
    pub most: u64,
}

/// Runs `trial`, which gives p-values that are to be uniform or larger, with the seeds 0, 1, ... on
/// two threads until the time is over. When to stop does not depend on what came. A cell is refused
/// where all trials are; where only some are, these count as trials without an alarm: whether a
/// reference is refused depends on it, and the promise is one to whoever has not looked at it yet.
pub fn measure(
    about: About,
    asked: &[f64],
    effort: Effort,
    trial: impl Fn(u64) -> Result<Vec<f64>> + Sync,
) -> Cell {
    let end = Instant::now() + Duration::from_secs_f64(effort.seconds);
    let (next, refused) = (AtomicU64::new(0), Mutex::new((0u64, None::<String>)));
    let work = || {
        let (mut found, mut of, mut trials) = (vec![0u64; asked.len()], 0u64, 0u64);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= effort.most || (seed > 1 && Instant::now() > end) {
                return (found, of, trials);
            }
            match trial(seed) {
                Ok(p_values) => {
                    trials += 1;
                    for p in p_values {
                        of += 1;
                        asked
                            .iter()
                            .zip(&mut found)
                            .for_each(|(a, found)| *found += u64::from(p <= *a));
                    }
                }
                Err(error) => {
                    if let Ok(mut refused) = refused.lock() {
                        refused.0 += 1;
                        refused.1.get_or_insert_with(|| error.to_string());
                    }
                }
            }
        }
    };
    let parts =
        std::thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|part| part.join()));
    let mut rates: Vec<Rate> =
        asked.iter().map(|asked| Rate { asked: *asked, found: 0, of: 0 }).collect();
    let mut trials = 0;
    for (found, of, of_trials) in parts.into_iter().flatten() {
        trials += of_trials;
        rates
            .iter_mut()
            .zip(found)
            .for_each(|(rate, found)| (rate.found, rate.of) = (rate.found + found, rate.of + of));
    }
    let (count, reason) = refused.into_inner().unwrap_or_default();
    // As many p-values as a trial has that is not refused.
    rates.iter_mut().filter(|_| trials > 0).for_each(|rate| rate.of += count * (rate.of / trials));
    let refused_share = count as f64 / (count + trials).max(1) as f64;
    Cell { about, rates, refused: reason.filter(|_| trials == 0), refused_share }
}
