//! Scores of any detector: a threshold for them, and how good they are.

use super::prelude::*;
use crate::outlier::threshold::Method;
use crate::outlier::threshold::curves::Labeled;

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
    // The quality at the `threshold` (none: above all scores) against labels: 0 for a usual
    // observation, else 1.
    "scores.quality" options (threshold: Option<f64>, curves: Option<bool>) or none
    arrays (scores: &[f64], labels: &[u8]) -> json {
        let labels: Vec<bool> = labels.iter().map(|label| *label != 0).collect();
        let labeled = Labeled::new(scores, &labels)?;
        labeled.report(threshold.unwrap_or(f64::INFINITY), curves == Some(true))?
    }
}
