//! Online detectors of drift. `update` is a call of its own on each face.

use std::sync::Mutex;

use serde_json::{Map, Value};

use super::file::{loads, saves};
use crate::call::{Answer, Call, Operation, named_options};
use crate::drift::online::OnlineDetector;
use crate::error::{Error, Result};
use crate::handle::{Held, lock};
use crate::leavable::change;
use crate::tensor::{Elements, Tensor};

impl Held for Mutex<OnlineDetector> {
    const KIND: &'static str = "online detector";
}

fn new(call: &mut Call<'_>) -> Result<Answer> {
    let (detector, options) =
        named_options!(call, detector: String, options: Option<Map<String, Value>>)?;
    let stream = OnlineDetector::new(detector.parse()?, options.unwrap_or_default().into())?;
    Ok(Answer::made(Mutex::new(stream)))
}

/// Takes in the next observations. Writes to `fired` the indices (from 0, over the whole stream) at
/// which it fired, and gives how many.
pub(crate) fn update(
    stream: &Mutex<OnlineDetector>,
    values: &Tensor<'_>,
    fired: &mut [u64],
) -> Result<i64> {
    let numbers = values.elements().len();
    if fired.len() < numbers {
        let was = format!("{} places", fired.len());
        return Err(Error::invalid(
            "fired",
            was,
            format!("{numbers}, as many as there are values"),
        ));
    }
    let mut stream = lock(stream);
    let long = stream.takes_long(numbers);
    let found = change(&mut *stream, long, values, |stream, values| match values.elements() {
        Elements::F16(x) => stream.update(x),
        Elements::F32(x) => stream.update(x),
        Elements::F64(x) => stream.update(x),
    })?;
    fired[..found.len()].copy_from_slice(&found);
    Ok(found.len() as i64)
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("online.new", new),
    Operation::new("online.describe", |call| {
        Answer::json(&lock(call.handle::<Mutex<OnlineDetector>>("detector")?).describe())
    })
    .on(&["detector"]),
    // Forgets all observations; the options stay.
    Operation::new("online.reset", |call| {
        lock(call.handle::<Mutex<OnlineDetector>>("detector")?).reset();
        Ok(().into())
    })
    .on(&["detector"]),
    saves::<Mutex<OnlineDetector>>("online.save", &["detector"]),
    loads::<Mutex<OnlineDetector>>("online.load"),
];
