//! Scores of any detector: a threshold for them, and how good they are.

use super::prelude::*;
use crate::outlier::OutputKind;
use crate::outlier::threshold::Method;
use crate::outlier::threshold::curves::Labeled;
use crate::profile::{Scorer, Scores};

operations! {
    // [`crate::outlier::threshold::Threshold`], from scores of usual observations in any order.
    "scores.threshold" by (method: Method) arrays (scores: &[f64]) -> json {
        let nan = scores.iter().filter(|x| x.is_nan()).count();
        if nan > 0 {
            return Err(Error::invalid("scores", format!("{nan} NaN"), "numbers"));
        }
        let mut scores = scores.to_vec();
        scores.sort_by(f64::total_cmp);
        method.threshold(&scores)?
    }
    // What outputs of a kind say without a reference, as [`Scorer::of_output`], written to
    // `scores`, scores x observations, as far as there is room; and their names.
    "scores.of_output" options (output: OutputKind) arrays (outputs: Tensor, scores: &mut [f32])
    -> json {
        let scorer = Scorer::of_output(output, outputs.features())?;
        scorer.expect_contents(&outputs)?;
        let mut found = Scores::default();
        scorer.score(&outputs, &mut found);
        let count = scorer.detectors().len();
        for (k, column) in found.columns.iter().enumerate() {
            let places = scores.iter_mut().skip(k).step_by(count);
            places.zip(column).for_each(|(place, score)| *place = *score);
        }
        scorer.detectors().to_vec()
    }
    // The quality at the `threshold` (none: above all scores) against labels: 0 for a usual
    // observation, else 1.
    "scores.quality" options (threshold: Option<f64>, curves: Option<bool>) or none
    arrays (scores: &[f64], labels: &[u8]) -> json {
        let labels: Vec<bool> = labels.iter().map(|label| *label != 0).collect();
        let labeled = Labeled::new(scores, &labels)?;
        labeled.report(threshold.unwrap_or(f64::INFINITY), curves == Some(true))?
    }
}
