//! Files whose checksum is right and whose content is not what we write: a part of one is changed, and the checksum made for it.
//! Every kind of file is loaded and used, and either is refused or works.
//!
//! `FLUXGUARD_MUTATIONS=2000` tries so many a kind; by default there are few, different ones in each kind.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ciborium::Value;
use serde_json::json;

use super::*;
use crate::drift::online::{Stream, StreamName};
use crate::ffi::map::read_only;
use crate::guard::{Guard, GuardOptions, Length};
use crate::outlier::neighbours::{Method, Metric, NeighbourStore, StoreOptions};
use crate::outlier::ood::Head;
use crate::outlier::threshold::live::{LiveOptions, LiveThreshold};
use crate::outlier::{Fitted, Spec, sections};
use crate::performance::{Answers, Estimator, LateLabels, LateOptions};
use crate::profile::{OutputKind, ProfileOptions};
use crate::sequence::{Sequence, SequenceDetector, SequenceSpec, Symbol};
use crate::tensor::{Elements, Tensor};
use crate::testing::Random;

/// A file, and what is done with it: what goes wrong in that is a refusal, and a panic is none.
struct Kind {
    name: String,
    save: Box<dyn Fn(&Path)>,
    load_and_use: Box<dyn Fn(&Path) -> Result<()>>,
}

fn kind(
    name: impl Into<String>,
    save: impl Fn(&Path) + 'static,
    load_and_use: impl Fn(&Path) -> Result<()> + 'static,
) -> Kind {
    Kind { name: name.into(), save: Box::new(save), load_and_use: Box::new(load_and_use) }
}

fn tensor(values: &[f64], features: usize) -> Tensor<'_> {
    Tensor::new(Elements::F64(values), values.len() / features).unwrap()
}

/// Values on both sides of all, and far out.
fn probe(features: usize) -> Vec<f64> {
    let mut rows = Random(9).normals(features * 70);
    rows[..features].fill(1e9);
    rows[features..2 * features].fill(-1e9);
    rows[2 * features..3 * features].fill(0.0);
    rows
}

fn use_detector(detector: &Fitted) -> Result<()> {
    let rows = probe(3);
    let batch = tensor(&rows, 3);
    let _ = detector.score(&batch)?;
    let _ = detector.p_values(&batch);
    let _ = detector.threshold(0.1);
    let _ = detector.explain(&batch)?;
    let _ = detector.describe();
    Ok(())
}

