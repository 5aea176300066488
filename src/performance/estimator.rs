//! Performance of a chunk of observations, estimated without their labels.

use serde::{Deserialize, Serialize};

use super::answers::{Answers, Read};
use super::calibration::Calibrator;
use super::classes::{self, OneClass};
use super::losses::{self, Losses};
use super::metric::{Metric, Problem};
use super::options::Options;
use crate::sound::Sound;
use crate::{Error, Result};

/// Chunks of the reference that bounds are made of, at least.
const MIN_CHUNKS: usize = 4;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Model {
    Classes(Calibrator),
    Losses(Losses),
}

/// Where a measure lay on the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// Which measure.
    pub metric: Metric,
    /// Of the whole reference; NaN where it is not defined.
    pub reference: f64,
    /// An estimate below this is an alert: the mean of the reference's whole chunks less
    /// `deviations` of their standard deviations (divisor: their number), at least 0. NaN where it
    /// is defined in fewer than 4 chunks.
    pub lower: f64,
    /// An estimate above this is an alert.
    pub upper: f64,
    /// Over the root of a chunk's size: the standard error of the measure in a chunk.
    pub spread: f64,
    /// The mean over the reference's whole chunks.
    #[serde(default = "unknown")]
    pub center: f64,
    /// Their standard deviation.
    #[serde(default = "unknown")]
    pub deviation: f64,
}

/// What files of earlier versions do not say: their short chunks keep the bounds of whole ones.
fn unknown() -> f64 {
    f64::NAN
}

impl Bound {
    /// The bounds of a chunk of `size` where those that are known are of `whole`: what chunks
    /// differ by beyond their sampling error stays, and the sampling error is that of the size.
    fn of_size(&self, size: usize, options: &Options) -> (f64, f64) {
        let whole = options.chunk_size;
        if size == whole || self.lower.is_nan() || self.center.is_nan() {
            return (self.lower, self.upper);
        }
        let by_chance = |size: usize| self.spread * self.spread / size as f64;
        let beyond = (self.deviation * self.deviation - by_chance(whole)).max(0.0);
        let at_least = self.deviation * self.deviation; // of a whole chunk's sampling error only an estimate is known
        let margin = options.deviations * (beyond + by_chance(size)).max(at_least).sqrt();
        limits(self.metric, self.center, margin)
    }
}

fn limits(metric: Metric, center: f64, margin: f64) -> (f64, f64) {
    ((center - margin).max(0.0), (center + margin).min(metric.most()))
}

/// One measure of one chunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Which measure.
    pub metric: Metric,
    /// From 0.
    pub chunk: usize,
    /// The first observation, from 0.
    pub start: usize,
    /// The one after the last.
    pub end: usize,
    /// The estimate; NaN where it is not defined.
    pub estimate: f64,
    /// The standard error that the measure of so few observations has by chance, as known from the
    /// reference's labels. An error of calibration or of the loss's regression is not in it.
    pub sampling_error: f64,
    /// What the labels say, where they were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realized: Option<f64>,
    /// Alert bound, as [`Bound::lower`], of as many observations as the chunk has: wider for the
    /// last one, if it is shorter.
    pub lower: f64,
    /// Alert bound, as [`Bound::upper`].
    pub upper: f64,
    /// Whether the estimate lies outside the bounds.
    pub alert: bool,
}

/// What was estimated: chunk after chunk, and in each the metrics in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Whether any chunk has an alert.
    pub drift: bool,
    /// A line per chunk and measure.
    pub chunks: Vec<Chunk>,
}

/// What an estimator knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EstimatorDescription {
    /// As fitted.
    pub options: Options,
    /// Labeled observations that it was fitted on.
    pub observations: usize,
    /// Scores an observation.
    pub width: usize,
    /// Which classes are calibrated; empty for a regression.
    pub calibrated: Vec<bool>,
    /// A line a measure.
    pub bounds: Vec<Bound>,
}

/// Knows from a labeled reference how a model's own answers tell how well it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimator {
    options: Options,
    observations: usize,
    width: usize,
    model: Model,
    bounds: Vec<Bound>,
}

