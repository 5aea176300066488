//! The two element types that kernels compute in, with the elementary functions in a form that
//! vectorizes.

use super::gather;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Send
    + Sync
    + PartialOrd
    + Default
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// -Inf
    const LOWEST: Self;
    /// Below this `exp` gives no smaller normal number; kernels cut their exponents off here.
    const EXP_FLOOR: Self;
    /// Nearest value.
    fn from_f64(value: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// Nearest value.
    fn to_f32(self) -> f32;
    /// `self * a + b`; fused (one rounding) where `FMA` says that the instruction is there.
    fn fma<const FMA: bool>(self, a: Self, b: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// The same values where they are of single precision.
    fn as_single(values: &[Self]) -> Option<&[f32]>;
    /// Whichever of the two is of this type.
    fn either<'a, const N: usize>(
        single: &'a [[f32; N]],
        double: &'a [[f64; N]],
    ) -> &'a [[Self; N]];
    /// `rows[k], rows[k + stride], ...`: sixteen of them. `WIDE` says that AVX2 is there.
    fn gather<const WIDE: bool>(rows: &[Self], stride: usize, k: usize) -> [Self; 16];
    /// `exp` for arguments at most 0, within 2 units in the last place; below the smallest normal
    /// result, that result.
    ///
    /// Reduction by powers of two (Cody and Waite 1980, chapter 6), then the Taylor polynomial on
    /// |r| <= ln(2)/2.
    fn exp_nonpositive<const FMA: bool>(self) -> Self;
    /// Natural logarithm for positive normal arguments, within 4 units in the last place.
    ///
    /// `ln x = e ln 2 + 2 artanh((m - 1)/(m + 1))` with `m` in [sqrt(1/2), sqrt(2)).
    fn ln_positive<const FMA: bool>(self) -> Self;
}

/// One implementation for both types; only widths and the number of terms differ.
macro_rules! real {
    ($float:ty, $bits:ty, $mantissa:expr, $bias:expr, $round:expr, $lowest_exp:expr, $ln2_hi:expr,
        $ln2_lo:expr,
     $exp:expr, $artanh:expr, $gather:path, $place:tt, $single:path) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = <$float>::NEG_INFINITY;
            const EXP_FLOOR: Self = $lowest_exp;
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn to_f32(self) -> f32 {
                self as f32
            }
            #[inline(always)]
            fn fma<const FMA: bool>(self, a: Self, b: Self) -> Self {
                if FMA { self.mul_add(a, b) } else { self * a + b }
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn as_single(values: &[Self]) -> Option<&[f32]> {
                $single(values)
            }
            #[inline(always)]
            fn either<'a, const N: usize>(
                single: &'a [[f32; N]],
                double: &'a [[f64; N]],
            ) -> &'a [[Self; N]] {
                (single, double).$place
            }
            #[inline(always)]
            fn gather<const WIDE: bool>(rows: &[Self], stride: usize, k: usize) -> [Self; 16] {
                $gather(rows, stride, k, WIDE)
            }
            #[inline(always)]
            fn exp_nonpositive<const FMA: bool>(self) -> Self {
                let x = if self < $lowest_exp { $lowest_exp } else { self };
                // Adding 1.5 * 2^mantissa rounds to a whole number, which then stands in the lowest
                // bits.
                let shifted = Real::fma::<FMA>(x, std::f64::consts::LOG2_E as $float, $round);
                let n = shifted - $round;
                let r = Real::fma::<FMA>(n, -$ln2_hi, x);
                let r = Real::fma::<FMA>(n, -$ln2_lo, r);
                let mut sum: $float = $exp[0];
                for c in &$exp[1..] {
                    sum = Real::fma::<FMA>(sum, r, *c);
                }
                sum * <$float>::from_bits(shifted.to_bits().wrapping_add($bias) << $mantissa)
            }
            #[inline(always)]
            fn ln_positive<const FMA: bool>(self) -> Self {
                let half: $bits = ((0.5 as $float) * std::f64::consts::SQRT_2 as $float).to_bits();
                let one: $bits = (1.0 as $float).to_bits();
                // Moves the cut between two exponents to sqrt(1/2).
                let raised = self.to_bits().wrapping_add(one.wrapping_sub(half));
                let exponent = (raised >> $mantissa).wrapping_sub($bias);
                let m = <$float>::from_bits((raised & ((1 << $mantissa) - 1)).wrapping_add(half));
                // As the difference of two numbers near 1.5 * 2^mantissa: integers to floats
                // without a conversion.
                let e = <$float>::from_bits(($round as $float).to_bits().wrapping_add(exponent))
                    - $round;
                let t = (m - 1.0) / (m + 1.0);
                let tt = t * t;
                let mut sum: $float = $artanh[0];
                for c in &$artanh[1..] {
                    sum = Real::fma::<FMA>(sum, tt, *c);
                }
                let t2 = t + t;
                let tail = Real::fma::<FMA>(sum * tt, t2, e * $ln2_lo);
                Real::fma::<FMA>(e, $ln2_hi, t2 + tail)
            }
        }
    };
}

/// Double-precision values are not of single precision.
fn no_single(_: &[f64]) -> Option<&[f32]> {
    None
}

real!(
    f32,
    u32,
    23,
    127,
    12_582_912.0f32,
    -87.0,
    0.693_359_4f32,
    -2.121_944_4e-4f32,
    [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0],
    [1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0],
    gather::single,
    0,
    Some
);
real!(
    f64,
    u64,
    52,
    1023,
    6_755_399_441_055_744.0f64,
    -708.0,
    6.931_471_803_691_238e-1,
    1.908_214_929_270_587_7e-10,
    [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0
    ],
    [
        1.0 / 21.0,
        1.0 / 19.0,
        1.0 / 17.0,
        1.0 / 15.0,
        1.0 / 13.0,
        1.0 / 11.0,
        1.0 / 9.0,
        1.0 / 7.0,
        1.0 / 5.0,
        1.0 / 3.0
    ],
    gather::any,
    1,
    no_single
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exp_and_ln_are_those_of_the_standard_library(x in -700.0..0.0f64,
            y in 1e-300..1e300f64) {
            for (fast, exact) in [(x.exp_nonpositive::<true>(), x.exp()),
                (x.exp_nonpositive::<false>(), x.exp())] {
                prop_assert!((fast - exact).abs() <= 8.0 * f64::EPSILON * exact, "exp({x}) = {exact}, got {fast}");
            }
            for (fast, exact) in [(y.ln_positive::<true>(), y.ln()),
                (y.ln_positive::<false>(), y.ln())] {
                prop_assert!((fast - exact).abs() <= 8.0 * f64::EPSILON * exact.abs().max(0.1), "ln({y}) = {exact}, got {fast}");
            }
            let (x, y) = ((x / 9.0) as f32, (y.powf(0.1)) as f32);
            prop_assert!((x.exp_nonpositive::<true>() - x.exp()).abs()
                <= 8.0 * f32::EPSILON * x.exp());
            prop_assert!((y.ln_positive::<true>() - y.ln()).abs()
                <= 8.0 * f32::EPSILON * y.ln().abs().max(0.1));
        }
    }

    #[test]
    fn the_ends_are_right() {
        assert_eq!(0.0f32.exp_nonpositive::<true>(), 1.0);
        assert_eq!(0.0f64.exp_nonpositive::<false>(), 1.0);
        assert!(f32::NEG_INFINITY.exp_nonpositive::<true>() < 1e-37);
        assert_eq!(1.0f64.ln_positive::<true>(), 0.0);
        assert_eq!(1.0f32.ln_positive::<false>(), 0.0);
    }
}
