//! The pass over one column of single-precision values with AVX-512: half the time of
//! [`super::kernel`].
//!
//! Sixteen values find their groups by binary search in a register of edges, four comparisons; a
//! group is a four-bit counter in a 64-bit lane, so that adding one is a shift and an addition, and
//! sixteen lanes do not collide.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    _CMP_GE_OQ, _mm512_add_epi8, _mm512_add_epi32, _mm512_add_epi64, _mm512_and_si512,
    _mm512_cmp_ps_mask, _mm512_loadu_ps, _mm512_mask_add_epi32, _mm512_mask_blend_epi32,
    _mm512_permutexvar_ps, _mm512_reduce_add_epi64, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_set1_epi64, _mm512_set1_ps, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_sllv_epi64,
    _mm512_srli_epi64,
};

use super::GROUPS;

/// Values that are placed side by side: a column's length must be a multiple of it.
pub const LANES: usize = 16;

/// Values after which four-bit counters are emptied: sixteen lanes of fifteen.
const EMPTIED: usize = 15 * LANES;

/// Values that are not worth emptying counters for.
const FEW: usize = 2 * LANES;

/// Adds `values`, a multiple of [`LANES`] of them, to the groups between `edges` (ascending, the
/// last Inf).
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
pub fn count(values: &[f32], edges: &[f32; GROUPS], groups: &mut [u64; GROUPS]) {
    // SAFETY: sixteen values are there to be read.
    let table = unsafe { _mm512_loadu_ps(edges.as_ptr()) };
    let middle = _mm512_set1_ps(edges[7]);
    let (one, two) = (_mm512_set1_epi32(1), _mm512_set1_epi32(2));
    let (unit, low) = (_mm512_set1_epi64(1), _mm512_set1_epi8(15));
    for values in values.chunks(EMPTIED) {
        if values.len() <= FEW {
            for x in values {
                // The edges at or below the value are the first ones.
                let at_least = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(_mm512_set1_ps(*x), table);
                groups[(at_least.count_ones() as usize).min(GROUPS - 1)] += 1;
            }
            continue;
        }
        let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        for sixteen in values.as_chunks::<LANES>().0 {
            // SAFETY: sixteen values are there to be read.
            let x = unsafe { _mm512_loadu_ps(sixteen.as_ptr()) };
            // `at`: the edge to look at next; in the end the number of edges at or below the value.
            let right = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, middle);
            let at = _mm512_mask_blend_epi32(right, _mm512_set1_epi32(3), _mm512_set1_epi32(11));
            let right = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm512_permutexvar_ps(at, table));
            let at =
                _mm512_mask_add_epi32(_mm512_add_epi32(at, _mm512_set1_epi32(-2)), right, at, two);
            let right = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm512_permutexvar_ps(at, table));
            let at =
                _mm512_mask_add_epi32(_mm512_add_epi32(at, _mm512_set1_epi32(-1)), right, at, one);
            let right = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm512_permutexvar_ps(at, table));
            let group = _mm512_mask_add_epi32(at, right, at, one);
            let bits = _mm512_slli_epi32::<2>(group);
            let (here, there) = (
                _mm512_and_si512(bits, _mm512_set1_epi64(0xffff_ffff)),
                _mm512_srli_epi64::<32>(bits),
            );
            even = _mm512_add_epi64(even, _mm512_sllv_epi64(unit, here));
            odd = _mm512_add_epi64(odd, _mm512_sllv_epi64(unit, there));
        }
        // At most 240 values, so that bytes do not overflow, whatever lanes are added up.
        let four_bits = |high: bool| {
            let part = |x| _mm512_and_si512(if high { _mm512_srli_epi64::<4>(x) } else { x }, low);
            (_mm512_reduce_add_epi64(_mm512_add_epi8(part(even), part(odd))) as u64).to_le_bytes()
        };
        for (group, (even, odd)) in four_bits(false).into_iter().zip(four_bits(true)).enumerate() {
            groups[2 * group] += u64::from(even);
            groups[2 * group + 1] += u64::from(odd);
        }
    }
}
