//! From a score to where it lies among the reference's, on the standard normal scale: what control
//! charts plot.

use crate::stats::normal;

/// Reference values kept of a column: a place is right to a thousandth of the reference.
const POINTS: usize = 1024;

/// Van der Waerden scores of one column: standard normal under the null, whatever the column's
/// distribution, with the place taken in the middle of ties.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NormalScores {
    points: Vec<f64>,
    /// For the gap below each point and for the point itself in turn, and for all above the last.
    scores: Vec<f32>,
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
        let m = sorted.len() as f64;
        // The ends are held off 0 and 1 by half an observation.
        let quantile = |from: usize, to: usize| {
            let middle = (0.5 * (from + to) as f64).clamp(0.5, m - 0.5) / m;
            normal::quantile(middle).unwrap_or(0.0) as f32
        };
        let mut scores = Vec::with_capacity(2 * points.len() + 1);
        let mut above = 0;
        for point in &points {
            let below = sorted.partition_point(|x| x < point);
            scores.push(quantile(above, below));
            above = sorted.partition_point(|x| x <= point);
            scores.push(quantile(below, above));
        }
        scores.push(quantile(above, sorted.len()));
        NormalScores { points, scores }
    }

    /// The standard normal quantile at the place of `score`.
    pub fn of(&self, score: f64) -> f64 {
        let below = self.points.partition_point(|point| *point < score);
        let at = self.points.get(below) == Some(&score);
        f64::from(self.scores[2 * below + usize::from(at)])
    }
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
        assert!(mean.abs() < 0.01 && (variance.sqrt() - 1.0).abs() < 0.01, "{mean} {variance}");
    }

    #[test]
    fn ties_share_their_middle_and_ends_are_finite() {
        let scores = NormalScores::new(&[1.0, 2.0, 2.0, 2.0, 3.0]);
        assert_eq!(scores.of(2.0), 0.0);
        assert!(
            scores.of(-9.0) == -scores.of(9.0)
                && scores.of(9.0).is_finite()
                && scores.of(9.0) > 1.0
        );
    }
}
