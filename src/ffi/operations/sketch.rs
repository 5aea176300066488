//! Sketches that leave the machine.

use std::sync::Mutex;

use serde::Deserialize;

use super::Operation;
use crate::error::{Error, Result};
use crate::ffi::array::Data;
use crate::ffi::call::{Answer, Call};
use crate::ffi::handle::{Held, lock};
use crate::sketch::{Sketch, SketchKind};

impl Held for Mutex<Sketch> {
    const KIND: &'static str = "sketch";
}

/// A kind of sketch, and its size; the kind's own if none is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    kind: String,
    size: Option<u32>,
}

/// Takes in numbers; 64-bit integers exactly.
fn update(call: &mut Call<'_>) -> Result<Answer> {
    let mut sketch = lock(call.handle::<Mutex<Sketch>>("sketch")?);
    let Some(values) = call.array("values") else {
        return Err(Error::invalid("values", "none", "an array"));
    };
    match values.data {
        Data::F64(values) => sketch.update(values)?,
        Data::F32(values) => sketch.update(&values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>())?,
        Data::F16(values) => sketch.update(&values.iter().map(|x| x.to_f64()).collect::<Vec<_>>())?,
        Data::I64(values) => sketch.update_ints(&values.iter().map(|x| i128::from(*x)).collect::<Vec<_>>())?,
        Data::U64(values) => sketch.update_ints(&values.iter().map(|x| i128::from(*x)).collect::<Vec<_>>())?,
        _ => {
            let was = "another type (expected here: floats, or 64-bit integers)".to_owned();
            return Err(Error::ElementTypeUnsupported { argument: "values", was });
        }
    }
    Ok(().into())
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("sketch.new", |call| {
        let New { kind, size } = call.options()?;
        Sketch::new(kind.parse()?, size).map(Mutex::new).map(Answer::made)
    }),
    // From the bytes that any DataSketches library wrote.
    Operation::new("sketch.read", |call| {
        let New { kind, .. } = call.options()?;
        let kind: SketchKind = kind.parse()?;
        Sketch::from_bytes(kind, call.read("bytes")?).map(Mutex::new).map(Answer::made)
    })
    .of(&["bytes"]),
    Operation::new("sketch.update", update).on(&["sketch"]).of(&["values"]),
    Operation::new("sketch.update_words", |call| {
        let words: Vec<String> = call.option("words")?;
        let mut sketch = lock(call.handle::<Mutex<Sketch>>("sketch")?);
        Ok(sketch.update_words(words.iter().map(|word| (word.as_str(), 1)))?.into())
    })
    .on(&["sketch"]),
    // Takes in what the other has seen.
    Operation::new("sketch.merge", |call| {
        let (sketch, other) = (call.handle::<Mutex<Sketch>>("sketch")?, call.handle::<Mutex<Sketch>>("other")?);
        if std::ptr::eq(sketch, other) {
            return Err(Error::invalid("other", "the sketch itself", "another sketch"));
        }
        // Always in the same order, so that two merges in opposite directions cannot wait for each other.
        let (mut sketch, other) = if std::ptr::from_ref(sketch) < std::ptr::from_ref(other) {
            let sketch = lock(sketch);
            (sketch, lock(other))
        } else {
            let other = lock(other);
            (lock(sketch), other)
        };
        Ok(sketch.merge(&other)?.into())
    })
    .on(&["sketch", "other"]),
    // In the format of Apache DataSketches.
    Operation::new("sketch.bytes", |call| lock(call.handle::<Mutex<Sketch>>("sketch")?).to_bytes().map(Answer::Bytes))
        .on(&["sketch"]),
    Operation::new("sketch.describe", |call| Answer::json(&lock(call.handle::<Mutex<Sketch>>("sketch")?).describe()?))
        .on(&["sketch"]),
    // The values at these ranks.
    Operation::new("sketch.quantiles", |call| {
        let ranks: Vec<f64> = call.option("ranks")?;
        let sketch = lock(call.handle::<Mutex<Sketch>>("sketch")?);
        let quantiles: Vec<Option<f64>> = ranks.iter().map(|rank| sketch.quantile(*rank)).collect::<Result<_>>()?;
        Answer::json(&quantiles)
    })
    .on(&["sketch"]),
    // The most frequent items.
    Operation::new("sketch.frequent", |call| Answer::json(&lock(call.handle::<Mutex<Sketch>>("sketch")?).frequent()?))
        .on(&["sketch"]),
];
