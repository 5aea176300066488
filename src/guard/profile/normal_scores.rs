//! From a score to where it lies among the reference's, on the standard normal scale: what control
//! charts plot.

use crate::stats::normal;

/// Reference values kept of a column: a place is right to a thousandth of the reference.
const POINTS: usize = 1024;

/// Normal scores of one column: under the null those of values that seldom tie are standard normal,
/// whatever the column's distribution.
///
/// A new value is as likely in any of the m + 1 places that it and m reference values have; where
/// it ties, it may be in any of the ties'. Its score is the mean that a standard normal variable
/// has over these (averaged scores: Hajek and Sidak 1967, chapter III), not the quantile in their
/// middle. Such scores have a mean of zero, whatever the reference and its size; middles do not: of
/// 9 zeros and 1 one in 10 theirs is 0.05, which a chart takes for a shift once it has seen some
/// thousand. And a conditional mean of a normal variable is nowhere further out than that variable
/// (Jensen's inequality): neither its variance nor any exponential moment is larger.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NormalScores {
    points: Vec<f64>,
    /// For the gap below each point and for the point itself in turn, and for all above the last.
    scores: Vec<f32>,
    tied: bool,
}

impl NormalScores {
    /// Of `sorted` reference values, at least one.
    pub fn new(sorted: &[f64]) -> Self {
        let mut points: Vec<f64> = if sorted.len() <= POINTS {
            sorted.to_vec()
        } else {
            (0..POINTS).map(|i| sorted[i * (sorted.len() - 1) / (POINTS - 1)]).collect()
        };
        points.dedup();
        let mut scores = Vec::with_capacity(2 * points.len() + 1);
        let (mut above, mut tied) = (0, false);
        for point in &points {
            let below = above + sorted[above..].partition_point(|x| x < point);
            scores.push(mean_over(above, below, sorted.len()));
            above = below + sorted[below..].partition_point(|x| x <= point);
            scores.push(mean_over(below, above, sorted.len()));
            tied |= above - below > 1;
        }
        scores.push(mean_over(above, sorted.len(), sorted.len()));
        NormalScores { points, scores, tied }
    }

    /// Whether any two values of the reference are the same.
    pub fn is_tied(&self) -> bool {
        self.tied
    }

    /// The normal score at the place of `score`.
    pub fn of(&self, score: f64) -> f64 {
        let below = self.points.partition_point(|point| *point < score);
        let at = self.points.get(below) == Some(&score);
        f64::from(self.scores[2 * below + usize::from(at)])
    }
}

/// The mean of a standard normal variable over the places that a value may have among `from..to` of
/// `of` reference values: there is one more of them than of these.
fn mean_over(from: usize, to: usize, of: usize) -> f32 {
    let places = (of + 1) as f64;
    // At 0 and 1, where the quantile is infinite, the density is 0.
    let density = |place: usize| normal::quantile(place as f64 / places).map_or(0.0, normal::pdf);
    ((density(from) - density(to + 1)) * places / (to + 1 - from) as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_standard_normal_on_the_reference() {
        let mut sorted: Vec<f64> =
            (0..4000).map(|i| (f64::from((i * 7919) % 4003) / 4003.0).powi(5)).collect();
        sorted.sort_by(f64::total_cmp);
        let scores = NormalScores::new(&sorted);
        let z: Vec<f64> = sorted.iter().map(|x| scores.of(*x)).collect();
        let mean = z.iter().sum::<f64>() / 4000.0;
        let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 1e-4 && (variance.sqrt() - 1.0).abs() < 0.01, "{mean} {variance}");
        assert!(!scores.is_tied());
    }

    /// Of values in any order, the last is scored by the others: on average over all orders that is
    /// zero, and no more than 1 is its square.
    #[test]
    fn a_new_values_score_is_zero_on_average_however_few_and_rare_values_are() {
        let zeros = |ones: usize, of: usize| [vec![0.0; of - ones], vec![1.0; ones]].concat();
        let skewed = [vec![0.0; 48], (0..9).map(f64::from).collect()].concat();
        let untied = (0..40).map(f64::from).collect();
        let columns = [zeros(10, 100), zeros(1, 30), zeros(7, 9), vec![4.0; 9], skewed, untied];
        for values in columns {
            let by_others = |i: usize| {
                let mut others = values.clone();
                let x = others.remove(i);
                others.sort_by(f64::total_cmp);
                NormalScores::new(&others).of(x)
            };
            let z: Vec<f64> = (0..values.len()).map(by_others).collect();
            let n = values.len() as f64;
            let (sum, squares) = (z.iter().sum::<f64>(), z.iter().map(|z| z * z).sum::<f64>());
            assert!((sum / n).abs() < 1e-6 && squares < n, "{sum}, {squares} of {n}");
        }
        assert!(NormalScores::new(&zeros(3, 9)).is_tied());
    }

    #[test]
    fn scores_rise_with_the_values() {
        let mut sorted: Vec<f64> = (0..300).map(|i| f64::from(i * i % 97)).collect();
        sorted.sort_by(f64::total_cmp);
        for sorted in [&sorted[..], &sorted[..7], &[1.0], &[1.0, 2.0]] {
            let scores = NormalScores::new(sorted);
            let z: Vec<f64> = (-2..200).map(|i| scores.of(f64::from(i) / 2.0)).collect();
            assert!(z.is_sorted() && z.iter().all(|z| z.is_finite()), "{z:?}");
        }
    }

    #[test]
    fn ties_share_their_middle_and_ends_are_finite() {
        let scores = NormalScores::new(&[1.0, 2.0, 2.0, 2.0, 3.0]);
        assert!(scores.of(2.0).abs() < 1e-12);
        assert!(
            scores.of(-9.0) == -scores.of(9.0)
                && scores.of(9.0).is_finite()
                && scores.of(9.0) > 1.0
        );
    }
}
