//! Sixteen values that lie a stride apart.

/// One by one.
#[inline(always)]
pub(super) fn any<T: Copy>(rows: &[T], stride: usize, k: usize, _wide: bool) -> [T; 16] {
    std::array::from_fn(|l| rows[l * stride + k])
}

/// By the processor's gather instruction where `wide` says that AVX2 is there: half the time of
/// sixteen loads and inserts.
#[inline(always)]
pub(super) fn single(rows: &[f32], stride: usize, k: usize, wide: bool) -> [f32; 16] {
    #[cfg(target_arch = "x86_64")]
    if wide {
        // SAFETY: `wide` is only said where `multiversion!` compiles for a processor with AVX2.
        return unsafe { avx2(rows, stride, k) };
    }
    any(rows, stride, k, wide)
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn avx2(rows: &[f32], stride: usize, k: usize) -> [f32; 16] {
    use std::arch::x86_64::{
        _mm256_i32gather_ps, _mm256_mullo_epi32, _mm256_set1_epi32, _mm256_setr_epi32,
        _mm256_storeu_ps,
    };
    assert!(stride < 1 << 24 && 15 * stride + k < rows.len());
    let offsets = _mm256_mullo_epi32(
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
        _mm256_set1_epi32(stride as i32),
    );
    let mut out = [0.0; 16];
    // SAFETY: the last value read is rows[15 stride + k], which the assertion found inside; `out`
    // holds both stores.
    unsafe {
        let first = rows.as_ptr().add(k);
        _mm256_storeu_ps(out.as_mut_ptr(), _mm256_i32gather_ps::<4>(first, offsets));
        _mm256_storeu_ps(
            out.as_mut_ptr().add(8),
            _mm256_i32gather_ps::<4>(first.add(8 * stride), offsets),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathered_is_indexed() {
        let rows: Vec<f32> = (0..400).map(|i| i as f32).collect();
        let wide = crate::simd::level() != crate::simd::Level::Baseline;
        for (stride, k) in [(1, 0), (10, 0), (10, 9), (23, 5)] {
            assert_eq!(single(&rows, stride, k, wide), any(&rows, stride, k, false));
        }
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn past_the_end_is_not_read() {
        if crate::simd::level() == crate::simd::Level::Baseline {
            panic!("assertion failed: nothing to test here");
        }
        let _ = single(&[0.0; 159], 10, 9, true);
    }
}
