//! What the worker does with a guard in its turn: takes what callers left, tests, publishes.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::line::{Next, Tenant};
use super::pane::PartialPane;
use super::published::AGAIN;
use super::round::Tester;
use super::state::{Bench, State};
use super::sync::lock;
use super::windows::{Context, Event, Windows};
use crate::error::Result;

/// How long a guard works before the next has its turn.
const SLICE: Duration = Duration::from_millis(5);

impl State {
    fn work(&self, time_is_up: impl Fn() -> bool) -> Result<Next> {
        let Bench { windows, round } = &mut *lock(&self.bench);
        let mut tell = |event| self.publish(event);
        let recycle = &mut |share| self.recycle(share);
        let with =
            Context { baseline: &self.baseline, options: &self.options, tell: &mut tell, recycle };
        let mut testing = Testing { state: self, windows, with };
        self.desk.turn(round, &mut testing, Instant::now(), time_is_up)
    }

    fn publish(&self, event: Event) {
        let (alerts, report) = match event {
            Event::Early(alert) => (vec![alert], None),
            Event::Tested(tested) => {
                self.counts.test(tested.observations, tested.suppressed);
                (tested.alerts, Some(tested.report))
            }
        };
        let raised = lock(&self.published).publish(alerts, report);
        self.announce(raised);
    }

    /// Says that an output could not be shown to the guard; called by who could not.
    pub(super) fn unwatched(&self, message: &str) {
        let raised = lock(&self.published).unwatched(message.into());
        self.announce(raised);
    }

    fn announce(&self, raised: usize) {
        if raised > 0 {
            self.counts.alerts.fetch_add(raised as u64, Ordering::Relaxed);
            if let Some(wake) = &*lock(&self.wake) {
                wake();
            }
        }
    }

    /// Writes the alerts that wait for the journal, if it can be written again; when to try again,
    /// if some still wait. At the end of the process it is tried once more.
    fn catch_up(&self) -> Option<Instant> {
        let leaving = self.leaving.load(Ordering::Acquire);
        let mut published = lock(&self.published);
        let raised = published.catch_up(leaving);
        let again = (published.waits() && !leaving).then(|| Instant::now() + AGAIN);
        drop(published);
        self.announce(raised);
        again
    }

    /// What waits for the journal is tried at once, and what a guard that ends leaves unwritten is
    /// told.
    fn settle(&self, closed: bool) {
        let mut published = lock(&self.published);
        let raised = published.catch_up(true) + if closed { published.conclude() } else { 0 };
        drop(published);
        self.announce(raised);
    }
}

impl Tenant for State {
    fn turn(&self) -> Next {
        if self.desk.answers.has_failed() {
            return Next::Asleep;
        }
        let until = Instant::now() + SLICE;
        let next = self.contained(|| self.work(|| Instant::now() >= until)).unwrap_or(Next::Asleep);
        match (self.catch_up(), next) {
            (Some(again), Next::Asleep) => Next::At(again),
            (Some(again), Next::At(time)) => Next::At(time.min(again)),
            (_, next) => next,
        }
    }

    fn close(&self) {
        self.leaving.store(true, Ordering::Release);
        self.desk.answers.close();
        self.desk.answers.ask();
    }

    fn fail(&self, reason: &str) {
        self.desk.answers.fail(reason.into());
    }
}

/// Tests what is on the bench.
struct Testing<'a> {
    state: &'a State,
    windows: &'a mut Windows,
    with: Context<'a>,
}

impl Tester<PartialPane> for Testing<'_> {
    fn take(&mut self, mut share: PartialPane) -> Result<()> {
        let flagged = share.pane.score_deferred(self.with.baseline)?;
        self.state.counts.anomalous.fetch_add(flagged, Ordering::Relaxed);
        self.windows.take(share, &mut self.with);
        Ok(())
    }

    fn close_before(&mut self, ended: u64) {
        self.windows.close_before(ended);
    }

    fn rest(&mut self) {
        self.windows.test_rest();
    }

    fn step(&mut self) -> Result<bool> {
        self.windows.step(&mut self.with)
    }

    fn settle(&mut self, closed: bool) {
        self.state.settle(closed);
    }
}
