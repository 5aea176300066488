//! Eight double-precision lanes. One loop an operation is what the compiler keeps in registers; a
//! longer loop body over the same arrays it spills.

use std::ops::{Add, Sub};

use super::Real;

/// Lanes of a [`Lanes`].
pub const WIDTH: usize = 8;

/// Eight numbers that are worked on side by side.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Lanes(pub [f64; WIDTH]);

impl Lanes {
    /// The same number in all.
    #[inline(always)]
    pub const fn splat(x: f64) -> Self {
        Lanes([x; WIDTH])
    }

    /// The first eight of `x`.
    #[inline(always)]
    pub fn load<T: Real>(x: &[T]) -> Self {
        let x = &x[..WIDTH];
        Lanes(std::array::from_fn(|l| x[l].to_f64()))
    }

    /// Into the first eight of `x`.
    #[inline(always)]
    pub fn store(self, x: &mut [f64]) {
        x[..WIDTH].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Lanes(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }

    /// The smaller; `self` where `other` is NaN.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if b < a { b } else { a })
    }

    /// The larger; `self` where `other` is NaN.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if b > a { b } else { a })
    }

    /// `self * a + b`.
    #[inline(always)]
    pub fn fma<const FMA: bool>(self, a: Self, b: Self) -> Self {
        Lanes(std::array::from_fn(|l| Real::fma::<FMA>(self.0[l], a.0[l], b.0[l])))
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}
