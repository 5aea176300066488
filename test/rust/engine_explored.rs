//! The engine's own files, compiled against loom's locks and threads instead of the standard
//! library's: loom goes through every order in which the threads of a small scene can meet, up to
//! so many switches that no lock or end of a thread forces (two, which finds nearly all faults of
//! such orders: Musuvathi and Qadeer 2007). What is a stub here is what they are given: summaries
//! are numbers of observations, tests count them, and the clock goes on by an hour whenever it is
//! looked at.

#![allow(dead_code)] // the files are compiled whole

#[path = "../../src/guard/answers.rs"]
mod answers;
#[path = "../../src/guard/claims.rs"]
mod claims;
#[path = "../../src/guard/desk.rs"]
mod desk;
#[path = "../../src/guard/line.rs"]
mod line;
#[path = "../../src/guard/round.rs"]
mod round;
#[path = "../../src/guard/slots.rs"]
mod slots;

mod error {
    pub type Result<T> = std::result::Result<T, String>;
}

mod options {
    #[derive(Debug, Clone, Copy)]
    pub enum Length {
        Observations(u64),
        Seconds(f64),
    }
}

/// As src/guard/sync.rs, of loom.
mod sync {
    pub(super) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
    pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().expect("loom's are never poisoned")
    }

    /// Time that passes while somebody waits passes at once; others have their turns first.
    pub(super) fn wait<'a, T>(
        changed: &Condvar,
        guard: MutexGuard<'a, T>,
        patience: Option<Duration>,
    ) -> MutexGuard<'a, T> {
        match patience {
            Some(Duration::ZERO) => {
                loom::thread::yield_now();
                guard
            }
            _ => changed.wait(guard).expect("loom's are never poisoned"),
        }
    }

    pub(super) fn now() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now)
    }
}

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use claims::Claims;
use desk::{Call, Desk, Hands, Room, Summary};
use line::{Line, Next, Tenant};
use options::Length;
use round::{Round, Tester};
use sync::{Mutex, lock, now};

/// Observations of one pane.
#[derive(Debug)]
struct Share {
    of: u64,
    observations: usize,
}

impl Summary for Share {
    fn pane(&self) -> u64 {
        self.of
    }
}

struct Counting;

impl Hands<(), Share> for Counting {
    fn empty(&mut self, of: u64) -> Share {
        Share { of, observations: 0 }
    }

    fn add(&mut self, (): &mut (), share: &mut Share, range: Range<usize>) {
        share.observations += range.len();
    }

    fn merge(&mut self, last: &mut Share, next: Share) {
        last.observations += next.observations;
    }
}

/// As src/guard/windows.rs: panes are tested in order, when they are full or take no more.
#[derive(Debug, Default)]
struct Panes {
    open: Vec<Share>,
    ended: u64,
    untested: usize,
    tested: usize,
    rest: bool,
}

const FULL: usize = 2;

impl Tester<Share> for Panes {
    fn take(&mut self, share: Share) -> error::Result<()> {
        match self.open.iter_mut().find(|open| open.of == share.of) {
            Some(open) => open.observations += share.observations,
            None => self.open.push(share),
        }
        self.open.sort_by_key(|open| open.of);
        Ok(())
    }

    fn close_before(&mut self, ended: u64) {
        self.ended = self.ended.max(ended);
    }

    fn rest(&mut self) {
        self.rest = true;
    }

    fn step(&mut self) -> error::Result<bool> {
        if self
            .open
            .first()
            .is_some_and(|first| first.of < self.ended || first.observations >= FULL)
        {
            self.untested += self.open.remove(0).observations;
            return Ok(true);
        }
        Ok(std::mem::take(&mut self.rest) && {
            self.tested += std::mem::take(&mut self.untested);
            true
        })
    }
}

/// A guard without its statistics: as src/guard/state.rs.
struct Guard {
    desk: Desk<(), Share>,
    bench: Mutex<(Panes, Option<Round>)>,
    line: Arc<Line<Guard>>,
}

impl Guard {
    fn new(line: &Arc<Line<Guard>>, room: Room) -> Arc<Self> {
        let guard = Arc::new(Guard {
            desk: Desk::new(Claims::new(Length::Observations(FULL as u64)), room),
            bench: Mutex::new(Default::default()),
            line: line.clone(),
        });
        assert!(line.register(&guard));
        guard
    }

    /// Whether the observations were accepted.
    fn observe(self: &Arc<Self>, caller: u64, n: usize) -> bool {
        let Ok(mut seat) = self.desk.enter(caller) else { return false };
        seat.take_in(n, now(), &mut Counting);
        match seat.leave() {
            Call::Nothing => {}
            Call::Soon => self.call(Next::At(now())),
            Call::Now => self.call(Next::Now),
        }
        true
    }

    fn call(self: &Arc<Self>, next: Next) {
        if self.line.call(self, next) {
            return;
        }
        while self.desk.answers.pending().is_some() {
            if let Next::At(_) = self.turn() {
                loom::thread::yield_now();
            }
        }
    }