fn detectors() -> Vec<Kind> {
    let rows = Random(1).normals(3 * 60);
    let positive: Vec<f64> = rows.iter().map(|x| x.abs()).collect();
    let labels: Vec<u32> = (0..60).map(|i| i % 2).collect();
    let plain = [
        ("distance", json!({})),
        ("zscore", json!({})),
        ("robust-z", json!({})),
        ("iqr", json!({"standardize": true})),
        ("iforest", json!({"trees": 3, "sample_size": 16})),
        ("eif", json!({"trees": 3, "sample_size": 16})),
        ("lof", json!({"neighbours": 5})),
        ("knn", json!({})),
        ("knn", json!({"index": "hnsw"})),
        ("knn", json!({"index": "hnsw", "metric": "inner-product"})),
        ("kmeans", json!({"clusters": 3, "runs": 1})),
        ("gmm", json!({"components": 2})),
        ("ocsvm", json!({})),
        ("kde", json!({})),
        ("hbos", json!({})),
        ("ecod", json!({})),
        ("copod", json!({})),
        ("pca", json!({})),
        ("mahalanobis", json!({})),
        ("ensemble", json!({"members": [{"detector": "knn"}, {"detector": "hbos"}]})),
    ];
    let classifiers = [
        "msp",
        "max-logit",
        "energy",
        "entropy",
        "margin",
        "gen",
        "odin",
        "class-mahalanobis",
        "relative-mahalanobis",
        "deep-knn",
        "vim",
        "she",
        "react",
        "ash",
        "ood",
    ];
    let fit = |name: &str, options: serde_json::Value| {
        Fitted::fit(&Spec::from_json(name, &options.to_string()).unwrap(), &tensor(&rows, 3)).unwrap()
    };
    let mut fitted: Vec<Fitted> = plain.into_iter().map(|(name, options)| fit(name, options)).collect();
    for name in classifiers {
        let head = Head::new(vec![1.0, -0.5, 0.3, -1.0, 0.5, 0.1], vec![0.1, -0.1]).unwrap();
        let options = if name == "deep-knn" { r#"{"neighbours": 5}"# } else { "" };
        let spec = Spec::from_json(name, options).unwrap();
        let reference = tensor(&positive, 3);
        let with = [(Some(&labels[..]), Some(&head)), (None, Some(&head)), (Some(&labels[..]), None), (None, None)];
        let one =
            with.into_iter().find_map(|(labels, head)| Fitted::fit_classifier(&spec, &reference, labels, head).ok());
        fitted.push(one.unwrap_or_else(|| panic!("{name} fits")));
    }
    let with = |detector: Fitted| {
        kind(
            format!("detector {} {}", detector.name(), detector.describe().options),
            move |path| save_detector(&detector, path).unwrap(),
            |path| {
                let loaded = load_detector(path).map(|detector| use_detector(&detector));
                let mapped = load_detector_mapped(path, read_only).map(|detector| use_detector(&detector));
                assert_eq!(loaded.is_ok(), mapped.is_ok());
                loaded?
            },
        )
    };
    fitted.into_iter().map(with).collect()
}

fn stores() -> Vec<Kind> {
    let of = |metric, index| {
        let options = StoreOptions { metric, index, max_age: Some(5.0), max_points: Some(1100) };
        let mut store = NeighbourStore::new(2, options).unwrap();
        (0..3).for_each(|i| {
            let rows = Random(i).normals(2 * 500);
            store.add(&tensor(&rows, 2), &[false; 500], i as f64).unwrap();
        });
        store
    };
    [(Metric::Cosine, Method::Exact), (Metric::Euclidean, Method::Hnsw), (Metric::InnerProduct, Method::Hnsw)]
        .map(|(metric, index)| {
            let store = of(metric, index);
            let used = |mut store: NeighbourStore| {
                let rows = Random(5).normals(2 * 10);
                store.search(&tensor(&rows, 2), 3)?;
                store.search(&tensor(&rows, 2), store.len().min(130))?;
                store.add(&tensor(&rows, 2), &[false; 10], 9.0)?;
                store.evict(10.0)?;
                store.points().map(|_| ())
            };
            kind(
                format!("neighbours {metric:?} {index:?}"),
                move |path| save_neighbours(&store, path).unwrap(),
                move |path| {
                    let _ = load_neighbours_mapped(path, read_only).map(used);
                    load_neighbours(path).and_then(used)
                },
            )
        })
        .into()
}

fn profiles() -> Vec<Kind> {
    let kinds = [OutputKind::Logits, OutputKind::Probabilities, OutputKind::Values, OutputKind::Scores];
    let with = |output: OutputKind| {
        let p = if output == OutputKind::Scores { 1 } else { 3 };
        let rows = move |seed| -> Vec<f64> {
            let rows = Random(seed).normals(p * 300);
            match output {
                OutputKind::Probabilities => rows
                    .chunks(p)
                    .flat_map(|row| {
                        let sum: f64 = row.iter().map(|x| x.exp()).sum();
                        row.iter().map(move |x| x.exp() / sum).collect::<Vec<_>>()
                    })
                    .collect(),
                _ => rows,
            }
        };
        let names = (p == 3).then(|| ["a", "b", "c"].map(String::from).to_vec());
        let mut profile = Profile::new(ProfileOptions { output, names, capacity: 250, ..Default::default() }).unwrap();
        profile.fit(&tensor(&rows(1), p)).unwrap();
        kind(
            format!("profile {output:?}"),
            move |path| save_profile(&profile, path).unwrap(),
            move |path| {
                let mut profile = load_profile(path)?;
                let _ = profile.describe();
                let options = GuardOptions { window: Length::Observations(100), ..Default::default() };
                let guard = Guard::new(&profile, options);
                let rows = rows(2);
                if let Ok(guard) = &guard {
                    let _ = guard.observe(&tensor(&rows, p), 0, false);
                    if let Err(error) = guard.close() {
                        // The worker catches what panics in it.
                        panic!("{error}");
                    }
                }
                let other = profile.clone();
                profile.merge(&other)?;
                profile.fit(&tensor(&rows, p))?;
                guard.map(|_| ())
            },
        )
    };
    kinds.map(with).into()
}

fn streams() -> Vec<Kind> {
    let x: Vec<f64> = (0..400).map(|i| f64::from(u8::from((i * 7) % 5 == 0))).collect();
    let names = [
        "adwin",
        "page-hinkley",
        "ddm",
        "eddm",
        "hddm-a",
        "hddm-w",
        "kswin",
        "cusum",
        "gma",
        "mmd",
        "martingale",
        "betting",
        "two-sample",
        "lord",
        "saffron",
    ];
    names
        .into_iter()
        .flat_map(|name| {
            let x = x.clone();
            [30, 260].map(move |n| {
                let options = match name {
                    "mmd" => json!({"reference_size": 200}),
                    "adwin" => json!({"keep_window": true}),
                    "kswin" => json!({"window_size": 40, "stat_size": 15, "keep_window": true}),
                    _ => serde_json::Value::Null,
                };
                let mut stream = Stream::new(name.parse::<StreamName>().unwrap(), options).unwrap();
                stream.update(&x[..n]).unwrap();
                let x = x.clone();
                kind(
                    format!("stream {name} after {n}"),
                    move |path| save_stream(&stream, path).unwrap(),
                    move |path| {
                        let mut stream = load_stream(path)?;
                        let _ = (stream.describe(), stream.needs());
                        stream.update(&x[..398])?;
                        stream.update(&[1.0; 200])?;
                        stream.reset();
                        stream.update(&x[..100]).map(|_| ())
                    },
                )
            })
        })
        .collect()
}

/// Answers of a model, and the truth.
struct Given {
    scores: Vec<f64>,
    width: usize,
    predictions: Vec<f64>,
    labels: Vec<f64>,
}

impl Given {
    fn with<T>(&self, labelled: bool, work: impl FnOnce(&Answers<'_>) -> Result<T>) -> Result<T> {
        let labels = labelled.then_some(&self.labels[..]);
        work(&Answers { scores: tensor(&self.scores, self.width), predictions: Some(&self.predictions), labels })
    }
}

fn others() -> Vec<Kind> {
    let mut kinds = Vec::new();
    let usual = Random(4).normals(1000);
    for options in [
        LiveOptions::Spot { rate: 1e-3, level: 0.98, depth: 20 },
        LiveOptions::Spot { rate: 1e-3, level: 0.98, depth: 0 },
        LiveOptions::Feedback { rate: 0.01 },
    ] {
        let live = LiveThreshold::new(options, &usual).unwrap();
        let scores = usual.clone();
        kinds.push(kind(
            format!("threshold {options:?}"),
            move |path| save_threshold(&live, path).unwrap(),
            move |path| {
                let mut live = load_threshold(path)?;
                scores.iter().for_each(|score| {
                    let _ = live.update(*score);
                });
                live.dismiss(9.0)?;
                live.confirm(1);
                let _ = live.describe();
                Ok(())
            },
        ));
    }
    for (problem, width) in [("binary", 1), ("multiclass", 3), ("regression", 2)] {
        let (n, options) = (200, json!({"problem": problem, "chunk_size": 20, "calibration": "always"}));
        let mut random = Random(6);
        let uniform: Vec<f64> = (0..n * width).map(|_| random.uniform()).collect();
        let scores: Vec<f64> = match problem {
            "multiclass" => uniform.chunks(3).flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>())).collect(),
            _ => uniform,
        };
        let classes = if problem == "multiclass" { 3.0 } else { 2.0 };
        let mut label = || if problem == "regression" { random.normal() } else { (random.uniform() * classes).floor() };
        let (labels, predictions): (Vec<f64>, Vec<f64>) = (0..n).map(|_| (label(), label())).unzip();
        let given = Given { scores, width, predictions, labels };
        let options: crate::performance::Options = serde_json::from_value(options).unwrap();
        let estimator = given.with(true, |answers| Estimator::fit(answers, options)).unwrap();
        kinds.push(kind(
            format!("estimator {problem}"),
            move |path| save_estimator(&estimator, path).unwrap(),
            move |path| {
                let estimator = load_estimator(path)?;
                let _ = estimator.describe();
                given.with(false, |answers| estimator.estimate(answers))?;
                given.with(true, |answers| estimator.estimate(answers)).map(|_| ())
            },
        ));
    }
    for order in ["prediction", "arrival"] {
        let options = json!({"capacity": 20, "timeout": 15.0, "chunk_size": 5, "order": order});
        let options: LateOptions = serde_json::from_value(options).unwrap();
        let mut late = LateLabels::new(options).unwrap();
        let ids: Vec<i128> = (0..30).collect();
        late.record(&ids, &[1.0; 30], Some(1.0)).unwrap();
        late.label(&ids[12..20], &[1.0; 8], Some(2.0)).unwrap();
        kinds.push(kind(
            format!("late labels by {order}"),
            move |path| save_late_labels(&late, path).unwrap(),
            |path| {
                let mut late = load_late_labels(path)?;
                let ids: Vec<i128> = (0..60).collect();
                late.label(&ids[..25], &[0.0; 25], Some(3.0))?;
                late.record(&ids[30..], &[1.0; 30], Some(9.0))?;
                late.label(&ids, &[1.0; 60], Some(30.0))?;
                let _ = late.describe();
                Ok(())
            },
        ));
    }
    for name in ["frequency", "markov", "ngram"] {
        let spec = SequenceSpec::new(name, serde_json::Map::new()).unwrap();
        let text = |i: usize| Sequence::One(Symbol::Name(format!("{} red green {}", ["a", "b", "c"][i % 3], i % 4)));
        let reference: Vec<Sequence> = (0..30).map(text).collect();
        let detector = SequenceDetector::fit(&spec, &reference).unwrap();
        kinds.push(kind(
            format!("sequence {name}"),
            move |path| save_sequence_detector(&detector, path).unwrap(),
            move |path| {
                let detector = load_sequence_detector(path)?;
                let _ = detector.score(&reference);
                let _ = detector.p_values(&reference);
                let _ = detector.explain(&Sequence::One(Symbol::Name("red blue".into())));
                let _ = detector.categories(&reference);
                let _ = detector.describe();
                Ok(())
            },
        ));
    }
    let rows = Random(7).normals(2 * 30);
    let reference = crate::drift::reference::Reference::new(&tensor(&rows, 2)).unwrap();
    kinds.push(kind(
        "reference",
        move |path| save_reference(&reference, path).unwrap(),
        move |path| {
            let reference = load_reference(path)?;
            reference.compare(&tensor(&rows, 2), &crate::drift::compare::CompareOptions::default()).map(|_| ())
        },
    ));
    kinds
}

