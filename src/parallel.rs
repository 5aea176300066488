//! Work on rows that do not know of each other, on as many threads as pay.

use std::num::NonZeroUsize;

/// Multiplications for which a thread is worth its start: about a quarter of a millisecond.
const WORTH: usize = 1 << 19;

/// The machine's threads, or fewer by the environment variable `FLUXGUARD_THREADS`.
#[must_use]
pub fn threads() -> usize {
    let machine = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let wanted = std::env::var("FLUXGUARD_THREADS").ok().and_then(|text| text.parse::<usize>().ok());
    wanted.map_or(machine, |n| n.clamp(1, machine))
}

/// Calls `work(first, out)` for pieces of `out`, each a whole number of `width` elements, of which `each` counts the cost.
/// `first` is the number of the piece's first group of `width`.
pub fn for_pieces<T: Send>(out: &mut [T], width: usize, each: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let n = out.len() / width.max(1);
    // `threads` asks the system: not for a row.
    let few = n.saturating_mul(each) / WORTH;
    let pieces = if few < 2 { 1 } else { few.min(threads()).min(n).max(1) };
    if pieces == 1 {
        work(0, out);
        return;
    }
    let per = n.div_ceil(pieces);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_worked_on_once() {
        for (n, width, each) in [(1, 3, 1), (1000, 2, 1 << 16), (7, 1, 1 << 20), (0, 4, 1)] {
            let mut out = vec![0usize; n * width];
            for_pieces(&mut out, width, each, |first, piece| {
                piece.chunks_mut(width).enumerate().for_each(|(i, group)| group.fill(first + i + 1));
            });
            assert!(out.iter().enumerate().all(|(i, x)| *x == i / width + 1));
        }
    }
}
