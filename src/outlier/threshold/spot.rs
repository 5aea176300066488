//! Peaks over threshold on a stream (Siffer, Fouque, Termier and Largouet 2017, algorithms 2 and
//! 3).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::pot;
use crate::error::{Error, Result};
use crate::sound::{Sound, can_grow};

/// A threshold that learns from what is not anomalous. An alarm teaches nothing unless it is
/// dismissed ([`Spot::dismiss`]): of a stream without anomalies whose alarms nobody dismisses, the
/// tail that is learned ends at the threshold, and alarms come more often than `rate`, about three
/// times as often after a hundred excesses. Memory: 8 bytes for each score that was above the
/// tail's start, and 24 for each of `depth`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    rate: f64,
    start: f64,
    excesses: Vec<f64>,
    seen: usize,
    threshold: f64,
    /// DSPOT: the last scores that were not anomalous, whose mean is taken off the next.
    window: VecDeque<f64>,
    sum: f64,
    depth: usize,
    /// Of the last `depth` scores those that were alarms and not dismissed since.
    #[serde(default)]
    alarms: VecDeque<Option<f64>>,
}

/// What the stream's threshold says of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Below the tail.
    Usual,
    /// In the tail: the threshold was fitted again.
    Peak,
    /// Above the threshold, or NaN; nothing was learned.
    Alarm,
}

impl Spot {
    /// SPOT: for a stream whose distribution stays. `initial` are scores that are mostly usual;
    /// `rate` is the probability of an alarm, `level` the quantile where the tail starts
    /// ([`pot::default_level`]).
    ///
    /// # Errors
    /// As [`pot::threshold`]; [`Error::InvalidArgument`] for scores that are not finite.
    pub fn new(initial: &[f64], rate: f64, level: f64) -> Result<Self> {
        Spot::drifting(initial, rate, level, 0)
    }

    /// DSPOT: for a stream that drifts. The mean of the last `depth` usual scores is taken off each
    /// first.
    ///
    /// # Errors
    /// As [`Spot::new`].
    pub fn drifting(initial: &[f64], rate: f64, level: f64, depth: usize) -> Result<Self> {
        if let Some(bad) = initial.iter().find(|x| !x.is_finite()) {
            return Err(Error::invalid("initial", bad, "finite scores"));
        }
        if depth >= initial.len() {
            return Err(Error::invalid(
                "depth",
                depth,
                format!("fewer than the {} initial scores", initial.len()),
            ));
        }
        let mut spot = Spot {
            rate,
            start: 0.0,
            excesses: vec![],
            seen: initial.len() - depth,
            threshold: f64::INFINITY,
            window: initial[..depth].iter().copied().collect(),
            sum: initial[..depth].iter().sum(),
            depth,
            alarms: VecDeque::new(),
        };
        let mut relative: Vec<f64> = initial[depth..]
            .iter()
            .map(|x| {
                let relative = x - spot.local();
                spot.slide(*x);
                relative
            })
            .collect();
        relative.sort_by(f64::total_cmp);
        (spot.start, spot.excesses) = pot::peaks(&relative, rate, level)?;
        spot.fit();
        Ok(spot)
    }

    /// Takes in the next score.
    pub fn update(&mut self, score: f64) -> Verdict {
        let relative = score - self.local();
        if relative.is_nan() || relative > self.threshold {
            self.remember(Some(score));
            return Verdict::Alarm;
        }
        self.remember(None);
        self.slide(score);
        self.learn(relative)
    }

    /// Takes in a score that was an alarm and turned out to be usual. It teaches the tail, and
    /// where the stream is if it was an alarm among the last `depth` scores: what is judged later
    /// says nothing of now.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a score that is not finite.
    pub fn dismiss(&mut self, score: f64) -> Result<()> {
        if !score.is_finite() {
            return Err(Error::invalid("score", score, "a finite number"));
        }
        let relative = score - self.local();
        if let Some(at) = self.alarms.iter().position(|alarm| *alarm == Some(score)) {
            self.alarms[at] = None;
            self.slide(score);
        }
        self.learn(relative);
        Ok(())
    }

    fn learn(&mut self, relative: f64) -> Verdict {
        self.seen += 1;
        if relative <= self.start {
            return Verdict::Usual;
        }
        self.excesses.push(relative - self.start);
        self.fit();
        Verdict::Peak
    }