/// The payload of a saved file, its CBOR, and what lies beside it.
struct Parts {
    kind: String,
    version: u32,
    value: Value,
    sections: Option<Vec<u8>>,
}

impl Parts {
    fn read(path: &Path) -> Parts {
        let bytes = std::fs::read(path).unwrap();
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let header: serde_json::Value = serde_json::from_slice(&bytes[..end]).unwrap();
        let (kind, version) = (header["kind"].as_str().unwrap().to_owned(), header["version"].as_u64().unwrap() as u32);
        let payload = &bytes[end + 1..];
        let sectioned = version == 2;
        let cbor = if sectioned {
            let length = u64::from_le_bytes(payload[..8].try_into().unwrap()) as usize;
            &payload[8..8 + length]
        } else {
            payload
        };
        let sections = sectioned.then(|| payload[(8 + cbor.len()).next_multiple_of(sections::ALIGN)..].to_vec());
        Parts { kind, version, value: ciborium::from_reader(cbor).unwrap(), sections }
    }

    fn clone_names(&self) -> Parts {
        Parts { kind: self.kind.clone(), version: self.version, value: Value::Null, sections: None }
    }

    /// With a checksum that is right.
    fn write(&self, path: &Path) {
        let mut cbor = Vec::new();
        ciborium::into_writer(&self.value, &mut cbor).unwrap();
        let payload = match &self.sections {
            None => cbor,
            Some(sections) => {
                let mut payload = (cbor.len() as u64).to_le_bytes().to_vec();
                payload.extend(cbor);
                payload.resize(payload.len().next_multiple_of(sections::ALIGN), 0);
                payload.extend(sections);
                payload
            }
        };
        save_bytes(path, &self.kind, self.version, &payload).unwrap();
    }
}

