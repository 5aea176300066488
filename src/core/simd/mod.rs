//! The vector kernels: plain loops over fixed-size arrays, compiled for the widest instructions
//! that the processor has.
//!
//! A kernel is an `#[inline(always)]` function that is generic over its element ([`Real`]) and over
//! whether fused multiply-add is at hand; [`multiversion!`] compiles it three times and picks one
//! at run time.

#![allow(unsafe_code)]

mod gather;
mod lanes;
mod real;
mod subsets;
mod twice;

pub use lanes::{Lanes, WIDTH};
pub use real::Real;
pub use subsets::add_subsets;
pub use twice::compiled_twice;

use once_cell::sync::Lazy;

/// What the processor offers, found once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// AVX-512 (F, VL, BW, DQ) with fused multiply-add.
    Avx512,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// What every processor of this architecture has.
    Baseline,
}

/// The widest [`Level`] of this processor.
#[must_use]
pub fn level() -> Level {
    static LEVEL: Lazy<Level> = Lazy::new(detect);
    *LEVEL
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let wide = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq");
    match (fma, wide) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Baseline,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Baseline
}

/// Declares `fn name<T: Real>(...)` that runs `body::<T, FMA>(...)` compiled for [`level()`].
#[doc(hidden)]
#[macro_export]
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident : $ty:ty),* $(,)?) $(-> $ret:ty)? =
        $body:ident) => {
        $(#[$meta])*
        $vis fn $name<T: $crate::simd::Real>($($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                fn avx512<T: $crate::simd::Real>($($arg: $ty),*) $(-> $ret)? {
                    $body::<T, true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<T: $crate::simd::Real>($($arg: $ty),*) $(-> $ret)? {
                    $body::<T, true>($($arg),*)
                }
                match $crate::simd::level() {
                    // SAFETY: `level` found these features on the processor that we run on.
                    $crate::simd::Level::Avx512 => return unsafe { avx512::<T>($($arg),*) },
                    // SAFETY: as above.
                    $crate::simd::Level::Avx2 => return unsafe { avx2::<T>($($arg),*) },
                    $crate::simd::Level::Baseline => {}
                }
            }
            $body::<T, false>($($arg),*)
        }
    };
}
pub use crate::multiversion;
