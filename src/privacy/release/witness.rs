//! For tests: what really happened below the door. Off unless a test turns it on.
//!
//! It notes each sum as it was before its noise, and the deviation that the noise really had. What
//! it holds is **not private**.

use crate::locks::lock;
use serde::Serialize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

static ON: AtomicBool = AtomicBool::new(false);
static SEEN: Mutex<Vec<Sight>> = Mutex::new(Vec::new());

/// One draw of noise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sight {
    /// The standard deviation that the noise had.
    pub deviation: f64,
    /// Which mechanism of correlated noise, by its number in this process; 0 for noise of the
    /// release's own.
    pub mechanism: u64,
    /// What it was added to.
    pub sum: Vec<f64>,
}

/// Begins to watch, or ends. Forgets what was seen.
pub fn watch(on: bool) {
    ON.store(on, Ordering::SeqCst);
    take();
}

/// What was seen since the last time.
pub fn take() -> Vec<Sight> {
    std::mem::take(&mut *lock(&SEEN))
}

/// Called wherever noise is added, before it is.
pub(super) fn saw(deviation: f64, sum: impl FnOnce() -> Vec<f64>) {
    saw_of(0, deviation, sum);
}

/// As [`saw`], for a mechanism of correlated noise.
pub(super) fn saw_of(mechanism: u64, deviation: f64, sum: impl FnOnce() -> Vec<f64>) {
    if ON.load(Ordering::Relaxed) {
        let sight = Sight { deviation, mechanism, sum: sum() };
        lock(&SEEN).push(sight);
    }
}
