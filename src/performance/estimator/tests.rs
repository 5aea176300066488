use super::*;
use crate::calibration::Calibration;
use crate::tensor::{Elements, Tensor};
use crate::testing::Random;

fn tensor(values: &[f64], observations: usize) -> Tensor<'_> {
    Tensor::new(Elements::F64(values), observations).unwrap()
}

/// Probabilities that are right, and labels drawn by them; `shift` moves the probabilities, not
/// what they mean.
fn binary(n: usize, shift: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random(seed);
    let draw = |_| {
        let p = 1.0 / (1.0 + (-(3.0 * random.normal() * (1.0 - shift))).exp());
        (p, f64::from(u8::from(random.uniform() < p)))
    };
    (0..n).map(draw).unzip()
}

fn answers<'a>(
    scores: &'a [f64],
    n: usize,
    predictions: Option<&'a [f64]>,
    labels: Option<&'a [f64]>,
) -> Answers<'a> {
    Answers { scores: tensor(scores, n), predictions, labels }
}

#[test]
fn estimates_are_within_their_sampling_error() {
    let (scores, labels) = binary(20_000, 0.0, 1);
    let estimator =
        Estimator::fit(&answers(&scores, 20_000, None, Some(&labels)), Options::default()).unwrap();
    let mut inside = 0;
    let mut all = 0;
    for seed in 2..12 {
        let (scores, labels) = binary(10_000, 0.0, seed);
        let found = estimator.estimate(&answers(&scores, 10_000, None, Some(&labels))).unwrap();
        assert_eq!(found.chunks.len(), 60);
        for chunk in &found.chunks {
            assert!(chunk.estimate.is_finite() && chunk.sampling_error > 0.0);
            inside += u32::from(
                (chunk.estimate - chunk.realized.unwrap()).abs() <= 3.0 * chunk.sampling_error,
            );
            all += 1;
        }
    }
    // Three standard errors: about 0.3% lie outside by chance.
    assert!(inside >= all - 10, "{inside} of {all}");
}

#[test]
fn a_fall_is_seen_without_labels() {
    let (scores, labels) = binary(20_000, 0.0, 3);
    for calibration in [Calibration::Auto, Calibration::Always] {
        let options = Options { calibration, ..Options::default() };
        let estimator =
            Estimator::fit(&answers(&scores, 20_000, None, Some(&labels)), options).unwrap();
        let still =
            estimator.estimate(&answers(&binary(5000, 0.0, 4).0, 5000, None, None)).unwrap();
        assert!(still.chunks.iter().all(|chunk| chunk.realized.is_none()));
        assert!(!still.drift, "{still:?}");
        let (unsure, truth) = binary(5000, 0.7, 5);
        let found = estimator.estimate(&answers(&unsure, 5000, None, Some(&truth))).unwrap();
        for chunk in found.chunks.iter().filter(|chunk| chunk.metric != Metric::Precision) {
            assert!(chunk.alert, "{chunk:?}");
            assert!(
                (chunk.estimate - chunk.realized.unwrap()).abs() < 4.0 * chunk.sampling_error,
                "{chunk:?}"
            );
        }
    }
}

#[test]
fn two_classes_are_the_binary_problem() {
    let (scores, labels) = binary(4000, 0.0, 6);
    let both: Vec<f64> = scores.iter().flat_map(|p| [1.0 - p, *p]).collect();
    let predictions: Vec<f64> = scores.iter().map(|p| f64::from(u8::from(*p >= 0.5))).collect();
    let fit = |scores: &[f64], problem: Problem| {
        let options = Options {
            problem,
            chunk_size: 500,
            calibration: Calibration::Never,
            ..Options::default()
        };
        let reference = answers(scores, 4000, Some(&predictions), Some(&labels));
        let estimator = Estimator::fit(&reference, options).unwrap();
        estimator.estimate(&reference).unwrap()
    };
    let (one, two) = (fit(&scores, Problem::Binary), fit(&both, Problem::Multiclass));
    for (a, b) in one.chunks.iter().zip(&two.chunks) {
        let same = |x: f64, y: f64| assert!((x - y).abs() < 1e-9, "{a:?} {b:?}");
        if matches!(a.metric, Metric::Accuracy | Metric::Auroc) {
            same(a.estimate, b.estimate);
            same(a.realized.unwrap(), b.realized.unwrap());
            same(a.sampling_error, b.sampling_error);
        }
    }
}

