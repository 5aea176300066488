//! Real Fourier transforms of any size, and powers of spectra.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;

/// The least `2^a·3^b >= n`, at least 64: sizes at which the transform is fast.
pub(crate) fn good_size(n: usize) -> usize {
    let n = n.max(64);
    [1, 3, 9].iter().map(|&odd| odd * n.div_ceil(odd).next_power_of_two()).min().unwrap_or(n)
}

/// Coefficients, and a bound on the error of each.
struct Bounded {
    values: Vec<Complex64>,
    errors: Vec<f64>,
}

impl Bounded {
    fn new(value: f64, len: usize) -> Self {
        Bounded { values: vec![Complex64::new(value, 0.0); len], errors: vec![0.0; len] }
    }

    /// The mean magnitude over the whole spectrum, of which this is half.
    fn magnitude(&self, size: usize) -> f64 {
        2.0 * self.values.iter().map(|z| norm(*z)).sum::<f64>() / size as f64
    }
}

/// The product of powers of spectra of real sequences of one length, and its inverse.
///
/// Of sequences that are nearly one value (a step that mostly costs nothing, say), only the rest is
/// transformed, and only how the product differs from one is transformed back: roundings are then
/// relative to what is rare, and not to one.
pub(crate) struct Product {
    size: usize,
    planner: RealFftPlanner<f64>,
    /// The product.
    whole: Bounded,
    /// The product less one, while every factor was nearly one value.
    less_one: Option<Bounded>,
    /// How far the result is to be rotated.
    rotation: usize,
}

impl Product {
    pub(crate) fn new(size: usize) -> Self {
        let half = size / 2 + 1;
        Product {
            size,
            planner: RealFftPlanner::new(),
            whole: Bounded::new(1.0, half),
            less_one: Some(Bounded::new(0.0, half)),
            rotation: 0,
        }
    }

    /// Roundings of a transform, relative to the sum of the sequence's magnitudes.
    fn roundings(&self) -> f64 {
        (4.0 * (self.size as f64).log2() + 16.0) * f64::EPSILON
    }

    /// Multiplies by the `count`-th power of the spectrum of `values` (their circular convolution,
    /// `count` times).
    ///
    /// `values` add up to one and are used up.
    pub(crate) fn multiply(&mut self, values: &mut [f64], count: u64) {
        let atom = values
            .iter()
            .enumerate()
            .fold(0, |best, (index, value)| if *value > values[best] { index } else { best });
        let rest = values[..atom].iter().sum::<f64>() + values[atom + 1..].iter().sum::<f64>();
        if rest < 0.25 {
            values.rotate_left(atom);
            values[0] = -rest;
            self.rotation = (self.rotation
                + (atom as u128 * u128::from(count) % self.size as u128) as usize)
                % self.size;
            let output = self.forward(values);
            self.multiply_near_one(&output, 2.0 * rest * self.roundings(), count as f64);
        } else {
            self.less_one = None;
            let output = self.forward(values);
            self.multiply_any(&output, self.roundings(), count);
        }
    }

    fn forward(&mut self, values: &mut [f64]) -> Vec<Complex64> {
        let transform = self.planner.plan_fft_forward(self.size);
        let mut output = transform.make_output_vec();
        // the lengths are right by construction, and that is all that can be wrong
        if transform.process(values, &mut output).is_err() {
            unreachable!("sequence of another length than the product's");
        }
        output
    }

    /// By `z^count`, where each `z` is off by `error` at most.
    fn multiply_any(&mut self, spectrum: &[Complex64], error: f64, count: u64) {
        let power = count as f64;
        let all = self.whole.values.iter_mut().zip(&mut self.whole.errors);
        for ((product, sum), &z) in all.zip(spectrum) {
            let (factor, off) = match count {
                1 => (z, error),
                _ => {
                    let raised = Raised::new(0.5 * z.norm_sqr().ln(), || z.arg(), power, error);
                    (raised.value(), raised.off)
                }
            };
            *sum = *sum * (norm(factor) + off) + norm(*product) * off;
            *product *= factor;
        }
    }

    /// By `(1 + u)^count`, where each `u` is off by `error` at most.
    fn multiply_near_one(&mut self, spectrum: &[Complex64], error: f64, power: f64) {
        for (index, &u) in spectrum.iter().enumerate() {
            let ln = 0.5 * (2.0 * u.re + u.norm_sqr()).ln_1p();
            let raised = Raised::new(ln, || u.im.atan2(1.0 + u.re), power, error);
            let (factor, off) = (raised.value(), raised.off);
            let before = self.whole.values[index];
            self.whole.errors[index] =
                self.whole.errors[index] * (norm(factor) + off) + norm(before) * off;
            self.whole.values[index] *= factor;
            if let Some(less_one) = &mut self.less_one {
                let (f, off) = raised.less_one(power * error);
                let (d, size) = (less_one.values[index], norm(f));
                less_one.errors[index] = less_one.errors[index] * (1.0 + size + off)
                    + (1.0 + norm(d)) * off
                    + 2.0 * f64::EPSILON * (norm(d) + size);
                less_one.values[index] = d + f + d * f;
            }
        }
    }

