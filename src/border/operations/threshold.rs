//! Live thresholds, which learn from scores and from answers to their alarms.

use std::sync::Mutex;

use serde::Deserialize;

use super::file::{loads, saves};
use crate::call::{Answer, Call, Operation};
use crate::error::{Error, Result};
use crate::handle::{Held, lock};
use crate::outlier::threshold::live::LiveThreshold;
use crate::outlier::threshold::spot::Verdict;

impl Held for Mutex<LiveThreshold> {
    const KIND: &'static str = "live threshold";
}

/// Writes 0 for a usual score, 1 for one in the tail, 2 for an alarm.
fn update(call: &mut Call<'_>) -> Result<Answer> {
    let threshold = call.handle::<Mutex<LiveThreshold>>("threshold")?;
    let (scores, verdicts) = (call.read::<f64>("scores")?, call.write::<u8>("verdicts")?);
    if scores.len() != verdicts.len() {
        let was = format!("{} elements", verdicts.len());
        return Err(Error::invalid("verdicts", was, format!("{}, one per score", scores.len())));
    }
    let mut threshold = lock(threshold);
    for (score, verdict) in scores.iter().zip(verdicts) {
        *verdict = match threshold.update(*score) {
            Verdict::Usual => 0,
            Verdict::Peak => 1,
            Verdict::Alarm => 2,
        };
    }
    Ok(().into())
}

/// What a person says of its alarms: these scores were none, or so many were.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Feedback {
    Dismiss(Vec<f64>),
    Confirm(u64),
}

/// Gives [`crate::outlier::threshold::live::Description`].
fn tell(call: &mut Call<'_>) -> Result<Answer> {
    let feedback = serde_json::from_str(call.text())
        .map_err(|e| Error::invalid("scores", e, "finite scores, or a number of alarms"))?;
    let mut threshold = lock(call.handle::<Mutex<LiveThreshold>>("threshold")?);
    match feedback {
        Feedback::Dismiss(scores) => {
            scores.into_iter().try_for_each(|score| threshold.dismiss(score))?
        }
        Feedback::Confirm(alarms) => threshold.confirm(alarms),
    }
    Answer::json(&threshold.describe())
}

pub(super) const OPERATIONS: &[Operation] = &[
    // By [`crate::outlier::threshold::live::LiveOptions`], from usual scores.
    Operation::new("threshold.new", |call| {
        let options = call.options()?;
        LiveThreshold::new(options, call.read("scores")?).map(Mutex::new).map(Answer::made)
    })
    .of(&["scores"]),
    Operation::new("threshold.update", update).on(&["threshold"]).of(&["scores", "verdicts"]),
    Operation::new("threshold.tell", tell).on(&["threshold"]),
    Operation::new("threshold.describe", |call| {
        Answer::json(&lock(call.handle::<Mutex<LiveThreshold>>("threshold")?).describe())
    })
    .on(&["threshold"]),
    saves::<Mutex<LiveThreshold>>("threshold.save", &["threshold"]),
    loads::<Mutex<LiveThreshold>>("threshold.load"),
];
