//! How well scores tell anomalies from usual observations, where labels are known: as
//! scikit-learn's `roc_auc_score`, `average_precision_score`, `roc_curve` and
//! `precision_recall_curve`.

use serde::Serialize;

use crate::error::{Error, Result};

/// Scores and labels, ordered by falling score; equal scores are one step.
#[derive(Debug, Clone)]
pub struct Labeled {
    /// At each step: the score, and the anomalies and usual observations that score at least that.
    steps: Vec<Step>,
    anomalies: usize,
    usual: usize,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    score: f64,
    hits: usize,
    false_alarms: usize,
}

/// A point of the receiver operating characteristic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// Observations that score at least this are flagged.
    pub threshold: f64,
    /// Flagged of the usual.
    pub false_positive_rate: f64,
    /// Flagged of the anomalies.
    pub true_positive_rate: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrecisionRecallPoint {
    /// Observations that score at least this are flagged.
    pub threshold: f64,
    /// Anomalies of the flagged.
    pub precision: f64,
    /// Flagged of the anomalies.
    pub recall: f64,
}

/// How good scores and a threshold are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Area under the receiver operating characteristic.
    pub auroc: f64,
    /// Area under the precision-recall curve as average precision: the sum of precision times the
    /// gain in recall.
    pub auprc: f64,
    /// The least fraction of the usual that is flagged where 95 % of the anomalies are.
    pub fpr_at_95_tpr: f64,
    /// Above this score is flagged, for the three below.
    pub threshold: f64,
    /// Anomalies of the flagged; 0 where none is.
    pub precision: f64,
    /// Flagged of the anomalies.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Whether anomalies have the lower scores, by more than chance: labels or scores may be the
    /// wrong way round. The AUROC is below 0.4, and by three standard errors of one of scores that
    /// tell nothing (Mann and Whitney) below 0.5.
    pub inverted: bool,
}

/// The quality, with both curves if they were wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // the names say it
pub struct Report {
    #[serde(flatten)]
    pub quality: Quality,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roc: Option<Vec<RocPoint>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_recall: Option<Vec<PrecisionRecallPoint>>,
}

impl Labeled {
    /// The quality at this threshold, and both curves if they are wanted.
    ///
    /// # Errors
    /// As [`Labeled::quality`].
    pub fn report(&self, threshold: f64, curves: bool) -> Result<Report> {
        let quality = self.quality(threshold)?;
        let (roc, precision_recall) =
            (curves.then(|| self.roc()), curves.then(|| self.precision_recall()));
        Ok(Report { quality, roc, precision_recall })
    }

