//! Sketches that Python's datasketches wrote are read, answer as there, and merge with ours:
//! `test/reference/sketches.py`, which also had Python read ours.
#![allow(clippy::unwrap_used)]

use fluxguard::sketch::exchange::SketchDescription;
use fluxguard::sketch::{Sketch, SketchKind};
use fluxguard::stats::random::SplitMix64;
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/sketches.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The script's numbers, words and items.
fn streams() -> (Vec<f64>, Vec<String>, Vec<String>) {
    let mut random = SplitMix64::new(1);
    let x: Vec<f64> = (0..5000).map(|_| random.uniform()).collect();
    let words =
        (0..5000).map(|_| format!("w{}", (400.0 * random.uniform().powf(3.0)) as u64)).collect();
    let items = x.iter().map(|x| format!("user {}", (3000.0 * x) as u64)).collect();
    (x, words, items)
}

/// The script's ids of 64 bits.
fn longs(x: &[f64]) -> Vec<i128> {
    let long = |(i, x): (usize, &f64)| {
        (1 << 53) + i128::from((3000.0 * x) as u64) - ((i as i128 % 2) << 60)
    };
    x.iter().enumerate().map(long).collect()
}

fn described(sketch: &Sketch) -> SketchDescription {
    sketch.describe().unwrap()
}

#[test]
fn quantiles_are_theirs() {
    let all = reference();
    let (x, _, _) = streams();
    let mut sorted = x.clone();
    sorted.sort_by(f64::total_cmp);
    for kind in [SketchKind::Kll, SketchKind::Tdigest] {
        let theirs = &all["theirs"][kind.as_str()];
        let mut read = Sketch::from_bytes(kind, &bytes(&theirs["bytes"])).unwrap();
        assert_eq!(described(&read).observations, theirs["n"].as_u64());
        for (rank, value) in numbers(&all["ranks"]).iter().zip(numbers(&theirs["quantiles"])) {
            let ours = read.quantile(*rank).unwrap().unwrap();
            // Between the centroids of a t-digest the libraries interpolate differently; the
            // numbers are uniform on [0, 1].
            let tolerance = if kind == SketchKind::Kll { 1e-12 } else { 0.02 };
            assert!((ours - value).abs() <= tolerance, "{kind} at {rank}: {ours} {value}");
        }
        let again = Sketch::from_bytes(kind, &read.to_bytes().unwrap()).unwrap();
        assert_eq!(described(&again), described(&read));
        // Half of a stream from Python, half from here.
        let mut ours = Sketch::new(kind, None).unwrap();
        ours.update(&x.iter().map(|x| x + 1.0).collect::<Vec<_>>()).unwrap();
        read.merge(&ours).unwrap();
        assert_eq!(
            (described(&read).observations, described(&read).range),
            (Some(10_000), Some((sorted[0], sorted[4999] + 1.0)))
        );
        let quarter = read.quantile(0.25).unwrap().unwrap();
        let rank = sorted.partition_point(|v| *v <= quarter) as f64 / 10_000.0;
        assert!((rank - 0.25).abs() < 0.0266, "{kind}: {rank}");
    }
}

#[test]
fn distinct_items_are_theirs() {
    let all = reference();
    let (x, _, items) = streams();
    for (name, kind, size) in [
        ("hll", SketchKind::Hll, 12),
        ("hll_numbers", SketchKind::Hll, 12),
        ("theta", SketchKind::Theta, 12),
        ("theta_numbers", SketchKind::Theta, 10),
        ("hll_longs", SketchKind::Hll, 12),
        ("theta_longs", SketchKind::Theta, 12),
    ] {
        let theirs = &all["theirs"][name];
        let read = Sketch::from_bytes(kind, &bytes(&theirs["bytes"])).unwrap();
        let found = described(&read).distinct.unwrap();
        for (ours, theirs) in
            [found.estimate, found.lower, found.upper].iter().zip(numbers(&theirs["distinct"]))
        {
            assert!((ours - theirs).abs() < 1e-9 * theirs, "{name}: {ours} {theirs}");
        }
        // The same items, hashed here, are the same items: the union has no more.
        let mut ours = Sketch::new(kind, Some(size)).unwrap();
        if name.ends_with("numbers") {
            ours.update(&x).unwrap();
        } else if name.ends_with("longs") {
            ours.update_ints(&longs(&x)).unwrap();
        } else {
            ours.update_words(items.iter().map(|item| (item.as_str(), 1))).unwrap();
        }
        if kind == SketchKind::Theta {
            assert_eq!(ours.to_bytes().unwrap(), bytes(&theirs["bytes"]), "{name}");
        }
        let alone = described(&ours).distinct.unwrap().estimate;
        ours.merge(&read).unwrap();
        let both = described(&ours).distinct.unwrap().estimate;
        // A union of HLL sketches has to use another estimator: within a standard error.
        assert!((both / alone - 1.0).abs() < 0.0163, "{name}: {both} {alone}");
    }
    let updatable = bytes(&all["theirs"]["hll"]["updatable"]);
    let read = Sketch::from_bytes(SketchKind::Hll, &updatable).unwrap();
    assert!(
        (described(&read).distinct.unwrap().estimate
            - numbers(&all["theirs"]["hll"]["distinct"])[0])
            .abs()
            < 1e-6
    );
}

