//! Scores of probabilities.

use super::{ClassScores, LANES, Largest, Scores, block};
use crate::simd::{Real, multiversion};

multiversion! {
    pub(super) fn score(rows: &[T], classes: usize, out: &mut ClassScores) -> () = score_body
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
    // Smallest positive argument that the logarithm takes; p ln p is below any rounding there.
    let tiny = T::from_f64(f64::from(f32::MIN_POSITIVE));
    for k in (0..row.len()).step_by(LANES) {
        // Padding is below every probability and adds nothing to the entropy.
        let x = block(row, k, -T::ONE);
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
    Scores {
        confidence: first.to_f32(),
        entropy: entropy.to_f32(),
        margin: (first - second).to_f32(),
        energy: f32::NAN,
        predicted: place as u32,
    }
}
