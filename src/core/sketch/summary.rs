//! A batch in five numbers per feature.

use std::cell::RefCell;

use super::Moments;
use crate::error::{Error, Result};
use crate::simd::Real;
use crate::tensor::{Elements, Tensor};

/// Numbers per feature that [`summary`] writes.
const NUMBERS: usize = 5;

/// Writes mean, standard deviation (divisor n - 1), smallest, largest of the finite values, and how
/// many are NaN or Inf: five numbers per feature, feature by feature.
///
/// # Errors
/// [`Error::InvalidArgument`] for an `out` of another length.
pub fn summary(batch: &Tensor<'_>, out: &mut [f64]) -> Result<()> {
    let expected = NUMBERS * batch.features();
    if out.len() != expected {
        let was = format!("{} elements", out.len());
        return Err(Error::invalid("out", was, format!("{expected}, {NUMBERS} per feature")));
    }
    match batch.elements() {
        Elements::F16(x) => write(&x.iter().map(|x| x.to_f32()).collect::<Vec<_>>(), out),
        Elements::F32(x) => write(x, out),
        Elements::F64(x) => write(x, out),
    }
    Ok(())
}

thread_local! {
    /// Memory that calls share.
    static SCRATCH: RefCell<Moments> = RefCell::new(Moments::new(Vec::new()));
}

fn write<T: Real>(rows: &[T], out: &mut [f64]) {
    let p = out.len() / NUMBERS;
    // The first observation is a good enough guess of the mean for sums about it to keep their
    // digits.
    let guess = |x: &T| if x.to_f64().is_finite() { x.to_f64() } else { 0.0 };
    SCRATCH.with_borrow_mut(|moments| {
        moments.restart(rows[..p].iter().map(guess));
        moments.update(rows);
        for (k, out) in out.chunks_exact_mut(NUMBERS).enumerate() {
            let finite = moments.count(k) > 0;
            let or_nan = |x: f64| if finite { x } else { f64::NAN };
            out[0] = moments.mean(k);
            out[1] = moments.std(k);
            out[2] = or_nan(moments.min(k));
            out[3] = or_nan(moments.max(k));
            out[4] = moments.non_finite(k) as f64;
        }
    });
}
