//! Search of many queries: products in single precision say which points cannot be among the
//! nearest, and only the others' distances are computed. What is found is what [`super::kernel`]
//! finds, to the bit.
//!
//! The larger `s = x q - |x|^2/2`, the nearer is x to q: one multiplication a feature. All is taken
//! from a center first, near which squares lose no digits. A computed s is off by at most E (Higham
//! 2002, section 3.1: a sum of p products has an error of at most p u times their absolute values,
//! u = 2^-24, and 2 u come from rounding the factors). So a point whose s is below the k-th largest
//! so far by more than 2 E is farther than k others, and is let go. A query with more candidates
//! than that makes room for (many points alike), or whose numbers might overflow, is given back.

use super::kernel::Place;
use super::nearest::{Nearest, Neighbor};
use crate::simd::{Real, WIDTH, multiversion};

/// Points side by side: two tiles.
const WIDE: usize = 2 * WIDTH;

/// Queries that share what was read of the points: six sums of sixteen points fit into sixteen
/// registers of eight.
pub(super) const ABREAST: usize = 6;

/// Queries from which on it pays to round the points first.
pub(super) const WORTH: usize = 64;

/// Points from which on it pays, times k: about so many are near for a while.
pub(super) const POINTS: usize = 32;

/// Values of points in a block.
const BLOCK: usize = 1 << 12;

/// Points that may be among the nearest of a query: of each s, so that the largest comes first, and
/// the point's number.
struct Candidates {
    keys: Vec<u64>,
    /// How many of the keys are taken.
    len: usize,
    k: usize,
    /// Points below are let go; infinite where the query is given back.
    limit: f32,
    /// 2 E, and the rounding of `limit`.
    slack: f64,
}

/// Smaller for larger numbers, which are none of them NaN.
fn key(s: f32, index: u32) -> u64 {
    let bits = s.to_bits();
    let falling = if bits >> 31 == 0 { !(bits | 1 << 31) } else { bits };
    u64::from(falling) << 32 | u64::from(index)
}

/// The number whose [`key`] it is.
fn number(key: u64) -> f32 {
    let falling = (key >> 32) as u32;
    f32::from_bits(if falling >> 31 == 0 { !falling & !(1 << 31) } else { falling })
}

impl Candidates {
    /// `norm` and `reach` are the lengths of the query and of the longest point.
    fn new(k: usize, p: usize, norm: f64, reach: f64) -> Self {
        let most = (norm + reach) * (norm + reach);
        // Twice the bound of the module's text, and what is lost below the smallest normal number.
        let slack = (p as f64 + 20.0) * f64::from(f32::EPSILON) * most + 1e-36;
        // What might overflow, or NaN, is given back.
        let safe = most < 1e37 && p < 1 << 20;
        Candidates {
            keys: vec![0; Self::room(k)],
            len: 0,
            k,
            limit: if safe { f32::NEG_INFINITY } else { f32::INFINITY },
            slack,
        }
    }

    fn room(k: usize) -> usize {
        2 * k + 4 * WIDE
    }

    /// Those of sixteen points, of which this is the first one's number, that are not below the
    /// limit.
    #[inline(never)]
    fn take(&mut self, place: Place, first: usize, products: &[f32; WIDE]) {
        // An infinite product is not below an infinite limit.
        if self.limit == f32::INFINITY {
            return;
        }
        for (i, s) in (first..).zip(products) {
            // Written in any case and kept if it counts: no branch that is hard to foretell.
            self.keys[self.len] = key(*s, i as u32);
            self.len += usize::from((*s >= self.limit) & (place.from..place.to).contains(&i));
        }
        if self.len + WIDE >= self.keys.len() {
            self.settle();
            if self.len + 2 * WIDE >= self.keys.len() {
                self.limit = f32::INFINITY;
            }
        }
    }

    /// Lets go what k others are nearer than.
    fn settle(&mut self) {
        if self.len < self.k {
            return;
        }
        let (_, kth, _) = self.keys[..self.len].select_nth_unstable(self.k - 1);
        self.limit = (f64::from(number(*kth)) - self.slack) as f32;
        // The first k are at least the k-th; of the others some.
        let mut kept = self.k;
        for i in self.k..self.len {
            if number(self.keys[i]) >= self.limit {
                self.keys[kept] = self.keys[i];
                kept += 1;
            }
        }
        self.len = kept;
    }
}