impl Estimator {
    /// Fits on a labeled reference that the model was not trained on, in the order of time (bounds
    /// come from its chunks).
    ///
    /// O(n log n) a class and metric, ten times that for `calibration = auto`; for a regression
    /// O(500 n features) a loss. Memory: a few copies of the answers.
    ///
    /// # Errors
    /// `InvalidArgument` naming the option, or the scores, predictions or labels that are missing
    /// or out of range; `BaselineTooSmall` for fewer than 4 whole chunks.
    pub fn fit(reference: &Answers<'_>, options: Options) -> Result<Self> {
        let options = options.checked()?;
        let read = reference.read("reference", &options, None)?;
        let Some(labels) = &read.labels else {
            return Err(Error::invalid(
                "labels",
                "nothing",
                "a label for each observation of the reference",
            ));
        };
        let whole = read.len() / options.chunk_size;
        if whole < MIN_CHUNKS {
            let reason = format!(
                "alert bounds need {MIN_CHUNKS} chunks of {}; or lower chunk_size",
                options.chunk_size
            );
            let expected = MIN_CHUNKS * options.chunk_size;
            return Err(Error::BaselineTooSmall {
                argument: "reference",
                was: read.len(),
                expected,
                reason,
            });
        }
        let model = if options.problem == Problem::Regression {
            Model::Losses(Losses::fit(&options.metrics, &read, labels)?)
        } else {
            let columns = Columns::new(&read, options.problem, Some(labels));
            Model::Classes(Calibrator::fit(
                options.calibration,
                &columns.scores,
                &columns.truth,
                options.seed,
            )?)
        };
        let known = Known::realized(&read, options.problem, labels);
        let bound = |&metric: &Metric| {
            let value = |chunk: usize| {
                known.value(metric, chunk * options.chunk_size, (chunk + 1) * options.chunk_size)
            };
            let values: Vec<f64> = (0..whole).map(value).filter(|value| !value.is_nan()).collect();
            let (center, deviation) =
                (values.iter().sum::<f64>() / values.len() as f64, losses::deviation(&values));
            let (mut lower, mut upper) = (f64::NAN, f64::NAN);
            if values.len() >= MIN_CHUNKS {
                (lower, upper) = limits(metric, center, options.deviations * deviation);
            }
            let reference = known.value(metric, 0, read.len());
            Bound {
                metric,
                reference,
                lower,
                upper,
                spread: known.spread(metric),
                center,
                deviation,
            }
        };
        let bounds = options.metrics.iter().map(bound).collect();
        Ok(Estimator { observations: read.len(), width: read.width, options, model, bounds })
    }

    /// Estimates each measure of each chunk of `current`, which need not have labels; with labels
    /// also what they say. Chunks are counted from the first observation; the last may be shorter.
    ///
    /// # Errors
    /// `InvalidArgument` as [`Estimator::fit`].
    pub fn estimate(&self, current: &Answers<'_>) -> Result<Estimate> {
        let read = current.read("current", &self.options, Some(self.width))?;
        let expected = match &self.model {
            Model::Classes(calibrator) => {
                let mut columns = Columns::new(&read, self.options.problem, None);
                columns.truth = calibrator.apply(&columns.scores);
                Known::Classes(columns)
            }
            Model::Losses(losses) => {
                let (absolute, squared) = losses.predict(&read);
                Known::Losses { absolute, squared }
            }
        };
        let realized =
            read.labels.as_ref().map(|labels| Known::realized(&read, self.options.problem, labels));
        let mut chunks = Vec::new();
        for (chunk, start) in (0..read.len()).step_by(self.options.chunk_size).enumerate() {
            let end = (start + self.options.chunk_size).min(read.len());
            for bound in &self.bounds {
                let &Bound { metric, spread, .. } = bound;
                let (lower, upper) = bound.of_size(end - start, &self.options);
                let estimate = expected.value(metric, start, end);
                chunks.push(Chunk {
                    metric,
                    chunk,
                    start,
                    end,
                    estimate,
                    sampling_error: spread / ((end - start) as f64).sqrt(),
                    realized: realized.as_ref().map(|known| known.value(metric, start, end)),
                    lower,
                    upper,
                    // Neither holds where one of them is NaN.
                    alert: estimate < lower || estimate > upper,
                });
            }
        }
        Ok(Estimate { drift: chunks.iter().any(|chunk| chunk.alert), chunks })
    }

