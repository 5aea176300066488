//! Online detectors of drift. `update` is a call of its own on each face.

use serde_json::{Map, Value};

use super::prelude::*;
use crate::drift::online::OnlineDetector;
use crate::tensor::Elements;

/// Takes in the next observations. Writes to `fired` the indices (from 0, over the whole stream) at
/// which it fired, and gives how many.
pub(crate) fn update(
    stream: &Mutex<OnlineDetector>,
    values: &Tensor<'_>,
    fired: &mut [u64],
) -> Result<i64> {
    let numbers = values.elements().len();
    if fired.len() < numbers {
        let expected = format!("{numbers}, as many as there are values");
        return Err(Error::invalid("fired", format!("{} places", fired.len()), expected));
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

operations! {
    kind "online detector" = Mutex<OnlineDetector>:
        save "online.save" on (detector), load "online.load";

    "online.new" options (detector: String, options: Option<Map<String, Value>>) -> handle {
        let options = options.unwrap_or_default().into();
        Mutex::new(OnlineDetector::new(detector.parse()?, options)?)
    }
    "online.describe" on (detector: &Mutex<OnlineDetector>) -> json { lock(detector).describe() }
    // Forgets all observations; the options stay.
    "online.reset" on (detector: &Mutex<OnlineDetector>) -> nothing { lock(detector).reset() }
}
