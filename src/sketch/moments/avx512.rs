//! Sums over single-precision values with AVX-512: sums of differences in double precision, the range in the values' own.

use std::arch::x86_64::{
    _mm512_add_pd, _mm512_castps512_ps256, _mm512_cvtps_pd, _mm512_extractf32x8_ps, _mm512_fmadd_pd, _mm512_loadu_pd,
    _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_reduce_add_pd, _mm512_reduce_max_ps, _mm512_reduce_min_ps,
    _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_pd, _mm512_storeu_pd, _mm512_storeu_ps, _mm512_sub_pd,
};

use super::kernel::Totals;

/// Values that are worked on side by side.
pub const LANES: usize = 16;

/// Sums of one column about a shift.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSums {
    pub sum: f64,
    pub squares: f64,
    pub min: f32,
    pub max: f32,
}

/// Of `values`, a multiple of [`LANES`] of them.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
pub fn column(values: &[f32], shift: f64) -> ColumnSums {
    let shift = _mm512_set1_pd(shift);
    let (mut sums, mut squares) = ([_mm512_setzero_pd(); 2], [_mm512_setzero_pd(); 2]);
    let (mut min, mut max) = (_mm512_set1_ps(f32::INFINITY), _mm512_set1_ps(f32::NEG_INFINITY));
    for sixteen in values.as_chunks::<LANES>().0 {
        // SAFETY: sixteen values are there to be read.
        let x = unsafe { _mm512_loadu_ps(sixteen.as_ptr()) };
        let low = _mm512_sub_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), shift);
        let high = _mm512_sub_pd(_mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(x)), shift);
        sums = [_mm512_add_pd(sums[0], low), _mm512_add_pd(sums[1], high)];
        squares = [_mm512_fmadd_pd(low, low, squares[0]), _mm512_fmadd_pd(high, high, squares[1])];
        (min, max) = (_mm512_min_ps(min, x), _mm512_max_ps(max, x));
    }
    ColumnSums {
        sum: _mm512_reduce_add_pd(_mm512_add_pd(sums[0], sums[1])),
        squares: _mm512_reduce_add_pd(_mm512_add_pd(squares[0], squares[1])),
        min: _mm512_reduce_min_ps(min),
        max: _mm512_reduce_max_ps(max),
    }
}

/// Rows that are gone down before the next sixteen features: enough to pay for adding up, few enough for the second cache.
const ROWS: usize = 64;

/// Adds the first `features - features % LANES` features of `rows` to `total`, sixteen side by side down the rows.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
pub(super) fn rows(rows: &[f32], shift: &[f64], total: &mut Totals) {
    let p = shift.len();
    for rows in rows.chunks(ROWS * p) {
        for first in (0..p - p % LANES).step_by(LANES) {
            let mut sixteen = [0.0; LANES];
            sixteen.copy_from_slice(&shift[first..first + LANES]);
            let lanes = down(&rows[first..], p, &sixteen);
            for l in 0..LANES {
                total.sum[first + l] += lanes.sum[l];
                total.squares[first + l] += lanes.squares[l];
            }
            for l in 0..LANES {
                let (low, high) = (f64::from(lanes.min[l]), f64::from(lanes.max[l]));
                let (min, max) = (total.min[first + l], total.max[first + l]);
                total.min[first + l] = if low < min { low } else { min };
                total.max[first + l] = if high > max { high } else { max };
            }
        }
    }
}

/// Features that [`periodic`] can take.
pub(super) const FEW: usize = LANES;

/// Adds whole periods of `rows`, of fewer than [`FEW`] features, to `total`, and returns where the rest begins. The features come
/// again every `16 p` values at the latest; sixteen values side by side go down the periods.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
pub(super) fn periodic(rows: &[f32], shift: &[f64], total: &mut Totals) -> usize {
    let p = shift.len();
    let period = p * (LANES >> p.trailing_zeros().min(4));
    let whole = rows.len() - rows.len() % period;
    if whole == 0 {
        return 0;
    }
    let mut lanes = [Lanes16::ZERO; FEW];
    let mut feature = 0;
    for (lanes, start) in lanes.iter_mut().zip((0..period).step_by(LANES)) {
        let sixteen = std::array::from_fn(|_| {
            let of = shift[feature];
            feature = if feature + 1 == p { 0 } else { feature + 1 };
            of
        });
        *lanes = down(&rows[start..whole], period, &sixteen);
    }
    let mut k = 0;
    for lanes in &lanes[..period / LANES] {
        for l in 0..LANES {
            total.add_one(k, lanes.sum[l], lanes.squares[l], f64::from(lanes.min[l]), f64::from(lanes.max[l]));
            k = if k + 1 == p { 0 } else { k + 1 };
        }
    }
    whole
}

/// Sums of sixteen columns.
#[derive(Clone, Copy)]
struct Lanes16 {
    sum: [f64; LANES],
    squares: [f64; LANES],
    min: [f32; LANES],
    max: [f32; LANES],
}

impl Lanes16 {
    const ZERO: Self = Lanes16 { sum: [0.0; LANES], squares: [0.0; LANES], min: [0.0; LANES], max: [0.0; LANES] };
}

/// Of the sixteen values at the start of `values` and after each `stride`, about `shift`.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn down(values: &[f32], stride: usize, shift: &[f64; LANES]) -> Lanes16 {
    // SAFETY: sixteen values are there to be read.
    let shift = unsafe { [_mm512_loadu_pd(shift.as_ptr()), _mm512_loadu_pd(shift.as_ptr().add(LANES / 2))] };
    let (mut sums, mut squares) = ([_mm512_setzero_pd(); 2], [_mm512_setzero_pd(); 2]);
    let (mut min, mut max) = (_mm512_set1_ps(f32::INFINITY), _mm512_set1_ps(f32::NEG_INFINITY));
    for row in values.chunks(stride) {
        let Some(sixteen) = row.first_chunk::<LANES>() else { break };
        // SAFETY: sixteen values are there to be read.
        let x = unsafe { _mm512_loadu_ps(sixteen.as_ptr()) };
        let low = _mm512_sub_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), shift[0]);
        let high = _mm512_sub_pd(_mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(x)), shift[1]);
        sums = [_mm512_add_pd(sums[0], low), _mm512_add_pd(sums[1], high)];
        squares = [_mm512_fmadd_pd(low, low, squares[0]), _mm512_fmadd_pd(high, high, squares[1])];
        (min, max) = (_mm512_min_ps(min, x), _mm512_max_ps(max, x));
    }
    let mut lanes = Lanes16::ZERO;
    // SAFETY: each holds sixteen values.
    unsafe {
        for (half, at) in [0, LANES / 2].into_iter().enumerate() {
            _mm512_storeu_pd(lanes.sum.as_mut_ptr().add(at), sums[half]);
            _mm512_storeu_pd(lanes.squares.as_mut_ptr().add(at), squares[half]);
        }
        _mm512_storeu_ps(lanes.min.as_mut_ptr(), min);
        _mm512_storeu_ps(lanes.max.as_mut_ptr(), max);
    }
    lanes
}