/// The `k` nearest of each query, in the kernels' units and no order; `None` of those that are
/// given back. There are whole groups of [`ABREAST`] queries, and at least `k` points.
pub(super) fn search<T: Real>(
    tiles: &[T],
    queries: &[f64],
    place: Place,
    k: usize,
) -> Vec<Option<Nearest>> {
    let (p, n) = (place.p, queries.len() / place.p);
    let mut center = vec![0.0; p];
    if place.squared {
        for row in queries.chunks_exact(p) {
            center.iter_mut().zip(row).for_each(|(c, x)| *c += x / n as f64);
        }
    }
    let reach = longest(tiles, &center).sqrt();
    // Groups of queries, in each feature by feature.
    let mut single = vec![0.0; queries.len()];
    let mut candidates = Vec::with_capacity(n);
    for (i, row) in queries.chunks_exact(p).enumerate() {
        let group = &mut single[i / ABREAST * ABREAST * p..];
        let mut square = 0.0;
        for (j, (x, c)) in row.iter().zip(&center).enumerate() {
            let z = x - c;
            square += z * z;
            group[j * ABREAST + i % ABREAST] = z as f32;
        }
        candidates.push(Candidates::new(k, p, square.sqrt(), reach));
    }
    let tile = p * WIDTH;
    let block = (BLOCK / tile).next_multiple_of(2).max(2) * tile;
    let (mut points, mut halves) = (Vec::new(), Vec::new());
    let mut at = place;
    for tiles in tiles.chunks(block) {
        // A last tile without its pair is filled up with numbers beyond the last point's.
        let wide = (tiles.len() / tile).div_ceil(2);
        points.resize(wide * p * WIDE, 0.0);
        halves.resize(wide * WIDE, 0.0);
        round(tiles, &center, place.squared, &mut points, &mut halves);
        sweep(&points, &halves, &single, at, &mut candidates);
        at.first += tiles.len() / tile * WIDTH;
    }
    let exact =
        |(candidates, query): (Candidates, &[f64])| exact_of(tiles, query, place, candidates);
    candidates.into_iter().zip(queries.chunks_exact(p)).map(exact).collect()
}

fn exact_of<T: Real>(
    tiles: &[T],
    query: &[f64],
    place: Place,
    mut candidates: Candidates,
) -> Option<Nearest> {
    if candidates.limit == f32::INFINITY {
        return None;
    }
    candidates.settle();
    let mut found: Vec<Neighbor> = candidates.keys[..candidates.len]
        .iter()
        .map(|key| Neighbor { distance: 0.0, index: *key as u32 })
        .collect();
    measure(tiles, query, place, &mut found);
    Some(Nearest::of(found, candidates.k))
}

multiversion! {
    /// The largest squared length of a point.
    fn longest(tiles: &[T], center: &[f64]) -> f64 = longest_body
}

#[inline(always)]
fn longest_body<T: Real, const FMA: bool>(tiles: &[T], center: &[f64]) -> f64 {
    let mut longest = [0.0f64; WIDTH];
    for tile in tiles.chunks_exact(center.len() * WIDTH) {
        let mut squares = [0.0f64; WIDTH];
        for (x, c) in tile.as_chunks::<WIDTH>().0.iter().zip(center) {
            for l in 0..WIDTH {
                let z = x[l].to_f64() - c;
                squares[l] = Real::fma::<FMA>(z, z, squares[l]);
            }
        }
        for l in 0..WIDTH {
            longest[l] = longest[l].max(squares[l]);
        }
    }
    longest.into_iter().fold(0.0, f64::max)
}

multiversion! {
    /// Points from the center, and minus half their squared lengths (0 for products), in single
    /// precision.
    fn round(tiles: &[T], center: &[f64], squared: bool, out: &mut [f32], halves: &mut [f32]) -> () = round_body
}

#[inline(always)]
fn round_body<T: Real, const FMA: bool>(
    tiles: &[T],
    center: &[f64],
    squared: bool,
    out: &mut [f32],
    halves: &mut [f32],
) {
    let p = center.len();
    for (t, tile) in tiles.chunks_exact(p * WIDTH).enumerate() {
        let half = t % 2 * WIDTH;
        let out = &mut out[t / 2 * p * WIDE..][..p * WIDE];
        let mut squares = [0.0f64; WIDTH];
        for ((x, c), out) in
            tile.as_chunks::<WIDTH>().0.iter().zip(center).zip(out.as_chunks_mut::<WIDE>().0)
        {
            let out = &mut out[half..half + WIDTH];
            for l in 0..WIDTH {
                let z = x[l].to_f64() - c;
                squares[l] = Real::fma::<FMA>(z, z, squares[l]);
                out[l] = z as f32;
            }
        }
        for (half, square) in halves[t * WIDTH..][..WIDTH].iter_mut().zip(squares) {
            *half = if squared { (-0.5 * square) as f32 } else { 0.0 };
        }
    }
}

