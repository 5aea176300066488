//! One order statistic of many values that come in parts: a sample says between which two values it
//! lies, and only those there are kept.

/// Values drawn to find the bounds.
const SAMPLE: usize = 1 << 12;

/// Ranks of the sample to either side: five standard deviations of a middle rank, √4096/2.
const MARGIN: usize = 160;

/// Which order statistic is wanted, and what bounds it most likely.
pub(super) struct Selection {
    rank: usize,
    low: f64,
    high: f64,
}

/// What was found in one part of the values.
pub(super) struct Part {
    low: f64,
    high: f64,
    below: usize,
    kept: Vec<f64>,
}

impl Selection {
    /// The value of this `rank` (from 0) among `count`; `draw` gives one of them at random.
    pub(super) fn new(count: usize, rank: usize, mut draw: impl FnMut() -> f64) -> Self {
        if count <= 4 * SAMPLE {
            return Selection { rank, low: f64::NEG_INFINITY, high: f64::INFINITY };
        }
        let mut sample: Vec<f64> = (0..SAMPLE).map(|_| draw()).collect();
        sample.sort_unstable_by(f64::total_cmp);
        let place = (rank as f64 / count as f64 * SAMPLE as f64) as usize;
        Selection {
            rank,
            low: place.checked_sub(MARGIN).map_or(f64::NEG_INFINITY, |k| sample[k]),
            high: sample.get(place + MARGIN).copied().unwrap_or(f64::INFINITY),
        }
    }

    /// Nothing seen yet.
    pub(super) fn part(&self) -> Part {
        Part { low: self.low, high: self.high, below: 0, kept: Vec::new() }
    }

    /// The value wanted; `None` where the bounds were wrong, about once in a million.
    pub(super) fn find(&self, parts: impl Iterator<Item = Part>) -> Option<f64> {
        let (mut below, mut kept) = (0, Vec::new());
        for part in parts {
            below += part.below;
            kept.extend(part.kept);
        }
        let rank = self.rank.checked_sub(below).filter(|rank| *rank < kept.len())?;
        Some(*kept.select_nth_unstable_by(rank, f64::total_cmp).1)
    }
}

impl Part {
    /// Takes in one value.
    #[inline(always)]
    pub(super) fn push(&mut self, value: f64) {
        self.below += usize::from(value < self.low);
        if value >= self.low && value <= self.high {
            self.kept.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn it_is_the_order_statistic_or_none() {
        let mut random = Random(1);
        let values: Vec<f64> =
            random.normals(50_000).into_iter().map(|x| (x * 1000.0).round()).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        for rank in [0, 1, 12_345, 25_000, 49_999] {
            let selection = Selection::new(values.len(), rank, || {
                values[(random.uniform() * 50_000.0) as usize]
            });
            let parts = values.chunks(7000).map(|chunk| {
                let mut part = selection.part();
                chunk.iter().for_each(|value| part.push(*value));
                part
            });
            assert_eq!(selection.find(parts), Some(sorted[rank]));
            // A sample of nothing but its largest value bounds nothing that is wanted.
            let wrong = Selection::new(values.len(), rank, || sorted[49_999]);
            let mut part = wrong.part();
            values.iter().for_each(|value| part.push(*value));
            assert!(rank == 49_999 || rank < 2000 || wrong.find(std::iter::once(part)).is_none());
        }
    }
}
