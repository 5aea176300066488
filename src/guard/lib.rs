//! The engine: observe -> slots -> queue -> worker -> windows -> tests -> alerts.
//!
//! [`Guard::observe`] reads a caller's array once: it scores each observation, flags the anomalous
//! ones, and sums up, in the pane that each observation belongs to, all that the tests need.
//! Summaries wait in a bounded queue for the one background thread, which gives each guard its
//! turn: it puts panes together to windows, tests each window against the baseline within a budget
//! of false alarms, and publishes alerts. When the thread is behind, callers merge their own
//! summaries.

#![forbid(unsafe_code)]

// Rooms below, by the names that they have everywhere.
use fluxguard_core::{
    error, files, kinds, locks, parallel, process, simd, sketch, sound, stats, store, tensor, text,
};
use fluxguard_drift as drift;
use fluxguard_outlier as outlier;

pub mod alert;
mod answers;
mod checks;
mod claims;
mod counters;
mod deferred;
mod description;
mod desk;
mod enough;
mod finding;
mod kept;
mod line;
mod options;
pub mod output;
mod pane;
pub mod profile;
mod published;
mod rate;
mod report;
mod round;
mod slots;
mod spec;
mod state;
mod sync;
mod turn;
mod verdict;
mod waiting;
mod windows;
mod worker;

#[cfg(test)]
mod claims_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use counters::Counters;
pub use description::GuardDescription;
pub use options::{GuardOptions, Length, ScoreOn};
pub use pane::Pane;
pub use rate::{Budget, FalseAlarms, Per};
pub use report::{ColumnEvidence, ColumnTest, Detection, WindowReport};
pub use spec::MonitorSpec;
pub use state::Wake;
pub use verdict::Verdict;
pub use worker::{is_running, shutdown};

use crate::alert::Alert;
use crate::drift::two_sample::TestName;
use crate::error::{Error, Result};
use crate::outlier::Fitted;
use crate::profile::{Baseline, BaselineOptions, Profile, Scores};
use crate::tensor::Tensor;
use state::State;

/// Watches the outputs of one model against a baseline. All methods take `&self` and may be called
/// from many threads.
///
/// Dropping a guard closes it in the background: what it observed is still tested.
///
/// Memory: about 200 bytes a column for each pane of a window and for summaries on their way, of
/// which there are at most 272, and fewer from some 4,000 columns on; at most some 60 MB for alerts
/// and 70 MB for reports (and the newest of each, whole: 130 and 540 bytes a column). It does not
/// grow with the number of observations.
pub struct Guard {
    state: Arc<State>,
}

/// A guard before it does anything.
pub struct Prepared {
    baseline: Baseline,
    options: GuardOptions,
}

/// A promise of [`Guard::start_flush`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(pub u64);

impl Guard {
    /// Watches against `profile`, which is copied. Cost: sorts each column of the kept reference
    /// once.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::WindowTooShort`], [`Error::BaselineTooSmall`],
    /// [`Error::ConstantFeature`], [`Error::PathUnusable`] for the journal, [`Error::WorkerFailed`]
    /// if the system refuses a thread.
    pub fn new(profile: &Profile, options: GuardOptions) -> Result<Self> {
        Self::with_detectors(profile, options, &[])
    }

    /// [`Guard::new`] with fitted detectors of the same output. Each scores every batch, in the
    /// call or on the worker ([`GuardOptions::score_on`]), and its scores are flagged, summed up
    /// and tested for drift as those of [`GuardOptions::detectors`] are. They must have been fitted
    /// with `calibration = "holdout"`. The anomaly rate is shared out in equal parts.
    ///
    /// # Errors
    /// As [`Guard::new`]; [`Error::Incompatible`] for another calibration,
    /// [`Error::FeatureMismatch`].
    pub fn with_detectors(
        profile: &Profile,
        options: GuardOptions,
        fitted: &[Arc<Fitted>],
    ) -> Result<Self> {
        Self::start(Self::prepare(profile, options, fitted)?)
    }

