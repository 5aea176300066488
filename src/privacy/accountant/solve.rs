//! One-dimensional searches: bisection that ends on the safe side, Brent's root, Brent's minimum.

/// The smallest point of `[low, high]` (to the last few places) where `holds`, which is false below
/// and true above it.
///
/// The answer is always a point at which `holds` was seen to be true, or `high`.
pub(crate) fn bisect_up(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high || high - low <= 1e-15 * high.abs() {
            break;
        }
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

/// Brent's root finder (Brent, "Algorithms for Minimization without Derivatives", 1973, chapter 4).
///
/// `f(a)` and `f(b)` must differ in sign; returns the root and `f` there.
pub(crate) fn brent_root<E>(
    (mut a, mut fa): (f64, f64),
    (mut b, mut fb): (f64, f64),
    tolerance: f64,
    mut f: impl FnMut(f64) -> Result<f64, E>,
) -> Result<(f64, f64), E> {
    let (mut c, mut fc) = (a, fa);
    let (mut step, mut before) = (b - a, b - a);
    for _ in 0..100 {
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            before = step;
        }
        if fc.abs() < fb.abs() {
            (a, fa) = (b, fb);
            (b, fb) = (c, fc);
            (c, fc) = (a, fa);
        }
        let tol = 2.0 * f64::EPSILON * b.abs() + 0.5 * tolerance;
        let middle = 0.5 * (c - b);
        if middle.abs() <= tol || fb == 0.0 {
            break;
        }
        if before.abs() >= tol && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * middle * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (
                    s * (2.0 * middle * q * (q - r) - (b - a) * (r - 1.0)),
                    (q - 1.0) * (r - 1.0) * (s - 1.0),
                )
            };
            if p > 0.0 {
                q = -q
            } else {
                p = -p
            }
            if 2.0 * p < (3.0 * middle * q - (tol * q).abs()).min((before * q).abs()) {
                before = step;
                step = p / q;
            } else {
                step = middle;
                before = middle;
            }
        } else {
            step = middle;
            before = middle;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > tol { step } else { tol.copysign(middle) };
        fb = f(b)?;
    }
    Ok((b, fb))
}

/// Golden-section minimum of a unimodal `f` on `[a, b]`, to the absolute `tolerance`; returns `(x,
/// f(x))`.
pub(crate) fn golden_minimum(
    mut a: f64,
    mut b: f64,
    tolerance: f64,
    mut f: impl FnMut(f64) -> f64,
) -> (f64, f64) {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let mut left = b - RATIO * (b - a);
    let mut right = a + RATIO * (b - a);
    let (mut f_left, mut f_right) = (f(left), f(right));
    while b - a > tolerance {
        if f_left <= f_right {
            b = right;
            (right, f_right) = (left, f_left);
            left = b - RATIO * (b - a);
            f_left = f(left);
        } else {
            a = left;
            (left, f_left) = (right, f_right);
            right = a + RATIO * (b - a);
            f_right = f(right);
        }
    }
    if f_left <= f_right { (left, f_left) } else { (right, f_right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brent_finds_the_root() {
        let f = |x: f64| x.powi(3) - 2.0;
        let root = brent_root::<()>((0.0, f(0.0)), (3.0, f(3.0)), 1e-14, |x| Ok(f(x)));
        let (x, _) = root.unwrap_or((0.0, 0.0));
        assert!((x - 2f64.cbrt()).abs() < 1e-12);
    }

    #[test]
    fn golden_finds_the_minimum() {
        let (x, _) = golden_minimum(-3.0, 5.0, 1e-9, |x| (x - 1.25).powi(2));
        assert!((x - 1.25).abs() < 1e-7);
    }

    #[test]
    fn bisection_ends_where_it_holds() {
        let x = bisect_up(0.0, 10.0, |x| x * x >= 2.0);
        assert!(x * x >= 2.0 && (x - 2f64.sqrt()).abs() < 1e-14);
    }
}
