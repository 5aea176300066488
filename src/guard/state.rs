//! What a guard is made of, shared by its callers and the worker.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::claims::Claims;
use super::counters::Counts;
use super::monitor::WindowReport;
use super::options::GuardOptions;
use super::pane::Pane;
use super::slots::{FINISHED, Share, Slot, Slots};
use super::verdict::flag;
use super::windows::{Context, Event, Windows};
use super::worker;
use crate::alert::{Alert, Journal};
use crate::error::{Error, Result};
use crate::profile::Baseline;
use crate::tensor::Tensor;

/// Alerts and window reports kept in memory; the journal keeps all alerts.
const ALERTS_KEPT: usize = 10_000;
const REPORTS_KEPT: usize = 256;

/// Emptied shares kept for reuse.
const SPARE: usize = 16;

/// Called by the worker after alerts were published.
pub type Wake = Box<dyn Fn() + Send>;

/// One guard's state.
pub(super) struct State {
    pub baseline: Baseline,
    pub options: GuardOptions,
    pub counts: Counts,
    slots: Slots,
    claims: Claims,
    sequence: AtomicU64,
    closed: AtomicBool,
    data: Sender<worker::Parcel>,
    /// Emptied shares on their way back to the callers, for their memory.
    spare: (Sender<Share>, Receiver<Share>),
    windows: Mutex<Windows>,
    published: Mutex<Published>,
    wake: Mutex<Option<Wake>>,
    flushed: Mutex<Flushed>,
    answered: Condvar,
}

#[derive(Default)]
struct Published {
    alerts: VecDeque<Alert>,
    reports: VecDeque<WindowReport>,
    journal: Option<Journal>,
    last_id: u64,
}

#[derive(Default)]
struct Flushed {
    asked: u64,
    done: u64,
    failure: Option<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic under one of these locks has been told as a failure of the guard; what they protect stays readable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub fn new(baseline: Baseline, options: GuardOptions, data: Sender<worker::Parcel>) -> Result<Self> {
        let journal = options.journal.as_deref().map(Journal::open).transpose()?;
        Ok(State {
            windows: Mutex::new(Windows::new(&baseline, &options)?),
            claims: Claims::new(options.panes()?.0),
            slots: Slots::new(),
            counts: Counts::default(),
            sequence: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            data,
            spare: bounded(SPARE),
            published: Mutex::new(Published { journal, ..Default::default() }),
            wake: Mutex::new(None),
            flushed: Mutex::new(Flushed::default()),
            answered: Condvar::new(),
            baseline,
            options,
        })
    }

    /// The hook's work: scores the batch, sums up what the tests need, returns how many observations are anomalous.
    pub fn observe(self: &Arc<Self>, batch: &Tensor<'_>, caller: u64, copied: bool) -> Result<usize> {
        batch.expect_features(self.baseline.feature_count())?;
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let mut slot = self.slots.enter(caller, sequence);
        // Looked up, and claimed, under the slot's lock: who has it afterwards finds these observations in it or in the
        // channel.
        self.check_open()?;
        let Slot { scores, anomalous, .. } = &mut *slot;
        self.baseline.score(batch, scores)?;
        let flagged = flag(&self.baseline, scores, anomalous);
        (slot.caller, slot.sequence) = (caller, sequence);
        self.counts.observe(batch.observations(), flagged, copied);
        let now = Instant::now();
        let mut done = 0;
        for stretch in self.claims.claim(batch.observations(), now) {
            if slot.share.as_ref().is_some_and(|share| share.of != stretch.pane) {
                self.finish(&mut slot);
            }
            let Slot { scores, anomalous, share, .. } = &mut *slot;
            let share = share.get_or_insert_with(|| self.empty_share(stretch.pane));
            let range = done..done + stretch.observations;
            done = range.end;
            share.pane.update(&self.baseline, (batch, range.clone()), (scores, anomalous), now);
            if self.baseline.deferred {
                self.score(|baseline| share.pane.defer(baseline, (batch, range), (scores, anomalous)));
            }
            if stretch.ends {
                self.finish(&mut slot);
            }
        }
        Ok(flagged)
    }

    /// Puts the slot's share with the finished ones, and sends them on when they are many. While the channel is full, shares are
    /// merged here: bounded memory, no waiting, nothing dropped.
    fn finish(self: &Arc<Self>, slot: &mut Slot) {
        let Some(share) = slot.share.take() else { return };
        if slot.finished.len() == FINISHED {
            let finished = std::mem::replace(&mut slot.finished, Vec::with_capacity(FINISHED));
            slot.finished = worker::try_send(&self.data, self, finished).err().unwrap_or_default();
        }
        let room = slot.finished.len() < FINISHED;
        match slot.finished.last_mut().filter(|_| !room) {
            None => slot.finished.push(share),
            Some(last) => {
                self.score(|baseline| last.pane.merge_next(baseline, &share.pane));
                self.counts.merged.fetch_add(share.pane.observations, Ordering::Relaxed);
                self.recycle(share);
            }
        }
    }

    /// Work that may score what full shares kept. As on the worker, what goes wrong ends the guard's tests: the call was taken in.
    fn score(self: &Arc<Self>, work: impl FnOnce(&Baseline) -> Result<u64>) {
        worker::contained(self, |guard| {
            let flagged = work(&guard.baseline)?;
            guard.counts.anomalous.fetch_add(flagged, Ordering::Relaxed);
            Ok(())
        });
    }

