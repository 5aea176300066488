//! Sums over many subsets of the same columns: four columns have sixteen subsets, whose sums are
//! looked up.

use super::Lanes;

/// Adds to each of `sums` those of up to 32 `columns`, a multiple of eight, that its bits choose.
/// `masks`: four times as many bytes as there are sums, one of the first eight columns for every
/// sum, then one of the second eight, and so on.
///
/// Cost: 8 additions a sum, and 128 for the tables. The order of the additions is always the same.
pub fn add_subsets(columns: &[Lanes], masks: &[u8], sums: &mut [Lanes]) {
    // Not for AVX-512: there the compiler gathers the looked-up sums lane by lane, at three times
    // the cost.
    #[cfg(target_arch = "x86_64")]
    if super::level() != super::Level::Baseline {
        #[target_feature(enable = "avx2")]
        fn avx2(columns: &[Lanes], masks: &[u8], sums: &mut [Lanes]) {
            body(columns, masks, sums);
        }
        // SAFETY: every level but the baseline has AVX2.
        return unsafe { avx2(columns, masks, sums) };
    }
    body(columns, masks, sums);
}

#[inline(always)]
fn body(columns: &[Lanes], masks: &[u8], sums: &mut [Lanes]) {
    let mut tables = [[Lanes::splat(0.0); 16]; 8];
    for (table, four) in tables.iter_mut().zip(columns.chunks_exact(4)) {
        for (bit, column) in four.iter().enumerate() {
            for subset in 0..1 << bit {
                table[subset | 1 << bit] = table[subset] + *column;
            }
        }
    }
    let of = |table: usize, mask: u8| {
        tables[table][usize::from(mask & 15)] + tables[table + 1][usize::from(mask >> 4)]
    };
    let (first, second) = masks.split_at(2 * sums.len());
    let ((a, b), (c, d)) = (first.split_at(sums.len()), second.split_at(sums.len()));
    for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *sum = *sum + ((of(0, *a) + of(2, *b)) + (of(4, *c) + of(6, *d)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn what_is_looked_up_is_the_sum() {
        let mut random = Random(5);
        for (columns, draws) in [(8, 1), (16, 3), (32, 70)] {
            let columns: Vec<Lanes> =
                (0..columns).map(|_| Lanes(std::array::from_fn(|_| random.uniform()))).collect();
            let masks: Vec<u8> = (0..4 * draws).map(|_| (256.0 * random.uniform()) as u8).collect();
            let mut sums = vec![Lanes::splat(1.0); draws];
            add_subsets(&columns, &masks, &mut sums);
            for (i, sum) in sums.iter().enumerate() {
                for (l, fast) in sum.0.iter().enumerate() {
                    let chosen = columns
                        .iter()
                        .enumerate()
                        .filter(|(j, _)| masks[j / 8 * draws + i] >> (j % 8) & 1 == 1);
                    let slow = 1.0 + chosen.map(|(_, column)| column.0[l]).sum::<f64>();
                    assert!((fast - slow).abs() < 1e-13, "{fast} for {slow}");
                }
            }
        }
    }
}