    /// Demands a label a score, of either kind.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn check(scores: usize, labels: &[bool]) -> Result<()> {
        if labels.len() != scores {
            return Err(Error::invalid(
                "labels",
                format!("{} labels", labels.len()),
                format!("{scores}, one per score"),
            ));
        }
        let anomalies = labels.iter().filter(|label| **label).count();
        if anomalies == 0 || anomalies == scores {
            let was = format!("{anomalies} anomalies of {scores}");
            return Err(Error::invalid(
                "labels",
                was,
                "at least one anomaly and one usual observation",
            ));
        }
        Ok(())
    }

    /// Scores, higher for what is more anomalous, and labels, true for anomalies.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for other lengths, one kind of label only, or a score that is
    /// NaN.
    pub fn new(scores: &[f64], labels: &[bool]) -> Result<Self> {
        Labeled::check(scores.len(), labels)?;
        let nan = scores.iter().filter(|s| s.is_nan()).count();
        if nan > 0 {
            return Err(Error::invalid(
                "scores",
                format!("{nan} NaN"),
                "numbers; leave out what is not finite, and its labels",
            ));
        }
        let mut order: Vec<(f64, bool)> =
            scores.iter().copied().zip(labels.iter().copied()).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps: Vec<Step> = Vec::new();
        let (mut hits, mut false_alarms) = (0, 0);
        for (score, anomaly) in order {
            if anomaly {
                hits += 1
            } else {
                false_alarms += 1
            }
            match steps.last_mut().filter(|step| step.score == score) {
                Some(step) => (step.hits, step.false_alarms) = (hits, false_alarms),
                None => steps.push(Step { score, hits, false_alarms }),
            }
        }
        Ok(Labeled { steps, anomalies: hits, usual: false_alarms })
    }

    /// Area under the receiver operating characteristic: the probability that an anomaly scores
    /// above a usual observation, ties counted half.
    #[must_use]
    pub fn auroc(&self) -> f64 {
        let (mut area, mut last) = (0.0, (0, 0));
        for step in &self.steps {
            area += (step.false_alarms - last.1) as f64 * 0.5 * (step.hits + last.0) as f64;
            last = (step.hits, step.false_alarms);
        }
        area / (self.anomalies as f64 * self.usual as f64)
    }

    /// Average precision.
    #[must_use]
    pub fn auprc(&self) -> f64 {
        let (mut sum, mut last) = (0.0, 0);
        for step in &self.steps {
            sum += (step.hits - last) as f64 * step.hits as f64
                / (step.hits + step.false_alarms) as f64;
            last = step.hits;
        }
        sum / self.anomalies as f64
    }

    /// The least false positive rate of a threshold with at least this true positive rate.
    #[must_use]
    pub fn fpr_at_tpr(&self, tpr: f64) -> f64 {
        let enough = self.steps.iter().find(|step| step.hits as f64 / self.anomalies as f64 >= tpr);
        enough.map_or(1.0, |step| step.false_alarms as f64 / self.usual as f64)
    }

    /// The curve from (0, 0), whose threshold is infinite, to (1, 1).
    #[must_use]
    pub fn roc(&self) -> Vec<RocPoint> {
        let first = RocPoint {
            threshold: f64::INFINITY,
            false_positive_rate: 0.0,
            true_positive_rate: 0.0,
        };
        let point = |step: &Step| RocPoint {
            threshold: step.score,
            false_positive_rate: step.false_alarms as f64 / self.usual as f64,
            true_positive_rate: step.hits as f64 / self.anomalies as f64,
        };
        std::iter::once(first).chain(self.steps.iter().map(point)).collect()
    }

    /// The curve by falling threshold.
    #[must_use]
    pub fn precision_recall(&self) -> Vec<PrecisionRecallPoint> {
        let point = |step: &Step| PrecisionRecallPoint {
            threshold: step.score,
            precision: step.hits as f64 / (step.hits + step.false_alarms) as f64,
            recall: step.hits as f64 / self.anomalies as f64,
        };
        self.steps.iter().map(point).collect()
    }

    /// All in one, at a threshold.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a threshold that is NaN.
    pub fn quality(&self, threshold: f64) -> Result<Quality> {
        if threshold.is_nan() {
            return Err(Error::invalid("threshold", threshold, "a number"));
        }
        let above = self.steps.iter().rev().find(|step| step.score > threshold);
        let (hits, flagged) =
            above.map_or((0, 0), |step| (step.hits, step.hits + step.false_alarms));
        let precision = if flagged > 0 { hits as f64 / flagged as f64 } else { 0.0 };
        let recall = hits as f64 / self.anomalies as f64;
        let f1 = if hits > 0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        let (auroc, auprc, fpr_at_95_tpr) = (self.auroc(), self.auprc(), self.fpr_at_tpr(0.95));
        let (p, n) = (self.anomalies as f64, self.usual as f64);
        let error = ((p + n + 1.0) / (12.0 * p * n)).sqrt();
        let inverted = auroc < 0.4 && auroc < 0.5 - 3.0 * error;
        Ok(Quality { auroc, auprc, fpr_at_95_tpr, threshold, precision, recall, f1, inverted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_area_is_the_probability(
            data in prop::collection::vec((0i8..8, any::<bool>()), 2..60),
        ) {
            let scores: Vec<f64> = data.iter().map(|d| f64::from(d.0)).collect();
            let labels: Vec<bool> = data.iter().map(|d| d.1).collect();
            prop_assume!(labels.iter().any(|l| *l) && labels.iter().any(|l| !*l));
            let (mut wins, mut pairs) = (0.0, 0.0);
            for (a, _) in data.iter().filter(|d| d.1) {
                for (b, _) in data.iter().filter(|d| !d.1) {
                    pairs += 1.0;
                    wins += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                }
            }
            let labeled = Labeled::new(&scores, &labels).expect("both kinds");
            prop_assert!((labeled.auroc() - wins / pairs).abs() < 1e-12);
            let roc = labeled.roc();
            prop_assert_eq!((roc[0].true_positive_rate, roc[roc.len() - 1].false_positive_rate),
                (0.0, 1.0));
            let quality = labeled.quality(3.5).expect("a number");
            let flagged = data.iter().filter(|d| d.0 > 3).count();
            let hits = data.iter().filter(|d| d.0 > 3 && d.1).count();
            prop_assert_eq!(quality.precision,
                if flagged > 0 { hits as f64 / flagged as f64 } else { 0.0 });
        }
    }

    #[test]
    fn only_what_chance_does_not_bring_about_is_inverted() {
        // The first `low` of the anomalies score below all usual ones, the others above.
        let inverted = |low: usize, anomalies: usize, usual: usize| {
            let anomalous = (0..anomalies).map(|i| (if i < low { -1.0 } else { 1.0 }, true));
            let (scores, labels): (Vec<f64>, Vec<bool>) =
                anomalous.chain(vec![(0.0, false); usual]).unzip();
            Labeled::new(&scores, &labels)
                .and_then(|labeled| labeled.quality(0.0))
                .map(|q| q.inverted)
        };
        for (low, anomalies, usual, expected) in [
            (20, 20, 200, true),
            (65, 100, 100, true),
            (50, 100, 100, false),
            (55, 1000, 1000, false),
            (3, 3, 3, false),
            (0, 20, 200, false),
        ] {
            assert_eq!(
                inverted(low, anomalies, usual),
                Ok(expected),
                "{low} of {anomalies}, {usual}"
            );
        }
    }

    #[test]
    fn bad_labels_are_refused() {
        for (scores, labels) in [
            (vec![1.0], vec![true, false]),
            (vec![1.0, 2.0], vec![true, true]),
            (vec![1.0, f64::NAN], vec![true, false]),
        ] {
            assert_eq!(Labeled::new(&scores, &labels).map(|_| ()).map_err(|e| e.code()), Err(100));
        }
    }
}
