//! From a batch of outputs to one column of scores a detector.

use super::{OutputKind, OwnScore};
use crate::error::{Error, Result};
use crate::outlier::scaled::Scaled;
use crate::outlier::scaled::left_out::Column;
use crate::outlier::support::columns::sorted_columns;
use crate::output::{ClassScores, contents, predicted};
use crate::parallel;
use crate::simd::Real;
use crate::sketch::Moments;
use crate::tensor::{Elements, Tensor};

/// Computes the scores of chosen detectors. Holds the centers and scales that they need.
#[derive(Debug, Clone)]
pub struct Scorer {
    output: OutputKind,
    features: usize,
    detectors: Vec<OwnScore>,
    by_moments: Scaled,
    by_median: Option<Scaled>,
    by_quartiles: Option<Scaled>,
}

/// Scores of one batch, with the buffers behind them; reused from batch to batch, so that scoring
/// does not allocate.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    /// One column per detector, one entry per observation; NaN where the observation is not finite.
    pub columns: Vec<Vec<f32>>,
    /// Predicted class of each observation ([`ClassScores::NO_CLASS`] where not finite); empty for
    /// values.
    pub predicted: Vec<u32>,
    /// Whether each observation is finite throughout.
    pub finite: Vec<bool>,
    pub(super) wide: Vec<f64>,
    single: Vec<f32>,
    classes: ClassScores,
    rms: Vec<f32>,
    largest: Vec<f32>,
}

impl Scores {
    /// Those of no observation.
    pub fn clear(&mut self) {
        self.columns.iter_mut().for_each(Vec::clear);
        self.predicted.clear();
        self.finite.clear();
    }

    /// The elements of the `batch` that was scored last, with half precision brought to single.
    #[must_use]
    pub fn elements<'a>(&'a self, batch: &Tensor<'a>) -> Elements<'a> {
        match batch.elements() {
            Elements::F16(_) => Elements::F32(&self.single),
            elements => elements,
        }
    }
}

impl Scorer {
    /// A scorer for outputs like the `reference` rows (feature fastest), whose moments are
    /// `moments`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a detector that this kind of output does not have, for none
    /// or for one twice.
    pub fn new(
        output: OutputKind,
        detectors: &[OwnScore],
        moments: &Moments,
        reference: &[f64],
    ) -> Result<Self> {
        let known: Vec<OwnScore> = OwnScore::of(output).collect();
        let names = || known.iter().map(|d| d.as_str()).collect::<Vec<_>>().join(", ");
        for (i, detector) in detectors.iter().enumerate() {
            if !known.contains(detector) || detectors[..i].contains(detector) {
                let expected = format!("each at most once of: {} (for this output)", names());
                return Err(Error::invalid("detectors", detector.as_str(), expected));
            }
        }
        if detectors.is_empty() {
            return Err(Error::invalid(
                "detectors",
                "none",
                format!("at least one of: {}", names()),
            ));
        }
        let needs = |d| detectors.contains(&d);
        let columns = if needs(OwnScore::RobustZ) || needs(OwnScore::Iqr) {
            sorted_columns(reference, moments.features())
        } else {
            Vec::new()
        };
        Ok(Scorer {
            output,
            features: moments.features(),
            detectors: detectors.to_vec(),
            by_moments: Scaled::by_moments(moments),
            by_median: needs(OwnScore::RobustZ).then(|| Scaled::by_median(&columns)),
            by_quartiles: needs(OwnScore::Iqr).then(|| Scaled::by_quartiles(&columns)),
        })
    }

    /// A scorer of all that outputs of a kind with so many features say without a reference.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for features that the kind cannot have, and for values and
    /// scores, which say nothing.
    pub fn of_output(output: OutputKind, features: usize) -> Result<Self> {
        contents::expect_features(output, features)?;
        let detectors: Vec<OwnScore> =
            OwnScore::of(output).filter(|score| !score.needs_reference()).collect();
        if detectors.is_empty() {
            let expected = "an output whose scores need no reference: of classes, of labels, or a predicted distribution";
            return Err(Error::invalid("output", output.as_str(), expected));
        }
        Scorer::new(output, &detectors, &Moments::new(vec![0.0; features]), &[])
    }

