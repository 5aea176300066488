//! Sketches that leave the machine.

use std::sync::Mutex;

use crate::array::{FLOAT64, INT64, UINT64};
use crate::call::{Answer, Call, Operation, named_options};
use crate::error::{Error, Result};
use crate::handle::{Held, lock};
use crate::sketch::{Sketch, SketchKind};

impl Held for Mutex<Sketch> {
    const KIND: &'static str = "sketch";
}

fn wide<T: Copy + Into<i128>>(values: &[T]) -> Vec<i128> {
    values.iter().map(|x| (*x).into()).collect()
}

/// Takes in numbers; 64-bit integers exactly.
fn update(call: &mut Call<'_>) -> Result<Answer> {
    let mut sketch = lock(call.handle::<Mutex<Sketch>>("sketch")?);
    let Some(values) = call.array("values") else {
        return Err(Error::invalid("values", "none", "an array"));
    };
    match values.element.code {
        FLOAT64 => sketch.update(values.read("values")?)?,
        INT64 => sketch.update_ints(&wide(values.read::<i64>("values")?))?,
        UINT64 => sketch.update_ints(&wide(values.read::<u64>("values")?))?,
        _ => {
            let elements = values.tensor("values")?.elements();
            sketch.update(&(0..elements.len()).map(|i| elements.get(i)).collect::<Vec<f64>>())?;
        }
    }
    Ok(().into())
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("sketch.new", |call| {
        let (kind, size) = named_options!(call, kind: String, size: Option<u32>)?;
        Sketch::new(kind.parse()?, size).map(Mutex::new).map(Answer::made)
    }),
    // From the bytes that any DataSketches library wrote.
    Operation::new("sketch.read", |call| {
        let kind = named_options!(call, kind: String)?;
        let kind: SketchKind = kind.parse()?;
        Sketch::from_bytes(kind, call.read("bytes")?).map(Mutex::new).map(Answer::made)
    })
    .of(&["bytes"]),
    Operation::new("sketch.update", update).on(&["sketch"]).of(&["values"]),
    Operation::new("sketch.update_words", |call| {
        let words = named_options!(call, words: Vec<String>)?;
        let mut sketch = lock(call.handle::<Mutex<Sketch>>("sketch")?);
        Ok(sketch.update_words(words.iter().map(|word| (word.as_str(), 1)))?.into())
    })
    .on(&["sketch"]),
    // Takes in what the other has seen.
    Operation::new("sketch.merge", |call| {
        let (sketch, other) =
            (call.handle::<Mutex<Sketch>>("sketch")?, call.handle::<Mutex<Sketch>>("other")?);
        if std::ptr::eq(sketch, other) {
            return Err(Error::invalid("other", "the sketch itself", "another sketch"));
        }
        // Always in the same order, so that two merges in opposite directions cannot wait for each
        // other.
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
    Operation::new("sketch.bytes", |call| {
        lock(call.handle::<Mutex<Sketch>>("sketch")?).to_bytes().map(Answer::Bytes)
    })
    .on(&["sketch"]),
    Operation::new("sketch.describe", |call| {
        Answer::json(&lock(call.handle::<Mutex<Sketch>>("sketch")?).describe()?)
    })
    .on(&["sketch"]),
    // The values at these ranks.
    Operation::new("sketch.quantiles", |call| {
        let ranks = named_options!(call, ranks: Vec<f64>)?;
        let sketch = lock(call.handle::<Mutex<Sketch>>("sketch")?);
        let quantiles: Vec<Option<f64>> =
            ranks.iter().map(|rank| sketch.quantile(*rank)).collect::<Result<_>>()?;
        Answer::json(&quantiles)
    })
    .on(&["sketch"]),
    // The most frequent items.
    Operation::new("sketch.frequent", |call| {
        Answer::json(&lock(call.handle::<Mutex<Sketch>>("sketch")?).frequent()?)
    })
    .on(&["sketch"]),
];
