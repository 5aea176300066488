//! Every kind of file, and how it is used.

use std::path::Path;

use serde_json::json;

use fluxguard::drift::online::{OnlineDetector, OnlineName};
use fluxguard::drift::reference::Reference;
use fluxguard::error::Result;
use fluxguard::guard::{Guard, GuardOptions, Length};
use fluxguard::outlier::neighbors::{Method, Metric, NeighborStore, StoreOptions};
use fluxguard::outlier::ood::{self, Head};
use fluxguard::outlier::threshold::live::{LiveOptions, LiveThreshold};
use fluxguard::outlier::{Fitted, Spec};
use fluxguard::performance::{Answers, Estimator, LateLabels, LateOptions};
use fluxguard::profile::{OutputKind, Profile, ProfileOptions};
use fluxguard::sequence::{Sequence, SequenceDetector, SequenceSpec, Symbol};
use fluxguard::store::map::read_only;
use fluxguard::store::*;
use fluxguard::tensor::{Elements, Tensor};
use fluxguard_core::testing::Random;

/// A file, and what is done with it: what goes wrong in that is a refusal, and a panic is none.
pub struct Kind {
    pub name: String,
    pub save: Box<dyn Fn(&Path) + Send + Sync>,
    pub load_and_use: Box<Use>,
}

type Use = dyn Fn(&Path) -> Result<()> + Send + Sync;