/// Sixteen numbers that are worked on side by side.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Wide([f32; WIDE]);

impl Wide {
    #[inline(always)]
    fn fma<const FMA: bool>(self, x: &[f32; WIDE], q: f32) -> Self {
        Wide(std::array::from_fn(|l| Real::fma::<FMA>(x[l], q, self.0[l])))
    }

    /// Whether any is not below the limit: one comparison and one test.
    #[inline(always)]
    fn near(&self, limit: f32) -> bool {
        let mut near = false;
        for s in &self.0 {
            near |= *s >= limit;
        }
        near
    }
}

/// The sums of each query, six names for six registers: an array that is indexed is kept in memory.
#[inline(always)]
fn products<const FMA: bool>(tile: &[f32], group: &[f32], halves: &[f32; WIDE]) -> [Wide; ABREAST] {
    let [mut a, mut b, mut c, mut d, mut e, mut f] = [Wide(*halves); ABREAST];
    for (x, q) in tile.as_chunks::<WIDE>().0.iter().zip(group.as_chunks::<ABREAST>().0) {
        a = a.fma::<FMA>(x, q[0]);
        b = b.fma::<FMA>(x, q[1]);
        c = c.fma::<FMA>(x, q[2]);
        d = d.fma::<FMA>(x, q[3]);
        e = e.fma::<FMA>(x, q[4]);
        f = f.fma::<FMA>(x, q[5]);
    }
    [a, b, c, d, e, f]
}

multiversion! {
    /// Looks at every point of a block for every query.
    fn sweep(points: &[T], halves: &[f32], queries: &[f32], place: Place, candidates: &mut [Candidates]) -> () = sweep_body
}

#[inline(always)]
fn sweep_body<T: Real, const FMA: bool>(
    points: &[T],
    halves: &[f32],
    queries: &[f32],
    place: Place,
    candidates: &mut [Candidates],
) {
    // The only type that there is.
    let Some(points) = T::as_single(points) else { return };
    let p = place.p;
    for (group, candidates) in
        queries.chunks_exact(ABREAST * p).zip(candidates.chunks_exact_mut(ABREAST))
    {
        let mut limits: [f32; ABREAST] = std::array::from_fn(|a| candidates[a].limit);
        for (w, (tile, halves)) in
            points.chunks_exact(p * WIDE).zip(halves.as_chunks::<WIDE>().0).enumerate()
        {
            let products = products::<FMA>(tile, group, halves);
            for (a, product) in products.iter().enumerate() {
                if product.near(limits[a]) {
                    candidates[a].take(place, place.first + w * WIDE, &product.0);
                    limits[a] = candidates[a].limit;
                }
            }
        }
    }
}

multiversion! {
    /// What [`super::kernel::sums`] keeps of each point, in the same order.
    fn measure(tiles: &[T], query: &[f64], place: Place, found: &mut [Neighbor]) -> () = measure_body
}

#[inline(always)]
fn measure_body<T: Real, const FMA: bool>(
    tiles: &[T],
    query: &[f64],
    place: Place,
    found: &mut [Neighbor],
) {
    for n in found {
        let i = n.index as usize - place.first;
        let tile = &tiles[i / WIDTH * place.p * WIDTH..][..place.p * WIDTH];
        let mut sum = 0.0;
        for (x, q) in tile.as_chunks::<WIDTH>().0.iter().zip(query) {
            let x = x[i % WIDTH].to_f64();
            sum = if place.squared {
                let z = x - q;
                Real::fma::<FMA>(z, z, sum)
            } else {
                Real::fma::<FMA>(x, -q, sum)
            };
        }
        n.distance = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_fall_as_numbers_rise(a in any::<f32>(), b in any::<f32>(), i in any::<u32>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(number(key(a, i)).to_bits(), a.to_bits());
            if a < b {
                prop_assert!(key(a, i) > key(b, 0));
            }
        }
    }
}