/// Places in a value: itself, and all that is in it.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Map(pairs) => pairs.iter().map(|(_, value)| places(value)).sum(),
        Value::Tag(_, value) => places(value),
        _ => 0,
    }
}

/// Changes the place with this number, in the order of [`places`]; what was done there.
fn change(value: &mut Value, at: &mut usize, random: &mut Random) -> Option<String> {
    if *at == 0 {
        let before = format!("{value:?}");
        *value = another(value, random);
        let short = |text: String| text.chars().take(80).collect::<String>();
        return Some(format!("{} -> {}", short(before), short(format!("{value:?}"))));
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| change(item, at, random)),
        Value::Map(pairs) => pairs.iter_mut().find_map(|(key, value)| {
            change(value, at, random).map(|done| format!("{}: {done}", key.as_text().unwrap_or("?")))
        }),
        Value::Tag(_, value) => change(value, at, random),
        _ => None,
    }
}

fn pick<T: Clone>(of: &[T], random: &mut Random) -> T {
    of[(random.uniform() * of.len() as f64) as usize].clone()
}

const WHOLE: [i128; 12] =
    [0, 1, 2, -1, 7, 255, 65_536, 1 << 31, u32::MAX as i128, 1 << 53, i64::MAX as i128, u64::MAX as i128];
