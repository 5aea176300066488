//! Exact distances of tiles of eight points to groups of queries.

use super::nearest::Nearest;
use crate::simd::{Lanes, Real, WIDTH, multiversion};

/// Queries that share what was read of the points.
pub(super) const ABREAST: usize = 4;

/// Which points tiles hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Number of features.
    pub p: usize,
    /// Whether squared differences are summed, or negative products.
    pub squared: bool,
    /// The number of the first point in the tiles.
    pub first: usize,
    /// Points before this one do not count.
    pub from: usize,
    /// Nor do those from this one on.
    pub to: usize,
}

impl Place {
    /// Offers the eight distances of tile `t` that count.
    #[inline(always)]
    pub fn offer(&self, t: usize, sums: &Lanes, nearest: &mut Nearest) {
        let start = self.first + t * WIDTH;
        for (i, sum) in (start..self.to).zip(&sums.0) {
            if i >= self.from {
                nearest.offer(*sum, i as u32);
            }
        }
    }
}

/// What the kernels keep of a tile and a query: the sum over features, in their order.
#[inline(always)]
pub(super) fn sums<T: Real, const FMA: bool>(tile: &[T], query: &[f64], squared: bool) -> Lanes {
    let mut sum = Lanes::splat(0.0);
    for (x, q) in tile.chunks_exact(WIDTH).zip(query) {
        let x = Lanes::load(x);
        sum = if squared {
            let z = x - Lanes::splat(*q);
            z.fma::<FMA>(z, sum)
        } else {
            x.fma::<FMA>(Lanes::splat(-*q), sum)
        };
    }
    sum
}

multiversion! {
    /// Offers every point of the tiles to every query, of which there are whole groups of
    /// [`ABREAST`].
    pub(super) fn search(tiles: &[T], queries: &[f64], place: Place, nearest: &mut [Nearest]) -> () = search_body
}

#[inline(always)]
fn search_body<T: Real, const FMA: bool>(
    tiles: &[T],
    queries: &[f64],
    place: Place,
    nearest: &mut [Nearest],
) {
    let p = place.p;
    for (queries, nearest) in
        queries.chunks_exact(ABREAST * p).zip(nearest.chunks_exact_mut(ABREAST))
    {
        let (a, rest) = queries.split_at(p);
        let (b, rest) = rest.split_at(p);
        let (c, d) = rest.split_at(p);
        for (t, tile) in tiles.chunks_exact(p * WIDTH).enumerate() {
            let mut sums = [Lanes::splat(0.0); ABREAST];
            let steps = tile.chunks_exact(WIDTH).zip(a.iter().zip(b).zip(c.iter().zip(d)));
            if place.squared {
                for (x, ((a, b), (c, d))) in steps {
                    let x = Lanes::load(x);
                    for (sum, q) in sums.iter_mut().zip([a, b, c, d]) {
                        let z = x - Lanes::splat(*q);
                        *sum = z.fma::<FMA>(z, *sum);
                    }
                }
            } else {
                for (x, ((a, b), (c, d))) in steps {
                    let x = Lanes::load(x);
                    for (sum, q) in sums.iter_mut().zip([a, b, c, d]) {
                        *sum = x.fma::<FMA>(Lanes::splat(-*q), *sum);
                    }
                }
            }
            for (sum, nearest) in sums.iter().zip(nearest.iter_mut()) {
                // One comparison of eight and one test; point by point only where one is near
                // enough.
                let mut near = false;
                for l in 0..WIDTH {
                    near |= sum.0[l] < nearest.bound;
                }
                if near {
                    place.offer(t, sum, nearest);
                }
            }
        }
    }
}

multiversion! {
    /// The sums of all points and one query.
    pub(super) fn measure(tiles: &[T], query: &[f64], squared: bool, out: &mut [f64]) -> () = measure_body
}

#[inline(always)]
fn measure_body<T: Real, const FMA: bool>(
    tiles: &[T],
    query: &[f64],
    squared: bool,
    out: &mut [f64],
) {
    for (tile, out) in tiles.chunks_exact(query.len() * WIDTH).zip(out.chunks_exact_mut(WIDTH)) {
        sums::<T, FMA>(tile, query, squared).store(out);
    }
}