#[test]
fn losses_that_depend_on_the_features() {
    let draw = |n: usize, wide: f64, seed: u64| {
        let mut random = Random(seed);
        let x: Vec<f64> = (0..2 * n).map(|_| wide * random.uniform()).collect();
        let predictions: Vec<f64> = x.chunks_exact(2).map(|r| r[0] + r[1]).collect();
        let labels = x
            .chunks_exact(2)
            .zip(&predictions)
            .map(|(r, p)| p + r[0] * random.normal())
            .collect::<Vec<_>>();
        (x, predictions, labels)
    };
    let (x, predictions, labels) = draw(30_000, 1.0, 7);
    let options = Options { problem: Problem::Regression, chunk_size: 1000, ..Options::default() };
    let reference = answers(&x, 30_000, Some(&predictions), Some(&labels));
    let estimator = Estimator::fit(&reference, options).unwrap();
    // What chunks of the reference do, and what one standard error says that they do, agree.
    for bound in estimator.describe().bounds {
        let ratio = (bound.upper - bound.lower) / 6.0 / (bound.spread / 1000f64.sqrt());
        assert!((0.6..1.5).contains(&ratio), "{bound:?}");
    }
    for (wide, drift) in [(1.0, false), (0.5, true)] {
        let (x, predictions, labels) = draw(5000, wide, 8);
        let found =
            estimator.estimate(&answers(&x, 5000, Some(&predictions), Some(&labels))).unwrap();
        for chunk in &found.chunks {
            let away = (chunk.estimate - chunk.realized.unwrap()).abs();
            assert!(away < 4.0 * chunk.sampling_error, "{chunk:?}");
            assert_eq!(chunk.alert, drift, "{chunk:?}");
        }
    }
}

#[test]
fn saved_and_loaded_it_says_the_same() {
    let (scores, labels) = binary(4000, 0.0, 9);
    let reference = answers(&scores, 4000, None, Some(&labels));
    let estimator = Estimator::fit(
        &reference,
        Options { calibration: Calibration::Always, ..Options::default() },
    )
    .unwrap();
    let mut cbor = Vec::new();
    ciborium::into_writer(&estimator, &mut cbor).unwrap();
    let back: Estimator = ciborium::from_reader(cbor.as_slice()).unwrap();
    assert_eq!(back.estimate(&reference).unwrap(), estimator.estimate(&reference).unwrap());
    assert_eq!(back.describe().calibrated, [true]);
}

#[test]
fn chunks_without_a_class_have_no_value_and_no_alert() {
    let (scores, mut labels) = binary(4000, 0.0, 10);
    let estimator =
        Estimator::fit(&answers(&scores, 4000, None, Some(&labels)), Options::default()).unwrap();
    labels.fill(0.0);
    let certain = [0.0; 1500];
    let found = estimator.estimate(&answers(&certain, 1500, None, Some(&labels[..1500]))).unwrap();
    assert_eq!(found.chunks.last().unwrap().end, 1500);
    for chunk in
        found.chunks.iter().filter(|chunk| matches!(chunk.metric, Metric::Auroc | Metric::Recall))
    {
        assert!(chunk.realized.unwrap().is_nan());
    }
    let alone =
        Estimator::fit(&answers(&scores, 4000, None, Some(&labels)), Options::default()).unwrap();
    let bound = &alone.describe().bounds[2];
    assert!(bound.metric == Metric::Auroc && bound.lower.is_nan() && bound.upper.is_nan());
    assert!(
        alone
            .estimate(&answers(&scores, 4000, None, None))
            .unwrap()
            .chunks
            .iter()
            .all(|c| c.metric != Metric::Auroc || !c.alert)
    );
}