const NUMBERS: [f64; 9] = [0.0, -1.0, 0.5, 1.5, 1e308, -1e308, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// Something else in the place of a value.
fn another(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::Integer(number) => {
            let number = i128::from(*number);
            let near = [number + 1, number - 1, 2 * number, number / 2];
            let new = pick(&[WHOLE.as_slice(), &near].concat(), random);
            ciborium::value::Integer::try_from(new).map_or(Value::Null, Value::Integer)
        }
        Value::Float(number) => Value::Float(pick(&[NUMBERS.as_slice(), &[-number, 2.0 * number]].concat(), random)),
        Value::Bool(yes) => Value::Bool(!yes),
        Value::Text(text) => Value::Text(pick(&[String::new(), "x".into(), text.repeat(2), "average".into()], random)),
        Value::Bytes(bytes) => Value::Bytes(other_bytes(bytes, random)),
        Value::Array(items) => {
            let mut items = items.clone();
            match pick(&[0, 1, 2, 3, 4], random) {
                0 => drop(items.pop()),
                1 => items.extend(items.first().cloned()),
                2 => items.clear(),
                3 => items.truncate(items.len() / 2),
                _ => items.reverse(),
            }
            Value::Array(items)
        }
        Value::Map(pairs) => {
            let mut pairs = pairs.clone();
            pairs.pop();
            Value::Map(pairs)
        }
        Value::Null => pick(&[Value::Integer(1.into()), Value::Float(0.5), Value::Array(vec![])], random),
        _ => Value::Null,
    }
}

/// Packed numbers: fewer, more, or others.
fn other_bytes(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let width = usize::from(bytes.first().copied().unwrap_or(8)).clamp(4, 8);
    match pick(&[0, 1, 2, 3, 4, 4, 4], random) {
        0 => bytes.truncate(bytes.len().saturating_sub(width)),
        1 => bytes.extend_from_within(bytes.len().saturating_sub(width)..),
        2 => bytes.truncate(1),
        3 => bytes.truncate(1 + (bytes.len() / 2) / width * width),
        _ if bytes.len() > width => {
            let at = 1 + (random.uniform() * ((bytes.len() - 1) / width) as f64) as usize * width;
            let number = pick(&NUMBERS, random);
            let new = if width == 4 { (number as f32).to_le_bytes().to_vec() } else { number.to_le_bytes().to_vec() };
            bytes[at..at + width].copy_from_slice(&new);
        }
        _ => bytes.push(0),
    }
    bytes
}

#[test]
fn content_that_contradicts_itself_is_refused_or_works() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, mutated) = (folder.path().join("whole"), folder.path().join("mutated"));
    let tries = std::env::var("FLUXGUARD_MUTATIONS").map_or(60, |n| n.parse().unwrap());
    let mut panics = Vec::new();
    let mut refused = 0;
    for (k, kind) in [detectors(), stores(), profiles(), streams(), others()].into_iter().flatten().enumerate() {
        (kind.save)(&whole);
        (kind.load_and_use)(&whole).unwrap_or_else(|error| panic!("{} as it was saved: {error}", kind.name));
        let parts = Parts::read(&whole);
        let places = places(&parts.value);
        let mut random = Random(k as u64);
        for _ in 0..tries {
            let mut parts =
                Parts { value: parts.value.clone(), sections: parts.sections.clone(), ..parts.clone_names() };
            let mut at = (random.uniform() * places as f64) as usize;
            let done = change(&mut parts.value, &mut at, &mut random).unwrap_or_default();
            parts.write(&mutated);
            match catch_unwind(AssertUnwindSafe(|| (kind.load_and_use)(&mutated))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => refused += usize::from(error.code() == 401),
                Err(panic) => {
                    panics.push(format!("{}: {done}: {}", kind.name, panic_message(panic.as_ref())));
                }
            }
        }
    }
    assert!(panics.is_empty(), "{} panics:\n{}", panics.len(), panics.join("\n"));
    assert!(refused > 0);
}
