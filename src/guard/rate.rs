//! How many false alarms a user accepts, and what each window may spend of them.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a rate of false alarms is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Per {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Window,
    Observation,
}

/// At most `rate` false alarms are expected `per` unit, for as long as the guard runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FalseAlarms {
    /// Expected false alarms a unit.
    pub rate: f64,
    /// The unit.
    pub per: Per,
}

impl Default for FalseAlarms {
    fn default() -> Self {
        FalseAlarms { rate: 1.0, per: Per::Week }
    }
}

impl std::fmt::Display for FalseAlarms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = serde_json::to_value(self.per).ok();
        write!(f, "{} per {}", self.rate, unit.as_ref().and_then(|u| u.as_str()).unwrap_or("unit"))
    }
}

impl FalseAlarms {
    pub(crate) fn check(&self) -> Result<()> {
        let small = !matches!(self.per, Per::Window) || self.rate < 1.0;
        if self.rate > 0.0 && self.rate.is_finite() && small {
            return Ok(());
        }
        Err(Error::invalid("false_alarms", self, "a positive rate, below 1 when it is per window"))
    }
}

/// The largest probability that one window may spend, however long it took to fill.
const MAX: f64 = 0.05;

/// Accrues the accepted false alarms and lets each window spend what came in since the last one.
///
/// The expected number of false alarms up to any time is the sum of the probabilities spent, so it
/// never exceeds the rate times the time, whatever the traffic and however the windows depend on
/// each other.
#[derive(Debug)]
pub struct Budget {
    asked: FalseAlarms,
    since: Instant,
}

impl Budget {
    /// Nothing spent, from now on.
    #[must_use]
    pub fn new(asked: FalseAlarms) -> Self {
        Budget { asked, since: Instant::now() }
    }

    /// What a window may spend that is tested `now` and brings `observations` that were not tested
    /// before.
    pub fn spend(&mut self, now: Instant, observations: u64) -> f64 {
        let elapsed = now.saturating_duration_since(self.since);
        self.since = self.since.max(now);
        accrued(self.asked, elapsed, observations).min(MAX.max(if self.asked.per == Per::Window {
            self.asked.rate
        } else {
            0.0
        }))
    }
}

fn accrued(asked: FalseAlarms, elapsed: Duration, observations: u64) -> f64 {
    let units = match asked.per {
        Per::Second => elapsed.as_secs_f64(),
        Per::Minute => elapsed.as_secs_f64() / 60.0,
        Per::Hour => elapsed.as_secs_f64() / 3600.0,
        Per::Day => elapsed.as_secs_f64() / 86_400.0,
        Per::Week => elapsed.as_secs_f64() / 604_800.0,
        Per::Window => 1.0,
        Per::Observation => observations as f64,
    };
    asked.rate * units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_spend_what_came_in_and_no_more() {
        let asked = FalseAlarms { rate: 1.0, per: Per::Week };
        let mut budget = Budget::new(asked);
        let start = budget.since;
        let spent: f64 =
            (1..=600).map(|i| budget.spend(start + Duration::from_secs(i * i), 100)).sum();
        assert!((spent - 360_000.0 / 604_800.0).abs() < 1e-9, "{spent}");
        let idle = budget.spend(start + Duration::from_secs(10_000_000), 100);
        assert_eq!(idle, MAX);
        let mut budget = Budget::new(FalseAlarms { rate: 0.2, per: Per::Window });
        assert_eq!(budget.spend(start, 7), 0.2);
        let mut budget = Budget::new(FalseAlarms { rate: 1e-6, per: Per::Observation });
        assert_eq!(budget.spend(start, 1000), 1e-3);
    }

    #[test]
    fn rates_are_checked_and_told() {
        assert_eq!(FalseAlarms::default().to_string(), "1 per week");
        for (rate, per) in
            [(0.0, Per::Day), (f64::NAN, Per::Day), (-1.0, Per::Week), (1.0, Per::Window)]
        {
            assert_eq!(FalseAlarms { rate, per }.check().map_err(|e| e.code()), Err(100));
        }
    }
}
