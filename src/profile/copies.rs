//! A reference that holds each observation several times, as that of several epochs of a loader.

use std::collections::HashMap;

/// Different observations from which on their numbers tell: that 20 numbers of times that vary by chance are all the same, or one apart,
/// is too unlikely.
const DIFFERENT: usize = 20;

/// How often each observation is there, on average, where all are there equally often (or once more); 1 where they are not. What comes
/// again by chance, as rows of categories do, comes more or less often. Cost: a look at each number.
pub(super) fn times(rows: &[f64], features: usize) -> f64 {
    let mut counts: HashMap<Vec<u64>, u64> = HashMap::new();
    let n = rows.len() / features.max(1);
    for (i, row) in rows.chunks_exact(features.max(1)).enumerate() {
        *counts.entry(row.iter().map(|x| x.to_bits()).collect()).or_default() += 1;
        // More than half are different: they are there once, or no more than most of them are.
        if counts.len() > n / 2 && i >= n / 2 {
            return 1.0;
        }
    }
    let (least, most) = (counts.values().min().copied().unwrap_or(1), counts.values().max().copied().unwrap_or(1));
    let copied = counts.len() >= DIFFERENT && least >= 2 && most <= least + 1;
    if copied { n as f64 / counts.len() as f64 } else { 1.0 }
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
            let mut shuffled: Vec<&[f64]> = rows.chunks_exact(2).cycle().take(150 * epochs + 40).collect();
            for i in 0..shuffled.len() {
                let other = (random.uniform() * shuffled.len() as f64) as usize;
                shuffled.swap(i, other);
            }
            assert_eq!(times(&shuffled.concat(), 2), epochs as f64 + 40.0 / 150.0);
        }
        for levels in [2.0, 5.0, 30.0, 200.0] {
            for n in [300, 1000, 5000] {
                let values: Vec<f64> = (0..n).map(|_| (levels * random.uniform()).floor()).collect();
                assert_eq!(times(&values, 1), 1.0, "{levels} of {n}");
            }
        }
        assert_eq!(times(&[], 3), 1.0);
        assert_eq!(times(&[1.0; 500], 1), 1.0);
    }
}
