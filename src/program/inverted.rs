//! Scores that tell two kinds apart the wrong way round.

use super::text_table::number;
use fluxguard::outlier::threshold::curves::Quality;

/// A hint where anomalies have the lower scores.
pub fn hint(quality: &Quality) -> Option<String> {
    quality.inverted.then(|| {
        format!(
            "an AUROC of {} is far below 0.5: anomalies have lower scores than usual observations; look whether labels (1 is an anomaly) or \
             scores (a higher one is more anomalous) are the wrong way round",
            number(quality.auroc)
        )
    })
}
