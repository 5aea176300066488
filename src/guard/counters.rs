//! What a guard has done so far, in numbers that prove that nothing is lost.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A reading of a guard's counters. After a flush `observed == tested`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Observations that callers handed in.
    pub observed: u64,
    /// Observations that a window has tested.
    pub tested: u64,
    /// Observations that were summarized by their callers because the worker was behind.
    pub merged: u64,
    /// Calls whose array the host had to copy first.
    pub copied: u64,
    /// Windows tested.
    pub windows: u64,
    /// Alerts raised.
    pub alerts: u64,
    /// Findings that were no news: their episode was going on.
    pub suppressed: u64,
    /// Observations flagged as anomalous.
    pub anomalous: u64,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Counts {
    observed: AtomicU64,
    tested: AtomicU64,
    merged: AtomicU64,
    copied: AtomicU64,
    windows: AtomicU64,
    pub alerts: AtomicU64,
    suppressed: AtomicU64,
    pub anomalous: AtomicU64,
}

impl Counts {
    pub fn observe(&self, observations: usize, anomalous: usize, copied: bool) {
        self.observed.fetch_add(observations as u64, Ordering::Relaxed);
        if anomalous > 0 {
            self.anomalous.fetch_add(anomalous as u64, Ordering::Relaxed);
        }
        if copied {
            self.copied.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn merge(&self, observations: u64) {
        self.merged.fetch_add(observations, Ordering::Relaxed);
    }

    pub fn test(&self, observations: u64, suppressed: u64) {
        self.tested.fetch_add(observations, Ordering::Relaxed);
        self.windows.fetch_add(1, Ordering::Relaxed);
        self.suppressed.fetch_add(suppressed, Ordering::Relaxed);
    }

    pub fn read(&self) -> Counters {
        let get = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        // Tested before observed, so that a reading never shows more tested than observed.
        let tested = get(&self.tested);
        Counters {
            observed: get(&self.observed),
            tested,
            merged: get(&self.merged),
            copied: get(&self.copied),
            windows: get(&self.windows),
            alerts: get(&self.alerts),
            suppressed: get(&self.suppressed),
            anomalous: get(&self.anomalous),
        }
    }
}