    /// What it knows.
    #[must_use]
    pub fn describe(&self) -> EstimatorDescription {
        let calibrated = match &self.model {
            Model::Classes(calibrator) => calibrator.calibrated(),
            Model::Losses(_) => Vec::new(),
        };
        EstimatorDescription {
            options: self.options.clone(),
            observations: self.observations,
            width: self.width,
            calibrated,
            bounds: self.bounds.clone(),
        }
    }
}

/// A vector a class.
struct Columns {
    scores: Vec<Vec<f64>>,
    truth: Vec<Vec<f64>>,
    predicted: Vec<Vec<f64>>,
}

impl Columns {
    fn new(read: &Read, problem: Problem, labels: Option<&Vec<f64>>) -> Self {
        let classes: Vec<usize> =
            if problem == Problem::Binary { vec![1] } else { (0..read.width).collect() };
        let is = |values: &[f64], class: usize| -> Vec<f64> {
            values.iter().map(|x| f64::from(u8::from(*x == class as f64))).collect()
        };
        let column = |class: usize| {
            let at = if problem == Problem::Binary { 0 } else { class };
            read.scores.iter().skip(at).step_by(read.width).copied().collect()
        };
        Columns {
            scores: classes.iter().map(|&class| column(class)).collect(),
            truth: labels.map_or_else(Vec::new, |labels| {
                classes.iter().map(|&class| is(labels, class)).collect()
            }),
            predicted: classes.iter().map(|&class| is(&read.predictions, class)).collect(),
        }
    }

    fn views(&self, start: usize, end: usize) -> Vec<OneClass<'_>> {
        (0..self.scores.len())
            .map(|class| OneClass {
                scores: &self.scores[class][start..end],
                truth: &self.truth[class][start..end],
                predicted: &self.predicted[class][start..end],
            })
            .collect()
    }
}

/// What is known, or expected, of each observation.
enum Known {
    Classes(Columns),
    Losses { absolute: Vec<f64>, squared: Vec<f64> },
}

impl Known {
    fn realized(read: &Read, problem: Problem, labels: &Vec<f64>) -> Self {
        if problem == Problem::Regression {
            let of = |metric: Metric| losses::realized(metric, &read.predictions, labels);
            Known::Losses { absolute: of(Metric::Mae), squared: of(Metric::Mse) }
        } else {
            Known::Classes(Columns::new(read, problem, Some(labels)))
        }
    }

    fn value(&self, metric: Metric, start: usize, end: usize) -> f64 {
        match self {
            Known::Classes(columns) => classes::macro_average(metric, &columns.views(start, end)),
            Known::Losses { absolute, .. } if metric == Metric::Mae => {
                losses::value(metric, &absolute[start..end])
            }
            Known::Losses { squared, .. } => losses::value(metric, &squared[start..end]),
        }
    }

    fn spread(&self, metric: Metric) -> f64 {
        match self {
            Known::Classes(columns) => {
                classes::spread(metric, &columns.views(0, columns.scores[0].len()))
            }
            Known::Losses { absolute, .. } if metric == Metric::Mae => {
                losses::spread(metric, absolute)
            }
            Known::Losses { squared, .. } => losses::spread(metric, squared),
        }
    }
}

impl Sound for Estimator {
    fn is_sound(&self) -> bool {
        let regression = self.options.problem == Problem::Regression;
        let model = match &self.model {
            Model::Classes(_) if regression => false,
            Model::Classes(calibrator) if self.options.problem == Problem::Binary => {
                calibrator.is_sound(1)
            }
            Model::Classes(calibrator) => calibrator.is_sound(self.width),
            Model::Losses(losses) => regression && losses.is_sound(self.width),
        };
        let known = Metric::of(self.options.problem);
        self.width > 0
            && model
            && self.options.clone().checked().is_ok()
            && self.bounds.iter().all(|bound| known.contains(&bound.metric))
    }
}

crate::store::stored_as_cbor!(Estimator = "estimator", 1);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
