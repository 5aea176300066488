//! Which pane an observation belongs to: said once, when it is observed, so that panes are exactly as long as asked whatever
//! the batches and however many threads observe.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::options::Length;

/// Numbers panes in order and fills one after the other. Its lock is held for a few additions.
#[derive(Debug)]
pub(super) struct Claims {
    length: Length,
    open: Mutex<Open>,
}

/// The pane that takes observations now.
#[derive(Debug)]
struct Open {
    pane: u64,
    observations: u64,
    since: Instant,
}

impl Open {
    fn next(&mut self) {
        self.pane += 1;
        self.observations = 0;
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
        let stretch = Stretch { pane: self.pane, observations: taken as usize, ends: taken == self.room };
        self.left -= taken;
        (self.pane, self.room) = (self.pane + 1, self.length);
        Some(stretch)
    }
}

impl Claims {
    pub fn new(length: Length) -> Self {
        Claims { length, open: Mutex::new(Open { pane: 0, observations: 0, since: Instant::now() }) }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Places the next `n` observations, which arrived `now`.
    pub fn claim(&self, n: usize, now: Instant) -> Stretches {
        let n = n as u64;
        let mut open = self.open();
        self.end_if_over(&mut open, now);
        let length = match self.length {
            Length::Observations(length) => length,
            Length::Seconds(_) => u64::MAX,
        };
        if open.observations == 0 {
            open.since = now;
        }
        let stretches = Stretches { pane: open.pane, room: length - open.observations, length, left: n };
        let after = open.observations + n;
        open.pane += after / length;
        open.observations = after % length;
        stretches
    }

    /// Panes with a lower number take no more. A pane measured in time that is over is ended first.
    pub fn ended(&self, now: Instant) -> u64 {
        let mut open = self.open();
        self.end_if_over(&mut open, now);
        open.pane
    }

    /// Ends the pane that takes observations now, if it has any; panes with a lower number than what is returned take no more.
    pub fn cut(&self) -> u64 {
        let mut open = self.open();
        if open.observations > 0 {
            open.next();
        }
        open.pane
    }

    fn end_if_over(&self, open: &mut Open, now: Instant) {
        if let Length::Seconds(s) = self.length
            && open.observations > 0
            && now.saturating_duration_since(open.since) >= Duration::from_secs_f64(s)
        {
            open.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn panes_are_filled_in_order_and_exactly(
            length in 1u64..50,
            batches in prop::collection::vec((0usize..120, any::<bool>()), 1..30),
        ) {
            let claims = Claims::new(Length::Observations(length));
            let (mut pane, mut filled) = (0, 0);
            for (n, cut) in batches {
                let mut claimed = 0;
                for stretch in claims.claim(n, Instant::now()) {
                    prop_assert_eq!(stretch.pane, pane);
                    filled += stretch.observations as u64;
                    claimed += stretch.observations;
                    prop_assert!(filled <= length && stretch.ends == (filled == length));
                    if stretch.ends {
                        (pane, filled) = (pane + 1, 0);
                    }
                }
                prop_assert_eq!(claimed, n);
                if cut {
                    (pane, filled) = (pane + u64::from(filled > 0), 0);
                    prop_assert_eq!(claims.cut(), pane);
                }
                prop_assert_eq!(claims.ended(Instant::now()), pane);
            }
        }
    }

    #[test]
    fn time_ends_a_pane_that_has_observations() {
        let claims = Claims::new(Length::Seconds(2.0));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let pane = |n, seconds| claims.claim(n, at(seconds)).map(|s| s.pane).collect::<Vec<_>>();
        assert_eq!((claims.ended(at(9)), pane(3, 10), pane(5, 11)), (0, vec![0], vec![0]));
        assert_eq!((pane(1, 12), claims.ended(at(13)), claims.ended(at(14))), (vec![1], 1, 2));
    }
}
