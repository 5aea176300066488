//! Online detectors: one observation after the other, and at each the question whether the stream
//! has changed.
//!
//! Each detector is one file behind [`Online`]; [`OnlineDetector`] holds any of them by name, takes
//! batches, and says at which observations it fired. A detector (but for `lord` and `saffron`)
//! restarts by itself after it fired. What its false alarms mean differs:
//!
//! - `adwin`, `kswin`, `hddm-a`, `hddm-w`: each single check is a test at a set level; over a long
//!   stream the checks add up, so sooner or later there is a false alarm.
//! - `page-hinkley`, `cusum`, `gma`, `ddm`, `eddm`: thresholds without a stated error rate.
//! - `lord`, `saffron`: of a stream of p-values, the false discovery rate is held at any time
//!   ([`p_values`]).
//! - `mmd`: the threshold is simulated for an expected run time until a false alarm.
//! - `martingale`, `betting`, `two-sample` ([`super::anytime`]): the probability of ever a false
//!   alarm, or the mean time between two, is bounded, however long the stream.

pub mod adwin;
pub mod cusum;
pub mod ddm;
mod detector;
pub mod eddm;
pub mod gma;
pub mod hddm_a;
pub mod hddm_w;
pub mod kswin;
pub mod mmd;
pub mod p_values;
pub mod page_hinkley;
mod registry;
mod running;

use serde::{Deserialize, Serialize};

pub use detector::{OnlineDescription, OnlineDetector};
pub use registry::{OnlineName, Takes};

use crate::{Error, Result};

/// What a detector thinks after an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing of note.
    Stable,
    /// The warning level is passed, the drift level is not (ddm, eddm, hddm-a, hddm-w).
    Warning,
    /// The stream has changed: the detector fired, and starts afresh with the next observation.
    Drift,
}

/// Which observations a detector can take in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// Any finite number.
    Finite,
    /// 0 or 1: a prediction that was right (0) or wrong (1).
    Binary,
    /// From 0 to 1: p-values.
    PValue,
    /// Numbers from the first to the second.
    Within(f64, f64),
}

impl Domain {
    fn holds(self, x: f64) -> bool {
        match self {
            Domain::Finite => x.is_finite(),
            Domain::Binary => x == 0.0 || x == 1.0,
            Domain::PValue => (0.0..=1.0).contains(&x),
            Domain::Within(low, high) => (low..=high).contains(&x),
        }
    }

    /// # Errors
    /// `InvalidArgument` that names the first value that is not in the domain, and its index from
    /// 0.
    pub fn check(
        self,
        argument: &'static str,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<()> {
        match values.into_iter().enumerate().find(|(_, x)| !self.holds(*x)) {
            None => Ok(()),
            Some((i, x)) => {
                let expected = match self {
                    Domain::Finite => {
                        "finite numbers; remove or fix these observations first".into()
                    }
                    Domain::Binary => {
                        "0 (right) or 1 (wrong) for this detector of error rates".into()
                    }
                    Domain::PValue => "p-values, from 0 to 1".into(),
                    Domain::Within(low, high) => {
                        format!("numbers from {low} to {high}, or another lower and upper")
                    }
                };
                Err(Error::invalid(argument, format!("{x} at index {i} (from 0)"), expected))
            }
        }
    }
}

/// A detector that takes one observation at a time.
pub trait Online {
    /// Takes in one observation of the [`domain`](Online::domain). After [`State::Drift`] the
    /// detector has started afresh.
    fn update(&mut self, x: f64) -> State;

    /// What the detector compares with its threshold, as of the last observation; each says what
    /// that is.
    fn statistic(&self) -> f64;

    /// Forgets all observations; the options stay.
    fn reset(&mut self);

    /// Observations from a fresh start before it can fire.
    fn needs(&self) -> u64 {
        1
    }

    /// What [`update`](Online::update) can take.
    fn domain(&self) -> Domain {
        Domain::Finite
    }
}

/// `value` where `valid`, else `InvalidArgument`.
pub fn expect(
    argument: &'static str,
    value: impl ToString,
    valid: bool,
    expected: &str,
) -> Result<()> {
    if valid { Ok(()) } else { Err(Error::invalid(argument, value, expected)) }
}
