//! Confidence-based performance estimation: what a classifier's own probabilities say about how
//! often it is right.
//!
//! With `p` the calibrated probability that an observation is of a class, it counts as `p` of a
//! positive and `1 - p` of a negative: the expected confusion matrix has TP = sum of `p` over the
//! predicted, FP of `1 - p` over the predicted, FN of `p` and TN of `1 - p` over the others
//! (NannyML, "How it works: confidence-based performance estimation"; Guillory et al. 2021 for the
//! accuracy). A measure is computed from it as from counts. With `p` 0 or 1 the same formulas give
//! what really happened.
//!
//! The estimate is right where the probabilities are calibrated for the observations at hand; a
//! change of how labels depend on the inputs breaks that, and no method without labels can see it.

use super::metric::Metric;

/// A class against the rest, an entry an observation.
#[derive(Debug, Clone, Copy)]
pub struct OneClass<'a> {
    /// What the model ranks by.
    pub scores: &'a [f64],
    /// The probability that the observation is of this class: 0 or 1 where the label is known.
    pub truth: &'a [f64],
    /// 1 where this class was predicted, else 0.
    pub predicted: &'a [f64],
}

/// Sums over observations.
struct Sums {
    n: f64,
    positive: f64,
    predicted: f64,
    both: f64,
}

impl OneClass<'_> {
    fn sums(&self) -> Sums {
        let both = self.truth.iter().zip(self.predicted).map(|(t, p)| t * p).sum();
        let (positive, predicted) = (self.truth.iter().sum(), self.predicted.iter().sum());
        Sums { n: self.truth.len() as f64, positive, predicted, both }
    }

    /// The measure, NaN where it is not defined (no positives, nothing predicted, ...). O(n), for
    /// the AUROC O(n log n).
    #[must_use]
    pub fn value(&self, metric: Metric) -> f64 {
        let Sums { n, positive, predicted, both } = self.sums();
        // 0 / 0 is NaN: not defined.
        match metric {
            Metric::Accuracy => (n - positive - predicted + 2.0 * both) / n,
            Metric::F1 => 2.0 * both / (positive + predicted),
            Metric::Precision => both / predicted,
            Metric::Recall => both / positive,
            Metric::Specificity => (n - positive - predicted + both) / (n - positive),
            Metric::Auroc => self.ranked().1,
            Metric::Mae | Metric::Mse | Metric::Rmse => f64::NAN,
        }
    }

    /// What each observation adds to the measure, to first order: the measure's influence function
    /// (Hampel 1974). Its standard deviation over the square root of n is the standard error of the
    /// measure of n observations. For the AUROC that is the error of DeLong, DeLong and
    /// Clarke-Pearson (1988).
    #[must_use]
    pub fn influence(&self, metric: Metric) -> Vec<f64> {
        let Sums { n, positive, predicted, .. } = self.sums();
        let pairs = self.truth.iter().zip(self.predicted);
        let value = self.value(metric);
        match metric {
            Metric::Accuracy => pairs.map(|(t, p)| 1.0 - (t - p).abs() - value).collect(),
            Metric::F1 => pairs
                .map(|(t, p)| n * (2.0 * t * p - value * (t + p)) / (positive + predicted))
                .collect(),
            Metric::Precision => pairs.map(|(t, p)| n * p * (t - value) / predicted).collect(),
            Metric::Recall => pairs.map(|(t, p)| n * t * (p - value) / positive).collect(),
            Metric::Specificity => {
                pairs.map(|(t, p)| n * (1.0 - t) * (1.0 - p - value) / (n - positive)).collect()
            }
            Metric::Auroc => {
                let placed = self.ranked().0;
                let (positives, negatives) = (positive / n, 1.0 - positive / n);
                let part = |(i, t): (usize, &f64)| {
                    let (below, above): (f64, f64) = placed[i];
                    t * (below - value) / positives + (1.0 - t) * (above - value) / negatives
                };
                self.truth.iter().enumerate().map(part).collect()
            }
            Metric::Mae | Metric::Mse | Metric::Rmse => vec![f64::NAN; self.truth.len()],
        }
    }

    /// For each observation the shares of the negatives below it and of the positives above it,
    /// ties half; and the area under the receiver operating characteristic through the expected
    /// counts at each distinct score, by trapezoids.
    fn ranked(&self) -> (Vec<(f64, f64)>, f64) {
        let n = self.scores.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| self.scores[j].total_cmp(&self.scores[i]));
        let positive: f64 = self.truth.iter().sum();
        let negative = n as f64 - positive;
        let (mut above, mut above_negative, mut area) = (0.0, 0.0, 0.0);
        let mut placed = vec![(0.0, 0.0); n];
        for tied in order.chunk_by(|&i, &j| self.scores[i] == self.scores[j]) {
            let here: f64 = tied.iter().map(|&i| self.truth[i]).sum();
            let here_negative = tied.len() as f64 - here;
            let below_negative = negative - above_negative - here_negative;
            for &i in tied {
                placed[i] = (
                    (below_negative + here_negative / 2.0) / negative,
                    (above + here / 2.0) / positive,
                );
            }
            area += here_negative * (above + here / 2.0);
            above += here;
            above_negative += here_negative;
        }
        (placed, area / (positive * negative))
    }
}

