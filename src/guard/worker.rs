//! The one background thread of the process. It is started by the first guard and ended by [`shutdown`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select, unbounded};
use once_cell::sync::Lazy;

use super::slots::Share;
use super::state::State;

/// Parcels of shares that may wait. Behind that many, callers merge their own: memory stays bounded and nobody waits.
const CAPACITY: usize = 16;
/// How often the worker looks into the slots for shares of panes that are not full.
const TICK: Duration = Duration::from_millis(50);

/// Requests that must not wait behind data.
pub(super) enum Order {
    /// Test all that was observed so far.
    Flush { guard: Arc<State>, ticket: u64 },
    /// Watch a new guard.
    Register(Weak<State>),
    /// End.
    Stop,
}

/// Shares and the guard they belong to.
pub(super) type Parcel = (Arc<State>, Vec<Share>);

struct Worker {
    data: Sender<Parcel>,
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

static WORKER: Lazy<Mutex<Option<Worker>>> = Lazy::new(|| Mutex::new(None));

/// The channels to the worker, which is started if it does not run.
pub(super) fn channels() -> (Sender<Parcel>, Sender<Order>) {
    let mut worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
    let worker = worker.get_or_insert_with(start);
    (worker.data.clone(), worker.orders.clone())
}

fn start() -> Worker {
    let (data, shares) = bounded(CAPACITY);
    let (orders, requests) = unbounded();
    // Without a thread (the system refused one) sends still succeed or fill up, and callers summarise; a flush says so.
    let thread = std::thread::Builder::new().name("fluxguard".into()).spawn(move || run(&shares, &requests)).ok();
    Worker { data, orders, thread }
}

/// Whether the background thread exists: nothing starts it but a guard.
#[must_use]
pub fn is_running() -> bool {
    WORKER.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|w| w.thread.is_some())
}

/// Hands `shares` to the worker, or back if it is behind.
pub(super) fn try_send(data: &Sender<Parcel>, guard: &Arc<State>, shares: Vec<Share>) -> Result<(), Vec<Share>> {
    data.try_send((guard.clone(), shares)).map_err(|error| match error {
        TrySendError::Full((_, shares)) | TrySendError::Disconnected((_, shares)) => shares,
    })
}

/// Closes every guard, tests what was observed and ends the background thread: for the end of the process. A guard made
/// afterwards starts a new one.
pub fn shutdown() {
    let worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut worker) = worker else { return };
    let stopped = worker.orders.send(Order::Stop);
    if let (Ok(()), Some(thread)) = (stopped, worker.thread.take()) {
        // A panic of the thread has been told to its guards.
        let _ = thread.join();
    }
}

fn run(shares: &Receiver<Parcel>, requests: &Receiver<Order>) {
    let mut guards: Vec<Weak<State>> = Vec::new();
    let mut last_sweep = Instant::now();
    loop {
        // Without guards there is nothing to look after, and the thread sleeps until it is asked.
        let patience = if guards.is_empty() { Duration::from_secs(3600) } else { TICK };
        select! {
            recv(requests) -> order => match order {
                Ok(Order::Register(guard)) => guards.push(guard),
                Ok(Order::Flush { guard, ticket }) => flush(&guard, Some(ticket), shares),
                Ok(Order::Stop) | Err(_) => break,
            },
            recv(shares) -> share => if let Ok((guard, share)) = share { take(&guard, share) },
            default(patience) => {}
        }
        if last_sweep.elapsed() >= TICK {
            last_sweep = Instant::now();
            guards.retain(|guard| guard.strong_count() > 0);
            guards.iter().filter_map(Weak::upgrade).for_each(|guard| sweep(&guard, shares));
        }
    }
    // What is still asked for is answered, and what is still open is closed.
    while let Ok(order) = requests.try_recv() {
        match order {
            Order::Register(guard) => guards.push(guard),
            Order::Flush { guard, ticket } => flush(&guard, Some(ticket), shares),
            Order::Stop => {}
        }
    }
    for guard in guards.iter().filter_map(Weak::upgrade) {
        guard.refuse_more();
        flush(&guard, None, shares);
    }
}

fn take(guard: &Arc<State>, shares: Vec<Share>) {
    contained(guard, |guard| shares.into_iter().try_for_each(|share| guard.take(share)));
}

/// What lies in the channel now, for whichever guard.
fn drain(shares: &Receiver<Parcel>) {
    for (guard, share) in shares.try_iter().take(shares.len()) {
        take(&guard, share);
    }
}

/// Tests what is due of a guard that nobody pushes on: the last shares of full panes, and panes whose time is over.
fn sweep(guard: &Arc<State>, shares: &Receiver<Parcel>) {
    let ended = guard.ended(Instant::now());
    close_before(guard, ended, shares);
}

fn flush(guard: &Arc<State>, ticket: Option<u64>, shares: &Receiver<Parcel>) {
    let ended = guard.cut();
    close_before(guard, ended, shares);
    contained(guard, |guard| guard.test_rest());
    guard.answer(ticket);
}

/// Every observation that belongs to a pane before `ended` is in a slot, whose lock its caller may still hold, or in the
/// channel. It may go from the one to the other meanwhile, but never back: slots first, then all of the channel.
fn close_before(guard: &Arc<State>, ended: u64, shares: &Receiver<Parcel>) {
    contained(guard, |guard| guard.drain_slots());
    drain(shares);
    contained(guard, |guard| guard.close_before(ended));
}

/// Runs `work`; an error or a panic ends this guard's tests, is told to its users, and touches no other guard.
pub(super) fn contained(guard: &Arc<State>, work: impl FnOnce(&State) -> crate::Result<()>) {
    let reason = match catch_unwind(AssertUnwindSafe(|| work(guard))) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => crate::error::panic_message(panic.as_ref()),
    };
    guard.fail(reason);
}
