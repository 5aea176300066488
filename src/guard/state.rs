//! What a guard is made of, and what callers do with it; what the worker does is in `turn.rs`.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use super::answers::Refusal;
use super::claims::Claims;
use super::counters::Counts;
use super::desk::{Call, Desk, Hands, Place, Room, Summary};
use super::line::{Line, Next, Tenant};
use super::options::GuardOptions;
use super::pane::{Pane, PartialPane};
use super::published::Published;
use super::report::WindowReport;
use super::round::Round;
use super::verdict::flag;
use super::windows::Windows;
use crate::alert::Alert;
use crate::error::{Error, Result};
use crate::locks::lock;
use crate::process;
use crate::profile::{Baseline, Scores};
use crate::tensor::Tensor;

/// Emptied shares kept for reuse.
const SPARE: usize = 16;

/// How long what a caller left may lie before the worker looks for it.
const TICK: Duration = Duration::from_millis(50);

/// Called by the worker after alerts were published.
pub type Wake = Box<dyn Fn() + Send>;

/// What a caller works with.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub scores: Scores,
    pub anomalous: Vec<bool>,
}

impl Summary for PartialPane {
    fn pane(&self) -> u64 {
        self.of
    }
}

/// One guard's state.
pub(super) struct State {
    pub baseline: Baseline,
    pub options: GuardOptions,
    pub counts: Counts,
    pub(super) desk: Desk<Work, PartialPane>,
    /// Set once it is registered there.
    line: OnceLock<Arc<Line<State>>>,
    /// The process that it was made in.
    born: u64,
    /// Emptied shares on their way back to the callers, for their memory.
    spare: Mutex<Vec<PartialPane>>,
    pub(super) bench: Mutex<Bench>,
    pub(super) published: Mutex<Published>,
    pub(super) wake: Mutex<Option<Wake>>,
    /// The process ends: a journal that cannot be written is not waited for.
    pub(super) leaving: AtomicBool,
}

/// What the worker works at.
pub(super) struct Bench {
    pub windows: Windows,
    pub round: Option<Round>,
}

/// Summaries of so many columns that may wait: some 100 MB.
fn room(columns: usize) -> Room {
    let most = |columns_kept: usize, most: usize| (columns_kept / columns.max(1)).clamp(1, most);
    Room { slots: 16, finished: most(1 << 16, 8), queue: most(1 << 19, 128) }
}

impl State {
    pub fn new(baseline: Baseline, options: GuardOptions) -> Result<Self> {
        Ok(State {
            bench: Mutex::new(Bench { windows: Windows::new(&baseline, &options)?, round: None }),
            desk: Desk::new(Claims::new(options.panes()?.0), room(baseline.column_count())),
            counts: Counts::default(),
            line: OnceLock::new(),
            born: process::generation(),
            spare: Mutex::new(Vec::new()),
            published: Mutex::new(Published::new(&options)?),
            wake: Mutex::new(None),
            leaving: AtomicBool::new(false),
            baseline,
            options,
        })
    }

    /// Joins the line before the worker; not one that is about to end.
    pub fn join(self: &Arc<Self>, line: Arc<Line<State>>) -> bool {
        line.register(self) && self.line.set(line).is_ok()
    }

    /// # Errors
    /// In a child of fork: its parent's thread is not there, and its parent's other threads may
    /// have held the locks.
    pub fn expect_here(&self) -> Result<()> {
        if self.is_here() {
            return Ok(());
        }
        let reason = "this process is a child (fork) of the one that made the guard, whose thread stayed there".into();
        Err(Error::WorkerFailed { guard: self.options.name.clone(), reason })
    }

    pub fn is_here(&self) -> bool {
        self.born == process::generation()
    }

    fn refused(&self, refusal: Refusal) -> Error {
        let guard = self.options.name.clone();
        match refusal {
            Refusal::Closed => Error::GuardClosed { guard },
            Refusal::Failed(reason) => Error::WorkerFailed { guard, reason },
        }
    }

    /// The hook's work: scores the batch and sums up what the tests need. Gives what `see` makes of
    /// how many observations are anomalous, and of their scores.
    pub fn observe<T>(
        self: &Arc<Self>,
        batch: &Tensor<'_>,
        caller: u64,
        copied: bool,
        see: impl FnOnce(usize, &Work) -> T,
    ) -> Result<T> {
        batch.expect_features(self.baseline.feature_count())?;
        self.expect_here()?;
        let mut seat = self.desk.enter(caller).map_err(|refusal| self.refused(refusal))?;
        let sequence = seat.sequence;
        let place = &mut *seat.place;
        let Work { scores, anomalous } = &mut place.work;
        self.baseline.score(batch, scores)?;
        let flagged = flag(&self.baseline, scores, anomalous);
        let seen = see(flagged, &place.work);
        (place.caller, place.sequence) = (caller, sequence);
        self.counts.observe(batch.observations(), flagged, copied);
        let now = Instant::now();
        seat.take_in(batch.observations(), now, &mut Summing { state: self, batch, now });
        match seat.leave() {
            Call::Nothing => {}
            Call::Soon => self.call(Next::At(now + TICK)),
            Call::Now => self.call(Next::Now),
        }
        Ok(seen)
    }

