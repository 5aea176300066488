//! Live thresholds, which learn from scores and from answers to their alarms.

use super::prelude::*;
use crate::outlier::threshold::live::{LiveOptions, LiveThreshold};
use crate::outlier::threshold::spot::Verdict;

operations! {
    kind "live threshold" = Mutex<LiveThreshold>:
        save "threshold.save" on (threshold), load "threshold.load";

    // From usual scores.
    "threshold.new" by (options: LiveOptions) arrays (scores: &[f64]) -> handle {
        Mutex::new(LiveThreshold::new(options, scores)?)
    }
    // Writes 0 for a usual score, 1 for one in the tail, 2 for an alarm.
    "threshold.update" on (threshold: &Mutex<LiveThreshold>)
    arrays (scores: &[f64], verdicts: &mut [u8]) -> nothing {
        let expected = format_args!("{}, one per score", scores.len());
        expect_len("verdicts", verdicts, scores.len(), expected)?;
        let mut threshold = lock(threshold);
        for (score, verdict) in scores.iter().zip(verdicts) {
            *verdict = match threshold.update(*score) {
                Verdict::Usual => 0,
                Verdict::Peak => 1,
                Verdict::Alarm => 2,
            };
        }
    }
    // Gives [`crate::outlier::threshold::live::ThresholdDescription`].
    "threshold.tell" on (threshold: &Mutex<LiveThreshold>) text (judgments) -> json {
        let expected = "finite scores, or a number of alarms";
        let judgments =
            serde_json::from_str(judgments).map_err(|e| Error::invalid("scores", e, expected))?;
        let mut threshold = lock(threshold);
        threshold.judge(judgments)?;
        threshold.describe()
    }
    "threshold.describe" on (threshold: &Mutex<LiveThreshold>) -> json {
        lock(threshold).describe()
    }
}
