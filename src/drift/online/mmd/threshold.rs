//! The threshold of an expected run time, by simulation.

use super::{MmdOptions, Window, kernel, kernel_sum};
use crate::stats::random::SplitMix64;

/// References that are drawn.
const REFERENCES: usize = 200;

/// Streams against each of them, twice as long as the expected run time: about 1,700 of all 2,000
/// end in an alarm, so that the standard error of the run time is about 3%.
const RUNS: usize = 10;

/// Values that stand for the distribution, at most.
const POPULATION: usize = 1000;

/// Pairs that the median distance is taken of, where there are more.
const PAIRS: usize = 100_000;

/// The median distance of two observations; `None` where it is 0.
pub(super) fn median_distance(values: &[f64]) -> Option<f64> {
    let n = values.len();
    let mut distances: Vec<f64> = if n * (n - 1) / 2 <= PAIRS {
        (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| (values[i] - values[j]).abs())
            .collect()
    } else {
        let mut random = SplitMix64::new(n as u64);
        let mut pair = || (random.below(n), random.below(n - 1));
        (0..PAIRS)
            .map(|_| pair())
            .map(|(i, j)| (values[i] - values[j + usize::from(j >= i)]).abs())
            .collect()
    };
    let middle = distances.len() / 2;
    let median = *distances.select_nth_unstable_by(middle, f64::total_cmp).1;
    (median > 0.0).then_some(median)
}

/// Mean kernel of two different reference observations, and the threshold.
///
/// A bootstrap of both samples: the reference's distribution (its observations, or 1,000 of its
/// quantiles) stands for the true one, a reference of as many observations and a stream are drawn
/// from it, and so again. So windows meet references that are as far from what they are drawn from
/// as the real one is.
pub(super) fn simulate(reference: &[f64], scale: f64, options: &MmdOptions) -> (f64, f64) {
    let n = reference.len();
    let sum: f64 = reference
        .iter()
        .enumerate()
        .map(|(i, x)| kernel_sum::<f64>(&reference[..i], *x, scale))
        .sum();
    let within = sum / (n * (n - 1) / 2) as f64;

    let population = quantiles(reference);
    let count = population.len();
    let kernels: Vec<f64> =
        population.iter().flat_map(|x| population.iter().map(|y| kernel(*x, *y, scale))).collect();
    let rows: Vec<&[f64]> = kernels.chunks_exact(count).collect();
    let (size, time) = (options.window_size, options.expected_run_time);
    let length = (2.0 * time).ceil() as usize;
    let mut random = SplitMix64::new(options.seed);
    let mut window = Window::new(size);
    let mut drawn = vec![0.0; count];
    // Of each run, where the statistic was higher than ever: all that the first passage of any
    // threshold depends on.
    let mut records: Vec<Vec<(usize, f64)>> = Vec::with_capacity(REFERENCES * RUNS);
    for _ in 0..REFERENCES {
        drawn.fill(0.0);
        (0..n).for_each(|_| drawn[random.below(count)] += 1.0);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let similarity: Vec<f64> = rows.iter().map(|row| dot(row, &drawn) / n as f64).collect();
        // All pairs, less those of an observation with itself.
        let within = (dot(&similarity, &drawn) - 1.0) / (n - 1) as f64;
        for _ in 0..RUNS {
            window.clear();
            let mut highest: Vec<(usize, f64)> = Vec::new();
            for t in 0..length {
                let i = random.below(count);
                if let Some(rest) = window.push(i as f64, similarity[i], |j| rows[i][j as usize])
                    && highest.last().is_none_or(|(_, most)| rest + within > *most)
                {
                    highest.push((t + 1, rest + within));
                }
            }
            records.push(highest);
        }
    }
    (within, solve(&records, time, length))
}

/// Of at most [`POPULATION`] observations all, of more as many quantiles.
fn quantiles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (n, count) = (values.len(), values.len().min(POPULATION));
    (0..count).map(|k| sorted[(2 * k + 1) * n / (2 * count)]).collect()
}

/// The threshold whose mean run time is `time`.
fn solve(records: &[Vec<(usize, f64)>], time: f64, length: usize) -> f64 {
    let (length, half) = (length as f64, length as f64 / 2.0);
    // The mean is the area under the survival curve. Runs that go on at `length` go on as long as
    // those that passed its half did: references differ, so that those left are the slower ones.
    let run_time = |threshold: f64| {
        let (mut area, mut left, mut exposure, mut alarms) = (0.0, 0.0, 0.0, 0.0);
        for run in records {
            let first = run.iter().find(|(_, most)| *most > threshold).map(|(t, _)| *t as f64);
            let end = first.unwrap_or(length);
            area += end;
            exposure += (end - half).max(0.0);
            left += f64::from(u8::from(first.is_none()));
            alarms += f64::from(u8::from(first.is_some_and(|t| t > half)));
        }
        (area + left * exposure / f64::max(alarms, 0.5)) / records.len() as f64
    };
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for (_, most) in records.iter().flatten() {
        (low, high) = (low.min(*most), high.max(*most));
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if run_time(middle) < time { low = middle } else { high = middle }
    }
    high
}