    /// The detectors, in the order of [`Scores::columns`].
    #[must_use]
    pub fn detectors(&self) -> &[OwnScore] {
        &self.detectors
    }

    /// Features of the output.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// What the output is.
    #[must_use]
    pub fn output(&self) -> OutputKind {
        self.output
    }

    /// Demands of a batch what was said of the output.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming `output`.
    pub fn expect_contents(&self, batch: &Tensor<'_>) -> Result<()> {
        let (output, features) = (self.output, self.features);
        match batch.elements() {
            Elements::F16(_) if !output.is_limited() => Ok(()),
            Elements::F16(x) => {
                let single: Vec<f32> = x.iter().map(|x| x.to_f32()).collect();
                contents::expect("output", output, &single, features)
            }
            Elements::F32(x) => contents::expect("output", output, x, features),
            Elements::F64(x) => contents::expect("output", output, x, features),
        }
    }

    /// Scores a batch that has the right number of features.
    pub fn score(&self, batch: &Tensor<'_>, out: &mut Scores) {
        match batch.elements() {
            Elements::F16(x) => {
                let mut single = std::mem::take(&mut out.single);
                single.clear();
                single.extend(x.iter().map(|x| x.to_f32()));
                self.score_rows(&single, out);
                out.single = single;
            }
            Elements::F32(x) => self.score_rows(x, out),
            Elements::F64(x) => self.score_rows(x, out),
        }
    }

    /// Scores rows, feature fastest.
    pub fn score_rows<T: Real>(&self, rows: &[T], out: &mut Scores) {
        if out.columns.len() < self.detectors.len() {
            out.columns.resize_with(self.detectors.len(), Vec::new);
        }
        if self.output.has_classes() {
            self.score_classes(rows, out);
        } else {
            self.score_values(rows, out);
        }
        out.finite.clear();
        out.finite.extend(out.columns[0].iter().map(|s| !s.is_nan()));
    }

    /// Scores of rows of the reference that this was fitted on, `fitted` observations in all, one
    /// column a detector: each by the centers and scales of all others, for what is compared with
    /// new observations must not know them better than it knows those. `known`: their scores as
    /// they are, which a detector keeps that knows no reference.
    pub fn left_out(&self, rows: &[f64], fitted: u64, known: &[Vec<f32>]) -> Vec<Vec<f32>> {
        if fitted < 3 || rows.len() / self.features < 3 {
            return known.to_vec();
        }
        let by_others = |(detector, known): (&OwnScore, &Vec<f32>)| {
            if detector.needs_reference() {
                self.left_out_by(*detector, rows, fitted as f64)
            } else {
                known.clone()
            }
        };
        self.detectors.iter().zip(known).map(by_others).collect()
    }

    /// The score of each row by all others, of `n` in all.
    fn left_out_by(&self, detector: OwnScore, rows: &[f64], n: f64) -> Vec<f32> {
        let of_row = |row: &[f64]| -> f64 {
            let z = self.by_moments.left_out(row, n);
            match detector {
                OwnScore::Distance => (z.map(|z| z * z).sum::<f64>() / self.features as f64).sqrt(),
                OwnScore::Score => z.fold(f64::NEG_INFINITY, f64::max),
                _ => z.fold(0.0, |most, z| z.abs().max(most)),
            }
        };
        match detector {
            OwnScore::RobustZ => self.largest_left_out(rows, 0.0, |column, x| column.by_median(x)),
            OwnScore::Iqr => self.largest_left_out(rows, 0.5, |column, x| column.by_quartiles(x)),
            _ => {
                let mut scores = vec![0.0; rows.len() / self.features];
                parallel::for_pieces(&mut scores, 1, 8 * self.features, |first, scores| {
                    let rows = rows.chunks_exact(self.features).skip(first);
                    scores
                        .iter_mut()
                        .zip(rows)
                        .for_each(|(score, row)| *score = of_row(row) as f32);
                });
                scores
            }
        }
    }

