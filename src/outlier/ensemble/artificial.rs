//! Artificial outliers, made of usual observations: how well a detector tells them apart says,
//! without any label, how well it has understood the usual (Steinbuss and Böhm 2021, "Generating
//! artificial outliers in the absence of genuine ones").

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::Rows;
use crate::threshold::curves::Labeled;

/// As many of a kind, at most: the standard error of an area under the curve is then about 0.01.
const MAX: usize = 1000;

/// Outliers of two kinds, made of the same usual observations.
pub(super) struct Artificial {
    kinds: [Vec<f64>; 2],
}

impl Artificial {
    /// Of at least two observations:
    ///
    /// - each feature shuffled by itself: every value is usual, and what the features have to do
    ///   with each other is gone;
    /// - the middle between two observations: within the range of all, and between the groups, if
    ///   there are any.
    pub fn of(usual: &Rows<'_>, seed: u64) -> Self {
        let (n, p) = (usual.len(), usual.features());
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut random);
        let kept = n.min(MAX);
        let middles = (0..kept).flat_map(|i| {
            let (one, other) = (usual.row(order[i]), usual.row(order[(i + 1) % n]));
            // Halves first: a sum of two large numbers may not be finite.
            one.iter().zip(other).map(|(a, b)| 0.5 * a + 0.5 * b)
        });
        let middles = middles.collect();
        let mut shuffled = vec![0.0; kept * p];
        for k in 0..p {
            order.shuffle(&mut random);
            shuffled
                .iter_mut()
                .skip(k)
                .step_by(p)
                .zip(&order)
                .for_each(|(x, i)| *x = usual.row(*i)[k]);
        }
        Artificial { kinds: [shuffled, middles] }
    }

    /// How well `score` tells them from the usual, of which the scores are given: the area under
    /// the receiver operating characteristic, on average over the kinds. A half where it cannot be
    /// said.
    pub fn skill(&self, usual: &[f64], score: impl Fn(&[f64], &mut [f64]), features: usize) -> f64 {
        let area = |outliers: &Vec<f64>| {
            let mut scores = vec![0.0; outliers.len() / features];
            score(outliers, &mut scores);
            scores.extend_from_slice(usual);
            let labels: Vec<bool> =
                (0..scores.len()).map(|i| i < outliers.len() / features).collect();
            Labeled::new(&scores, &labels).map_or(0.5, |labeled| labeled.auroc())
        };
        self.kinds.iter().map(area).sum::<f64>() / self.kinds.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    /// Two features that are nearly one, in two groups.
    fn usual(n: usize) -> Rows<'static> {
        let mut random = Random(3);
        let row = |i: usize| {
            let x = random.normal() + if i.is_multiple_of(2) { 5.0 } else { -5.0 };
            [x, x + 0.1 * random.normal()]
        };
        Rows::from_values((0..n).flat_map(row).collect(), 2)
    }

    #[test]
    fn shuffled_features_keep_their_values_and_middles_lie_between() {
        let rows = usual(200);
        let Artificial { kinds: [shuffled, middles] } = Artificial::of(&rows, 1);
        let sorted = |x: &[f64], k: usize| {
            let mut column: Vec<f64> = x.iter().skip(k).step_by(2).copied().collect();
            column.sort_by(f64::total_cmp);
            column
        };
        for k in 0..2 {
            assert_eq!(sorted(&shuffled, k), sorted(rows.values(), k));
        }
        assert!(middles.chunks(2).filter(|x| x[0].abs() < 2.5).count() > 50);
        assert!(middles.chunks(2).all(|x| (x[0] - x[1]).abs() < 1.0), "on the line still");
        assert!(shuffled.chunks(2).filter(|x| (x[0] - x[1]).abs() > 5.0).count() > 50);
        assert_eq!(Artificial::of(&usual(5000), 1).kinds.map(|x| x.len()), [2000, 2000]);
    }

    #[test]
    fn skill_is_a_half_for_a_constant_and_one_for_who_knows() {
        let rows = usual(400);
        let artificial = Artificial::of(&rows, 2);
        let skill = |score: &dyn Fn(&[f64]) -> f64| {
            let all = |x: &[f64], scores: &mut [f64]| {
                x.chunks(2).zip(scores).for_each(|(row, s)| *s = score(row))
            };
            let mut own = vec![0.0; rows.len()];
            all(rows.values(), &mut own);
            artificial.skill(&own, all, 2)
        };
        assert_eq!(skill(&|_| 1.0), 0.5);
        let dependence = skill(&|x| (x[0] - x[1]).abs());
        let groups = skill(&|x| -x[0].abs());
        assert!(
            (0.6..0.8).contains(&dependence) && (0.6..0.8).contains(&groups),
            "{dependence} {groups}"
        );
        assert!(skill(&|x| (x[0] - x[1]).abs() * 20.0 - x[0].abs()) > 0.8);
    }
}
