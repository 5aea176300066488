//! Where observations come in and summaries of them wait for the worker.
//!
//! Callers work in slots and never wait for the worker; the worker never waits for a caller, who
//! may score for long: it asks for what is in a slot, and goes on with other guards until it is
//! handed over.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Instant;

use super::answers::{Answers, Refusal};
use super::claims::Claims;
use super::slots::Slots;
use super::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, lock};

/// What was summed up of one pane.
pub(super) trait Summary {
    /// The pane's number.
    fn pane(&self) -> u64;
}

/// How a batch is summed up.
pub(super) trait Hands<W, S> {
    /// A summary of nothing yet.
    fn empty(&mut self, pane: u64) -> S;
    /// Adds the observations `range` of the batch, whose scores are in `work`.
    fn add(&mut self, work: &mut W, share: &mut S, range: Range<usize>);
    /// Adds `next` to the older `last`.
    fn merge(&mut self, last: &mut S, next: S);
}

/// What one slot holds.
#[derive(Debug, Default)]
pub(super) struct Place<W, S> {
    /// Whose batch the work is of, and its place in the order of all calls; 0 while it is nobody's.
    pub caller: u64,
    pub sequence: u64,
    pub work: W,
    /// Of the pane that takes observations.
    open: Option<S>,
    /// Of panes that take no more, the oldest first.
    finished: Vec<S>,
}

/// How many summaries wait where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Slots: more than the threads that are likely to observe one guard at the same moment.
    pub slots: usize,
    /// In a slot, of panes that take no more: to wake the worker costs a caller as much as ten
    /// batches, and it looks into the slots by itself.
    pub finished: usize,
    /// In the queue. Beyond, callers merge their own: memory stays bounded and nobody waits.
    pub queue: usize,
}

/// The desk of one guard. `W`: what a caller works with; `S`: what it leaves.
#[derive(Debug)]
pub(super) struct Desk<W, S> {
    pub(super) slots: Slots<Place<W, S>>,
    pub(super) claims: Claims,
    pub(super) answers: Answers,
    pub(super) queue: Mutex<VecDeque<S>>,
    /// Whether the worker knows that something lies here.
    pub(super) stirred: AtomicBool,
    room: Room,
    sequence: AtomicU64,
}

/// What a caller has to tell the worker when it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Nothing,
    /// That something lies here.
    Soon,
    /// That much lies here.
    Now,
}

/// A caller in a slot.
pub(super) struct Seat<'a, W, S> {
    desk: &'a Desk<W, S>,
    at: usize,
    pub place: MutexGuard<'a, Place<W, S>>,
    pub sequence: u64,
    full: bool,
}

impl<W: Default, S: Summary> Desk<W, S> {
    pub fn new(claims: Claims, room: Room) -> Self {
        let place = || Place {
            caller: 0,
            sequence: 0,
            work: W::default(),
            open: None,
            finished: Vec::with_capacity(room.finished),
        };
        Desk {
            slots: Slots::new(room.slots, place),
            claims,
            answers: Answers::new(),
            queue: Mutex::new(VecDeque::new()),
            stirred: AtomicBool::new(false),
            room,
            sequence: AtomicU64::new(0),
        }
    }
}

impl<W, S: Summary> Desk<W, S> {
    pub fn room(&self) -> Room {
        self.room
    }

    /// A place to work in; what it holds of a batch is nobody's until the caller signs it.
    ///
    /// # Errors
    /// Why nothing is taken in.
    pub fn enter(&self, caller: u64) -> Result<Seat<'_, W, S>, Refusal> {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let (at, mut place) = self.slots.enter(caller, sequence);
        // Looked up, and claimed, under the slot's lock: once a slot was passed after the guard was
        // closed, nobody claims in it.
        self.answers.check_open()?;
        place.sequence = 0;
        Ok(Seat { desk: self, at, place, sequence, full: false })
    }

    /// The work on the caller's last batch, unless another caller has used its place since.
    pub fn find(&self, caller: u64) -> Option<MutexGuard<'_, Place<W, S>>> {
        self.slots.find(caller).filter(|place| place.caller == caller && place.sequence > 0)
    }
}

impl<W, S> Desk<W, S> {
    /// Moves what a slot holds to the queue, whose bound it may exceed by as much.
    pub(super) fn hand_over(&self, at: usize, place: &mut Place<W, S>) {
        lock(&self.queue).extend(place.finished.drain(..).chain(place.open.take()));
        self.slots.handed_over(at);
    }
}

impl<W, S: Summary> Seat<'_, W, S> {
    /// Sums up the next `n` observations, which arrived `now`, each in the pane that it belongs to.
    pub fn take_in(&mut self, n: usize, now: Instant, hands: &mut impl Hands<W, S>) {
        let mut done = 0;
        for stretch in self.desk.claims.claim(n, now) {
            if self.place.open.as_ref().is_some_and(|share| share.pane() != stretch.pane) {
                self.finish(hands);
            }
            let Place { work, open, .. } = &mut *self.place;
            let range = done..done + stretch.observations;
            done = range.end;
            let share = open.get_or_insert_with(|| hands.empty(stretch.pane));
            hands.add(work, share, range);
            if stretch.ends {
                self.finish(hands);
            }
        }
    }

    /// Puts the open summary with the finished ones, and sends these on when they are many. While
    /// the queue is full they are merged here: bounded memory, no waiting, nothing dropped.
    fn finish(&mut self, hands: &mut impl Hands<W, S>) {
        let room = self.desk.room;
        let Place { open, finished, .. } = &mut *self.place;
        let Some(share) = open.take() else { return };
        if finished.len() >= room.finished {
            let mut queue = lock(&self.desk.queue);
            if queue.len() + finished.len() <= room.queue {
                queue.extend(finished.drain(..));
                self.full = true;
            }
        }
        let full = finished.len() >= room.finished;
        match finished.last_mut().filter(|_| full) {
            Some(last) => hands.merge(last, share),
            None => finished.push(share),
        }
    }

    /// What to tell the worker; to be told when the place is free again.
    pub fn leave(self) -> Call {
        let (desk, full) = (self.desk, self.full);
        drop(self);
        if full {
            return Call::Now;
        }
        let stirred =
            desk.stirred.load(Ordering::Relaxed) || desk.stirred.swap(true, Ordering::Relaxed);
        if stirred { Call::Nothing } else { Call::Soon }
    }
}

impl<W, S> Drop for Seat<'_, W, S> {
    fn drop(&mut self) {
        if self.desk.slots.is_wanted(self.at) {
            self.desk.hand_over(self.at, &mut self.place);
        }
    }
}
