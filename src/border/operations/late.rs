//! Labels that come late, joined to their predictions.

use serde_json::{Value, json};

use super::prelude::*;
use crate::array::{INT64, UINT64};
use crate::performance::late::{Detection, Id};
use crate::performance::{LateLabels, LateOptions};

/// Detections, an id as text: readers of JSON keep 53 bits of a number.
fn reported(found: &[Detection]) -> Vec<Value> {
    found.iter().map(|d| json!({ "outcome": d.outcome, "id": d.id.to_string() })).collect()
}

fn known(ids: Option<Array<'_>>) -> Result<Vec<Id>> {
    let expected = "UInt64 or Int64";
    let missing = || Error::invalid("ids", "none", format!("an array of {expected}"));
    let ids = ids.ok_or_else(missing)?;
    match ids.element.code {
        UINT64 => Ok(ids.to::<&[u64]>("ids")?.iter().map(|id| Id::from(*id)).collect()),
        INT64 => Ok(ids.to::<&[i64]>("ids")?.iter().map(|id| Id::from(*id)).collect()),
        _ => Err(ids.unsupported("ids", expected)),
    }
}

operations! {
    kind "join of late labels" = Mutex<LateLabels>: save "late.save" on (late), load "late.load";

    "late.new" by (options: LateOptions) or none -> handle {
        Mutex::new(LateLabels::new(options)?)
    }
    // Takes in predictions, which came at `time`. List of detections.
    "late.record" on (late: &Mutex<LateLabels>) options (time: Option<f64>) or none
    arrays (ids: Option<Array>, values: &[f64]) -> json {
        reported(&lock(late).record(&known(ids)?, values, time)?)
    }
    // Takes in labels. List of detections.
    "late.label" on (late: &Mutex<LateLabels>) options (time: Option<f64>) or none
    arrays (ids: Option<Array>, values: &[f64]) -> json {
        reported(&lock(late).label(&known(ids)?, values, time)?)
    }
    // [`crate::performance::late::LateDescription`].
    "late.describe" on (late: &Mutex<LateLabels>) -> json { lock(late).describe() }
}
