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

/// Bytes of rows that stay in the first cache while all features pass over them.
const TILE: usize = 24_576;

/// Adds the first `features - features % LANES` features of `rows` to `total`, sixteen side by side down the rows.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
pub(super) fn rows(rows: &[f32], shift: &[f64], total: &mut Totals) {
    let p = shift.len();
    for rows in rows.chunks((TILE / (p * size_of::<f32>())).max(8) * p) {
        for first in (0..p - p % LANES).step_by(LANES) {
            sixteen_features(rows, first, shift, total);
        }
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn sixteen_features(rows: &[f32], first: usize, shift: &[f64], total: &mut Totals) {
    let features = first..first + LANES;
    // SAFETY: each slice that is read or written from its start is checked to hold the sixteen features.
    let load = |values: &[f64]| unsafe {
        let values = &values[features.clone()];
        [_mm512_loadu_pd(values.as_ptr()), _mm512_loadu_pd(values.as_ptr().add(LANES / 2))]
    };
    let (shift, mut sums, mut squares) = (load(shift), load(&total.sum), load(&total.squares));
    let (mut min, mut max) = (_mm512_set1_ps(f32::INFINITY), _mm512_set1_ps(f32::NEG_INFINITY));
    for row in rows.chunks_exact(total.sum.len()) {
        // SAFETY: as above.
        let x = unsafe { _mm512_loadu_ps(row[features.clone()].as_ptr()) };
        let low = _mm512_sub_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), shift[0]);
        let high = _mm512_sub_pd(_mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(x)), shift[1]);
        sums = [_mm512_add_pd(sums[0], low), _mm512_add_pd(sums[1], high)];
        squares = [_mm512_fmadd_pd(low, low, squares[0]), _mm512_fmadd_pd(high, high, squares[1])];
        (min, max) = (_mm512_min_ps(min, x), _mm512_max_ps(max, x));
    }
    for (values, lanes) in [(&mut total.sum, sums), (&mut total.squares, squares)] {
        let values = &mut values[features.clone()];
        // SAFETY: as above.
        unsafe {
            _mm512_storeu_pd(values.as_mut_ptr(), lanes[0]);
            _mm512_storeu_pd(values.as_mut_ptr().add(LANES / 2), lanes[1]);
        }
    }
    let (mut low, mut high) = ([0.0f32; LANES], [0.0f32; LANES]);
    // SAFETY: both hold sixteen values.
    unsafe {
        _mm512_storeu_ps(low.as_mut_ptr(), min);
        _mm512_storeu_ps(high.as_mut_ptr(), max);
    }
    for (l, k) in features.enumerate() {
        total.min[k] = total.min[k].min(f64::from(low[l]));
        total.max[k] = total.max[k].max(f64::from(high[l]));
    }
}
