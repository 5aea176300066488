//! Whose turn it is: the guards that have something for the worker, in order, and those that will
//! have at some moment. Nobody is looked at who has nothing.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::sync::{Condvar, Mutex, lock, now, wait};

/// When a guard wants its next turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// When it is called.
    Asleep,
    /// At this moment, or when it is called.
    At(Instant),
    /// After the others that wait.
    Now,
}

/// Who has turns.
pub(super) trait Tenant {
    /// Does a bounded piece of work. Nothing that goes wrong in it leaves it.
    fn turn(&self) -> Next;
    /// Takes nothing more in, and wants a turn to test what there is.
    fn close(&self);
    /// Tells everyone who waits, or will, that nothing more is tested.
    fn fail(&self, reason: &str);
}

/// The line before one worker.
#[derive(Debug)]
pub(super) struct Line<G> {
    inner: Mutex<Inner<G>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner<G> {
    ready: VecDeque<Arc<G>>,
    /// The guards in `ready`.
    queued: HashSet<Id>,
    later: BTreeMap<(Instant, Id), Arc<G>>,
    /// When the guards in `later` are due.
    due: HashMap<Id, Instant>,
    /// All who may come.
    members: Vec<Weak<G>>,
    /// Members at which to look for some that are gone.
    crowd: usize,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    /// Nobody new comes; all are to be closed.
    Stopping,
    /// All were told to close.
    Closing,
    /// Nobody has turns any more.
    Ended,
}

/// A guard's address: its own while the line holds it.
type Id = usize;

fn id<G>(guard: &Arc<G>) -> Id {
    Arc::as_ptr(guard).cast::<()>() as usize
}

impl<G> Inner<G> {
    fn call(&mut self, guard: &Arc<G>, next: Next) {
        let id = id(guard);
        match next {
            _ if self.queued.contains(&id) => {}
            Next::Asleep => {}
            Next::At(at) => {
                if self.due.get(&id).is_none_or(|due| at < *due) {
                    self.forget(id);
                    self.due.insert(id, at);
                    self.later.insert((at, id), guard.clone());
                }
            }
            Next::Now => {
                self.forget(id);
                self.queued.insert(id);
                self.ready.push_back(guard.clone());
            }
        }
    }

    fn forget(&mut self, id: Id) -> Option<Arc<G>> {
        let due = self.due.remove(&id)?;
        self.later.remove(&(due, id))
    }

    fn queue_what_is_due(&mut self, now: Instant) {
        while let Some(((due, id), _)) = self.later.first_key_value()
            && *due <= now
        {
            let id = *id;
            if let Some(guard) = self.forget(id) {
                self.queued.insert(id);
                self.ready.push_back(guard);
            }
        }
    }
}

impl<G: Tenant> Line<G> {
    pub fn new() -> Self {
        let inner = Inner {
            ready: VecDeque::new(),
            queued: HashSet::new(),
            later: BTreeMap::new(),
            due: HashMap::new(),
            members: Vec::new(),
            crowd: 16,
            stage: Stage::Open,
        };
        Line { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    /// Lets a guard come; not once the line is to end.
    #[must_use]
    pub fn register(&self, guard: &Arc<G>) -> bool {
        let mut inner = lock(&self.inner);
        if inner.stage > Stage::Open {
            return false;
        }
        if inner.members.len() >= inner.crowd {
            inner.members.retain(|member| member.strong_count() > 0);
            inner.crowd = 2 * inner.members.len() + 16;
        }
        inner.members.push(Arc::downgrade(guard));
        true
    }

    /// Puts a guard into the line. `false` once nobody has turns any more: then the caller has to
    /// do the guard's work.
    #[must_use]
    pub fn call(&self, guard: &Arc<G>, next: Next) -> bool {
        let mut inner = lock(&self.inner);
        if inner.stage == Stage::Ended {
            return false;
        }
        inner.call(guard, next);
        drop(inner);
        self.changed.notify_all();
        true
    }

    /// Has the worker close every guard, test what is open, and go.
    pub fn stop(&self) {
        let mut inner = lock(&self.inner);
        inner.stage = inner.stage.max(Stage::Stopping);
        drop(inner);
        self.changed.notify_all();
    }

    /// The worker: gives turns until it is stopped and nobody wants one.
    pub fn attend(&self) {
        while let Some(guard) = self.next() {
            let next = guard.turn();
            lock(&self.inner).call(&guard, next);
        }
    }

    fn next(&self) -> Option<Arc<G>> {
        let mut inner = lock(&self.inner);
        loop {
            if inner.stage == Stage::Stopping {
                inner.stage = Stage::Closing;
                let members: Vec<_> = inner.members.iter().filter_map(Weak::upgrade).collect();
                drop(inner);
                for guard in members {
                    guard.close();
                    lock(&self.inner).call(&guard, Next::Now);
                }
                inner = lock(&self.inner);
            }
            let now = now();
            inner.queue_what_is_due(now);
            if let Some(guard) = inner.ready.pop_front() {
                inner.queued.remove(&id(&guard));
                return Some(guard);
            }
            let due = inner.later.first_key_value().map(|((due, _), _)| *due);
            if due.is_none() && inner.stage == Stage::Closing {
                inner.stage = Stage::Ended;
                return None;
            }
            inner = wait(&self.changed, inner, due.map(|due| due.saturating_duration_since(now)));
        }
    }

    /// After a death of the worker: tells every guard, and forgets who was in the line. The line
    /// goes on.
    pub fn fail_all(&self, reason: &str) {
        let mut inner = lock(&self.inner);
        let members: Vec<_> = inner.members.iter().filter_map(Weak::upgrade).collect();
        let waiting = (std::mem::take(&mut inner.ready), std::mem::take(&mut inner.later));
        inner.queued.clear();
        inner.due.clear();
        drop(inner);
        drop(waiting);
        members.iter().for_each(|guard| guard.fail(reason));
    }
}
