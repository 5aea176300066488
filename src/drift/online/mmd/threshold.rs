//! The threshold of an expected run time, by simulation.

use super::{MmdOptions, Window, kernel};
use crate::stats::random::SplitMix64;

/// Simulated streams. Each is as long as the expected run time, so that about 0.63 of them end in an alarm: the standard
/// error of the run time is about 1 / sqrt(1264), 3%.
const RUNS: usize = 2000;

/// Pairs that the median distance is taken of, where there are more.
const PAIRS: usize = 100_000;

/// The median distance of two observations; `None` where it is 0.
pub(super) fn median_distance(values: &[f64]) -> Option<f64> {
    let n = values.len();
    let mut distances: Vec<f64> = if n * (n - 1) / 2 <= PAIRS {
        (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| (values[i] - values[j]).abs()).collect()
    } else {
        let mut random = SplitMix64::new(n as u64);
        let mut pair = || (random.below(n), random.below(n - 1));
        (0..PAIRS).map(|_| pair()).map(|(i, j)| (values[i] - values[j + usize::from(j >= i)]).abs()).collect()
    };
    let middle = distances.len() / 2;
    let median = *distances.select_nth_unstable_by(middle, f64::total_cmp).1;
    (median > 0.0).then_some(median)
}

/// Mean kernel of two different reference observations, and the threshold.
pub(super) fn simulate(reference: &[f64], scale: f64, options: &MmdOptions) -> (f64, f64) {
    let n = reference.len();
    let mut similarity = vec![0.0; n];
    for i in 0..n {
        for j in 0..i {
            let k = kernel(reference[i], reference[j], scale);
            similarity[i] += k;
            similarity[j] += k;
        }
    }
    similarity.iter_mut().for_each(|s| *s /= (n - 1) as f64);
    let within = similarity.iter().sum::<f64>() / n as f64;

    let (size, time) = (options.window_size, options.expected_run_time);
    let length = time.ceil() as usize;
    let mut random = SplitMix64::new(options.seed);
    let mut order: Vec<usize> = (0..n).collect();
    let mut window = Window::new(size);
    // Of each run, where the statistic was higher than ever: all that the first passage of any threshold depends on.
    let records: Vec<Vec<(usize, f64)>> = (0..RUNS)
        .map(|_| {
            window.clear();
            let mut records: Vec<(usize, f64)> = Vec::new();
            for t in 0..length {
                // No observation twice in a window: the first places of `order` are those of the last draws.
                let place = t % size;
                order.swap(place, size + random.below(n - size));
                let i = order[place];
                if let Some(rest) = window.push(reference[i], similarity[i], scale)
                    && records.last().is_none_or(|(_, most)| rest > *most)
                {
                    records.push((t + 1, rest));
                }
            }
            records
        })
        .collect();

    // Run times beyond the first full window are nearly exponential, cut off at `length`: total time over alarms is then
    // the maximum likelihood estimate of the mean.
    let run_time = |threshold: f64| {
        let first = |run: &Vec<(usize, f64)>| run.iter().find(|(_, most)| *most > threshold).map(|(t, _)| *t);
        let warm = (size - 1) as f64;
        let (total, alarms) = records.iter().map(first).fold((0.0, 0.0), |(total, alarms), t| match t {
            Some(t) => (total + t as f64 - warm, alarms + 1.0),
            None => (total + length as f64 - warm, alarms),
        });
        warm + total / f64::max(alarms, 0.5)
    };
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for (_, most) in records.iter().flatten() {
        (low, high) = (low.min(*most), high.max(*most));
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if run_time(middle) < time { low = middle } else { high = middle }
    }
    // Windows drawn without replacement from n observations vary less than those of new observations, their mean in the
    // kernel's feature space by (n - size) / (n - 1) (Cochran 1977, section 2.6); the statistic, a square of it, in proportion.
    let wider = (n - 1) as f64 / (n - size) as f64;
    (within, (high + within) * wider)
}
