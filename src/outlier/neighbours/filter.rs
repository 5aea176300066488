//! Search of many queries: products in single precision say which points cannot be among the nearest, and only the others'
//! distances are computed. What is found is what [`super::kernel`] finds, to the bit.
//!
//! `|x - q|^2 < bound` is `x q - |x|^2/2 > (|q|^2 - bound)/2`: one multiplication a feature. All is taken from a centre first, near
//! which squares lose no digits. The rounding of the left side is bounded (Higham 2002, section 3.1: a sum of p products has
//! a relative error of at most p u in their absolute values, u = 2^-24, and 2 u come from rounding the factors), and the
//! right side lowered by more than that; so no point is lost. NaN and what overflows passes the filter.

use super::kernel::{Place, sums};
use super::nearest::Nearest;
use crate::simd::{Real, WIDTH, multiversion};

/// Points side by side: two tiles.
const WIDE: usize = 2 * WIDTH;

/// Queries that share what was read of the points: six sums of sixteen points fit into sixteen registers of eight.
pub(super) const ABREAST: usize = 6;

/// Queries from which on it pays to round the points first.
pub(super) const WORTH: usize = 64;

/// Points from which on it pays, times k: about so many are near for a while.
pub(super) const POINTS: usize = 32;

/// Queries, rounded.
pub(super) struct Queries<'a> {
    exact: &'a [f64],
    /// Groups of [`ABREAST`], in each feature by feature.
    single: Vec<f32>,
    center: Vec<f64>,
    /// Of each query the length, from the centre.
    norms: Vec<f64>,
    squared: bool,
}

/// Points of a block, rounded.
#[derive(Default)]
pub(super) struct Points {
    tiles: Vec<f32>,
    /// Minus half the squared length of each; 0 for products.
    halves: Vec<f32>,
    /// The largest length.
    reach: f64,
}

impl<'a> Queries<'a> {
    /// Whole groups of [`ABREAST`].
    pub fn new(exact: &'a [f64], p: usize, squared: bool) -> Self {
        let n = exact.len() / p;
        let mut center = vec![0.0; p];
        if squared {
            for row in exact.chunks_exact(p) {
                center.iter_mut().zip(row).for_each(|(c, x)| *c += x / n as f64);
            }
        }
        let mut single = vec![0.0; exact.len()];
        let mut norms = vec![0.0; n];
        for (i, (row, norm)) in exact.chunks_exact(p).zip(&mut norms).enumerate() {
            let group = &mut single[i / ABREAST * ABREAST * p..];
            for (k, (x, c)) in row.iter().zip(&center).enumerate() {
                let z = x - c;
                *norm += z * z;
                group[k * ABREAST + i % ABREAST] = z as f32;
            }
            *norm = norm.sqrt();
        }
        Queries { exact, single, center, norms, squared }
    }

    /// A point whose rounded sum is below this is not among the nearest of query `i`.
    fn limit(&self, i: usize, bound: f64, reach: f64) -> f32 {
        let (norm, p) = (self.norms[i], self.center.len() as f64);
        let most = (norm + reach) * (norm + reach);
        // Whatever single precision might overflow with passes.
        let small = most < 1e37 && bound < 1e37 && p < 1e6;
        if !small {
            return f32::NEG_INFINITY;
        }
        let exact = if self.squared { 0.5 * (norm * norm - bound) } else { -bound };
        // Twice the bound of the text above, the rounding of this number, and what is lost below the smallest normal number.
        let slack =
            (p + 16.0) * f64::from(f32::EPSILON) * (0.5 * most) + exact.abs() * 2.0 * f64::from(f32::EPSILON) + 1e-36;
        (exact - slack) as f32
    }
}

impl Points {
    /// Of the tiles.
    pub fn fill<T: Real>(&mut self, tiles: &[T], queries: &Queries<'_>) {
        let p = queries.center.len();
        let wide = (tiles.len() / (p * WIDTH)).div_ceil(2);
        // A last tile without its pair is filled up with what no exact search looks at.
        self.tiles.resize(wide * p * WIDE, 0.0);
        self.halves.resize(wide * WIDE, 0.0);
        self.reach = round(tiles, &queries.center, queries.squared, &mut self.tiles, &mut self.halves).sqrt();
    }
}