    /// Asks the worker for a turn. Once there is none, because it was shut down, what is owed is
    /// done here.
    fn call(self: &Arc<Self>, next: Next) {
        if self.line.get().is_some_and(|line| line.call(self, next)) {
            return;
        }
        while self.desk.answers.pending().is_some() && !self.desk.answers.has_failed() {
            if let Next::At(_) = self.turn() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Work that may score what full shares kept. As on the worker, what goes wrong ends the
    /// guard's tests: the call was taken in.
    fn score(&self, work: impl FnOnce(&Baseline) -> Result<u64>) {
        self.contained(|| {
            let flagged = work(&self.baseline)?;
            self.counts.anomalous.fetch_add(flagged, Ordering::Relaxed);
            Ok(())
        });
    }

    /// Runs `work`; an error or a panic ends this guard's tests, is reported to its users, and
    /// touches no other guard.
    pub(super) fn contained<T>(&self, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let reason = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(result)) => return Some(result),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => crate::error::panic_message(panic.as_ref()),
        };
        self.desk.answers.fail(reason);
        None
    }

    pub(super) fn recycle(&self, mut share: PartialPane) {
        share.pane.clear();
        let mut spare = lock(&self.spare);
        // Without room it is freed.
        if spare.len() < SPARE.min(self.desk.room().queue) {
            spare.push(share);
        }
    }

    pub fn is_open(&self) -> bool {
        self.is_here() && !self.desk.answers.is_closed()
    }

    /// The work on the caller's last batch.
    pub fn work_of(&self, caller: u64) -> Option<MutexGuard<'_, Place<Work, PartialPane>>> {
        self.desk.find(caller)
    }

    /// Asks for a flush: its ticket.
    pub fn flush(self: &Arc<Self>, close: bool) -> Result<u64> {
        self.expect_here()?;
        if close {
            self.desk.answers.close();
        }
        let ticket = self.desk.answers.ask();
        self.call(Next::Now);
        Ok(ticket)
    }

    /// Waits at most `patience` for the answer to `ticket`.
    pub fn wait(&self, ticket: u64, patience: Duration) -> Result<bool> {
        self.expect_here()?;
        self.desk.answers.wait(ticket, patience).map_err(|refusal| self.refused(refusal))
    }

    pub fn set_wake(&self, wake: Option<Wake>) {
        *lock(&self.wake) = wake;
    }

    /// None in a child of fork.
    pub fn alerts(&self, after: u64) -> Vec<Alert> {
        if !self.is_here() {
            return Vec::new();
        }
        lock(&self.published).alerts(after)
    }

    /// None in a child of fork.
    pub fn reports(&self, after: u64) -> Vec<WindowReport> {
        if !self.is_here() {
            return Vec::new();
        }
        lock(&self.published).reports(after)
    }
}

/// Sums up one batch.
struct Summing<'a, 'b> {
    state: &'a State,
    batch: &'a Tensor<'b>,
    now: Instant,
}

impl Hands<Work, PartialPane> for Summing<'_, '_> {
    fn empty(&mut self, of: u64) -> PartialPane {
        match lock(&self.state.spare).pop() {
            Some(share) => PartialPane { of, ..share },
            None => PartialPane {
                of,
                pane: Pane::new(&self.state.baseline, !self.state.options.charts.is_empty()),
            },
        }
    }

    fn add(&mut self, work: &mut Work, share: &mut PartialPane, range: Range<usize>) {
        let Work { scores, anomalous } = work;
        share.pane.update(
            &self.state.baseline,
            (self.batch, range.clone()),
            (scores, anomalous),
            self.now,
        );
        if self.state.baseline.deferred {
            self.state.score(|baseline| {
                share.pane.defer(baseline, (self.batch, range), (scores, anomalous))
            });
        }
    }

    fn merge(&mut self, last: &mut PartialPane, next: PartialPane) {
        self.state.score(|baseline| last.pane.merge_next(baseline, &next.pane));
        self.state.counts.merge(next.pane.observations);
        self.state.recycle(next);
    }
}
