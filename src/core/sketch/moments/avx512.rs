//! Sums over single-precision values with AVX-512: sums of differences in double precision, the
//! range in the values' own.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    _mm512_add_pd, _mm512_castps512_ps256, _mm512_cvtps_pd, _mm512_extractf32x8_ps,
    _mm512_fmadd_pd, _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_reduce_add_pd,
    _mm512_reduce_max_ps, _mm512_reduce_min_ps, _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_pd,
    _mm512_sub_pd,
};

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
