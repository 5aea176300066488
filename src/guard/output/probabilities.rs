//! Scores of probabilities.

use super::{ClassScores, LANES, Largest, Scores, block};
use crate::error::{Error, Result};
use crate::simd::{Real, multiversion};

multiversion! {
    pub(super) fn score(rows: &[T], classes: usize, out: &mut ClassScores) -> () = score_body
}

/// How far a probability may be below 0, and their sum from 1: more than rounding to half precision
/// makes of a thousand classes, and less than logits, percentages or one sigmoid a class are off
/// by.
pub(super) const SLACK: f64 = 0.01;

/// Demands that every observation of `classes` numbers that is finite is a distribution over the
/// classes.
///
/// # Errors
/// [`Error::InvalidArgument`] naming `argument`, and the first observation that is none.
pub fn expect<T: Real>(argument: &'static str, rows: &[T], classes: usize) -> Result<()> {
    let slack = T::from_f64(-SLACK);
    let wrong = |row: &[T]| {
        let (mut sum, mut least) = (T::ZERO, T::ZERO);
        for x in row {
            sum += *x;
            least = if *x < least { *x } else { least };
        }
        // Of an observation with NaN or Inf the sum is no number; it is an anomaly, and counted as
        // such.
        let sum = sum.to_f64();
        sum.is_finite() && ((sum - 1.0).abs() > SLACK || least < slack)
    };
    let Some(first) = rows.chunks_exact(classes).position(wrong) else { return Ok(()) };
    let row = &rows[first * classes..][..classes];
    let least = row.iter().map(|x| x.to_f64()).fold(f64::INFINITY, f64::min);
    let sum: f64 = row.iter().map(|x| x.to_f64()).sum();
    let was =
        format!("observation {first} (from 0) with the smallest number {least} and the sum {sum}");
    let expected =
        "probabilities: from 0 to 1, with the sum 1; or say that the output is logits, or values";
    Err(Error::invalid(argument, was, expected))
}

#[inline(always)]
fn score_body<T: Real, const FMA: bool>(rows: &[T], classes: usize, out: &mut ClassScores) {
    for (at, row) in rows.chunks_exact(classes).enumerate() {
        out.put(at, observation::<T, FMA>(row));
    }
}

#[inline(always)]
fn observation<T: Real, const FMA: bool>(row: &[T]) -> Scores {
    let mut largest = Largest::<T>::new();
    let mut entropy = [T::ZERO; LANES];
    // Of all but the largest so far, lane by lane.
    let mut rest = [T::ZERO; LANES];
    // Smallest positive argument that the logarithm takes; p ln p is below any rounding there.
    let tiny = T::from_f64(f64::from(f32::MIN_POSITIVE));
    for k in (0..row.len()).step_by(LANES) {
        // Padding is below every probability and adds nothing to the entropy.
        let x = block(row, k, -T::ONE);
        for l in 0..LANES {
            let loser = if x[l] > largest.first[l] { largest.first[l] } else { x[l] };
            rest[l] += if loser > T::ZERO { loser } else { T::ZERO };
        }
        largest.sweep::<FMA>(&x, T::from_f64(k as f64));
        for l in 0..LANES {
            let p = if x[l] > tiny { x[l] } else { T::ONE };
            entropy[l] = (-p).fma::<FMA>(p.ln_positive::<FMA>(), entropy[l]);
        }
    }
    let (first, second, place, finite) = largest.reduce();
    if !finite {
        return Scores::NON_FINITE;
    }
    let second = if row.len() == 1 { T::ZERO } else { second };
    let entropy = entropy.iter().fold(T::ZERO, |a, x| a + *x);
    // The largest of the other lanes are of the rest, too; of equal ones all but one.
    let mut rest = rest.iter().fold(T::ZERO, |a, x| a + *x);
    let mut is_counted = false;
    for x in largest.first {
        let is_the_first = x == first && !is_counted;
        is_counted |= is_the_first;
        rest += if is_the_first || x < T::ZERO { T::ZERO } else { x };
    }
    // What adds up to less than 1 is not surer for it.
    let missing = T::ONE - first;
    let msp = if missing > rest { missing } else { rest };
    Scores {
        msp: msp.to_f32(),
        entropy: entropy.to_f32(),
        margin: (msp + second).to_f32(),
        energy: f32::NAN,
        predicted: place as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_distribution_is_named() {
        let good = [0.25f32, 0.75, 1.0, 0.0, 0.5001, 0.4999, f32::NAN, 2.0, f32::INFINITY, -1.0];
        expect("output", &good, 2).expect("distributions, and what is not finite");
        for bad in [[2.0, -1.0], [0.5, 0.6], [0.2, 0.2], [60.0, 40.0], [-0.3, 1.3], [1e30, 1e30]] {
            let rows = [&[0.5, 0.5], &bad[..]].concat();
            let error = expect("output", &rows, 2).expect_err("no distribution").to_string();
            assert!(
                error.starts_with("output: got observation 1 (from 0)") && error.len() < 250,
                "{error}"
            );
        }
        // Half precision of a thousand classes.
        let half: Vec<f32> =
            (0..1000).map(|k| half::f16::from_f64(f64::from(k) / 499_500.0).to_f32()).collect();
        expect("output", &half, 1000).expect("rounded");
    }
}
