//! The two passes over memory: norms of columns, and the weighted sum of columns.

use super::Gradients;
use crate::simd::compiled_twice;
use std::thread;

/// `f32` or `f64`.
pub trait Float:
    Copy + Send + Sync + Default + PartialEq + std::fmt::Debug + private::Sealed + 'static
{
    /// Without rounding.
    fn to_f64(self) -> f64;
    /// To the nearest.
    fn from_f64(value: f64) -> Self;
}

mod private {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Float for f32 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Float for f64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// Rows summed at a time: their `f64` sums stay in the first-level cache.
pub(crate) const BLOCK: usize = 2048;

/// Fewer numbers than this are not worth a second thread.
const WORTH_A_THREAD: usize = 1 << 17;

/// Threads for `work` numbers.
pub(crate) fn threads(work: usize) -> usize {
    let most = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    most.min(work / WORTH_A_THREAD + 1)
}

compiled_twice! {
    /// `Σ x²`, in 32 independent sums.
    fn sum_of_squares<T: Float>(column: &[T]) -> f64 {
        let mut sums = [0.0f64; 32];
        let chunks = column.chunks_exact(32);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (sum, x) in sums.iter_mut().zip(chunk) {
                let x = x.to_f64();
                *sum += x * x;
            }
        }
        sums.iter().sum::<f64>() + rest.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>()
    }
}

compiled_twice! {
    /// `sums += Σ_k weights[k]·columns[k]` for four columns.
    fn accumulate4<T: Float>(sums: &mut [f64], columns: [&[T]; 4], weights: [f64; 4]) {
        let [a, b, c, d] = columns;
        let rows = sums.iter_mut().zip(a).zip(b).zip(c).zip(d);
        for ((((sum, a), b), c), d) in rows {
            *sum += (weights[0] * a.to_f64() + weights[1] * b.to_f64())
                + (weights[2] * c.to_f64() + weights[3] * d.to_f64());
        }
    }
}

compiled_twice! {
    /// `sums += weight·column`.
    fn accumulate<T: Float>(sums: &mut [f64], column: &[T], weight: f64) {
        for (sum, x) in sums.iter_mut().zip(column) {
            *sum += weight * x.to_f64();
        }
    }
}

/// The L2 norm; NaN or Inf if and only if the column holds one.
fn norm<T: Float>(column: &[T]) -> f64 {
    let square = sum_of_squares(column);
    if (1e-280..1e280).contains(&square) {
        return square.sqrt();
    }
    // squares that overflow or vanish: scale by the largest (zero, NaN and Inf end here as well)
    let mut largest = 0.0f64;
    for x in column {
        let x = x.to_f64();
        if !x.is_finite() {
            return f64::NAN;
        }
        largest = largest.max(x.abs());
    }
    if largest == 0.0 {
        return 0.0;
    }
    largest * column.iter().map(|x| (x.to_f64() / largest).powi(2)).sum::<f64>().sqrt()
}

/// `[parameter][example]` norms.
pub(super) fn norms<T: Float>(gradients: &Gradients<T>) -> Vec<Vec<f64>> {
    let examples = gradients.examples;
    let share = examples.div_ceil(threads(examples * gradients.dimension())).max(1);
    let of_range = |from: usize, to: usize| -> Vec<Vec<f64>> {
        let parameters = gradients.parameters.iter();
        parameters
            .map(|p| {
                p.data[from * p.features..to * p.features]
                    .chunks_exact(p.features)
                    .map(norm)
                    .collect()
            })
            .collect()
    };
    let ranges = (0..examples).step_by(share).map(|from| (from, (from + share).min(examples)));
    let parts = on_threads(ranges.map(|(from, to)| move || of_range(from, to)).collect());
    let mut norms = vec![Vec::with_capacity(examples); gradients.parameters.len()];
    for part in parts {
        norms.iter_mut().zip(part).for_each(|(layer, part)| layer.extend(part));
    }
    norms
}

/// Runs every task, all but the last on a thread of its own; the results in the order of the tasks.
pub(crate) fn on_threads<R: Send, F: FnOnce() -> R + Send>(mut tasks: Vec<F>) -> Vec<R> {
    let last = tasks.pop();
    thread::scope(|scope| {
        let others: Vec<_> = tasks.into_iter().map(|task| scope.spawn(task)).collect();
        let own = last.map(|task| task());
        let joined = others.into_iter().map(|other| match other.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.chain(own).collect()
    })
}

/// A stretch of rows of one parameter, and where its sum goes.
struct Rows<'o, T> {
    parameter: usize,
    from: usize,
    out: &'o mut [T],
}

/// Sums the weighted columns block by block; `store(task, sums, out)` takes each finished block,
/// with where it goes and the state of its thread, of which `states` has one for each that may run.
///
/// `weights[parameter][example]`; an example of weight zero is not read (it may hold NaN).
pub(crate) fn weighted_sum<T, State, S>(
    gradients: &Gradients<T>,
    weights: &[Vec<f64>],
    out: &mut [&mut [T]],
    states: &mut [State],
    store: S,
) where
    T: Float,
    State: Send,
    S: Fn(&mut State, &mut [f64], &mut [T]) + Sync,
{
    let threads =
        states.len().min(threads((gradients.examples + 8) * gradients.dimension())).max(1);
    let share = gradients.dimension().div_ceil(threads).next_multiple_of(BLOCK);
    let mut shares: Vec<Vec<Rows<T>>> = (0..threads).map(|_| Vec::new()).collect();
    let (mut thread, mut room) = (0, share);
    for (parameter, out) in out.iter_mut().enumerate() {
        let (mut rest, mut from) = (&mut **out, 0);
        while !rest.is_empty() {
            if room == 0 && thread + 1 < threads {
                (thread, room) = (thread + 1, share);
            }
            let take = if thread + 1 == threads { rest.len() } else { rest.len().min(room) };
            let (own, others) = rest.split_at_mut(take);
            shares[thread].push(Rows { parameter, from, out: own });
            (rest, from, room) = (others, from + take, room.saturating_sub(take));
        }
    }
    let tasks = shares.into_iter().zip(states).map(|(rows, state)| {
        let store = &store;
        move || {
            rows.into_iter().for_each(|rows| {
                sum_rows(gradients, weights, rows, |sums, out| store(state, sums, out))
            })
        }
    });
    on_threads(tasks.collect());
}

fn sum_rows<T: Float>(
    gradients: &Gradients<T>,
    weights: &[Vec<f64>],
    rows: Rows<T>,
    mut store: impl FnMut(&mut [f64], &mut [T]),
) {
    let parameter = gradients.parameters[rows.parameter];
    let used =
        weights[rows.parameter].iter().copied().enumerate().filter(|(_, weight)| *weight != 0.0);
    let used: Vec<(usize, f64)> = used.collect();
    let mut sums = [0.0f64; BLOCK];
    for (index, out) in rows.out.chunks_mut(BLOCK).enumerate() {
        let from = rows.from + index * BLOCK;
        let sums = &mut sums[..out.len()];
        sums.fill(0.0);
        let column = |example: usize| {
            let start = example * parameter.features + from;
            &parameter.data[start..start + out.len()]
        };
        let fours = used.chunks_exact(4);
        let rest = fours.remainder();
        for four in fours {
            let columns =
                [column(four[0].0), column(four[1].0), column(four[2].0), column(four[3].0)];
            accumulate4(sums, columns, [four[0].1, four[1].1, four[2].1, four[3].1]);
        }
        for &(example, weight) in rest {
            accumulate(sums, column(example), weight);
        }
        store(sums, out);
    }
}
