//! Sketches in portable formats.

use super::prelude::*;
use crate::array::{FLOAT64, INT64, UINT64};
use crate::sketch::{Sketch, SketchKind};

fn wide<T: Copy + Into<i128>>(values: &[T]) -> Vec<i128> {
    values.iter().map(|x| (*x).into()).collect()
}

/// Takes in numbers; 64-bit integers exactly.
fn update(sketch: &mut Sketch, values: Array<'_>) -> Result<()> {
    match values.element.code {
        FLOAT64 => sketch.update(values.to("values")?),
        INT64 => sketch.update_ints(&wide(values.to::<&[i64]>("values")?)),
        UINT64 => sketch.update_ints(&wide(values.to::<&[u64]>("values")?)),
        _ => {
            let elements = values.to::<Tensor>("values")?.elements();
            sketch.update(&(0..elements.len()).map(|i| elements.get(i)).collect::<Vec<f64>>())
        }
    }
}

operations! {
    kind "sketch" = Mutex<Sketch>;

    "sketch.new" options (kind: String, size: Option<u32>) -> handle {
        Mutex::new(Sketch::new(kind.parse()?, size)?)
    }
    // From the bytes that any DataSketches library wrote.
    "sketch.read" options (kind: String) arrays (bytes: &[u8]) -> handle {
        Mutex::new(Sketch::from_bytes(kind.parse::<SketchKind>()?, bytes)?)
    }
    "sketch.update" on (sketch: &Mutex<Sketch>) arrays (values: Array) -> nothing {
        update(&mut lock(sketch), values)?
    }
    "sketch.update_words" on (sketch: &Mutex<Sketch>) options (words: Vec<String>) -> nothing {
        lock(sketch).update_words(words.iter().map(|word| (word.as_str(), 1)))?
    }
    // Takes in what the other has seen.
    "sketch.merge" on (sketch: &Mutex<Sketch>, other: &Mutex<Sketch>) -> nothing {
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
        sketch.merge(&other)?
    }
    // In the format of Apache DataSketches.
    "sketch.bytes" on (sketch: &Mutex<Sketch>) -> bytes { lock(sketch).to_bytes()? }
    "sketch.describe" on (sketch: &Mutex<Sketch>) -> json { lock(sketch).describe()? }
    // The values at these ranks.
    "sketch.quantiles" on (sketch: &Mutex<Sketch>) options (ranks: Vec<f64>) -> json {
        let sketch = lock(sketch);
        ranks.iter().map(|rank| sketch.quantile(*rank)).collect::<Result<Vec<_>>>()?
    }
    // The most frequent items.
    "sketch.frequent" on (sketch: &Mutex<Sketch>) -> json { lock(sketch).frequent()? }
}
