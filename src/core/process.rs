//! Which process this is: a child of fork has a copy of its parent's memory and none of its
//! threads, so what stands on a thread, or on a lock that one may have held, is not the child's.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::locks::lock;

/// How often this process's line was forked.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Held by who uses a [`PerProcess`], and by who forks, so that none is half changed in the child.
static GATE: Mutex<()> = Mutex::new(());

thread_local! {
    static FORKING: RefCell<Option<MutexGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// A number that is another one in a child of fork, once forks are watched
/// (`watch` in `border/fork.rs`).
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Before a fork, on the thread that forks.
pub fn before_fork() {
    let gate = lock(&GATE);
    // Without thread-local memory the thread is at its end, and nothing forks there.
    let _ = FORKING.try_with(|forking| *forking.borrow_mut() = Some(gate));
}

/// After a fork, on the thread that forked, in either process.
pub fn after_fork(in_child: bool) {
    if in_child {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    let _ = FORKING.try_with(|forking| drop(forking.borrow_mut().take()));
}

/// Something of which each process has its own: a child forgets its parent's, without touching it.
#[derive(Debug)]
pub struct PerProcess<T>(Mutex<(u64, Option<T>)>);

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        PerProcess::new()
    }
}

impl<T> PerProcess<T> {
    /// Of which no process has one yet.
    pub const fn new() -> Self {
        PerProcess(Mutex::new((0, None)))
    }

    /// Works on this process's own.
    pub fn with<R>(&self, work: impl FnOnce(&mut Option<T>) -> R) -> R {
        let _gate = lock(&GATE);
        let (of, value) = &mut *lock(&self.0);
        if *of != generation() {
            *of = generation();
            std::mem::forget(value.take());
        }
        work(value)
    }
}