fn kind(
    name: impl Into<String>,
    save: impl Fn(&Path) + Send + Sync + 'static,
    load_and_use: impl Fn(&Path) -> Result<()> + Send + Sync + 'static,
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

pub fn detectors() -> Vec<Kind> {
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
        ("lof", json!({"neighbors": 5})),
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
    let fit = |name: &str, options: serde_json::Value| {
        Fitted::fit(&Spec::from_json(name, &options.to_string()).unwrap(), &tensor(&rows, 3))
            .unwrap()
    };
    let mut fitted: Vec<Fitted> =
        plain.into_iter().map(|(name, options)| fit(name, options)).collect();
    for &name in ood::NAMES {
        let head = Head::new(vec![1.0, -0.5, 0.3, -1.0, 0.5, 0.1], vec![0.1, -0.1]).unwrap();
        let options = if name == "deep-knn" { r#"{"neighbors": 5}"# } else { "" };
        let spec = Spec::from_json(name, options).unwrap();
        let reference = tensor(&positive, 3);
        let with = [
            (Some(&labels[..]), Some(&head)),
            (None, Some(&head)),
            (Some(&labels[..]), None),
            (None, None),
        ];
        let one = with.into_iter().find_map(|(labels, head)| {
            Fitted::fit_classifier(&spec, &reference, labels, head).ok()
        });
        fitted.push(one.unwrap_or_else(|| panic!("{name} fits")));
    }
    let with = |detector: Fitted| {
        kind(
            format!("detector {} {}", detector.name(), detector.describe().options),
            move |path| save(&detector, path).unwrap(),
            |path| {
                let loaded = load::<Fitted>(path).map(|detector| use_detector(&detector));
                let mapped =
                    load_mapped::<Fitted>(path, read_only).map(|detector| use_detector(&detector));
                assert_eq!(loaded.is_ok(), mapped.is_ok());
                loaded?
            },
        )
    };
    fitted.into_iter().map(with).collect()
}

pub fn stores() -> Vec<Kind> {
    let of = |metric, index| {
        let options = StoreOptions { metric, index, max_age: Some(5.0), max_points: Some(1100) };
        let mut store = NeighborStore::new(2, options).unwrap();
        (0..3).for_each(|i| {
            let rows = Random(i).normals(2 * 500);
            store.add(&tensor(&rows, 2), &[false; 500], i as f64).unwrap();
        });
        store
    };
    [
        (Metric::Cosine, Method::Exact),
        (Metric::Euclidean, Method::Hnsw),
        (Metric::InnerProduct, Method::Hnsw),
    ]
    .map(|(metric, index)| {
        let store = of(metric, index);
        let used = |mut store: NeighborStore| {
            let rows = Random(5).normals(2 * 10);
            store.search(&tensor(&rows, 2), 3)?;
            store.search(&tensor(&rows, 2), store.len().min(130))?;
            store.add(&tensor(&rows, 2), &[false; 10], 9.0)?;
            store.evict(10.0)?;
            store.points().map(|_| ())
        };
        kind(
            format!("neighbors {metric:?} {index:?}"),
            move |path| save(&store, path).unwrap(),
            move |path| {
                let _ = load_mapped::<NeighborStore>(path, read_only).map(used);
                load::<NeighborStore>(path).and_then(used)
            },
        )
    })
    .into()
}

pub fn profiles() -> Vec<Kind> {
    let kinds =
        [OutputKind::Logits, OutputKind::Probabilities, OutputKind::Values, OutputKind::Scores];
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
        let mut profile =
            Profile::new(ProfileOptions { output, names, capacity: 250, ..Default::default() })
                .unwrap();
        profile.fit(&tensor(&rows(1), p)).unwrap();
        kind(
            format!("profile {output:?}"),
            move |path| save(&profile, path).unwrap(),
            move |path| {
                let mut profile = load::<Profile>(path)?;
                let _ = profile.describe();
                let options =
                    GuardOptions { window: Length::Observations(100), ..Default::default() };
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

pub fn streams() -> Vec<Kind> {
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
                    "mmd" => {
                        json!({"reference_size": 200, "window_size": 4, "expected_run_time": 10})
                    }
                    "adwin" => json!({"keep_window": true}),
                    "kswin" => json!({"window_size": 40, "stat_size": 15, "keep_window": true}),
                    _ => serde_json::Value::Null,
                };
                let mut stream =
                    OnlineDetector::new(name.parse::<OnlineName>().unwrap(), options).unwrap();
                stream.update(&x[..n]).unwrap();
                let x = x.clone();
                kind(
                    format!("stream {name} after {n}"),
                    move |path| save(&stream, path).unwrap(),
                    move |path| {
                        let mut stream = load::<OnlineDetector>(path)?;
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
    fn with<T>(&self, labeled: bool, work: impl FnOnce(&Answers<'_>) -> Result<T>) -> Result<T> {
        let labels = labeled.then_some(&self.labels[..]);
        work(&Answers {
            scores: tensor(&self.scores, self.width),
            predictions: Some(&self.predictions),
            labels,
        })
    }
}

pub fn others() -> Vec<Kind> {
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
            move |path| save(&live, path).unwrap(),
            move |path| {
                let mut live = load::<LiveThreshold>(path)?;
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
        let (n, options) =
            (200, json!({"problem": problem, "chunk_size": 20, "calibration": "always"}));
        let mut random = Random(6);
        let uniform: Vec<f64> = (0..n * width).map(|_| random.uniform()).collect();
        let scores: Vec<f64> = match problem {
            "multiclass" => uniform
                .chunks(3)
                .flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>()))
                .collect(),
            _ => uniform,
        };
        let classes = if problem == "multiclass" { 3.0 } else { 2.0 };
        let mut label = || {
            if problem == "regression" {
                random.normal()
            } else {
                (random.uniform() * classes).floor()
            }
        };
        let (labels, predictions): (Vec<f64>, Vec<f64>) =
            (0..n).map(|_| (label(), label())).unzip();
        let given = Given { scores, width, predictions, labels };
        let options: fluxguard::performance::Options = serde_json::from_value(options).unwrap();
        let estimator = given.with(true, |answers| Estimator::fit(answers, options)).unwrap();
        kinds.push(kind(
            format!("estimator {problem}"),
            move |path| save(&estimator, path).unwrap(),
            move |path| {
                let estimator = load::<Estimator>(path)?;
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
            move |path| save(&late, path).unwrap(),
            |path| {
                let mut late = load::<LateLabels>(path)?;
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
        let text = |i: usize| {
            Sequence::One(Symbol::Name(format!("{} red green {}", ["a", "b", "c"][i % 3], i % 4)))
        };
        let reference: Vec<Sequence> = (0..30).map(text).collect();
        let detector = SequenceDetector::fit(&spec, &reference).unwrap();
        kinds.push(kind(
            format!("sequence {name}"),
            move |path| save(&detector, path).unwrap(),
            move |path| {
                let detector = load::<SequenceDetector>(path)?;
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
    let reference = Reference::new(&tensor(&rows, 2)).unwrap();
    kinds.push(kind(
        "reference",
        move |path| save(&reference, path).unwrap(),
        move |path| {
            let reference = load::<Reference>(path)?;
            reference
                .compare(&tensor(&rows, 2), &fluxguard::drift::compare::CompareOptions::default())
                .map(|_| ())
        },
    ));
    kinds
}

pub fn all() -> Vec<Kind> {
    [detectors(), stores(), profiles(), streams(), others()].into_iter().flatten().collect()
}
