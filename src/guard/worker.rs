//! The one background thread of the process. It is started by the first guard and ended by
//! [`shutdown`].

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::line::{Line, Tenant};
use super::state::State;
use crate::error::{Error, Result, panic_message};
use crate::process::PerProcess;

struct Worker {
    line: Arc<Line<State>>,
    thread: JoinHandle<()>,
}

/// A child of fork has none of its parent's threads, and starts its own.
static WORKER: PerProcess<Worker> = PerProcess::new();

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// The line before the worker, which is started if it does not run.
///
/// # Errors
/// [`Error::WorkerFailed`] of `guard` if the system refuses a thread.
pub(super) fn line(guard: &str) -> Result<Arc<Line<State>>> {
    WORKER.with(|worker| {
        if let Some(worker) = worker {
            return Ok(worker.line.clone());
        }
        let line = Arc::new(Line::new());
        let before = line.clone();
        let thread =
            std::thread::Builder::new().name("fluxguard".into()).spawn(move || work(&before));
        let thread = thread.map_err(|error| Error::WorkerFailed {
            guard: guard.into(),
            reason: format!("the system refuses to start its thread: {error}"),
        })?;
        *worker = Some(Worker { line: line.clone(), thread });
        Ok(line)
    })
}

/// Whether the background thread exists: nothing starts it but a guard.
#[must_use]
pub fn is_running() -> bool {
    WORKER.with(|worker| worker.is_some())
}

/// Whether this is the background thread, which cannot wait for itself.
pub(super) fn is_this_thread() -> bool {
    IS_WORKER.get()
}

/// Closes every guard, tests what was observed and ends the background thread: for the end of the
/// process. A guard made afterwards starts a new one. In a child of fork, the parent's guards are
/// left alone.
pub fn shutdown() {
    let Some(worker) = WORKER.with(Option::take) else { return };
    worker.line.stop();
    if !is_this_thread() {
        // It ends by itself, whatever goes wrong in it: see `work`.
        let _ = worker.thread.join();
    }
}

/// What goes wrong with one guard is reported to that one, in its turn. Anything else is a death of
/// the worker: it is reported to all guards, none of which is tested any more, and the worker
/// starts again for those to come.
fn work<G: Tenant>(line: &Line<G>) {
    IS_WORKER.set(true);
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| line.attend())) {
        let reason = format!(
            "a bug in FluxGuard (a panic of its thread): {}",
            panic_message(panic.as_ref())
        );
        let _ = catch_unwind(AssertUnwindSafe(|| line.fail_all(&reason)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::time::Duration;

    use super::super::line::Next;
    use super::*;

    /// Has turns, in one of which the thread dies.
    #[derive(Default)]
    struct Mortal {
        turns: AtomicU64,
        dies: AtomicBool,
        failed: Mutex<Vec<String>>,
    }

    impl Tenant for Mortal {
        fn turn(&self) -> Next {
            self.turns.fetch_add(1, Ordering::SeqCst);
            assert!(!self.dies.swap(false, Ordering::SeqCst), "on purpose");
            Next::Asleep
        }

        fn close(&self) {}

        fn fail(&self, reason: &str) {
            self.failed.lock().expect("no panic").push(reason.into());
        }
    }

    #[test]
    fn a_death_is_told_to_every_guard_and_the_worker_starts_again() {
        let line = Arc::new(Line::new());
        let [healthy, deadly, late] = [false, true, false]
            .map(|dies| Arc::new(Mortal { dies: dies.into(), ..Default::default() }));
        assert!(line.register(&healthy) && line.register(&deadly));
        let before = line.clone();
        let thread = std::thread::spawn(move || work(&before));
        assert!(line.call(&deadly, Next::Now));
        while healthy.failed.lock().expect("no panic").is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(line.register(&late) && line.call(&late, Next::Now));
        while late.turns.load(Ordering::SeqCst) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        line.stop();
        thread.join().expect("it never unwinds");
        let failures = |guard: &Mortal| guard.failed.lock().expect("no panic").clone();
        assert_eq!(failures(&healthy).len(), 1);
        assert!(
            failures(&healthy)[0].contains("on purpose")
                && failures(&deadly) == failures(&healthy)
                && failures(&late).is_empty()
        );
    }
}