#[test]
fn bad_input_is_named() {
    let (scores, labels) = binary(4000, 0.0, 11);
    let fit = |scores: &[f64],
               n: usize,
               predictions: Option<&[f64]>,
               labels: Option<&[f64]>,
               options: Options| {
        Estimator::fit(&answers(scores, n, predictions, labels), options).unwrap_err().to_string()
    };
    let default = Options::default;
    let multi = || Options { problem: Problem::Multiclass, ..default() };
    let regression = || Options { problem: Problem::Regression, ..default() };
    let mut nan = scores.clone();
    nan[7] = f64::NAN;
    let twos = vec![2.0; 4000];
    for (error, words) in [
        (fit(&scores, 4000, None, None, default()), "labels: got nothing"),
        (
            fit(&scores[..3000], 3000, None, Some(&labels[..3000]), default()),
            "3000 observations, expected at least 4000",
        ),
        (fit(&nan, 4000, None, Some(&labels), default()), "reference: got NaN in observation 7"),
        (fit(&scores, 2000, None, Some(&labels[..2000]), default()), "2 scores an observation"),
        (
            fit(&scores, 4000, None, Some(&twos), default()),
            "labels: got 2 in observation 0 (from 0), expected 0 or 1",
        ),
        (
            fit(&scores, 4000, Some(&labels[..9]), Some(&labels), default()),
            "predictions: got 9 values",
        ),
        (fit(&scores, 4000, None, Some(&labels), multi()), "at least 2 classes"),
        (fit(&scores, 2000, None, Some(&labels[..2000]), multi()), "add up to"),
        (fit(&scores, 4000, None, Some(&labels), regression()), "predictions: got nothing"),
        (
            fit(&scores, 4000, None, Some(&labels), Options { chunk_size: 1, ..default() }),
            "chunk_size: got 1",
        ),
        (
            fit(&scores, 4000, None, Some(&labels), Options { threshold: 1.0, ..default() }),
            "threshold: got 1",
        ),
        (
            fit(&scores, 4000, None, Some(&labels), Options { deviations: 0.0, ..default() }),
            "deviations: got 0",
        ),
        (
            fit(
                &scores,
                4000,
                None,
                Some(&labels),
                Options { metrics: vec![Metric::Mae], ..default() },
            ),
            "metrics: got mae",
        ),
    ] {
        assert!(error.contains(words), "{error}");
    }
    let estimator =
        Estimator::fit(&answers(&scores, 4000, None, Some(&labels)), default()).unwrap();
    assert_eq!(estimator.estimate(&answers(&scores, 2000, None, None)).unwrap_err().code(), 100);
}

#[test]
fn a_short_last_chunk_has_bounds_of_its_own() {
    let options = Options { metrics: vec![Metric::Accuracy, Metric::Auroc], ..Options::default() };
    let (scores, labels) = binary(20_000, 0.0, 1);
    let estimator =
        Estimator::fit(&answers(&scores, 20_000, None, Some(&labels)), options.clone()).unwrap();
    let (mut alerts, mut short) = ([0, 0], [0, 0]);
    for seed in 100..300 {
        let rest = [10, 30, 100, 300][seed as usize % 4];
        let (scores, _) = binary(2000 + rest, 0.0, seed);
        let found = estimator.estimate(&answers(&scores, 2000 + rest, None, None)).unwrap();
        for chunk in &found.chunks {
            let kind = usize::from(chunk.end - chunk.start < options.chunk_size);
            alerts[kind] += u32::from(chunk.alert);
            short[kind] += 1;
            let whole = &found.chunks[usize::from(chunk.metric == Metric::Auroc)];
            assert!(
                chunk.lower <= whole.lower
                    && chunk.upper >= whole.upper
                    && (kind == 1 || chunk.lower == whole.lower)
            );
        }
    }
    // nothing has changed: as seldom as in whole chunks, of which three deviations leave out a few
    // in a thousand
    assert!(short[1] == 400 && alerts[1] <= 8 && alerts[0] <= 16, "{alerts:?} of {short:?}");
    // and what has changed a lot is seen in 100 rows
    let (unsure, _) = binary(2100, 0.95, 5);
    let found = estimator.estimate(&answers(&unsure, 2100, None, None)).unwrap();
    assert!(found.chunks.last().is_some_and(|chunk| chunk.end - chunk.start == 100));
    assert!(found.chunks.iter().rev().take(2).any(|chunk| chunk.alert), "{found:?}");
}
