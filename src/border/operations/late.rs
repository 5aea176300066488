//! Labels that come late, joined to their predictions.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::file::{loads, saves};
use crate::array::{INT64, UINT64};
use crate::call::{Answer, Call, Operation};
use crate::error::{Error, Result};
use crate::handle::{Held, lock};
use crate::performance::late::{Detection, Id};
use crate::performance::{LateLabels, LateOptions};

impl Held for Mutex<LateLabels> {
    const KIND: &'static str = "join of late labels";
}

/// When a batch came.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    time: Option<f64>,
}

/// What takes in a batch: [`LateLabels::record`] or [`LateLabels::label`].
type Take = fn(&mut LateLabels, &[Id], &[f64], Option<f64>) -> Result<Vec<Detection>>;

/// List of detections, an id as text: readers of JSON keep 53 bits of a number.
fn take(call: &mut Call<'_>, take: Take) -> Result<Answer> {
    #[derive(Serialize)]
    struct Detected {
        outcome: u64,
        id: String,
    }
    let At { time } = call.options_or_default()?;
    let given = call
        .array("ids")
        .ok_or_else(|| Error::invalid("ids", "none", "an array of UInt64 or Int64"))?;
    let ids: Vec<Id> = match given.element.code {
        UINT64 => given.read::<u64>("ids")?.iter().map(|id| Id::from(*id)).collect(),
        INT64 => given.read::<i64>("ids")?.iter().map(|id| Id::from(*id)).collect(),
        _ => return Err(given.unsupported("ids", "UInt64 or Int64")),
    };
    let values = call.read("values")?;
    let mut late = lock(call.handle::<Mutex<LateLabels>>("late")?);
    let found = take(&mut late, &ids, values, time)?;
    let detected = found.iter().map(|d| Detected { outcome: d.outcome, id: d.id.to_string() });
    Answer::json(&detected.collect::<Vec<_>>())
}

pub(super) const OPERATIONS: &[Operation] = &[
    // By [`LateOptions`].
    Operation::new("late.new", |call| {
        LateLabels::new(call.options_or_default::<LateOptions>()?).map(Mutex::new).map(Answer::made)
    }),
    // Takes in predictions.
    Operation::new("late.record", |call| take(call, LateLabels::record))
        .on(&["late"])
        .of(&["ids", "values"]),
    // Takes in labels.
    Operation::new("late.label", |call| take(call, LateLabels::label))
        .on(&["late"])
        .of(&["ids", "values"]),
    // [`crate::performance::late::LateDescription`].
    Operation::new("late.describe", |call| {
        Answer::json(&lock(call.handle::<Mutex<LateLabels>>("late")?).describe())
    })
    .on(&["late"]),
    saves::<Mutex<LateLabels>>("late.save", &["late"]),
    loads::<Mutex<LateLabels>>("late.load"),
];