#[test]
fn frequent_items_are_theirs() {
    let all = reference();
    let theirs = &all["theirs"]["frequent-items"];
    let mut read = Sketch::from_bytes(SketchKind::FrequentItems, &bytes(&theirs["bytes"])).unwrap();
    assert_eq!(described(&read).observations, theirs["n"].as_u64());
    let mut found: Vec<(String, u64, u64, u64)> = read
        .frequent()
        .unwrap()
        .into_iter()
        .map(|f| (f.item, f.estimate, f.lower, f.upper))
        .collect();
    found.sort();
    let expected: Vec<(String, u64, u64, u64)> =
        serde_json::from_value(theirs["items"].clone()).unwrap();
    assert_eq!(found, expected);
    let (_, words, _) = streams();
    let mut ours = Sketch::new(SketchKind::FrequentItems, Some(128)).unwrap();
    ours.update_words(words.iter().map(|word| (word.as_str(), 1))).unwrap();
    read.merge(&ours).unwrap();
    for row in read.frequent().unwrap() {
        let count = 2 * words.iter().filter(|word| **word == row.item).count() as u64;
        assert!(row.lower <= count && count <= row.upper, "{row:?} {count}");
    }
}

#[test]
fn frequent_longs_are_theirs() {
    let all = reference();
    let theirs = &all["theirs"]["frequent-longs"];
    let mut read = Sketch::from_bytes(SketchKind::FrequentLongs, &bytes(&theirs["bytes"])).unwrap();
    assert_eq!(described(&read).observations, theirs["n"].as_u64());
    let mut found: Vec<(String, u64, u64, u64)> = read
        .frequent()
        .unwrap()
        .into_iter()
        .map(|f| (f.item, f.estimate, f.lower, f.upper))
        .collect();
    let mut expected: Vec<(String, u64, u64, u64)> =
        serde_json::from_value(theirs["items"].clone()).unwrap();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let few: Vec<i128> = longs(&streams().0).iter().map(|long| long.div_euclid(64)).collect();
    let mut ours = Sketch::new(SketchKind::FrequentLongs, Some(128)).unwrap();
    ours.update_ints(&few).unwrap();
    read.merge(&ours).unwrap();
    for row in read.frequent().unwrap() {
        let count = 2 * few.iter().filter(|long| long.to_string() == row.item).count() as u64;
        assert!(row.lower <= count && count <= row.upper, "{row:?} {count}");
    }
}

#[test]
fn python_read_ours() {
    // What the script found when it had the program write the same streams.
    let all = reference();
    let read = &all["ours_read_by_python"];
    assert_eq!(numbers(&read["theta"]), numbers(&all["theirs"]["theta"]["distinct"]));
    assert!(read["kll"].as_f64().unwrap() < 0.0266 && read["tdigest"].as_f64().unwrap() < 0.0266);
    assert_eq!(
        (&read["frequent-items"][0], &read["frequent-longs"][0]),
        (&5000.into(), &5000.into())
    );
    assert_eq!(numbers(&read["theta_longs"]), numbers(&all["theirs"]["theta_longs"]["distinct"]));
    assert!((read["hll_longs"].as_f64().unwrap() - 1.0).abs() < 0.05);
}