    /// The convolution, and a bound on the error of each of its values.
    pub(crate) fn finish(mut self) -> (Vec<f64>, f64) {
        let whole = self.whole.magnitude(self.size);
        let near = self.less_one.take().filter(|less_one| less_one.magnitude(self.size) < whole);
        let is_near = near.is_some();
        let Bounded { mut values, errors } =
            near.unwrap_or(std::mem::replace(&mut self.whole, Bounded::new(0.0, 0)));
        let scale = 1.0 / self.size as f64;
        let magnitude = 2.0 * scale * values.iter().map(|z| norm(*z)).sum::<f64>();
        let error = 2.0 * scale * errors.iter().sum::<f64>() + magnitude * self.roundings();
        let transform = self.planner.plan_fft_inverse(self.size);
        let mut output = transform.make_output_vec();
        if let Some(first) = values.first_mut() {
            first.im = 0.0;
        }
        if let (true, Some(last)) = (self.size.is_multiple_of(2), values.last_mut()) {
            last.im = 0.0;
        }
        if transform.process(&mut values, &mut output).is_err() {
            unreachable!("spectrum of another length than the product's");
        }
        output.iter_mut().for_each(|value| *value *= scale);
        if is_near {
            output[0] += 1.0 + f64::EPSILON;
        }
        output.rotate_right(self.rotation);
        (output, error)
    }
}

/// `|z|` of what neither over- nor underflows where it counts: half the time of `z.norm()`.
fn norm(z: Complex64) -> f64 {
    z.norm_sqr().sqrt()
}

/// `exp(x + iy) = exp(power·(ln + i·arg))`, and a bound `off` on its error where the base is off by
/// `error` at most: `|z^n - (z + e)^n| <= n·(|z| + e)^(n-1)·e`, and the roundings of the power
/// itself. Powers below `e^-60`, which most are where there are many steps, are dropped.
struct Raised {
    x: f64,
    y: f64,
    size: f64,
    sin: f64,
    cos: f64,
    off: f64,
}

const DROPPED: f64 = -60.0;

impl Raised {
    fn new(ln: f64, arg: impl Fn() -> f64, power: f64, error: f64) -> Self {
        let x = power * ln;
        let off = power * error * (((power - 1.0) * (ln.exp() + error).ln()).min(0.0)).exp();
        if x < DROPPED {
            return Raised { x, y: 0.0, size: 0.0, sin: 0.0, cos: 1.0, off: off + DROPPED.exp() };
        }
        let y = power * arg();
        let (size, (sin, cos)) = (x.exp(), y.sin_cos());
        Raised {
            x,
            y,
            size,
            sin,
            cos,
            off: off + 4.0 * f64::EPSILON * (1.0 + x.abs() + y.abs()) * size,
        }
    }

    fn value(&self) -> Complex64 {
        Complex64::new(self.size * self.cos, self.size * self.sin)
    }

    /// Less one, without the cancellation, and a bound on its error; `first_order` is the power
    /// times the base's error.
    fn less_one(&self, first_order: f64) -> (Complex64, f64) {
        if self.x < DROPPED {
            return (Complex64::new(-1.0, 0.0), self.off);
        }
        let half = (0.5 * self.y).sin();
        let f =
            Complex64::new(self.x.exp_m1() - 2.0 * self.size * half * half, self.size * self.sin);
        (f, first_order + 8.0 * f64::EPSILON * (self.x.abs() + self.y.abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_good() {
        for n in [1, 65, 100, 1000, 4097, 70_001] {
            let size = good_size(n);
            assert!(size >= n && size < 2 * n.max(64));
            let odd = size >> size.trailing_zeros();
            assert!(odd == 1 || odd == 3 || odd == 9);
        }
    }

    /// 20 draws of one of two values, the rarer with probability `rare`, against the binomial law.
    fn binomial_error(rare: f64) -> f64 {
        let size = 96;
        let mut values = vec![0.0; size];
        (values[5], values[6]) = (1.0 - rare, rare);
        let mut product = Product::new(size);
        product.multiply(&mut values, 20);
        let (got, error) = product.finish();
        let mut binomial = (20.0 * (-rare).ln_1p()).exp();
        for k in 0..=20 {
            let value = got[(100 + k) % size];
            assert!(
                (value - binomial).abs() <= error + 4.0 * f64::EPSILON * binomial,
                "{rare} {k}: {value} {binomial}"
            );
            binomial *= (20 - k) as f64 / (k + 1) as f64 * rare / (1.0 - rare);
        }
        error
    }

    #[test]
    fn powers_are_binomial() {
        assert!(binomial_error(0.3) < 1e-11);
    }

    #[test]
    fn what_is_rare_is_exact_relative_to_itself() {
        let (common, rare) = (binomial_error(0.2), binomial_error(1e-9));
        assert!(rare < 1e-2 * common, "{rare} {common}");
    }
}