    fn flush(self: &Arc<Self>, close: bool) {
        if close {
            self.desk.answers.close();
        }
        let ticket = self.desk.answers.ask();
        self.call(Next::Now);
        assert_eq!(self.desk.answers.wait(ticket, Duration::MAX), Ok(true));
    }

    fn tested(&self) -> usize {
        lock(&self.bench).0.tested
    }
}

impl Tenant for Guard {
    fn turn(&self) -> Next {
        let (panes, round) = &mut *lock(&self.bench);
        let next = self.desk.turn(round, panes, now(), || false).expect("counting cannot fail");
        // Time passes at once: see `sync::wait`.
        if let Next::At(_) = next {
            loom::thread::yield_now();
            return Next::Now;
        }
        next
    }

    fn close(&self) {
        self.desk.answers.close();
        self.desk.answers.ask();
    }

    fn fail(&self, reason: &str) {
        self.desk.answers.fail(reason.into());
    }
}

/// Goes through the orders of `scene`.
fn explore(scene: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 20_000;
    builder.check(scene);
}

const ROOM: Room = Room { slots: 2, finished: 1, queue: 1 };

/// A line and its worker.
fn worker() -> (Arc<Line<Guard>>, loom::thread::JoinHandle<()>) {
    let line = Arc::new(Line::new());
    let before = line.clone();
    (line, loom::thread::spawn(move || before.attend()))
}

#[test]
fn what_was_accepted_is_tested_when_close_returns() {
    explore(|| {
        let (line, worker) = worker();
        let guard = Guard::new(&line, ROOM);
        let observing = guard.clone();
        // Three observations go into two panes of two.
        let observer = loom::thread::spawn(move || if observing.observe(1, 3) { 3 } else { 0 });
        guard.flush(true);
        let tested = guard.tested();
        let accepted = observer.join().expect("no panic");
        assert_eq!(tested, accepted);
        assert!(!guard.observe(2, 1));
        line.stop();
        worker.join().expect("no panic");
    });
}

#[test]
fn two_who_observe_and_one_who_closes_lose_nothing() {
    explore(|| {
        let line = Arc::new(Line::new());
        let guard = Guard::new(&line, Room { slots: 1, finished: 1, queue: 1 });
        let observers = [1, 2].map(|caller| {
            let guard = guard.clone();
            loom::thread::spawn(move || if guard.observe(caller, 1) { 1 } else { 0 })
        });
        let closer = {
            let guard = guard.clone();
            loom::thread::spawn(move || {
                guard.desk.answers.close();
                guard.desk.answers.ask()
            })
        };
        // The worker's turns, on this thread.
        let ticket = closer.join().expect("no panic");
        while guard.desk.answers.pending().is_some() {
            if guard.turn() == Next::Now {
                loom::thread::yield_now();
            }
        }
        assert_eq!(guard.desk.answers.wait(ticket, Duration::MAX), Ok(true));
        let tested = guard.tested();
        let accepted: usize =
            observers.into_iter().map(|observer| observer.join().expect("no panic")).sum();
        assert_eq!(tested, accepted);
    });
}

#[test]
fn what_was_observed_before_a_flush_is_tested_when_it_returns() {
    explore(|| {
        let (line, worker) = worker();
        let guard = Guard::new(&line, ROOM);
        let observing = guard.clone();
        let observer = loom::thread::spawn(move || assert!(observing.observe(1, 1)));
        assert!(guard.observe(2, 1));
        guard.flush(false);
        assert!(guard.tested() >= 1);
        observer.join().expect("no panic");
        guard.flush(true);
        assert_eq!(guard.tested(), 2);
        line.stop();
        worker.join().expect("no panic");
    });
}

#[test]
fn every_flush_is_answered_whenever_the_worker_is_stopped() {
    explore(|| {
        let (line, worker) = worker();
        let guard = Guard::new(&line, ROOM);
        let stopping = line.clone();
        let stopper = loom::thread::spawn(move || stopping.stop());
        let accepted = if guard.observe(1, 1) { 1 } else { 0 };
        guard.flush(false);
        assert_eq!(guard.tested(), accepted);
        stopper.join().expect("no panic");
        worker.join().expect("no panic");
        // Nobody is there any more: whoever asks does the work.
        guard.flush(true);
        assert_eq!(guard.tested(), accepted);
    });
}

#[test]
fn what_lies_on_a_desk_wakes_the_worker() {
    explore(|| {
        let (line, worker) = worker();
        let guard = Guard::new(&line, ROOM);
        let observing = guard.clone();
        let observer = loom::thread::spawn(move || {
            assert!(observing.observe(1, 2) && observing.observe(1, 2))
        });
        observer.join().expect("no panic");
        // Full panes are closed though nobody flushes; loom finds a worker that sleeps for ever.
        while lock(&guard.bench).0.untested < 4 {
            loom::thread::yield_now();
        }
        line.stop();
        worker.join().expect("no panic");
    });
}
