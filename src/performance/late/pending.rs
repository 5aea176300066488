//! Predictions that wait, in the order in which they were made.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Id;
use crate::sound::can_grow;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum State {
    Waiting(f64),
    /// Its outcome, held for those before it.
    Held(f64),
    /// The outcome was let out.
    Done,
    /// It stopped waiting.
    Given,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    id: Id,
    time: f64,
    state: State,
}

/// A queue of predictions and where each id stands in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    capacity: usize,
    in_order: bool,
    /// Those that wait or are held, the oldest first; between them some that are done (order of
    /// arrival).
    queue: VecDeque<Entry>,
    /// Predictions ever at the front of the queue: the number of its first entry.
    first: u64,
    /// Number of each id that is in the queue or remembered.
    numbers: HashMap<Id, u64>,
    /// What became of those before the queue: the newest, as many as `capacity`. True: it had a
    /// label.
    closed: VecDeque<(Id, bool)>,
    /// Outcomes in the order of arrival.
    ready: Vec<(Id, f64)>,
    waiting: u64,
    held: u64,
}

/// What may go on.
pub(super) struct Released {
    pub outcomes: Vec<(Id, f64)>,
    pub expired: u64,
    pub evicted: u64,
}

pub(super) enum Labeled {
    Joined,
    Duplicate,
    Late,
    Unknown,
}

impl Pending {
    pub fn new(capacity: usize, in_order: bool) -> Self {
        Pending {
            capacity,
            in_order,
            queue: VecDeque::new(),
            first: 0,
            numbers: HashMap::new(),
            closed: VecDeque::new(),
            ready: Vec::new(),
            waiting: 0,
            held: 0,
        }
    }

    /// False where the id is known already.
    pub fn record(&mut self, id: Id, prediction: f64, time: f64) -> bool {
        if self.numbers.contains_key(&id) {
            return false;
        }
        self.numbers.insert(id, self.first + self.queue.len() as u64);
        self.queue.push_back(Entry { id, time, state: State::Waiting(prediction) });
        self.waiting += 1;
        true
    }

    pub fn waiting_prediction(&self, id: Id) -> Option<f64> {
        let at = self.numbers.get(&id)?.checked_sub(self.first)?;
        match self.queue.get(at as usize)?.state {
            State::Waiting(prediction) => Some(prediction),
            _ => None,
        }
    }

    pub fn label(&mut self, id: Id, outcome: impl FnOnce(f64) -> f64) -> Labeled {
        let Some(&number) = self.numbers.get(&id) else { return Labeled::Unknown };
        let Some(at) = number.checked_sub(self.first) else {
            // Remembered: its place from the end of `closed` is its distance from the queue.
            let back = (self.first - number) as usize;
            let labeled = self
                .closed
                .len()
                .checked_sub(back)
                .and_then(|i| self.closed.get(i))
                .is_some_and(|c| c.1);
            return if labeled { Labeled::Duplicate } else { Labeled::Late };
        };
        let Some(entry) = self.queue.get_mut(at as usize) else { return Labeled::Unknown };
        match entry.state {
            State::Waiting(prediction) => {
                let outcome = outcome(prediction);
                self.waiting -= 1;
                if self.in_order {
                    entry.state = State::Held(outcome);
                    self.held += 1;
                } else {
                    entry.state = State::Done;
                    self.ready.push((id, outcome));
                }
                Labeled::Joined
            }
            State::Held(_) | State::Done => Labeled::Duplicate,
            State::Given => Labeled::Late,
        }
    }

    /// Ends the waiting of what was predicted before `oldest`, and of the oldest while there are
    /// more than `capacity`; then lets out the outcomes that wait for nothing.
    pub fn release(&mut self, oldest: f64) -> Released {
        let mut released =
            Released { outcomes: std::mem::take(&mut self.ready), expired: 0, evicted: 0 };
        let mut full = self.queue.len() > self.capacity;
        while let Some(front) = self.queue.front_mut() {
            match front.state {
                State::Waiting(_) => {
                    let expired = front.time < oldest;
                    if !expired && !full {
                        break;
                    }
                    front.state = State::Given;
                    self.waiting -= 1;
                    *if expired { &mut released.expired } else { &mut released.evicted } += 1;
                }
                State::Held(outcome) => {
                    released.outcomes.push((front.id, outcome));
                    front.state = State::Done;
                    self.held -= 1;
                }
                State::Done | State::Given => {}
            }
            self.close_front();
            full = self.queue.len() > self.capacity;
        }
        released
    }

    fn close_front(&mut self) {
        let Some(front) = self.queue.pop_front() else { return };
        self.first += 1;
        self.closed.push_back((front.id, matches!(front.state, State::Done)));
        if self.closed.len() > self.capacity
            && let Some((id, _)) = self.closed.pop_front()
        {
            self.numbers.remove(&id);
        }
    }

    /// How many wait, and how many outcomes are held.
    pub fn sizes(&self) -> (u64, u64) {
        (self.waiting, self.held)
    }

    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.queue.len().max(self.closed.len()).max(self.numbers.len())
    }
}

impl Pending {
    /// Whether it is one with these options, and what is in it is counted and found right.
    pub fn is_sound(&self, capacity: usize, in_order: bool) -> bool {
        let end = self.first.saturating_add(self.queue.len() as u64);
        let start = self.first.checked_sub(self.closed.len() as u64);
        let waits = |entry: &&Entry| matches!(entry.state, State::Waiting(_));
        let is_held = |entry: &&Entry| matches!(entry.state, State::Held(_));
        let ids =
            self.closed.iter().map(|(id, _)| id).chain(self.queue.iter().map(|entry| &entry.id));
        (self.capacity, self.in_order) == (capacity, in_order)
            && can_grow([end])
            && self.closed.len() <= capacity
            && self.numbers.len() == self.closed.len() + self.queue.len()
            && start.is_some_and(|start| {
                ids.zip(start..).all(|(id, number)| self.numbers.get(id) == Some(&number))
            })
            && self.queue.iter().filter(waits).count() as u64 == self.waiting
            && self.queue.iter().filter(is_held).count() as u64 == self.held
    }
}
