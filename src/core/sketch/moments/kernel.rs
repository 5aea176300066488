//! The pass over the rows: eight features or observations side by side.

#![allow(unsafe_code)]

use crate::simd::{Lanes, Real, WIDTH, multiversion};

/// Borrowed accumulators, one entry a feature.
pub(super) struct Sums<'a> {
    pub shift: &'a [f64],
    pub sum: &'a mut [f64],
    pub squares: &'a mut [f64],
    pub min: &'a mut [f64],
    pub max: &'a mut [f64],
}

/// Adds all rows to the sums, unless one of them is not finite: then it returns `true` and has
/// changed nothing.
pub(super) fn accumulate<T: Real>(rows: &[T], sums: Sums<'_>) -> bool {
    let mut total = Totals::new(sums.shift.len());
    add_rows(rows, sums.shift, &mut total);
    total.finish(sums)
}

multiversion! {
    fn add_rows(rows: &[T], shift: &[f64], total: &mut Totals) -> () = add_rows_body
}

/// Accumulators of `B` times eight lanes.
struct Block<const B: usize> {
    sum: [Lanes; B],
    squares: [Lanes; B],
    min: [Lanes; B],
    max: [Lanes; B],
}

impl<const B: usize> Block<B> {
    const EMPTY: Self = Block {
        sum: [Lanes::splat(0.0); B],
        squares: [Lanes::splat(0.0); B],
        min: [Lanes::splat(f64::INFINITY); B],
        max: [Lanes::splat(f64::NEG_INFINITY); B],
    };

    /// Goes down `reps` vectors of `8 B` elements that lie `stride` apart, on from `block`.
    #[inline(always)]
    fn run<T: Real, const FMA: bool>(
        mut block: Self,
        data: &[T],
        stride: usize,
        reps: usize,
        shift: &[Lanes; B],
    ) -> Self {
        for r in 0..reps {
            let v = &data[r * stride..][..WIDTH * B];
            for b in 0..B {
                let x = Lanes::load(&v[WIDTH * b..]);
                let d = x - shift[b];
                block.sum[b] = block.sum[b] + d;
                block.squares[b] = d.fma::<FMA>(d, block.squares[b]);
                block.min[b] = block.min[b].min(x);
                block.max[b] = block.max[b].max(x);
            }
        }
        block
    }
}

#[inline(always)]
fn add_rows_body<T: Real, const FMA: bool>(rows: &[T], shift: &[f64], total: &mut Totals) {
    let p = shift.len();
    // With few features, lanes run over several observations at once: the pattern of features
    // repeats every lcm(16, p) elements. With many, a block is 16 features of one observation.
    let period = p * PAIR / gcd(p, PAIR);
    if p < 4 * PAIR && rows.len() >= period {
        periodic::<T, FMA>(rows, period, shift, total);
    } else {
        blockwise::<T, FMA>(rows, shift, total);
    }
}

/// Lanes of a block of two: enough to hide the latency of an addition, few enough to stay in
/// registers.
const PAIR: usize = 2 * WIDTH;

#[inline(always)]
fn periodic<T: Real, const FMA: bool>(
    rows: &[T],
    period: usize,
    shift: &[f64],
    total: &mut Totals,
) {
    let p = shift.len();
    let reps = rows.len() / period;
    for start in (0..period).step_by(PAIR) {
        let mut lanes = [Lanes::splat(0.0); 2];
        let mut feature = start % p;
        for s in lanes.iter_mut().flat_map(|lanes| &mut lanes.0) {
            *s = shift[feature];
            feature = if feature + 1 == p { 0 } else { feature + 1 };
        }
        total.add(
            &Block::<2>::run::<T, FMA>(Block::EMPTY, &rows[start..], period, reps, &lanes),
            start % p,
        );
    }
    for (i, x) in rows[reps * period..].iter().enumerate() {
        let k = i % p;
        let x = x.to_f64();
        let d = x - shift[k];
        total.add_one(k, d, d * d, x, x);
    }
}

#[inline(always)]
fn blockwise<T: Real, const FMA: bool>(rows: &[T], shift: &[f64], total: &mut Totals) {
    let p = shift.len();
    // Tiles of observations that stay in the first cache while all blocks of features pass over
    // them.
    let tile = (24_576 / (p * size_of::<T>())).max(8);
    for rows in rows.chunks(tile * p) {
        let reps = rows.len() / p;
        let mut k = 0;
        while k + PAIR <= p {
            let lanes = [Lanes::load(&shift[k..]), Lanes::load(&shift[k + WIDTH..])];
            let block = Block::<2>::run::<T, FMA>(total.block(k), &rows[k..], p, reps, &lanes);
            total.set_block(k, &block);
            k += PAIR;
        }
        if k + WIDTH <= p {
            let lanes = [Lanes::load(&shift[k..])];
            let block = Block::<1>::run::<T, FMA>(total.block(k), &rows[k..], p, reps, &lanes);
            total.set_block(k, &block);
            k += WIDTH;
        }
        for k in k..p {
            for r in 0..reps {
                let x = rows[r * p + k].to_f64();
                let d = x - shift[k];
                total.add_one(k, d, d * d, x, x);
            }
        }
    }
}