    /// What the next score is compared with.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.local() + self.threshold
    }

    fn local(&self) -> f64 {
        if self.depth == 0 { 0.0 } else { self.sum / self.depth as f64 }
    }

    /// Which of the last scores were alarms.
    fn remember(&mut self, alarm: Option<f64>) {
        if self.depth > 0 {
            self.alarms.push_back(alarm.filter(|score| score.is_finite()));
            if self.alarms.len() > self.depth {
                self.alarms.pop_front();
            }
        }
    }

    fn slide(&mut self, score: f64) {
        if self.depth > 0 {
            self.window.push_back(score);
            self.window.pop_front();
            // Summed anew: a running sum would keep its rounding for ever.
            self.sum = self.window.iter().sum();
        }
    }

    fn fit(&mut self) {
        self.threshold = self.start + pot::beyond(&self.excesses, self.rate, self.seen);
    }
}

impl Sound for Spot {
    fn is_sound(&self) -> bool {
        let rate = self.rate > 0.0 && self.rate < 1.0;
        let finite = |x: &f64| x.is_finite();
        rate && self.excesses.iter().all(|x| *x > 0.0 && x.is_finite())
            && !self.excesses.is_empty()
            && self.excesses.len() <= self.seen
            && can_grow([self.seen as u64])
            && self.window.len() == self.depth
            && self.alarms.len() <= self.depth
            && self.alarms.iter().flatten().all(finite)
            && self.window.iter().chain([&self.start, &self.sum]).all(finite)
            && !self.threshold.is_nan()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn alarms_come_at_the_rate_and_spikes_are_found() {
        let mut random = Random(21);
        let mut spot = Spot::new(&random.normals(2000), 1e-3, 0.98).expect("enough");
        let mut alarms = 0;
        for _ in 0..20_000 {
            let score = random.normal();
            if spot.update(score) == Verdict::Alarm {
                alarms += 1;
                spot.dismiss(score).expect("finite");
            }
        }
        // 20 expected; the threshold itself is an estimate, at first from 40 excesses.
        assert!((4..60).contains(&alarms), "{alarms}");
        // A normal exceeds 3.09 once in a thousand times.
        assert!((2.9..3.3).contains(&spot.threshold()), "{}", spot.threshold());
        assert_eq!(spot.dismiss(f64::NAN).map_err(|e| e.code()), Err(100));
        assert_eq!(spot.update(9.0), Verdict::Alarm);
        assert_eq!(spot.update(f64::NAN), Verdict::Alarm);
        let before = spot.clone();
        assert_eq!(
            (spot.update(50.0), spot == before),
            (Verdict::Alarm, true),
            "an alarm teaches nothing"
        );
    }

    #[test]
    fn a_drifting_stream_does_not_alarm_all_the_time() {
        let mut random = Random(22);
        let mut drifting = |i: usize| i as f64 * 0.01 + random.normal();
        let initial: Vec<f64> = (0..1500).map(&mut drifting).collect();
        let mut fixed = Spot::new(&initial, 1e-3, 0.98).expect("enough");
        let mut moving = Spot::drifting(&initial, 1e-3, 0.98, 50).expect("enough");
        let (mut of_fixed, mut of_moving) = (0, 0);
        for i in 1500..6000 {
            let x = drifting(i);
            of_fixed += usize::from(fixed.update(x) == Verdict::Alarm);
            of_moving += usize::from(moving.update(x) == Verdict::Alarm);
        }
        assert!(of_moving < 30 && of_fixed > 100, "{of_moving} {of_fixed}");

        // Alarms that are dismissed as they come move it with a stream that jumps; those that are
        // dismissed much later do not move it at all.
        let here = moving.local();
        for _ in 0..60 {
            let x = here + 20.0 + random.normal();
            if moving.update(x) == Verdict::Alarm {
                moving.dismiss(x).expect("finite");
            }
        }
        let there = moving.local();
        assert!((there - here - 20.0).abs() < 1.0, "{here} {there}");
        for _ in 0..60 {
            moving.dismiss(there + 9.0).expect("finite");
        }
        assert_eq!(moving.local(), there);
        assert_eq!(Spot::new(&[1.0, f64::NAN], 1e-3, 0.98).map_err(|e| e.code()), Err(100));
        assert_eq!(Spot::drifting(&[1.0, 2.0], 1e-3, 0.98, 2).map_err(|e| e.code()), Err(100));
    }
}
