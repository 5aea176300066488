//! How bets add up over time, and what it means that they reach a threshold.
//!
//! Three forms, for a change that may come at any time:
//!
//! - `ever`: capital of 1, staked in parts for ever (`starts.rs` says how much when). A
//!   martingale: the probability that it **ever** reaches `1/alpha` is at most alpha (Ville), on a
//!   stream without end.
//! - `shiryaev-roberts`: a new bet of 1 at every observation, all added up (Shiryaev 1963; Roberts
//!   1966; Vovk 2021, "Testing randomness online", section 4). The sum less the number of
//!   observations is a martingale, so that a threshold of `run_length` is reached after **at least
//!   `run_length` observations on average**, and up to any time t **at most t / run_length false
//!   alarms** are to be expected (optional stopping).
//! - `cusum`: the best beginning only: capital below 1 is made up to 1 (Page 1954; Vovk 2021). It
//!   never exceeds the sum above, so the same bounds hold.

use serde::{Deserialize, Serialize};

use super::bets::Bets;
use super::starts::Starts;
use crate::sound::Sound;

/// How bets add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Probability of ever a false alarm at most alpha.
    #[default]
    Ever,
    /// On average at least `run_length` observations to a false alarm.
    ShiryaevRoberts,
    /// The same by the best beginning.
    Cusum,
}

impl Form {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Ever => "ever",
            Form::ShiryaevRoberts => "shiryaev-roberts",
            Form::Cusum => "cusum",
        }
    }
}

/// The capital of all bets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    form: Form,
    bets: Bets,
    capital: Vec<f64>,
    staked: f64,
    starts: Starts,
}

impl Evidence {
    /// Nothing won and nothing lost.
    #[must_use]
    pub fn new(form: Form, bets: Bets) -> Self {
        Evidence {
            form,
            bets,
            capital: vec![0.0; bets.count()],
            staked: 0.0,
            starts: Starts::new(),
        }
    }

    /// Takes in a p-value in (0, 1) that is off by up to `off_by` (0 where it is exact), and gives
    /// the sum.
    #[inline]
    pub fn update(&mut self, p: f64, off_by: f64) -> f64 {
        let n = self.capital.len() as f64;
        let stake = match self.form {
            Form::Ever => self.starts.stake().unwrap_or(0.0),
            Form::ShiryaevRoberts => 1.0,
            Form::Cusum if self.staked < 1.0 => {
                self.capital.iter_mut().for_each(|c| *c = 0.0);
                self.staked = 0.0;
                1.0
            }
            Form::Cusum => 0.0,
        };
        let jump = self.bets.jump();
        let (kept, each) = (1.0 - jump, (jump * self.staked + stake) / n);
        self.capital.iter_mut().for_each(|c| *c = kept * *c + each);
        self.bets.play(&mut self.capital, p, off_by);
        self.staked = self.capital.iter().sum();
        self.value()
    }

    /// The sum: an e-value for `ever`.
    #[must_use]
    pub fn value(&self) -> f64 {
        match self.form {
            Form::Ever => self.starts.cash + self.staked,
            Form::ShiryaevRoberts | Form::Cusum => self.staked,
        }
    }

    /// Starts afresh.
    pub fn reset(&mut self) {
        self.capital.iter_mut().for_each(|c| *c = 0.0);
        self.staked = 0.0;
        self.starts = Starts::new();
    }
}

impl Sound for Evidence {
    fn is_sound(&self) -> bool {
        self.capital.len() == self.bets.count() && self.starts.is_sound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    /// One simple jumper from `start` on, by the published algorithm: capital after each p-value.
    fn jumper(p: &[f64], start: usize) -> Vec<f64> {
        let mut c = [1.0 / 3.0; 3];
        let mut path = vec![0.0; start];
        for p in &p[start..] {
            let total: f64 = c.iter().sum();
            for (c, e) in c.iter_mut().zip([-1.0, 0.0, 1.0]) {
                *c = (0.99 * *c + 0.01 * total / 3.0) * (1.0 + e * (p - 0.5));
            }
            path.push(c.iter().sum());
        }
        path
    }

    #[test]
    fn forms_are_sums_and_maxima_over_beginnings() {
        let mut random = Random(4);
        let p: Vec<f64> =
            (0..200).map(|i| random.uniform().powf(if i < 120 { 1.0 } else { 0.5 })).collect();
        let paths: Vec<Vec<f64>> = (0..p.len()).map(|start| jumper(&p, start)).collect();
        let mut ever = Evidence::new(Form::Ever, Bets::Jumper);
        let mut sum = Evidence::new(Form::ShiryaevRoberts, Bets::Jumper);
        let mut best = Evidence::new(Form::Cusum, Bets::Jumper);
        let left = |k: f64| std::f64::consts::LN_2 / (k + 2.0).ln();
        for (i, p) in p.iter().enumerate() {
            let staked: f64 = (0..=i / 32)
                .map(|k| (left(k as f64) - left(k as f64 + 1.0)) * paths[32 * k][i])
                .sum();
            let expected = staked + left((i / 32) as f64 + 1.0);
            assert!((ever.update(*p, 0.0) / expected - 1.0).abs() < 1e-10);
            let expected: f64 = (0..=i).map(|start| paths[start][i]).sum();
            assert!((sum.update(*p, 0.0) / expected - 1.0).abs() < 1e-10);
            assert!(best.update(*p, 0.0) <= expected * (1.0 + 1e-12));
        }
        assert!(best.value() > 1.0 && ever.value() > 0.0);
    }

    #[test]
    fn the_mean_stays_at_one() {
        // Means of capital after 100 uniform p-values over 40,000 runs; capital is heavy-tailed, so
        // bounds are wide.
        for bets in [Bets::Composite, Bets::Jumper, Bets::Power] {
            let (mut ever, mut sum) = (0.0, 0.0);
            for run in 0..40_000 {
                let mut random = Random(run);
                let mut a = Evidence::new(Form::Ever, bets);
                let mut b = Evidence::new(Form::ShiryaevRoberts, bets);
                for _ in 0..50 {
                    let p = random.uniform();
                    a.update(p, 0.0);
                    b.update(p, 0.0);
                }
                ever += a.value() / 40_000.0;
                sum += b.value() / 40_000.0 / 50.0;
            }
            assert!((ever - 1.0).abs() < 0.05 && (sum - 1.0).abs() < 0.1, "{bets:?}: {ever} {sum}");
        }
    }
}