    fn empty_share(&self, of: u64) -> Share {
        match self.spare.1.try_recv() {
            Ok(mut share) => {
                share.of = of;
                share
            }
            Err(_) => Share { of, pane: Pane::new(&self.baseline, !self.options.charts.is_empty()) },
        }
    }

    fn recycle(&self, mut share: Share) {
        share.pane.clear();
        // Without room it is freed.
        let _ = self.spare.0.try_send(share);
    }

    pub fn check_open(&self) -> Result<()> {
        if let Some(reason) = &lock(&self.flushed).failure {
            return Err(Error::WorkerFailed { guard: self.options.name.clone(), reason: reason.clone() });
        }
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::GuardClosed { guard: self.options.name.clone() });
        }
        Ok(())
    }

    pub fn is_open(&self) -> bool {
        self.check_open().is_ok()
    }

    pub fn refuse_more(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub fn slot_of(&self, caller: u64) -> Option<MutexGuard<'_, Slot>> {
        self.slots.find(caller)
    }

    // What follows runs on the worker.

    pub fn take(&self, mut share: Share) -> Result<()> {
        let flagged = share.pane.score_deferred(&self.baseline)?;
        self.counts.anomalous.fetch_add(flagged, Ordering::Relaxed);
        self.with_windows(|windows, with| windows.take(share, with))
    }

    pub fn drain_slots(&self) -> Result<()> {
        for mut slot in self.slots.each() {
            let shares = (std::mem::take(&mut slot.finished), slot.share.take());
            drop(slot);
            for share in shares.0.into_iter().chain(shares.1) {
                self.take(share)?;
            }
        }
        Ok(())
    }

    /// Panes with a lower number take no more observations.
    pub fn ended(&self, now: Instant) -> u64 {
        self.claims.ended(now)
    }

    /// Ends the pane that takes observations now.
    pub fn cut(&self) -> u64 {
        self.claims.cut()
    }

    /// Tests the panes with a lower number than `ended`, all of whose shares are here.
    pub fn close_before(&self, ended: u64) -> Result<()> {
        self.with_windows(|windows, with| windows.close_before(ended, with))
    }

    pub fn test_rest(&self) -> Result<()> {
        self.with_windows(|windows, with| windows.flush(with))
    }

    fn with_windows(&self, work: impl FnOnce(&mut Windows, &mut Context<'_>) -> Result<()>) -> Result<()> {
        let mut published = Ok(());
        let mut tell = |event| {
            let result = self.publish(event);
            if published.is_ok() {
                published = result;
            }
        };
        let recycle = &mut |share| self.recycle(share);
        let with = &mut Context { baseline: &self.baseline, options: &self.options, tell: &mut tell, recycle };
        work(&mut lock(&self.windows), with)?;
        published
    }

    fn publish(&self, event: Event) -> Result<()> {
        let (alerts, report) = match event {
            Event::Early(alert) => (vec![alert], None),
            Event::Tested(tested) => {
                self.counts.test(tested.observations, tested.suppressed);
                (tested.alerts, Some(tested.report))
            }
        };
        let raised = alerts.len();
        let mut written = Ok(());
        {
            let mut published = lock(&self.published);
            for mut alert in alerts {
                published.last_id += 1;
                alert.id = published.last_id;
                if let Some(journal) = &mut published.journal {
                    written = written.and(journal.append(&alert));
                }
                published.alerts.push_back(alert);
            }
            published.reports.extend(report);
            let excess = published.alerts.len().saturating_sub(ALERTS_KEPT);
            published.alerts.drain(..excess);
            let excess = published.reports.len().saturating_sub(REPORTS_KEPT);
            published.reports.drain(..excess);
        }
        if raised > 0 {
            self.counts.alerts.fetch_add(raised as u64, Ordering::Relaxed);
            if let Some(wake) = &*lock(&self.wake) {
                wake();
            }
        }
        written
    }

    pub fn fail(&self, reason: String) {
        lock(&self.flushed).failure.get_or_insert(reason);
        self.answered.notify_all();
    }

    pub fn answer(&self, ticket: Option<u64>) {
        let mut flushed = lock(&self.flushed);
        flushed.done = flushed.done.max(ticket.unwrap_or(flushed.asked));
        self.answered.notify_all();
    }

    // What follows runs on callers.

    pub fn next_ticket(&self) -> u64 {
        let mut flushed = lock(&self.flushed);
        flushed.asked += 1;
        flushed.asked
    }

    /// Waits at most `patience` for the answer to `ticket`.
    pub fn wait(&self, ticket: u64, patience: Duration) -> Result<bool> {
        let pending = |flushed: &mut Flushed| flushed.done < ticket && flushed.failure.is_none();
        let flushed = lock(&self.flushed);
        let (flushed, _) =
            self.answered.wait_timeout_while(flushed, patience, pending).unwrap_or_else(PoisonError::into_inner);
        match &flushed.failure {
            Some(reason) => Err(Error::WorkerFailed { guard: self.options.name.clone(), reason: reason.clone() }),
            None => Ok(flushed.done >= ticket),
        }
    }

    pub fn set_wake(&self, wake: Option<Wake>) {
        *lock(&self.wake) = wake;
    }

    pub fn alerts(&self, after: u64) -> Vec<Alert> {
        lock(&self.published).alerts.iter().filter(|a| a.id > after).cloned().collect()
    }

    pub fn reports(&self, after: u64) -> Vec<WindowReport> {
        lock(&self.published).reports.iter().filter(|r| r.window.index > after).cloned().collect()
    }
}
