//! Estimates of performance beside scikit-learn's isotonic regression and boosted trees, and
//! NannyML's CBPE and DLE: `test/reference/performance.py`.
//!
//! NannyML keeps an incomplete last chunk among those that bounds come from, and decides by random
//! splits whether to calibrate: here are whole chunks, and its decision is given. Its regression of
//! the loss is LightGBM's, ours is not: of DLE the realized values, the bounds and the standard
//! errors are compared, and the estimates within two standard errors.
#![allow(clippy::unwrap_used)]

use fluxguard::performance::boosted::{Boosted, BoostedOptions};
use fluxguard::performance::calibration::Calibration;
use fluxguard::performance::isotonic::Isotonic;
use fluxguard::performance::{Answers, Chunk, Estimator, Metric, Options, Problem};
use fluxguard::stats::random::SplitMix64;
use fluxguard::tensor::{Elements, Tensor};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/performance.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Scores, predictions and labels of a batch.
struct Batch {
    width: usize,
    scores: Vec<f64>,
    predictions: Vec<f64>,
    labels: Vec<f64>,
}

impl Batch {
    fn answers(&self) -> Answers<'_> {
        let n = self.labels.len();
        assert_eq!(self.scores.len(), n * self.width);
        let scores = Tensor::new(Elements::F64(&self.scores), n).unwrap();
        Answers { scores, predictions: Some(&self.predictions), labels: Some(&self.labels) }
    }
}

fn estimates(
    reference: &Batch,
    current: &Batch,
    problem: Problem,
    calibration: Calibration,
) -> Vec<Chunk> {
    let options = Options { problem, calibration, chunk_size: 500, ..Options::default() };
    Estimator::fit(&reference.answers(), options)
        .unwrap()
        .estimate(&current.answers())
        .unwrap()
        .chunks
}

fn found(chunks: &[Chunk], row: &Value) -> Chunk {
    let metric: Metric = serde_json::from_value(row["metric"].clone()).unwrap();
    let same = |c: &&Chunk| c.metric == metric && c.chunk as u64 == row["chunk"].as_u64().unwrap();
    chunks.iter().find(same).unwrap().clone()
}

#[track_caller]
fn close(was: f64, expected: &Value, relative: f64, what: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (was - expected).abs() <= relative * expected.abs(),
        "{was} instead of {expected}: {what}"
    );
}

#[test]
fn isotonic_regression_is_scikit_learns() {
    let mut random = SplitMix64::new(1);
    let draw = |_| {
        let at = (random.uniform() * 60.0).floor() / 60.0;
        (at, at * at + 0.4 * (random.uniform() - 0.5))
    };
    let (x, y): (Vec<f64>, Vec<f64>) = (0..300).map(draw).unzip();
    let fitted = Isotonic::fit(&x, &y).unwrap();
    let all = reference();
    for (at, expected) in
        numbers(&all["isotonic"]["grid"]).iter().zip(numbers(&all["isotonic"]["values"]))
    {
        assert!((fitted.predict(*at) - expected).abs() < 1e-12, "{at}");
    }
}

#[test]
fn boosted_trees_are_scikit_learns() {
    let mut random = SplitMix64::new(2);
    let x: Vec<f64> = (0..600).map(|_| random.uniform()).collect();
    let y: Vec<f64> = x
        .chunks_exact(3)
        .map(|r| r[0] * r[0] + if r[1] > 0.4 { 1.0 } else { 0.0 } + 0.2 * random.uniform())
        .collect();
    // The script draws the noise after all features, as here.
    let options = BoostedOptions { trees: 30, depth: 3, learning_rate: 0.2, min_leaf: 10 };
    let fitted = Boosted::fit(&x, 3, &y, &options).unwrap();
    for (row, expected) in x.chunks_exact(3).zip(numbers(&reference()["boosted"]["values"])) {
        // scikit-learn keeps gradients in single precision.
        assert!(
            (fitted.predict(row) - expected).abs() < 1e-5,
            "{row:?}: {} {expected}",
            fitted.predict(row)
        );
    }
}

fn binary(seed: u64, n: usize, power: u64, shift: f64) -> Batch {
    let mut random = SplitMix64::new(seed);
    let mut batch =
        Batch { width: 1, scores: Vec::new(), predictions: Vec::new(), labels: Vec::new() };
    for _ in 0..n {
        let p = shift + (1.0 - 2.0 * shift) * random.uniform();
        let score = (1..power).fold(p, |score, _| score * p);
        batch.scores.push(score);
        batch.predictions.push(f64::from(u8::from(score >= 0.5)));
        batch.labels.push(f64::from(u8::from(random.uniform() < p)));
    }
    batch
}