/// The measure over classes: see [`Metric`]. NaN where it is defined for none. The accuracy is that
/// of all classes together.
pub(super) fn macro_average(metric: Metric, classes: &[OneClass<'_>]) -> f64 {
    if metric == Metric::Accuracy && classes.len() > 1 {
        return right(classes).iter().sum::<f64>() / classes[0].truth.len() as f64;
    }
    let values: Vec<f64> =
        classes.iter().map(|class| class.value(metric)).filter(|value| !value.is_nan()).collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation of the influence of an observation on [`macro_average`]: over the root of n,
/// the standard error.
pub(super) fn spread(metric: Metric, classes: &[OneClass<'_>]) -> f64 {
    if metric == Metric::Accuracy && classes.len() > 1 {
        return super::losses::deviation(&right(classes));
    }
    let defined: Vec<&OneClass<'_>> =
        classes.iter().filter(|class| !class.value(metric).is_nan()).collect();
    let Some(first) = defined.first() else { return f64::NAN };
    let mut sum = vec![0.0; first.truth.len()];
    for class in &defined {
        sum.iter_mut()
            .zip(class.influence(metric))
            .for_each(|(sum, x)| *sum += x / defined.len() as f64);
    }
    super::losses::deviation(&sum)
}

/// The probability that each observation was predicted right.
fn right(classes: &[OneClass<'_>]) -> Vec<f64> {
    let of = |i: usize| classes.iter().map(|class| class.truth[i] * class.predicted[i]).sum();
    (0..classes[0].truth.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;
    use proptest::prelude::*;

    const METRICS: [Metric; 6] = [
        Metric::Accuracy,
        Metric::F1,
        Metric::Auroc,
        Metric::Precision,
        Metric::Recall,
        Metric::Specificity,
    ];

    proptest! {
        /// Expected counts are means over draws of the labels: for sums that is exact, which all
        /// six are ratios of.
        #[test]
        fn counts_of_known_labels(
            rows in prop::collection::vec((0u8..10, any::<bool>(), any::<bool>()), 1..40),
        ) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 10.0).collect();
            let truth: Vec<f64> = rows.iter().map(|r| f64::from(u8::from(r.1))).collect();
            let predicted: Vec<f64> = rows.iter().map(|r| f64::from(u8::from(r.2))).collect();
            let class = OneClass { scores: &scores, truth: &truth, predicted: &predicted };
            let count = |t: bool, p: bool| {
                rows.iter().filter(|r| r.1 == t && r.2 == p).count() as f64
            };
            let (tp, fp, fneg, tn) = (count(true, true), count(false, true), count(true, false),
                count(false, false));
            let (mut wins, mut pairs) = (0.0, 0.0);
            for a in rows.iter().filter(|r| r.1) {
                for b in rows.iter().filter(|r| !r.1) {
                    pairs += 1.0;
                    wins += if a.0 > b.0 { 1.0 } else if a.0 == b.0 { 0.5 } else { 0.0 };
                }
            }
            let expected = [(tp + tn) / (tp + fp + fneg + tn), 2.0 * tp / (2.0 * tp + fp + fneg),
                wins / pairs,
                tp / (tp + fp), tp / (tp + fneg), tn / (tn + fp)];
            for (metric, expected) in METRICS.into_iter().zip(expected) {
                let was = class.value(metric);
                prop_assert!(was == expected || (was - expected).abs() < 1e-12
                    || (was.is_nan() && expected.is_nan()));
            }
        }
    }

    /// The influence function gives the spread over samples: 600 samples of 2000, a standard error
    /// of 3% each, bound 4 of them.
    #[test]
    fn the_standard_error_is_that_of_samples() {
        let mut random = Random(5);
        let mut sample = |n: usize| {
            let mut out = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..n {
                let p = random.uniform().powi(2);
                let score = (0.8 * p + 0.2 * random.uniform()) * 8.0;
                out.0.push(score.floor());
                out.1.push(f64::from(u8::from(random.uniform() < p)));
                out.2.push(f64::from(u8::from(score > 3.0)));
            }
            out
        };
        let large = sample(200_000);
        let of = |s: &(Vec<f64>, Vec<f64>, Vec<f64>),
                  metric: Metric,
                  what: fn(&OneClass<'_>, Metric) -> f64| {
            what(&OneClass { scores: &s.0, truth: &s.1, predicted: &s.2 }, metric)
        };
        let samples: Vec<_> = (0..600).map(|_| sample(2000)).collect();
        for metric in METRICS {
            let error = of(&large, metric, |c, m| spread(m, &[*c])) / 2000f64.sqrt();
            let values: Vec<f64> =
                samples.iter().map(|s| of(s, metric, |c, m| c.value(m))).collect();
            let seen = super::super::losses::deviation(&values);
            assert!(
                (seen / error - 1.0).abs() < 0.12,
                "{metric}: {seen} of samples, {error} computed"
            );
        }
    }

    /// The same of macro averages, whose classes depend on each other: 500 samples of 1000 of three
    /// classes.
    #[test]
    fn the_standard_error_of_macro_averages_is_that_of_samples() {
        let mut random = Random(6);
        let mut sample = |n: usize| {
            let mut columns = vec![[Vec::new(), Vec::new(), Vec::new()]; 3];
            for _ in 0..n {
                let raw: [f64; 3] = std::array::from_fn(|_| random.uniform().powi(3));
                let u = random.uniform() * raw.iter().sum::<f64>();
                let label = if u < raw[0] { 0 } else { 1 + usize::from(u >= raw[0] + raw[1]) };
                let best = (1..3).fold(0, |best, c| if raw[c] > raw[best] { c } else { best });
                for (class, column) in columns.iter_mut().enumerate() {
                    column[0].push(raw[class]);
                    column[1].push(f64::from(u8::from(label == class)));
                    column[2].push(f64::from(u8::from(best == class)));
                }
            }
            columns
        };
        type Sample = Vec<[Vec<f64>; 3]>;
        let of = |sample: &Sample, what: &dyn Fn(&[OneClass<'_>]) -> f64| {
            let view = |c: &[Vec<f64>; 3]| (c[0].clone(), c[1].clone(), c[2].clone());
            let columns: Vec<_> = sample.iter().map(view).collect();
            let views: Vec<OneClass<'_>> = columns
                .iter()
                .map(|(s, t, p)| OneClass { scores: s, truth: t, predicted: p })
                .collect();
            what(&views)
        };
        let large = sample(100_000);
        let samples: Vec<Sample> = (0..500).map(|_| sample(1000)).collect();
        for metric in METRICS {
            let error = of(&large, &|views| spread(metric, views)) / 1000f64.sqrt();
            let values: Vec<f64> =
                samples.iter().map(|s| of(s, &|views| macro_average(metric, views))).collect();
            let seen = super::super::losses::deviation(&values);
            assert!(
                (seen / error - 1.0).abs() < 0.13,
                "{metric}: {seen} of samples, {error} computed"
            );
        }
    }
}
