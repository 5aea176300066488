//! Rows brought into columns, tile by tile, for kernels that go down one column at a time; and the
//! one pass over a batch that makes both of a window's summaries.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    _mm512_i32gather_ps, _mm512_mullo_epi32, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_storeu_ps,
};

use super::histogram::{HistogramCounts, Histograms};
use super::moments::Moments;
use crate::simd::Real;

/// Takes `rows`, all finite, of the same features into both. Cost: half a nanosecond a
/// single-precision value with AVX-512, one to two without.
pub fn update<T: Real>(
    rows: &[T],
    moments: &mut Moments,
    counts: &mut HistogramCounts,
    of: &Histograms,
) {
    let mut rest = rows;
    #[cfg(target_arch = "x86_64")]
    if let Some(single) = T::as_single(rows)
        && let Some(whole) = tiled(single, moments.features())
    {
        // SAFETY: `tiled` found these instructions on the processor that we run on.
        unsafe { update_tiles(&single[..whole], moments, counts, of) };
        rest = &rows[whole..];
    }
    moments.update(rest);
    counts.update(of, rest, true);
}

/// Rows of a tile: with 16 kB it stays in the first cache.
#[cfg(target_arch = "x86_64")]
const ROWS: usize = 256;

/// Columns of a tile: as many values as a cache line holds.
#[cfg(target_arch = "x86_64")]
const COLUMNS: usize = 16;

/// Rows that are worth it.
#[cfg(target_arch = "x86_64")]
const FEW: usize = 64;

/// How many of the values, in whole rows of `p`, go in tiles; `None` where there is no AVX-512 or
/// they are few.
#[cfg(target_arch = "x86_64")]
fn tiled(rows: &[f32], p: usize) -> Option<usize> {
    let fits =
        p < 1 << 24 && rows.len() >= FEW * p && crate::simd::level() == crate::simd::Level::Avx512;
    fits.then(|| rows.len() / p / 16 * 16 * p)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn update_tiles(
    rows: &[f32],
    moments: &mut Moments,
    counts: &mut HistogramCounts,
    of: &Histograms,
) {
    let edges = of.edges::<f32>();
    let p = edges.len();
    each_column(rows, p, |k, values| {
        moments.add_column(k, super::moments::avx512::column(values, moments.shift(k)));
        super::histogram::avx512::count(values, &edges[k], &mut counts.groups[k]);
    });
    moments.add_observations(rows.len() / p);
}

/// Calls `each` with a feature and a stretch of its values, a multiple of sixteen, until all of
/// `rows` were seen. `rows` must be a multiple of sixteen, of `p < 2^24` features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn each_column(rows: &[f32], p: usize, mut each: impl FnMut(usize, &[f32])) {
    let mut tile = [[0.0f32; ROWS]; COLUMNS];
    for rows in rows.chunks(ROWS * p) {
        let n = rows.len() / p;
        for first in (0..p).step_by(COLUMNS) {
            let width = COLUMNS.min(p - first);
            for j in (0..n).step_by(16) {
                let sixteen = &rows[j * p..(j + 16) * p];
                for (k, column) in tile[..width].iter_mut().enumerate() {
                    gather(&sixteen[first + k..], p, &mut column[j..j + 16]);
                }
            }
            for (k, column) in tile[..width].iter().enumerate() {
                each(first + k, &column[..n]);
            }
        }
    }
}

/// `out = from[0], from[stride], ..., from[15 stride]`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn gather(from: &[f32], stride: usize, out: &mut [f32]) {
    assert!(out.len() == 16 && stride < 1 << 24 && 15 * stride < from.len());
    let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let offsets = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(stride as i32));
    // SAFETY: the last value read is from[15 stride], which the assertion found inside, as it did
    // the sixteen of `out`.
    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), _mm512_i32gather_ps::<4>(offsets, from.as_ptr())) };
}

#[cfg(test)]
mod tests {
    use super::super::histogram::Histogram;
    use super::*;
    use crate::testing::Random;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn both_at_once_are_each_alone(
            p in prop_oneof![1usize..20, 30usize..50],
            n in prop_oneof![1usize..100, 230usize..270, 480usize..500],
            seed in any::<u64>(),
        ) {
            let mut random = Random(seed);
            let columns = (0..p).map(|_| {
                let mut sorted = random.normals(100);
                sorted.sort_by(f64::total_cmp);
                Histogram::new(&sorted, 10)
            });
            let of = Histograms::new(columns.collect());
            let rows: Vec<f32> = random.normals(p * n).iter().map(|x| *x as f32).collect();
            let double: Vec<f64> = rows.iter().map(|x| f64::from(*x)).collect();
            let new = || (Moments::new(vec![0.1; p]), HistogramCounts::new(p));
            let (mut moments, mut counts) = new();
            update(&rows, &mut moments, &mut counts, &of);
            let (mut other_moments, mut other_counts) = new();
            other_moments.update(&double);
            other_counts.update(&of, &double, true);
            prop_assert_eq!(counts, other_counts);
            prop_assert_eq!(moments.observations(), n as u64);
            for k in 0..p {
                prop_assert_eq!((moments.min(k), moments.max(k)),
                    (other_moments.min(k), other_moments.max(k)));
                prop_assert!((moments.mean(k) - other_moments.mean(k)).abs() < 1e-12);
                let (a, b) = (moments.variance(k), other_moments.variance(k));
                prop_assert!((a - b).abs() < 1e-12 * (1.0 + b) || (a.is_nan() && b.is_nan()));
            }
        }
    }
}