/// Sums of this call, kept apart until they are known to be finite. No allocation up to
/// [`Totals::SMALL`] features.
struct Totals {
    sum: Buffer,
    squares: Buffer,
    min: Buffer,
    max: Buffer,
}

enum Buffer {
    Small([f64; Totals::SMALL], usize),
    Large(Vec<f64>),
}

impl Buffer {
    #[inline(always)]
    fn new(p: usize, value: f64) -> Self {
        if p <= Totals::SMALL {
            Buffer::Small([value; Totals::SMALL], p)
        } else {
            Buffer::Large(vec![value; p])
        }
    }
}

impl std::ops::Deref for Buffer {
    type Target = [f64];
    #[inline(always)]
    fn deref(&self) -> &[f64] {
        match self {
            Buffer::Small(array, len) => &array[..*len],
            Buffer::Large(vec) => vec,
        }
    }
}

impl std::ops::DerefMut for Buffer {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64] {
        match self {
            Buffer::Small(array, len) => &mut array[..*len],
            Buffer::Large(vec) => vec,
        }
    }
}

impl Totals {
    const SMALL: usize = 16;

    #[inline(always)]
    fn new(p: usize) -> Self {
        Totals {
            sum: Buffer::new(p, 0.0),
            squares: Buffer::new(p, 0.0),
            min: Buffer::new(p, f64::INFINITY),
            max: Buffer::new(p, f64::NEG_INFINITY),
        }
    }

    #[inline(always)]
    fn add_one(&mut self, k: usize, sum: f64, squares: f64, min: f64, max: f64) {
        self.sum[k] += sum;
        self.squares[k] += squares;
        self.min[k] = if min < self.min[k] { min } else { self.min[k] };
        self.max[k] = if max > self.max[k] { max } else { self.max[k] };
    }

    /// The sums so far of the features from `k` on.
    #[inline(always)]
    fn block<const B: usize>(&self, k: usize) -> Block<B> {
        let lanes = |values: &[f64]| std::array::from_fn(|b| Lanes::load(&values[k + WIDTH * b..]));
        Block {
            sum: lanes(&self.sum),
            squares: lanes(&self.squares),
            min: lanes(&self.min),
            max: lanes(&self.max),
        }
    }

    #[inline(always)]
    fn set_block<const B: usize>(&mut self, k: usize, block: &Block<B>) {
        for b in 0..B {
            let at = k + WIDTH * b;
            block.sum[b].store(&mut self.sum[at..]);
            block.squares[b].store(&mut self.squares[at..]);
            block.min[b].store(&mut self.min[at..]);
            block.max[b].store(&mut self.max[at..]);
        }
    }

    /// Adds lanes that run over the features again and again, from feature `first` on.
    #[inline(always)]
    fn add<const B: usize>(&mut self, block: &Block<B>, first: usize) {
        let (sum, squares): (&mut [f64], &mut [f64]) = (&mut self.sum, &mut self.squares);
        let (min, max): (&mut [f64], &mut [f64]) = (&mut self.min, &mut self.max);
        let mut k = first;
        for b in 0..B {
            for l in 0..WIDTH {
                sum[k] += block.sum[b].0[l];
                squares[k] += block.squares[b].0[l];
                let (low, high) = (block.min[b].0[l], block.max[b].0[l]);
                min[k] = if low < min[k] { low } else { min[k] };
                max[k] = if high > max[k] { high } else { max[k] };
                k = if k + 1 == sum.len() { 0 } else { k + 1 };
            }
        }
    }

    #[inline(always)]
    fn finish(self, sums: Sums<'_>) -> bool {
        if self.squares.iter().fold(false, |spoiled, s| spoiled | !s.is_finite()) {
            return true;
        }
        for k in 0..sums.shift.len() {
            sums.sum[k] += self.sum[k];
            sums.squares[k] += self.squares[k];
            sums.min[k] = sums.min[k].min(self.min[k]);
            sums.max[k] = sums.max[k].max(self.max[k]);
        }
        false
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
