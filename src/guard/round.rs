//! The worker's way through what lies on a guard's desk, in bounded turns: all that is done for one
//! guard before the next has its turn.
//!
//! A round ends panes, takes what callers had put into panes before that, tests what is complete,
//! and answers the flushes that were asked for before it began.

use std::time::{Duration, Instant};

use super::desk::{Desk, Summary};
use super::line::Next;
use super::sync::{Ordering, lock};
use crate::error::Result;

/// When to look again for what a caller has not handed over yet.
const SOON: Duration = Duration::from_millis(1);

/// What tests a guard's panes.
pub(super) trait Tester<S> {
    /// Takes in what a slot saw of a pane.
    fn take(&mut self, share: S) -> Result<()>;
    /// Nothing more will come for panes with a lower number.
    fn close_before(&mut self, ended: u64);
    /// Whatever was not tested is to be tested, though its window is not complete.
    fn rest(&mut self);
    /// Does a small piece of what is to be done; whether there was any.
    fn step(&mut self) -> Result<bool>;
    /// All was tested that a flush asked for, which is about to be answered; nothing more will come
    /// if `closed`.
    fn settle(&mut self, _closed: bool) {}
}

/// A round that is not over.
#[derive(Debug)]
pub(super) struct Round {
    /// The flushes up to this one are answered at its end.
    ticket: Option<u64>,
    /// Nobody observes any more: the last pane is ended when all slots were passed.
    closed: bool,
    /// Panes with a lower number take no more observations.
    ended: u64,
    /// Slots whose observations of those panes are in the queue, and slots that were asked for
    /// theirs.
    passed: Vec<bool>,
    asked: Vec<bool>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Some slots were not passed.
    Gather,
    /// So many shares of the queue are still to be taken.
    Take(usize),
    /// All was taken: what is complete is tested.
    Test,
    /// The rest is tested.
    Rest,
}

impl Round {
    fn begin<W, S: Summary>(desk: &Desk<W, S>, now: Instant) -> Self {
        // What comes from here on has the worker called again.
        desk.stirred.store(false, Ordering::Relaxed);
        // In this order: who asked for a flush to close had closed the guard.
        let ticket = desk.answers.pending();
        let closed = desk.answers.is_closed();
        // A call that was let in before the guard was closed may claim its panes after this moment.
        let ended =
            if ticket.is_some() && !closed { desk.claims.cut() } else { desk.claims.ended(now) };
        let slots = desk.slots.len();
        Round {
            ticket,
            closed,
            ended,
            passed: vec![false; slots],
            asked: vec![false; slots],
            stage: Stage::Gather,
        }
    }

    /// Every observation of a pane before `ended` is in a slot, in whose lock its caller may still
    /// be, or in the queue. Slots that nobody is in are emptied; who is in one empties it when
    /// leaving. Whether all were passed.
    fn gather<W, S: Summary>(&mut self, desk: &Desk<W, S>) -> bool {
        for at in 0..desk.slots.len() {
            if self.passed[at] {
                continue;
            }
            if self.asked[at] && !desk.slots.is_wanted(at) {
                self.passed[at] = true;
            } else if let Some(mut place) = desk.slots.try_lock(at) {
                desk.hand_over(at, &mut place);
                self.passed[at] = true;
            } else {
                desk.slots.want(at);
                self.asked[at] = true;
            }
        }
        self.passed.iter().all(|passed| *passed)
    }
}

impl<W, S: Summary> Desk<W, S> {
    /// Goes on with `round`, or begins one, until it is over or `time_is_up`.
    ///
    /// # Errors
    /// Those of the tests; the guard is done for then.
    pub fn turn(
        &self,
        round: &mut Option<Round>,
        tester: &mut impl Tester<S>,
        now: Instant,
        time_is_up: impl Fn() -> bool,
    ) -> Result<Next> {
        let going = round.get_or_insert_with(|| Round::begin(self, now));
        loop {
            if let Stage::Gather = going.stage
                && going.gather(self)
            {
                if going.closed {
                    going.ended = self.claims.cut();
                }
                going.stage = Stage::Take(lock(&self.queue).len());
            }
            // What is complete is tested before more is taken, so that little waits.
            let worked = tester.step()? || self.take_one(&mut going.stage, tester)?;
            if !worked {
                match (&going.stage, going.ticket) {
                    (Stage::Gather, _) => return Ok(Next::At(now + SOON)),
                    (Stage::Take(_), _) => {
                        tester.close_before(going.ended);
                        going.stage = Stage::Test;
                    }
                    (Stage::Test, Some(_)) => {
                        tester.rest();
                        going.stage = Stage::Rest;
                    }
                    (Stage::Test, None) => break,
                    (Stage::Rest, ticket) => {
                        tester.settle(going.closed);
                        ticket.into_iter().for_each(|ticket| self.answers.answer(ticket));
                        break;
                    }
                }
            }
            if time_is_up() {
                return Ok(Next::Now);
            }
        }
        *round = None;
        if self.answers.pending().is_some() {
            return Ok(Next::Now);
        }
        Ok(self.claims.due().map_or(Next::Asleep, Next::At))
    }

    /// Takes a share of the queue, if this stage still takes any; whether there was one.
    fn take_one(&self, stage: &mut Stage, tester: &mut impl Tester<S>) -> Result<bool> {
        match stage {
            Stage::Gather => {}
            Stage::Take(left) if *left > 0 => *left -= 1,
            _ => return Ok(false),
        }
        let share = lock(&self.queue).pop_front();
        let Some(share) = share else { return Ok(false) };
        tester.take(share)?;
        Ok(true)
    }
}