fn compare_classes(chunks: &[Chunk], rows: &Value, classes: usize) {
    for row in rows.as_array().unwrap() {
        let ours = found(chunks, row);
        // NannyML rounds counts to five digits before it takes the AUROC.
        let tolerance = if ours.metric == Metric::Auroc { 1e-6 } else { 1e-9 };
        close(ours.estimate, &row["estimate"], tolerance, row);
        close(ours.realized.unwrap(), &row["realized"], 1e-9, row);
        close(ours.lower, &row["lower"], 1e-9, row);
        close(ours.upper, &row["upper"], 1e-9, row);
        assert_eq!(ours.alert, row["alert"].as_bool().unwrap());
        match ours.metric {
            Metric::Accuracy => close(ours.sampling_error, &row["sampling_error"], 1e-9, row),
            // Theirs are other approximations: ours are checked by simulation, beside their
            // definition.
            Metric::F1 | Metric::Auroc => {}
            // Theirs take the classes for independent.
            _ if classes > 2 => {}
            _ => close(ours.sampling_error, &row["sampling_error"], 0.02, row),
        }
    }
}

#[test]
fn estimates_of_two_classes_are_nannymls() {
    for case in reference()["binary"].as_array().unwrap() {
        let (power, shift) = (case["power"].as_u64().unwrap(), case["shift"].as_f64().unwrap());
        let (reference, current) = (binary(3, 3000, power, 0.0), binary(4, 1500, power, shift));
        let calibration =
            if case["calibrated"] == true { Calibration::Always } else { Calibration::Never };
        compare_classes(
            &estimates(&reference, &current, Problem::Binary, calibration),
            &case["rows"],
            2,
        );
        if power == 2 {
            let auto = estimates(&reference, &current, Problem::Binary, Calibration::Auto);
            compare_classes(&auto, &case["rows"], 2);
        }
    }
}

fn multiclass(seed: u64, n: usize, mix: f64) -> Batch {
    let mut random = SplitMix64::new(seed);
    let mut batch =
        Batch { width: 3, scores: Vec::new(), predictions: Vec::new(), labels: Vec::new() };
    for _ in 0..n {
        let raw: [f64; 3] = std::array::from_fn(|_| random.uniform());
        let raw = raw.map(|x| x * x * x + mix);
        let total = raw[0] + raw[1] + raw[2];
        let p = raw.map(|x| x / total);
        let u = random.uniform();
        batch.labels.push(if u < p[0] {
            0.0
        } else if u < p[0] + p[1] {
            1.0
        } else {
            2.0
        });
        let moved = 0.3 * p[0];
        let scores = [p[0] - moved, p[1] + moved, p[2]];
        let best = (1..3).fold(0, |best, c| if scores[c] > scores[best] { c } else { best });
        batch.predictions.push(best as f64);
        batch.scores.extend(scores);
    }
    batch
}

#[test]
fn estimates_of_three_classes_are_nannymls() {
    let all = reference();
    let case = &all["multiclass"];
    assert_eq!(case["calibrated"], true);
    let (reference, current) = (multiclass(5, 3000, 0.05), multiclass(6, 1500, 0.2));
    compare_classes(
        &estimates(&reference, &current, Problem::Multiclass, Calibration::Always),
        &case["rows"],
        3,
    );
}

#[test]
fn estimates_of_losses_beside_nannymls() {
    let draw = |seed: u64, n: usize, wide: f64| {
        let mut random = SplitMix64::new(seed);
        let mut batch =
            Batch { width: 2, scores: Vec::new(), predictions: Vec::new(), labels: Vec::new() };
        for _ in 0..n {
            let (a, b) = (wide * random.uniform(), random.uniform());
            let noise = random.uniform() + random.uniform() - 1.0;
            batch.scores.extend([a, b]);
            batch.predictions.push(a + b);
            batch.labels.push(a + b + a * noise);
        }
        batch
    };
    let chunks =
        estimates(&draw(7, 3000, 1.0), &draw(8, 1500, 0.5), Problem::Regression, Calibration::Auto);
    for row in reference()["regression"]["rows"].as_array().unwrap() {
        let ours = found(&chunks, row);
        close(ours.realized.unwrap(), &row["realized"], 1e-9, row);
        close(ours.lower, &row["lower"], 1e-9, row);
        close(ours.upper, &row["upper"], 1e-9, row);
        assert_eq!(ours.alert, row["alert"].as_bool().unwrap());
        close(
            ours.sampling_error,
            &row["sampling_error"],
            if ours.metric == Metric::Rmse { 0.2 } else { 1e-9 },
            row,
        );
        let theirs = row["estimate"].as_f64().unwrap();
        assert!((ours.estimate - theirs).abs() < 2.0 * ours.sampling_error, "{ours:?} {theirs}");
    }
}
