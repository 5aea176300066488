//! Work on rows that do not know of each other, on as many threads as pay; and how it ends where
//! nobody waits for it any more.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Multiplications for which a thread is worth its start: about a quarter of a millisecond.
const WORTH: usize = 1 << 19;

/// Multiplications after which to ask whether anybody waits: some ten milliseconds.
const PART: usize = WORTH << 5;

thread_local! {
    /// Raised when nobody waits for this thread any more.
    static LEFT: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Runs `work`, whose loops unwind once `left` is raised: nobody is to see what it gives then. No
/// panic hook is called.
pub fn unless_left<T>(left: Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    LEFT.set(Some(left));
    work()
}

/// What unwinds.
struct Left;

fn is_raised(left: Option<&AtomicBool>) -> bool {
    left.is_some_and(|left| left.load(Ordering::Relaxed))
}

/// Unwinds where nobody waits for this thread any more. Takes some nanoseconds.
pub fn go_on() {
    if LEFT.with_borrow(|left| is_raised(left.as_deref())) {
        resume_unwind(Box::new(Left));
    }
}

/// The machine's threads, or fewer by the environment variable `FLUXGUARD_THREADS`.
#[must_use]
pub fn threads() -> usize {
    let machine = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let wanted =
        std::env::var("FLUXGUARD_THREADS").ok().and_then(|text| text.parse::<usize>().ok());
    wanted.map_or(machine, |n| n.clamp(1, machine))
}

/// Calls `work(first, out)` for pieces of `out`, each a whole number of `width` elements, of which
/// `each` counts the cost. `first` is the number of the piece's first group of `width`.
pub fn for_pieces<T: Send>(
    out: &mut [T],
    width: usize,
    each: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    go_on();
    let n = out.len() / width.max(1);
    let few = n.saturating_mul(each) / WORTH;
    // `threads` asks the system: not for a row.
    if few < 2 {
        work(0, out);
        return;
    }
    let pieces = few.min(threads()).min(n).max(1);
    let left = LEFT.with_borrow(Clone::clone);
    let left = left.as_deref();
    let per = n.div_ceil(pieces);
    let part = if left.is_some() { (PART / each.max(1)).clamp(1, per) } else { per };
    let work = |first: usize, piece: &mut [T]| {
        for (i, piece) in piece.chunks_mut(part * width).enumerate() {
            if is_raised(left) {
                return;
            }
            work(first + i * part, piece);
        }
    };
    std::thread::scope(|scope| {
        let mut rest = out.chunks_mut(per * width).enumerate();
        let own = rest.next();
        for (i, piece) in rest {
            let work = &work;
            scope.spawn(move || work(i * per, piece));
        }
        if let Some((_, piece)) = own {
            work(0, piece);
        }
    });
    go_on();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_worked_on_once() {
        for (n, width, each) in [(1, 3, 1), (1000, 2, 1 << 16), (7, 1, 1 << 20), (0, 4, 1)] {
            let mut out = vec![0usize; n * width];
            for_pieces(&mut out, width, each, |first, piece| {
                piece
                    .chunks_mut(width)
                    .enumerate()
                    .for_each(|(i, group)| group.fill(first + i + 1));
            });
            assert!(out.iter().enumerate().all(|(i, x)| *x == i / width + 1));
        }
    }
}
