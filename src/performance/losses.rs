//! Direct loss estimation: a regression of the loss of each observation on its features and on the
//! prediction.
//!
//! On the labeled reference the loss is known; boosted trees learn it (NannyML, "How it works:
//! direct loss estimation"). The estimate of a chunk is the mean of the predicted losses, for the
//! RMSE the root of the mean squared ones.

use serde::{Deserialize, Serialize};

use super::answers::Read;
use super::boosted::{Boosted, BoostedOptions};
use super::metric::Metric;
use crate::Result;

/// Models of the absolute and of the squared error, as far as they are asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    absolute: Option<Boosted>,
    squared: Option<Boosted>,
}

/// The loss behind a measure.
fn loss(metric: Metric, prediction: f64, label: f64) -> f64 {
    let error = prediction - label;
    if metric == Metric::Mae { error.abs() } else { error * error }
}

/// The measure of these mean losses.
fn of_mean(metric: Metric, mean: f64) -> f64 {
    if metric == Metric::Rmse { mean.max(0.0).sqrt() } else { mean }
}

impl Losses {
    pub(super) fn fit(metrics: &[Metric], reference: &Read, labels: &[f64]) -> Result<Self> {
        let (features, width) = with_prediction(reference);
        let model = |metric: Metric| {
            let y: Vec<f64> = reference
                .predictions
                .iter()
                .zip(labels)
                .map(|(p, y)| loss(metric, *p, *y))
                .collect();
            Boosted::fit(&features, width, &y, &BoostedOptions::default())
        };
        let of = |metric: Metric, wanted: bool| wanted.then(|| model(metric)).transpose();
        Ok(Losses {
            absolute: of(Metric::Mae, metrics.contains(&Metric::Mae))?,
            squared: of(Metric::Mse, metrics.iter().any(|metric| *metric != Metric::Mae))?,
        })
    }

    /// Predicted losses, an entry an observation, of the absolute and of the squared error.
    pub(super) fn predict(&self, read: &Read) -> (Vec<f64>, Vec<f64>) {
        let (features, width) = with_prediction(read);
        let of = |model: &Option<Boosted>| match model {
            Some(model) => features.chunks_exact(width).map(|row| model.predict(row)).collect(),
            None => vec![f64::NAN; read.len()],
        };
        (of(&self.absolute), of(&self.squared))
    }
}

/// The measure of losses.
pub(super) fn value(metric: Metric, losses: &[f64]) -> f64 {
    of_mean(metric, losses.iter().sum::<f64>() / losses.len() as f64)
}

/// The losses that a measure is made of.
pub(super) fn realized(metric: Metric, predictions: &[f64], labels: &[f64]) -> Vec<f64> {
    predictions.iter().zip(labels).map(|(p, y)| loss(metric, *p, *y)).collect()
}

/// Over the root of n, the standard error of the measure of n observations.
pub(super) fn spread(metric: Metric, losses: &[f64]) -> f64 {
    let of_losses = deviation(losses);
    if metric == Metric::Rmse { of_losses / (2.0 * value(metric, losses)) } else { of_losses }
}

/// Standard deviation, divisor n.
pub(super) fn deviation(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt()
}

fn with_prediction(read: &Read) -> (Vec<f64>, usize) {
    let mut rows = Vec::with_capacity(read.scores.len() + read.len());
    for (row, prediction) in read.scores.chunks_exact(read.width).zip(&read.predictions) {
        rows.extend_from_slice(row);
        rows.push(*prediction);
    }
    (rows, read.width + 1)
}

impl Losses {
    /// Whether it is of answers of so many columns.
    pub(super) fn is_sound(&self, width: usize) -> bool {
        let features = width.saturating_add(1);
        [&self.absolute, &self.squared].into_iter().flatten().all(|model| model.is_sound(features))
    }
}
