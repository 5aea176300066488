//! The pass over the rows: a value against all edges of its column side by side.

#![allow(unsafe_code)]

use super::{EDGES, GROUPS};
use crate::simd::{Real, multiversion};

/// Columns that are gone down one after the other before the next: as many single-precision values
/// as a cache line holds.
const COLUMNS: usize = 16;

/// Rows that are gone down at once: their cache lines stay in the first cache for all of
/// [`COLUMNS`].
const ROWS: usize = 256;

multiversion! {
    /// Adds the values of each column to its groups. `rows`: one value per column, column fastest.
    /// NaN counts as the lowest.
    pub(super) fn count(rows: &[T], edges: &[[T; GROUPS]], groups: &mut [[u64; GROUPS]]) -> () = count_body
}

#[inline(always)]
fn count_body<T: Real, const FMA: bool>(
    rows: &[T],
    edges: &[[T; GROUPS]],
    groups: &mut [[u64; GROUPS]],
) {
    let p = edges.len();
    for rows in rows.chunks(ROWS * p) {
        for first in (0..p).step_by(COLUMNS) {
            for k in first..p.min(first + COLUMNS) {
                let at_least = count_column(&rows[k..], p, &edges[k]);
                let mut from = (rows.len() / p) as u32;
                for (count, to) in groups[k].iter_mut().zip(&at_least[..EDGES]) {
                    *count += u64::from(from - to);
                    from = *to;
                }
                groups[k][EDGES] += u64::from(from);
            }
        }
    }
}

/// How many of every `stride`-th of `rows`, from the first, are at least each edge.
#[inline(always)]
fn count_column<T: Real>(rows: &[T], stride: usize, edges: &[T; GROUPS]) -> [u32; GROUPS] {
    let edges = *edges;
    let mut counts = [0u32; GROUPS];
    let mut add = |x: T| {
        let before = counts;
        counts = std::array::from_fn(|i| before[i] + u32::from(x >= edges[i]));
    };
    let n = rows.len().div_ceil(stride);
    // Four a round: the loop itself costs as much as a comparison.
    for j in 0..n / 4 {
        let four = &rows[4 * j * stride..][..3 * stride + 1];
        add(four[0]);
        add(four[stride]);
        add(four[2 * stride]);
        add(four[3 * stride]);
    }
    for j in n - n % 4..n {
        add(rows[j * stride]);
    }
    counts
}
