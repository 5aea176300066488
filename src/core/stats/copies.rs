//! Observations that are there more than once, as after several epochs of a loader.

use std::collections::HashMap;

/// Different observations from which on their numbers tell: that 20 numbers of times that vary by
/// chance are all the same, or one apart, is too unlikely.
const DIFFERENT: usize = 20;

/// The rows that are equal, by their numbers, for each different row. Zeros of either sign are
/// equal. Cost: a multiplication for each number, and a sort of the rows.
pub fn groups(rows: &[f64], features: usize) -> Vec<Vec<u32>> {
    let mut groups = Vec::new();
    for_each_group(rows, features, |group| groups.push(group.to_vec()));
    groups
}

/// How often each row is there.
pub fn times_of_rows(rows: &[f64], features: usize) -> Vec<u32> {
    let mut times = vec![0; rows.len() / features.max(1)];
    for_each_group(rows, features, |group| {
        group.iter().for_each(|i| times[*i as usize] = group.len() as u32)
    });
    times
}

fn for_each_group(rows: &[f64], features: usize, mut each: impl FnMut(&[u32])) {
    let features = features.max(1);
    let bits = |x: &f64| (x + 0.0).to_bits();
    // A hash brings equal rows together; who they are is looked at.
    let hash = |row: &[f64]| {
        row.iter()
            .fold(0u64, |h, x| (h.rotate_left(5) ^ bits(x)).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    };
    let mut order: Vec<(u64, u32)> =
        rows.chunks_exact(features).enumerate().map(|(i, row)| (hash(row), i as u32)).collect();
    order.sort_unstable();
    let row = |i: u32| rows[i as usize * features..][..features].iter().map(bits);
    for alike in order.chunk_by(|a, b| a.0 == b.0) {
        if alike.len() == 1 {
            each(&[alike[0].1]);
            continue;
        }
        let mut rest: Vec<u32> = alike.iter().map(|(_, i)| *i).collect();
        while let Some(first) = rest.first().copied() {
            let (same, other): (Vec<u32>, Vec<u32>) =
                rest.into_iter().partition(|i| row(*i).eq(row(first)));
            each(&same);
            rest = other;
        }
    }
}

/// How often each observation is there, on average, where all are there equally often (or once
/// more), or where all that are equal by chance are there so many times as often: their numbers
/// have a common divisor. 1 where neither holds, as of rows of categories. Cost: as [`groups`].
pub fn times(rows: &[f64], features: usize) -> f64 {
    on_average(&times_of_rows(rows, features))
}

/// [`times`] of rows of which it is known how often each is there.
pub fn on_average(times: &[u32]) -> f64 {
    let (least, most) =
        (times.iter().min().copied().unwrap_or(1), times.iter().max().copied().unwrap_or(1));
    let different = times.iter().map(|t| 1.0 / f64::from(*t)).sum::<f64>().round();
    if least < 2 || different < DIFFERENT as f64 {
        return 1.0;
    }
    if most <= least + 1 {
        times.len() as f64 / different
    } else {
        f64::from(times.iter().copied().fold(0, divisor))
    }
}

/// The greatest common divisor.
fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The rows without those that are copies, where each is there `copies` times, in the order in
/// which they first came.
pub fn without(rows: &[f64], features: usize, copies: f64) -> Vec<f64> {
    let times = times_of_rows(rows, features);
    let mut seen: HashMap<Vec<u64>, u32> = HashMap::new();
    let mut kept = Vec::with_capacity((rows.len() as f64 / copies) as usize);
    for (row, times) in rows.chunks_exact(features.max(1)).zip(times) {
        let so_far = seen.entry(row.iter().map(|x| (x + 0.0).to_bits()).collect()).or_default();
        if *so_far < ((f64::from(times) / copies).round() as u32).max(1) {
            kept.extend_from_slice(row);
            *so_far += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn epochs_are_counted_in_any_order_and_categories_are_not() {
        let mut random = Random(3);
        let rows = random.normals(2 * 150);
        assert_eq!(times(&rows, 2), 1.0);
        for epochs in [2, 3, 7] {
            assert_eq!(times(&rows.repeat(epochs), 2), epochs as f64);
            let mut shuffled: Vec<&[f64]> =
                rows.chunks_exact(2).cycle().take(150 * epochs + 40).collect();
            for i in 0..shuffled.len() {
                let other = (random.uniform() * shuffled.len() as f64) as usize;
                shuffled.swap(i, other);
            }
            assert_eq!(times(&shuffled.concat(), 2), epochs as f64 + 40.0 / 150.0);
        }
        for levels in [2.0, 5.0, 30.0, 200.0] {
            for n in [300, 1000, 5000] {
                let values: Vec<f64> =
                    (0..n).map(|_| (levels * random.uniform()).floor()).collect();
                assert_eq!(times(&values, 1), 1.0, "{levels} of {n}");
            }
        }
        assert_eq!(groups(&[1.0, 0.0, 2.0, -0.0, 1.0], 1).len(), 3);
        assert_eq!(
            times_of_rows(&[1.0, 0.0, 2.0, 1.0, 1.0, -0.0, 1.0, 0.0, 2.0, 1.0], 2),
            [3, 2, 3, 3, 2]
        );
        assert_eq!(
            without(&[1.0, 0.0, 2.0, 1.0, 1.0, -0.0, 0.0, 1.0], 2, 2.0),
            [1.0, 0.0, 2.0, 1.0, 0.0, 1.0]
        );
        // Of what is equal by chance each epoch has as many.
        let rounded: Vec<f64> =
            random.normals(300).iter().map(|x| (10.0 * x).round() / 10.0).collect();
        assert_eq!(times(&rounded, 1), 1.0);
        for epochs in [2, 5, 20] {
            assert_eq!(times(&rounded.repeat(epochs), 1), epochs as f64);
            assert_eq!(without(&rounded.repeat(epochs), 1, epochs as f64), rounded);
        }
        assert_eq!(times(&[], 3), 1.0);
        assert_eq!(times(&[1.0; 500], 1), 1.0);
    }
}
