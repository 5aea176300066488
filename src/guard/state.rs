//! What a guard is made of, shared by its callers and the worker.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::chunk::Chunk;
use super::counters::Counts;
use super::monitor::WindowReport;
use super::options::GuardOptions;
use super::pane::Pane;
use super::slots::{Parcel, Slot, Slots};
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

/// Emptied chunks kept for reuse.
const SPARE: usize = 8;

/// Called by the worker after alerts were published.
pub type Wake = Box<dyn Fn() + Send>;

/// One guard's state.
pub(super) struct State {
    pub baseline: Baseline,
    pub options: GuardOptions,
    pub counts: Counts,
    slots: Slots,
    sequence: AtomicU64,
    closed: AtomicBool,
    data: Sender<(Arc<State>, Parcel)>,
    /// Emptied chunks on their way back to the callers, for their memory.
    spare: (Sender<Box<Chunk>>, Receiver<Box<Chunk>>),
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
    pub fn new(baseline: Baseline, options: GuardOptions, data: Sender<(Arc<State>, Parcel)>) -> Result<Self> {
        let journal = options.journal.as_deref().map(Journal::open).transpose()?;
        Ok(State {
            windows: Mutex::new(Windows::new(&baseline, &options)?),
            slots: Slots::new(&baseline),
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

    /// The hook's work: scores the batch, keeps what the worker needs, returns how many observations are anomalous.
    pub fn observe(self: &Arc<Self>, batch: &Tensor<'_>, caller: u64, copied: bool) -> Result<usize> {
        batch.expect_features(self.baseline.features())?;
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let mut slot = self.slots.enter(caller, sequence);
        // Looked up under the slot's lock: a close that comes after finds this batch in the slot.
        self.check_open()?;
        let Slot { scores, anomalous, chunk, .. } = &mut *slot;
        self.baseline.scorer.score(batch, scores);
        let flagged = flag(&self.baseline, scores, anomalous);
        chunk.push(batch, scores, anomalous, Instant::now());
        (slot.caller, slot.sequence) = (caller, sequence);
        self.counts.observe(batch.observations(), flagged, copied);
        if slot.chunk.is_full() {
            self.send(&mut slot);
        }
        Ok(flagged)
    }

    /// Sends the slot's observations on. If the channel is full they are summarised here instead: bounded memory, no
    /// waiting, nothing dropped.
    fn send(self: &Arc<Self>, slot: &mut Slot) {
        let parcel = match slot.pending.take() {
            None => {
                let empty = self.empty_chunk();
                Parcel::Chunk(std::mem::replace(&mut slot.chunk, empty))
            }
            Some(mut pane) => {
                self.summarise(&slot.chunk, &mut pane);
                slot.chunk.clear();
                Parcel::Pane(pane)
            }
        };
        slot.pending = match worker::try_send(&self.data, self, parcel) {
            Ok(()) => None,
            Err(Parcel::Pane(pane)) => Some(pane),
            Err(Parcel::Chunk(mut chunk)) => {
                let mut pane = Box::new(Pane::new(&self.baseline));
                self.summarise(&chunk, &mut pane);
                chunk.clear();
                slot.chunk = chunk;
                Some(pane)
            }
        };
    }

    fn empty_chunk(&self) -> Box<Chunk> {
        self.spare.1.try_recv().unwrap_or_else(|_| Box::new(Chunk::new(&self.baseline)))
    }

    fn summarise(&self, chunk: &Chunk, pane: &mut Pane) {
        if chunk.observations() > 0 {
            chunk.reduce(0..chunk.observations(), &self.baseline, pane);
            self.counts.merged.fetch_add(chunk.observations() as u64, Ordering::Relaxed);
        }
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

    pub fn take(&self, parcel: Parcel) -> Result<()> {
        match parcel {
            Parcel::Pane(pane) => self.with_windows(|windows, with| windows.take_pane(&pane, with)),
            Parcel::Chunk(mut chunk) => {
                self.with_windows(|windows, with| windows.take(&chunk, with))?;
                chunk.clear();
                // Without room it is freed.
                let _ = self.spare.0.try_send(chunk);
                Ok(())
            }
        }
    }

    pub fn drain_slots(&self) -> Result<()> {
        for mut slot in self.slots.each() {
            let parcels = slot.drain(|| self.empty_chunk());
            drop(slot);
            for parcel in parcels.into_iter().flatten() {
                self.take(parcel)?;
            }
        }
        Ok(())
    }

    pub fn close_if_over(&self, now: Instant) -> Result<()> {
        self.with_windows(|windows, with| windows.close_if_over(now, with))
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
        let with = &mut Context { baseline: &self.baseline, options: &self.options, tell: &mut tell };
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
