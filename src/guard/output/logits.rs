//! Scores of logits: one softmax an observation, in the log domain, without writing it anywhere.

use super::{ClassScores, LANES, Largest, ScoreLanes, Scores, block};
use crate::simd::{Real, multiversion};

multiversion! {
    pub(super) fn score(rows: &[T], classes: usize, out: &mut ClassScores) -> () = score_body
}

#[inline(always)]
fn score_body<T: Real, const FMA: bool>(rows: &[T], classes: usize, out: &mut ClassScores) {
    let mut done = 0;
    if classes < 2 * LANES {
        for group in rows.chunks_exact(LANES * classes) {
            out.put_lanes(done, LANES, &few_classes::<T, FMA>(group, classes));
            done += LANES;
        }
        let rest = &rows[done * classes..];
        if rest.len() > 2 * classes {
            padded::<T, FMA>(rest, classes, out, done);
            return;
        }
    }
    for row in rows[done * classes..].chunks_exact(classes) {
        out.put(done, many_classes::<T, FMA>(row));
        done += 1;
    }
}

/// The last observations of a batch, as a group whose other lanes repeat the last one.
#[inline(always)]
fn padded<T: Real, const FMA: bool>(
    rest: &[T],
    classes: usize,
    out: &mut ClassScores,
    done: usize,
) {
    let n = rest.len() / classes;
    let mut group = [T::ZERO; LANES * 2 * LANES];
    let group = &mut group[..LANES * classes];
    group[..rest.len()].copy_from_slice(rest);
    out.put_lanes(done, n, &few_classes::<T, FMA>(group, classes));
}

/// A lane is an observation.
#[inline(always)]
fn few_classes<T: Real, const FMA: bool>(group: &[T], classes: usize) -> ScoreLanes {
    // Lanes are gathered once: that costs as much as the arithmetic. Where FMA is compiled in, AVX2
    // is.
    let mut columns = [[T::ZERO; LANES]; 2 * LANES];
    let columns = &mut columns[..classes];
    let mut largest = Largest::<T>::new();
    for (k, x) in columns.iter_mut().enumerate() {
        *x = T::gather::<FMA>(group, classes, k);
        largest.update::<FMA>(x, T::from_f64(k as f64));
    }
    let (mut rest, mut weighted) = ([T::ZERO; LANES], [T::ZERO; LANES]);
    for (k, x) in columns.iter().enumerate() {
        let d: [T; LANES] = std::array::from_fn(|l| floored(x[l] - largest.first[l]));
        let e: [T; LANES] = std::array::from_fn(|l| d[l].exp_nonpositive::<FMA>());
        let (before, weight, k) = (rest, weighted, T::from_f64(k as f64));
        rest =
            std::array::from_fn(|l| before[l] + if largest.place[l] == k { T::ZERO } else { e[l] });
        weighted = std::array::from_fn(|l| e[l].fma::<FMA>(d[l], weight[l]));
    }
    let mut lanes = ScoreLanes { scores: [[0.0; LANES]; 4], predicted: [0; LANES] };
    for l in 0..LANES {
        let s = finish::<T, FMA>(largest.first[l], largest.second[l], rest[l], weighted[l]);
        for (row, value) in lanes.scores.iter_mut().zip(s) {
            row[l] = value;
        }
    }
    for l in 0..LANES {
        let finite = largest.spoiled[l] == T::ZERO;
        lanes.scores.iter_mut().for_each(|row| row[l] = if finite { row[l] } else { f32::NAN });
        lanes.predicted[l] =
            if finite { largest.place[l].to_f32() as u32 } else { ClassScores::NO_CLASS };
    }
    lanes
}

/// A lane is every `LANES`-th class of one observation.
#[inline(always)]
fn many_classes<T: Real, const FMA: bool>(row: &[T]) -> Scores {
    let mut largest = Largest::<T>::new();
    for k in (0..row.len()).step_by(LANES) {
        let mut x = block(row, k, T::ZERO);
        if row.len() - k < LANES {
            // Padding must lose to everything and still be finite.
            let lowest = T::from_f64(f64::from(f32::MIN));
            x = block(row, k, lowest);
        }
        largest.sweep::<FMA>(&x, T::from_f64(k as f64));
    }
    let (first, second, place, finite) = largest.reduce();
    if !finite {
        return Scores::NON_FINITE;
    }
    let (mut rest, mut weighted) = ([T::ZERO; LANES], [T::ZERO; LANES]);
    let mut lane: [T; LANES] = std::array::from_fn(|l| T::from_f64(l as f64));
    let (whole, of_first, step) =
        (row.len() - row.len() % LANES, T::from_f64(place as f64), T::from_f64(LANES as f64));
    for k in (0..whole).step_by(LANES) {
        let x = block(row, k, T::ZERO);
        for l in 0..LANES {
            let d = floored(x[l] - first);
            let e = d.exp_nonpositive::<FMA>();
            rest[l] += if lane[l] == of_first { T::ZERO } else { e };
            weighted[l] = e.fma::<FMA>(d, weighted[l]);
            lane[l] += step;
        }
    }
    for (l, x) in row[whole..].iter().enumerate() {
        let d = floored(*x - first);
        let e = d.exp_nonpositive::<FMA>();
        rest[l] += if lane[l] == of_first { T::ZERO } else { e };
        weighted[l] = e.fma::<FMA>(d, weighted[l]);
    }
    let total = |lanes: &[T; LANES]| lanes.iter().fold(T::ZERO, |a, x| a + *x);
    let second = if row.len() == 1 { T::LOWEST } else { second };
    let [msp, entropy, margin, energy] =
        finish::<T, FMA>(first, second, total(&rest), total(&weighted));
    Scores { msp, entropy, margin, energy, predicted: place as u32 }
}

/// From `rest = sum e^d` over all but the largest and `weighted = sum d e^d`, with `d` the distance
/// to the largest logit.
#[inline(always)]
fn finish<T: Real, const FMA: bool>(first: T, second: T, rest: T, weighted: T) -> [f32; 4] {
    let largest = T::ONE / (T::ONE + rest);
    // ln(1 + rest), without what the sum rounds off (Kahan's quotient).
    let sum = T::ONE + rest;
    let rounded = sum - T::ONE;
    let log = sum.ln_positive::<FMA>();
    let log_sum = if rounded > T::ZERO { log * (rest / rounded) } else { rest };
    let entropy = log_sum - weighted * largest;
    let gap = second - first;
    let runner_up = if second > T::LOWEST { gap.exp_nonpositive::<FMA>() } else { T::ZERO };
    let margin = (rest + runner_up) * largest;
    [(rest * largest).to_f32(), entropy.to_f32(), margin.to_f32(), (-(first + log_sum)).to_f32()]
}

/// Cuts a distance off where its exponential ends, so that `d e^d` vanishes however far apart two
/// logits are.
#[inline(always)]
fn floored<T: Real>(d: T) -> T {
    if d < T::EXP_FLOOR { T::EXP_FLOOR } else { d }
}