    /// What takes long of making a guard; until [`Guard::start`] nobody sees anything of it.
    pub fn prepare(
        profile: &Profile,
        options: GuardOptions,
        fitted: &[Arc<Fitted>],
    ) -> Result<Prepared> {
        options.check()?;
        if let Some(rate) = options.anomaly_rate.filter(|rate| !(*rate > 0.0 && *rate < 1.0)) {
            return Err(Error::invalid(
                "anomaly_rate",
                rate,
                "a share of observations between 0 and 1",
            ));
        }
        let mut baseline = Baseline::with_detectors(
            profile,
            &BaselineOptions {
                detectors: options.detectors.clone(),
                anomaly_rate: options.anomaly_rate.map(|rate| rate / (1 + fitted.len()) as f64),
                wasserstein: options.tests.contains(&TestName::Wasserstein),
                welch: options.tests.contains(&TestName::Welch),
            },
            fitted,
        )?;
        enough::check(&baseline, &options)?;
        baseline.deferred = options.score_on == ScoreOn::Worker && !fitted.is_empty();
        Ok(Prepared { baseline, options })
    }

    /// Opens the journal, and has the worker take the guard on.
    pub fn start(Prepared { baseline, options }: Prepared) -> Result<Self> {
        let state = Arc::new(State::new(baseline, options)?);
        // A worker that is being shut down takes nobody on.
        while !state.join(worker::line(&state.options.name)?) {
            std::thread::yield_now();
        }
        Ok(Guard { state })
    }

    /// Takes in a batch of outputs and says how many of its observations are anomalous. `caller`
    /// names the calling task, for [`Guard::verdict`]; `copied` that the host had to copy the array
    /// first.
    ///
    /// # Errors
    /// [`Error::FeatureMismatch`], [`Error::GuardClosed`], [`Error::WorkerFailed`]; the batch was
    /// then not taken in.
    pub fn observe(&self, batch: &Tensor<'_>, caller: u64, copied: bool) -> Result<usize> {
        self.state.observe(batch, caller, copied, |flagged, _| flagged)
    }

    /// [`Guard::observe`], and what the batch looked like: scored once.
    ///
    /// # Errors
    /// As [`Guard::observe`].
    pub fn observe_verdict(
        &self,
        batch: &Tensor<'_>,
        caller: u64,
        copied: bool,
    ) -> Result<Verdict> {
        let baseline = &self.state.baseline;
        self.state.observe(batch, caller, copied, |_, work| {
            Verdict::new(baseline, &work.scores, &work.anomalous)
        })
    }

    /// What the caller's last batch looked like.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if this caller has not observed, or another has used its place
    /// since.
    pub fn verdict(&self, caller: u64) -> Result<Verdict> {
        self.state.expect_here()?;
        let place = self.state.work_of(caller).ok_or_else(|| {
            Error::invalid(
                "verdict",
                "no batch of this task at hand",
                "a batch observed by this task just before",
            )
        })?;
        Ok(Verdict::new(&self.state.baseline, &place.work.scores, &place.work.anomalous))
    }

    /// For a batch that could not be taken in: the caller's verdict is one of no observation then,
    /// and not that of the batch before.
    pub fn forget(&self, caller: u64) {
        if self.state.is_here()
            && let Some(mut place) = self.state.work_of(caller)
        {
            place.work.scores.clear();
            place.work.anomalous.clear();
        }
    }

    /// What a batch looks like, without taking it in.
    ///
    /// # Errors
    /// [`Error::FeatureMismatch`]; [`Error::InvalidArgument`] naming `output` for what was declared
    /// as probabilities and is none.
    pub fn score(&self, batch: &Tensor<'_>) -> Result<Verdict> {
        batch.expect_features(self.state.baseline.feature_count())?;
        self.state.baseline.scorer.expect_contents(batch)?;
        let (mut scores, mut anomalous) = (Scores::default(), Vec::new());
        self.state.baseline.scorer.score(batch, &mut scores);
        self.state.baseline.score_attached(batch, &mut scores)?;
        verdict::flag(&self.state.baseline, &scores, &mut anomalous);
        Ok(Verdict::new(&self.state.baseline, &scores, &anomalous))
    }

