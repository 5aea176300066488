//! How a host ends a long call before it is done.
//!
//! A host that may want to gives a flag with the call ([`listening`]). A call that can take long
//! then works on copies of what it was given, on a thread of its own; the caller waits, and looks
//! at the host's flag meanwhile. When that is raised, the call returns [`Error::Interrupted`] at
//! once and has changed nothing: the thread is left behind, and what it makes is dropped. So no
//! computation has to know of interrupts. Only the loops of [`crate::parallel`] are told that
//! nobody waits any more, and most threads end soon.

use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use crate::error::{Error, Result, contained};
use crate::parallel;
use crate::tensor::{Tensor, TensorCopy};

/// Between two looks at the flag.
const PATIENCE: Duration = Duration::from_millis(5);

/// As large as the main thread's usually is: work must not depend on where it runs.
const STACK: usize = 8 << 20;

thread_local! {
    static FLAG: Cell<Option<&'static AtomicI32>> = const { Cell::new(None) };
}

/// Runs `work`, in which long calls end as soon as `flag` is not 0; none: they do not.
pub(crate) fn listening<T>(flag: Option<&'static AtomicI32>, work: impl FnOnce() -> T) -> T {
    /// A flag must not be read any more after the call, whatever ends it.
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            FLAG.set(None);
        }
    }
    FLAG.set(flag);
    let _over = Over;
    work()
}

/// Runs `work`, which the host may leave.
pub(crate) fn leavable<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match FLAG.get() {
        Some(flag) => beside(flag, work),
        None => work(),
    }
}

/// [`leavable`] of work on arrays: on copies of them, where the host may leave it.
pub(crate) fn leavable_on<const N: usize, T: Send + 'static>(
    arrays: [&Tensor<'_>; N],
    work: impl FnOnce([Tensor<'_>; N]) -> Result<T> + Send + 'static,
) -> Result<T> {
    leavable_if(true, arrays, work)
}

/// [`leavable_on`] of `long` work; other work ends by itself before anybody could leave it.
pub(crate) fn leavable_if<const N: usize, T: Send + 'static>(
    long: bool,
    arrays: [&Tensor<'_>; N],
    work: impl FnOnce([Tensor<'_>; N]) -> Result<T> + Send + 'static,
) -> Result<T> {
    let copied = || arrays.iter().map(|array| array.copied()).collect::<Option<Vec<TensorCopy>>>();
    let copies = (long && FLAG.get().is_some()).then(copied).flatten();
    match copies.map(<[TensorCopy; N]>::try_from) {
        Some(Ok(copies)) => leavable(move || work(copies.each_ref().map(TensorCopy::tensor))),
        // Where there is no room for copies, too: better done than refused.
        _ => work(arrays.map(|array| *array)),
    }
}

/// Changes `value` by an array, as a whole or not at all. Only a `long` change can be left, for it
/// is one of a copy.
pub(crate) fn change<T: Clone + Send + 'static, R: Send + 'static>(
    value: &mut T,
    long: bool,
    array: &Tensor<'_>,
    change: impl FnOnce(&mut T, &Tensor<'_>) -> Result<R> + Send + 'static,
) -> Result<R> {
    if !(long && FLAG.get().is_some()) {
        return change(value, array);
    }
    let mut copy = value.clone();
    let (changed, result) = leavable_on([array], move |[array]| {
        let result = change(&mut copy, &array)?;
        Ok((copy, result))
    })?;
    *value = changed;
    Ok(result)
}

/// What work made, whatever it is: one loop for all types, which is compiled once.
type Made = Box<dyn Any + Send>;
type Work = Box<dyn FnOnce() -> Result<Made> + Send>;

/// Runs `work` on a thread of its own, and leaves that behind when `flag` is raised.
fn beside<T: Send + 'static>(
    flag: &AtomicI32,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let made = on_a_thread(flag, Box::new(move || Ok(Box::new(work()?) as Made)))?;
    made.downcast().map(|made| *made).map_err(|_| gone())
}

fn gone() -> Error {
    Error::NativePanic { message: "the thread of a call ended without a result".into() }
}

fn on_a_thread(flag: &AtomicI32, work: Work) -> Result<Made> {
    let is_raised = || flag.load(Ordering::Relaxed) != 0;
    if is_raised() {
        return Err(Error::Interrupted);
    }
    let left = Arc::new(AtomicBool::new(false));
    let (give_work, take_work) = sync_channel::<Work>(1);
    let (give_end, take_end) = sync_channel(1);
    let thread = Builder::new().name("fluxguard-call".into()).stack_size(STACK).spawn({
        let left = left.clone();
        move || {
            let Ok(work) = take_work.recv() else { return };
            let end = parallel::unless_left(left, || contained(work));
            // If nobody waits, what was made is dropped here.
            let _ = contained(|| {
                drop(give_end.send(end));
                Ok(())
            });
        }
    });
    // Where the system refuses a thread, here; nobody can leave it then.
    if thread.is_err() {
        return work();
    }
    give_work.send(work).map_err(|_| gone())?;
    loop {
        match take_end.recv_timeout(PATIENCE) {
            Ok(end) => return end,
            Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            Err(RecvTimeoutError::Timeout) if is_raised() => {
                left.store(true, Ordering::Relaxed);
                return Err(Error::Interrupted);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

#[cfg(test)]
mod tests;
