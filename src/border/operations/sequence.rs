//! Detectors of sequences.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::file::{loads, saves};
use crate::call::{Answer, Call, Operation};
use crate::error::{Error, Result};
use crate::handle::Held;
use crate::leavable::leavable;
use crate::outlier::threshold::Method;
use crate::sequence::{NAMES, Sequence, SequenceDetector, SequenceSpec};
use crate::store;

impl Held for Arc<SequenceDetector> {
    const KIND: &'static str = "sequence detector";
}

/// A detector by its name, its options by [`SequenceSpec::new`], and what it is fitted on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fit {
    detector: String,
    #[serde(default)]
    options: Map<String, Value>,
    reference: Value,
}

fn fit(call: &mut Call<'_>) -> Result<Answer> {
    let Fit { detector, options, reference } = serde_json::from_str(call.text())
        .map_err(|e| Error::invalid("options", e, "a detector, its options and a reference"))?;
    let spec = SequenceSpec::new(&detector, options)?;
    let fitted = leavable(move || {
        let reference: Vec<Sequence> = sequences("reference", reference)?;
        SequenceDetector::fit(&spec, &reference)
    });
    fitted.map(Arc::new).map(Answer::made)
}

fn sequences(argument: &'static str, list: Value) -> Result<Vec<Sequence>> {
    serde_json::from_value(list).map_err(|e| {
        Error::invalid(
            argument,
            e,
            "a list of texts, or of lists of symbols: texts, whole numbers, Booleans",
        )
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    sequences: Value,
}

/// The detector, and the sequences that it is asked about.
fn asked<'a>(call: &Call<'a>) -> Result<(&'a SequenceDetector, Vec<Sequence>)> {
    let Asked { sequences: list } = serde_json::from_str(call.text())
        .map_err(|e| Error::invalid("options", e, "a list of sequences"))?;
    Ok((call.handle::<Arc<SequenceDetector>>("detector")?, sequences("sequences", list)?))
}

/// [`crate::sequence::Description`], with the bytes that a file takes.
fn describe(call: &mut Call<'_>) -> Result<Answer> {
    let detector = call.handle::<Arc<SequenceDetector>>("detector")?;
    let mut description = serde_json::to_value(detector.describe())
        .map_err(|e| Error::invalid("detector", e, "one that can be described"))?;
    description["bytes"] = store::size_of_detector(&**detector)?.into();
    Answer::json(&description)
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("sequence.names", |_| Answer::json(&NAMES)),
    Operation::new("sequence.fit", fit),
    // A list of numbers, one per sequence.
    Operation::new("sequence.score", |call| {
        let (detector, sequences) = asked(call)?;
        Answer::json(&detector.score(&sequences))
    })
    .on(&["detector"]),
    // Likewise.
    Operation::new("sequence.p_values", |call| {
        let (detector, sequences) = asked(call)?;
        Answer::json(&detector.p_values(&sequences)?)
    })
    .on(&["detector"]),
    // A list of [`crate::sequence::Surprisal`] per sequence.
    Operation::new("sequence.explain", |call| {
        let (detector, sequences) = asked(call)?;
        Answer::json(
            &sequences.iter().map(|sequence| detector.explain(sequence)).collect::<Vec<_>>(),
        )
    })
    .on(&["detector"]),
    // [`crate::sequence::categories::CategoryReport`].
    Operation::new("sequence.categories", |call| {
        let (detector, sequences) = asked(call)?;
        Answer::json(&detector.categories(&sequences)?)
    })
    .on(&["detector"]),
    // [`crate::outlier::threshold::Threshold`] by [`Method`].
    Operation::new("sequence.threshold", |call| {
        Answer::json(
            &call
                .handle::<Arc<SequenceDetector>>("detector")?
                .threshold(&call.options::<Method>()?)?,
        )
    })
    .on(&["detector"]),
    Operation::new("sequence.describe", describe).on(&["detector"]),
    saves::<Arc<SequenceDetector>>("sequence.save", &["detector"]),
    loads::<Arc<SequenceDetector>>("sequence.load"),
];