    /// Alerts with a number above `after`, oldest first: of the last 10,000. Where these name more
    /// than 2^18 columns in all, the older ones keep their 16 strongest columns; [`Alert::found`]
    /// says how many there were. The journal keeps all.
    #[must_use]
    pub fn alerts(&self, after: u64) -> Vec<Alert> {
        self.state.alerts(after)
    }

    /// Reports of tested windows with a number above `after`, oldest first: of the last 256, and of
    /// fewer where these have more than 2^18 tests in all: one at least.
    #[must_use]
    pub fn windows(&self, after: u64) -> Vec<WindowReport> {
        self.state.reports(after)
    }

    /// The counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.state.counts.read()
    }

    /// Whether fitted detectors score its batches: then there is no saying how long an observation
    /// takes.
    #[must_use]
    pub fn has_fitted(&self) -> bool {
        !self.state.baseline.attached.is_empty()
    }

    /// Whether it takes observations.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// Asks the worker to test all that was observed so far; with `close`, nothing more is taken
    /// in. Returns at once; after [`shutdown`], which tested everything, when what came since was
    /// tested.
    ///
    /// # Errors
    /// [`Error::WorkerFailed`] in a child of fork.
    pub fn start_flush(&self, close: bool) -> Result<Ticket> {
        self.state.flush(close).map(Ticket)
    }

    /// Waits at most `patience`; whether the flush is done.
    ///
    /// # Errors
    /// [`Error::WorkerFailed`].
    pub fn wait(&self, ticket: Ticket, patience: Duration) -> Result<bool> {
        self.state.wait(ticket.0, patience)
    }

    /// Returns when all that was observed so far has been tested.
    ///
    /// # Errors
    /// [`Error::WorkerFailed`].
    pub fn flush(&self) -> Result<()> {
        self.finish(false)
    }

    /// Takes in nothing more, and returns when all has been tested. Closing again does nothing.
    ///
    /// # Errors
    /// [`Error::WorkerFailed`].
    pub fn close(&self) -> Result<()> {
        self.finish(true)
    }

    fn finish(&self, close: bool) -> Result<()> {
        self.expect_elsewhere(if close { "close" } else { "flush" })?;
        let ticket = self.start_flush(close)?;
        while !self.wait(ticket, Duration::from_secs(1))? {}
        Ok(())
    }

    /// What waits for the worker cannot be called by it.
    fn expect_elsewhere(&self, argument: &'static str) -> Result<()> {
        if !worker::is_this_thread() {
            return Ok(());
        }
        let was = "a call from the function given to on_wake, which would wait for itself";
        Err(Error::invalid(argument, was, "a call from another thread; start_flush does not wait"))
    }

    /// Raises an alert of kind [`Kind::Unwatched`](crate::alert::Kind::Unwatched): the host could
    /// not show an output to the guard. On a closed guard, and on one whose thread has died, too.
    ///
    /// # Errors
    /// [`Error::WorkerFailed`] in a child of fork.
    pub fn unwatched(&self, message: &str) -> Result<()> {
        self.expect_here()?;
        self.state.unwatched(message);
        Ok(())
    }

    /// Has the worker call `wake` after it published alerts; `None` ends that, and returns when no
    /// call is under way. `wake` is to return soon: no guard is tested meanwhile.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `wake` itself calls it; [`Error::WorkerFailed`] in a child of
    /// fork.
    pub fn on_wake(&self, wake: Option<Wake>) -> Result<()> {
        self.expect_here()?;
        self.expect_elsewhere("on_wake")?;
        self.state.set_wake(wake);
        Ok(())
    }

    /// # Errors
    /// [`Error::WorkerFailed`] in a child of fork: what the parent's guard knows may have been half
    /// written at that moment.
    pub fn expect_here(&self) -> Result<()> {
        self.state.expect_here()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // In the background: a finalizer must not wait. In a child of fork the parent does it.
        let _ = self.start_flush(true);
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("name", &self.state.options.name)
            .field("counters", &self.counters())
            .finish()
    }
}
