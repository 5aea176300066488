//! Estimates of performance without labels.

use super::prelude::*;
use crate::performance::{Answers, Estimator, Options};

operations! {
    kind "estimator" = Arc<Estimator>:
        save "performance.save" on (estimator), load "performance.load";

    // On a labeled reference: scores, and predictions where scores do not say them.
    "performance.fit" by (options: Options) or none
    arrays (reference: Tensor, predictions: Option<&[f64]>, labels: Option<&[f64]>) -> handle {
        let predictions = predictions.map(<[f64]>::to_vec);
        let labels = labels.map(<[f64]>::to_vec);
        leavable_on([&reference], move |[scores]| {
            let (predictions, labels) = (predictions.as_deref(), labels.as_deref());
            Estimator::fit(&Answers { scores, predictions, labels }, options).map(Arc::new)
        })?
    }
    // [`crate::performance::Estimate`].
    "performance.estimate" on (estimator: &Arc<Estimator>)
    arrays (current: Tensor, predictions: Option<&[f64]>, labels: Option<&[f64]>) -> json {
        estimator.estimate(&Answers { scores: current, predictions, labels })?
    }
    // [`crate::performance::EstimatorDescription`].
    "performance.describe" on (estimator: &Arc<Estimator>) -> json { estimator.describe() }
}
