//! The pass over the rows: a value against all edges of its column side by side.

use crate::simd::{Real, multiversion};

/// Edges of a column: as many as a vector of single-precision values is wide, so that a value costs two instructions or four.
pub const EDGES: usize = 16;

/// Columns that are gone down one after the other before the next: as many single-precision values as a cache line holds.
const COLUMNS: usize = 16;

/// Rows that are gone down at once: their cache lines stay in the first cache for all of [`COLUMNS`].
const ROWS: usize = 256;

multiversion! {
    /// Adds to `counts[k][i]` how many values of column `k` are at least `edges[k][i]`. `rows`: one value a column, column
    /// fastest. NaN is not at least anything.
    pub(super) fn count(rows: &[T], edges: &[[T; EDGES]], counts: &mut [[u64; EDGES]]) -> () = count_body
}

#[inline(always)]
fn count_body<T: Real, const FMA: bool>(rows: &[T], edges: &[[T; EDGES]], counts: &mut [[u64; EDGES]]) {
    let p = edges.len();
    for rows in rows.chunks(ROWS * p) {
        for first in (0..p).step_by(COLUMNS) {
            for k in first..p.min(first + COLUMNS) {
                let column = count_column(&rows[k..], p, &edges[k]);
                for (count, new) in counts[k].iter_mut().zip(column) {
                    *count += u64::from(new);
                }
            }
        }
    }
}

/// Every `stride`-th of `rows`, from the first.
#[inline(always)]
fn count_column<T: Real>(rows: &[T], stride: usize, edges: &[T; EDGES]) -> [u32; EDGES] {
    let edges = *edges;
    let mut counts = [0u32; EDGES];
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
