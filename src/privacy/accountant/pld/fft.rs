//! Real Fourier transforms of any size, and powers of spectra.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;

/// The least `2^a·3^b >= n`, at least 64: sizes at which the transform is fast.
pub(crate) fn good_size(n: usize) -> usize {
    let n = n.max(64);
    [1, 3, 9].iter().map(|&odd| odd * n.div_ceil(odd).next_power_of_two()).min().unwrap_or(n)
}

/// The product of powers of spectra of real sequences of one length, and its inverse.
pub(crate) struct Product {
    size: usize,
    planner: RealFftPlanner<f64>,
    spectrum: Vec<Complex64>,
}

impl Product {
    pub(crate) fn new(size: usize) -> Self {
        Product { size, planner: RealFftPlanner::new(), spectrum: vec![Complex64::new(1.0, 0.0); size / 2 + 1] }
    }

    /// Multiplies by the `count`-th power of the spectrum of `values` (their circular convolution, `count` times).
    ///
    /// `values` add up to one or less and are used up. Powers below `e^-60` are dropped (`dropped` of [`Product::finish`]).
    pub(crate) fn multiply(&mut self, values: &mut [f64], count: u64) {
        let transform = self.planner.plan_fft_forward(self.size);
        let mut output = transform.make_output_vec();
        // the lengths are right by construction, and that is all that can be wrong
        if transform.process(values, &mut output).is_err() {
            unreachable!("sequence of another length than the product's");
        }
        let power = count as f64;
        let least = (-120.0 / power).exp();
        for (product, z) in self.spectrum.iter_mut().zip(output) {
            let square = z.norm_sqr();
            *product *= match count {
                1 => z,
                _ if square < least => Complex64::new(0.0, 0.0),
                _ => Complex64::from_polar((0.5 * power * square.ln()).exp(), power * z.arg()),
            };
        }
    }

    /// The convolution, and a bound on the error of each of its values for `steps` factors in all.
    ///
    /// Each coefficient of a sequence of mass one is off by at most a few `log2 N` roundings; a power multiplies that
    /// by its exponent, relative to the power itself; the inverse spreads the sum of it evenly.
    pub(crate) fn finish(mut self, steps: f64) -> (Vec<f64>, f64) {
        let scale = 1.0 / self.size as f64;
        let magnitude: f64 = 2.0 * scale * self.spectrum.iter().map(|z| z.norm()).sum::<f64>();
        let roundings = 4.0 * (self.size as f64).log2() + 16.0;
        let error = magnitude * roundings * f64::EPSILON * (steps + 1.0) + (-60f64).exp();
        let transform = self.planner.plan_fft_inverse(self.size);
        let mut values = transform.make_output_vec();
        if let Some(first) = self.spectrum.first_mut() {
            first.im = 0.0;
        }
        if let (true, Some(last)) = (self.size.is_multiple_of(2), self.spectrum.last_mut()) {
            last.im = 0.0;
        }
        if transform.process(&mut self.spectrum, &mut values).is_err() {
            unreachable!("spectrum of another length than the product's");
        }
        values.iter_mut().for_each(|value| *value *= scale);
        (values, error)
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

    #[test]
    fn powers_are_binomial() {
        let size = 96;
        let mut values = vec![0.0; size];
        (values[0], values[1]) = (0.7, 0.3);
        let mut product = Product::new(size);
        product.multiply(&mut values, 20);
        let (got, error) = product.finish(20.0);
        let mut binomial = 0.7f64.powi(20);
        for (k, value) in got.iter().take(21).enumerate() {
            assert!((value - binomial).abs() <= error, "{k}");
            binomial *= (20 - k) as f64 / (k + 1) as f64 * 0.3 / 0.7;
        }
        assert!(error < 1e-12);
    }
}
