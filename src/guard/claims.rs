//! Which pane an observation belongs to: said once, when it is observed, so that panes are exactly
//! as long as asked whatever the batches and however many threads observe.

use std::time::{Duration, Instant};

use super::options::Length;
use super::sync::{Mutex, lock};

/// Numbers panes in order and fills one after the other. Its lock is held for a few additions.
#[derive(Debug)]
pub(super) struct Claims {
    length: Length,
    open: Mutex<Open>,
}

/// The pane that takes observations now.
#[derive(Debug, Default)]
struct Open {
    pane: u64,
    observations: u64,
    /// Arrival of its first observation.
    since: Option<Instant>,
}

impl Open {
    fn next(&mut self) {
        self.pane += 1;
        self.observations = 0;
        self.since = None;
    }
}

/// A part of a batch that belongs to one pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub pane: u64,
    pub observations: usize,
    /// Whether the pane takes no more after it.
    pub ends: bool,
}

/// The stretches of one batch, in order.
#[derive(Debug)]
pub(super) struct Stretches {
    pane: u64,
    room: u64,
    length: u64,
    left: u64,
}

impl Iterator for Stretches {
    type Item = Stretch;

    fn next(&mut self) -> Option<Stretch> {
        let taken = self.left.min(self.room);
        if taken == 0 {
            return None;
        }
        let stretch =
            Stretch { pane: self.pane, observations: taken as usize, ends: taken == self.room };
        self.left -= taken;
        (self.pane, self.room) = (self.pane + 1, self.length);
        Some(stretch)
    }
}

impl Claims {
    pub fn new(length: Length) -> Self {
        Claims { length, open: Mutex::new(Open::default()) }
    }

    /// Places the next `n` observations, which arrived `now`.
    pub fn claim(&self, n: usize, now: Instant) -> Stretches {
        let n = n as u64;
        let mut open = lock(&self.open);
        self.end_if_over(&mut open, now);
        let length = match self.length {
            Length::Observations(length) => length,
            Length::Seconds(_) => u64::MAX,
        };
        if n > 0 {
            open.since.get_or_insert(now);
        }
        let stretches =
            Stretches { pane: open.pane, room: length - open.observations, length, left: n };
        let after = open.observations + n;
        open.pane += after / length;
        open.observations = after % length;
        if open.observations == 0 {
            open.since = None;
        }
        stretches
    }

    /// Panes with a lower number take no more. A pane measured in time that is over is ended first.
    pub fn ended(&self, now: Instant) -> u64 {
        let mut open = lock(&self.open);
        self.end_if_over(&mut open, now);
        open.pane
    }

    /// Ends the pane that takes observations now, if it has any; panes with a lower number than
    /// what is returned take no more.
    pub fn cut(&self) -> u64 {
        let mut open = lock(&self.open);
        if open.observations > 0 {
            open.next();
        }
        open.pane
    }

    /// When time ends the pane that takes observations now, if it has any.
    pub fn due(&self) -> Option<Instant> {
        self.over(&lock(&self.open))
    }

    fn over(&self, open: &Open) -> Option<Instant> {
        match (self.length, open.since) {
            // The options bound the seconds.
            (Length::Seconds(seconds), Some(since)) => {
                since.checked_add(Duration::from_secs_f64(seconds))
            }
            _ => None,
        }
    }

    fn end_if_over(&self, open: &mut Open, now: Instant) {
        if self.over(open).is_some_and(|over| now >= over) {
            open.next();
        }
    }
}