multiversion! {
    fn round(tiles: &[T], center: &[f64], squared: bool, out: &mut [f32], halves: &mut [f32]) -> f64 = round_body
}

#[inline(always)]
fn round_body<T: Real, const FMA: bool>(
    tiles: &[T],
    center: &[f64],
    squared: bool,
    out: &mut [f32],
    halves: &mut [f32],
) -> f64 {
    let p = center.len();
    let mut longest = 0.0f64;
    for (t, tile) in tiles.chunks_exact(p * WIDTH).enumerate() {
        let half = t % 2 * WIDTH;
        let out = &mut out[t / 2 * p * WIDE..][..p * WIDE];
        let mut squares = [0.0f64; WIDTH];
        for (x, (out, c)) in tile.chunks_exact(WIDTH).zip(out.chunks_exact_mut(WIDE).zip(center)) {
            for l in 0..WIDTH {
                let z = x[l].to_f64() - c;
                squares[l] = Real::fma::<FMA>(z, z, squares[l]);
                out[half + l] = z as f32;
            }
        }
        for l in 0..WIDTH {
            halves[t * WIDTH + l] = if squared { (-0.5 * squares[l]) as f32 } else { 0.0 };
            longest = longest.max(squares[l]);
        }
    }
    longest
}

multiversion! {
    /// Offers the points of the tiles, which `points` holds rounded, to the queries that they may be near.
    pub(super) fn search(tiles: &[T], points: &Points, queries: &Queries<'_>, place: Place, nearest: &mut [Nearest]) -> () = search_body
}

// NaN must pass.
#[allow(clippy::neg_cmp_op_on_partial_ord)]
#[inline(always)]
fn search_body<T: Real, const FMA: bool>(
    tiles: &[T],
    points: &Points,
    queries: &Queries<'_>,
    place: Place,
    nearest: &mut [Nearest],
) {
    let p = place.p;
    for (g, (group, nearest)) in
        queries.single.chunks_exact(ABREAST * p).zip(nearest.chunks_exact_mut(ABREAST)).enumerate()
    {
        let limit = |a: usize, nearest: &Nearest| queries.limit(g * ABREAST + a, nearest.bound, points.reach);
        let mut limits: [f32; ABREAST] = std::array::from_fn(|a| limit(a, &nearest[a]));
        let wide = points.tiles.chunks_exact(p * WIDE).zip(points.halves.as_chunks::<WIDE>().0);
        for (w, (tile, halves)) in wide.enumerate() {
            let mut products = [*halves; ABREAST];
            for (x, q) in tile.as_chunks::<WIDE>().0.iter().zip(group.as_chunks::<ABREAST>().0) {
                for (sum, q) in products.iter_mut().zip(q) {
                    *sum = std::array::from_fn(|l| Real::fma::<FMA>(x[l], *q, sum[l]));
                }
            }
            let mut near = [false; ABREAST];
            for ((near, product), limit) in near.iter_mut().zip(&products).zip(&limits) {
                for x in product {
                    *near |= !(x < limit);
                }
            }
            if near == [false; ABREAST] {
                continue;
            }
            for a in 0..ABREAST {
                if !near[a] {
                    continue;
                }
                let i = g * ABREAST + a;
                let before = nearest[a].bound;
                for half in 0..2 {
                    let t = 2 * w + half;
                    let lanes = &products[a][half * WIDTH..][..WIDTH];
                    let Some(tile) = tiles.get(t * p * WIDTH..(t + 1) * p * WIDTH) else { continue };
                    if lanes.iter().any(|x| !(x < &limits[a])) {
                        let exact = sums::<T, FMA>(tile, &queries.exact[i * p..(i + 1) * p], place.squared);
                        place.offer(t, &exact, &mut nearest[a]);
                    }
                }
                if nearest[a].bound < before {
                    limits[a] = limit(a, &nearest[a]);
                }
            }
        }
    }
}