    /// Of each row the largest over the features, `less` what is no distance.
    fn largest_left_out(
        &self,
        rows: &[f64],
        less: f64,
        z: impl Fn(&mut Column<'_>, f64) -> f64,
    ) -> Vec<f32> {
        let mut largest = vec![0.0f64; rows.len() / self.features];
        for (k, sorted) in sorted_columns(rows, self.features).iter().enumerate() {
            let mut column = Column::new(sorted);
            for (most, row) in largest.iter_mut().zip(rows.chunks_exact(self.features)) {
                *most = most.max(z(&mut column, row[k]));
            }
        }
        largest.into_iter().map(|most| (most - less) as f32).collect()
    }

    fn score_classes<T: Real>(&self, rows: &[T], out: &mut Scores) {
        let Scores { columns, predicted, classes, .. } = out;
        classes.from_output(self.output, rows, self.features);
        for (column, detector) in columns.iter_mut().zip(&self.detectors) {
            let scores = match detector {
                OwnScore::Msp => &classes.msp,
                OwnScore::Entropy => &classes.entropy,
                OwnScore::Margin => &classes.margin,
                _ => &classes.energy,
            };
            column.clear();
            column.extend_from_slice(scores);
        }
        predicted.clear();
        predicted.extend_from_slice(&classes.predicted);
    }

    fn score_values<T: Real>(&self, rows: &[T], out: &mut Scores) {
        let Scores { columns, rms, largest, .. } = out;
        let by_moments = &self.by_moments;
        let mut measured = None;
        for (column, detector) in columns.iter_mut().zip(&self.detectors) {
            let by = match detector {
                _ if !detector.needs_reference() => None,
                OwnScore::RobustZ => self.by_median.as_ref(),
                OwnScore::Iqr => self.by_quartiles.as_ref(),
                _ => Some(&self.by_moments),
            };
            // Distance and z-score share one pass.
            if let Some(by) = by
                && measured != Some(std::ptr::from_ref(by))
            {
                by.measure(rows, rms, largest);
                measured = Some(std::ptr::from_ref(by));
            }
            column.clear();
            match detector {
                OwnScore::Entropy => predicted::entropy(self.output, rows, self.features, column),
                OwnScore::JointEnergy => {
                    predicted::joint_energy(self.output, rows, self.features, column)
                }
                OwnScore::Distance => column.extend_from_slice(rms),
                OwnScore::Iqr => column.extend(largest.iter().map(|x| x - 0.5)),
                OwnScore::Score => {
                    // 0 where the observation is finite, else NaN.
                    let spoiled = rms.iter().map(|rms| rms * 0.0);
                    column.extend(
                        rows.chunks_exact(self.features)
                            .zip(spoiled)
                            .map(|(row, s)| by_moments.highest(row) + s),
                    );
                }
                _ => column.extend_from_slice(largest),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_scores_only_high_ones_are_far_out() {
        let reference: Vec<f64> =
            (0..100).flat_map(|i| [f64::from(i), f64::from(i % 10)]).collect();
        let mut moments = Moments::new(vec![0.0; 2]);
        moments.update(&reference);
        let scorer = Scorer::new(OutputKind::Scores, &[OwnScore::Score], &moments, &reference)
            .expect("its own");
        let mut out = Scores::default();
        scorer.score_rows(&[-1e6, 4.5, 49.5, 1e6, f64::NAN, 1.0, 1.0, f64::INFINITY], &mut out);
        let z = (1e6 - 4.5) / (8.25f64 * 100.0 / 99.0).sqrt();
        assert!(
            out.columns[0][0].abs() < 1e-6 && (f64::from(out.columns[0][1]) / z - 1.0).abs() < 1e-6
        );
        assert_eq!(out.finite, [true, true, false, false]);
        assert!(
            Scorer::new(OutputKind::Scores, &[OwnScore::Distance], &moments, &reference).is_err()
        );
    }
}
