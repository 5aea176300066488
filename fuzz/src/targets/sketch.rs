//! Sketches in Apache DataSketches' formats: the first byte says which, the others are the sketch.

use fluxguard::sketch::{Sketch, SketchKind};

const KINDS: [&str; 6] = ["kll", "tdigest", "hll", "theta", "frequent-items", "frequent-longs"];

fn kind(which: usize) -> SketchKind {
    KINDS[which % KINDS.len()].parse().expect("one of its names")
}

pub fn run(bytes: &[u8]) {
    let [which, bytes @ ..] = bytes else { return };
    let kind = kind((*which).into());
    let Ok(mut sketch) = Sketch::from_bytes(kind, bytes) else { return };
    let _ = sketch.describe();
    for rank in [0.0, 0.3, 1.0] {
        let _ = sketch.quantile(rank);
    }
    let _ = sketch.frequent();
    if let Ok(written) = sketch.to_bytes() {
        // Another tool may have written what we read, but what we write we can read.
        let again = Sketch::from_bytes(kind, &written).expect("just written");
        let _ = sketch.merge(&again);
    }
    let _ = sketch.update(&[1.0, 2.0, 0.5]);
    let _ = sketch.update_words([("a", 1), ("b", 3)]);
    let _ = sketch.merge(&one_of(kind, 40));
    let _ = sketch.describe();
}

/// A sketch that has seen so many.
fn one_of(kind: SketchKind, items: usize) -> Sketch {
    let mut sketch = Sketch::new(kind, None).expect("the usual size");
    let numbers: Vec<f64> = (0..items).map(|i| (i * 7 % 31) as f64).collect();
    let words: Vec<String> = numbers.iter().map(|number| format!("w{number}")).collect();
    let whole: Vec<i128> = numbers.iter().map(|number| *number as i128).collect();
    let _ = sketch.update(&numbers);
    let _ = sketch.update_ints(&whole);
    let _ = sketch.update_words(words.iter().map(|word| (word.as_str(), 1)));
    sketch
}

/// Ours of nothing, of few and of many, and those that Python's datasketches wrote.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let theirs: serde_json::Value =
        serde_json::from_str(include_str!("../../../test/reference/sketches.json")).expect("JSON");
    for (which, name) in KINDS.iter().enumerate() {
        for items in [0, 1, 30, 3000] {
            let bytes = one_of(kind(which), items).to_bytes().expect("sound");
            seeds.push([&[which as u8], &bytes[..]].concat());
        }
        let hex = theirs["theirs"][name]["bytes"].as_str().unwrap_or_default();
        let pairs = hex.as_bytes().as_chunks::<2>().0;
        let byte = |pair: &[u8; 2]| {
            let digits = std::str::from_utf8(pair).expect("digits");
            u8::from_str_radix(digits, 16).expect("digits")
        };
        seeds.push(std::iter::once(which as u8).chain(pairs.iter().map(byte)).collect());
    }
    seeds
}
