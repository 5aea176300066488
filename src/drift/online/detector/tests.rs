//! Every detector by its name: changes found, batches, saving, bad values and options.

use super::*;
use crate::anytime::two_sample::TwoSample;
use crate::stats::online_fdr::{Lord, OnlineFdr, Saffron};
use crate::testing::Random;
use serde_json::json;

/// A stream that every detector can take, with a change in the middle.
fn outcomes() -> Vec<f64> {
    let mut random = Random(11);
    (0..3000)
        .map(|i| f64::from(u8::from(random.uniform() < if i < 1500 { 0.05 } else { 0.6 })))
        .collect()
}

/// Of pairs, the second alone changes; of p-values, many are tiny after the change.
fn stream_of(name: OnlineName) -> Vec<f64> {
    match name.takes() {
        Takes::Pairs => {
            let mut random = Random(12);
            let mut still = || f64::from(u8::from(random.uniform() < 0.05));
            outcomes().into_iter().flat_map(|x| [still(), x]).collect()
        }
        Takes::PValues => {
            outcomes().into_iter().map(|x| if x == 1.0 { 1e-9 } else { 0.6 }).collect()
        }
        _ => outcomes(),
    }
}

/// Defaults that can fire on outcomes, and short simulations.
fn options(name: OnlineName) -> Value {
    match name {
        OnlineName::Gma => json!({ "threshold": 0.2 }),
        OnlineName::Mmd => {
            json!({ "reference_size": 200, "expected_run_time": 300, "bandwidth": 1.0 })
        }
        _ => Value::Null,
    }
}

#[test]
fn every_detector_finds_a_change_and_is_the_same_in_batches_and_saved() {
    for name in OnlineName::ALL {
        let x = stream_of(name);
        let mut whole = OnlineDetector::new(name, options(name)).unwrap();
        let fired = whole.update(&x).unwrap();
        assert!(fired.iter().any(|i| (1500..1800).contains(i)), "{name}: {fired:?}");
        assert_eq!(whole.describe().detections, fired.len() as u64);
        let mut parts = OnlineDetector::new(name, options(name)).unwrap();
        let mut by_parts = Vec::new();
        for batch in x.chunks(138) {
            by_parts.extend(parts.update(batch).unwrap());
            let mut cbor = Vec::new();
            ciborium::into_writer(&parts, &mut cbor).unwrap();
            let json = serde_json::to_string(&parts).unwrap();
            let back: OnlineDetector = serde_json::from_str(&json).unwrap();
            assert_eq!(back, parts, "{name}");
            parts = ciborium::from_reader(cbor.as_slice()).unwrap();
        }
        assert_eq!(by_parts, fired, "{name}");
        assert_eq!(parts.describe(), whole.describe());
        parts.reset();
        assert_eq!((parts.describe().observations, parts.describe().state), (0, State::Stable));
        if name != OnlineName::Mmd && name != OnlineName::Martingale {
            assert_eq!(parts.update(&x).unwrap(), fired, "{name} after a reset");
        }
    }
}

#[test]
fn nothing_fires_on_a_constant() {
    for name in OnlineName::ALL {
        let mut stream = OnlineDetector::new(name, options(name)).unwrap();
        // The smallest value that is no discovery.
        let value = if name.takes() == Takes::PValues { 1.0f32 } else { 0.0 };
        assert!(stream.update(&[value; 5000]).unwrap().is_empty(), "{name}");
        assert_eq!(stream.describe().state, State::Stable);
    }
}

#[test]
fn pairs_and_p_values_are_those_of_the_methods_themselves() {
    let x = stream_of(OnlineName::TwoSample);
    let mut test = TwoSample::new(Default::default()).unwrap();
    let mut fired = Vec::new();
    for (i, pair) in x.chunks_exact(2).enumerate() {
        if test.update_pair(pair[0], pair[1]).unwrap() == State::Drift {
            fired.push(i as u64);
        }
    }
    let mut stream = OnlineDetector::new(OnlineName::TwoSample, Value::Null).unwrap();
    assert_eq!(stream.update(&x).unwrap(), fired);
    assert_eq!(
        (stream.describe().observations, stream.describe().statistic),
        (3000, test.evidence())
    );
    let mut random = Random(13);
    let p: Vec<f64> =
        (0..500).map(|i| random.uniform() * if i % 3 == 0 { 1e-3 } else { 1.0 }).collect();
    let mut lord = Lord::new(0.1, Some(0.02)).unwrap();
    let mut saffron = Saffron::new(0.1, Some(0.02), 0.3).unwrap();
    let mut rejected = [Vec::new(), Vec::new()];
    for (i, p) in p.iter().enumerate() {
        let now = [lord.test(*p).unwrap(), saffron.test(*p).unwrap()];
        rejected
            .iter_mut()
            .zip(now)
            .filter(|(_, now)| *now)
            .for_each(|(all, _)| all.push(i as u64));
    }
    let levels = [lord.level(), saffron.level()];
    let options = json!({ "alpha": 0.1, "initial_wealth": 0.02 });
    let more = json!({ "alpha": 0.1, "initial_wealth": 0.02, "lambda": 0.3 });
    for (k, (name, options)) in
        [(OnlineName::Lord, options), (OnlineName::Saffron, more)].into_iter().enumerate()
    {
        let mut stream = OnlineDetector::new(name, options).unwrap();
        assert_eq!(stream.update(&p).unwrap(), rejected[k], "{name}");
        assert!(rejected[k].len() > 50 && stream.describe().statistic == levels[k], "{name}");
    }
}

#[test]
fn bad_values_are_refused_whole() {
    for name in OnlineName::ALL {
        let mut stream = OnlineDetector::new(name, options(name)).unwrap();
        for bad in [f64::NAN, f64::INFINITY] {
            let error = stream.update(&[0.0, 1.0, bad, 1.0]).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("values: got {bad} at index 2")),
                "{name}: {error}"
            );
        }
        assert_eq!(stream.describe().observations, 0);
        assert!(stream.update::<f64>(&[]).unwrap().is_empty());
    }
    let refused = |name: OnlineName, x: f64| {
        OnlineDetector::new(name, Value::Null).unwrap().update(&[x]).is_err()
    };
    assert!(refused(OnlineName::Lord, 1.5) && refused(OnlineName::Saffron, -0.1));
    let half = OnlineDetector::new(OnlineName::TwoSample, Value::Null)
        .unwrap()
        .update(&[1.0, 2.0, 3.0])
        .unwrap_err();
    assert!(half.to_string().starts_with("values: got 3 numbers, expected pairs"), "{half}");
    assert!(
        refused(OnlineName::Ddm, 0.5)
            && refused(OnlineName::HddmA, 1.5)
            && refused(OnlineName::Betting, -0.1)
    );
}

#[test]
fn bad_options_are_named() {
    for (name, options, words) in [
        (OnlineName::Adwin, json!({ "delta": 0 }), "delta: got 0, expected a probability"),
        (OnlineName::Adwin, json!({ "deltas": 0 }), "deltas"),
        (OnlineName::Adwin, json!({ "max_buckets": 1 }), "max_buckets: got 1"),
        (OnlineName::PageHinkley, json!({ "threshold": -1 }), "threshold: got -1"),
        (OnlineName::PageHinkley, json!({ "mode": "sideways" }), "sideways"),
        (
            OnlineName::Ddm,
            json!({ "drift_threshold": 1 }),
            "drift_threshold: got 1, expected at least",
        ),
        (OnlineName::Eddm, json!({ "beta": 0.99 }), "beta: got 0.99, expected a ratio"),
        (OnlineName::HddmA, json!({ "drift_confidence": 0.01 }), "warning_confidence: got 0.005"),
        (OnlineName::HddmW, json!({ "lambda_val": 1 }), "lambda_val: got 1"),
        (
            OnlineName::Kswin,
            json!({ "window_size": 40 }),
            "window_size: got 40, expected at least twice",
        ),
        (OnlineName::Kswin, json!({ "alpha": 1e-40 }), "alpha: got"),
        (OnlineName::Cusum, json!({ "delta": -1 }), "delta: got -1"),
        (OnlineName::Gma, json!({ "alpha": 1 }), "alpha: got 1"),
        (OnlineName::Mmd, json!({ "reference_size": 10 }), "reference_size: got 10"),
        (OnlineName::Mmd, json!({ "expected_run_time": 5 }), "expected_run_time: got 5"),
        (
            OnlineName::Mmd,
            json!({ "expected_run_time": 5000 }),
            "expected_run_time: got 5000, expected at most 2500",
        ),
        (OnlineName::Mmd, json!({ "reference": vec![1.0; 30] }), "reference: got 30 observations"),
        (OnlineName::Martingale, json!({ "alpha": 1 }), "alpha: got 1"),
        (
            OnlineName::Martingale,
            json!({ "reference": [1, 2, 3] }),
            "reference: got 3 observations",
        ),
        (
            OnlineName::Martingale,
            json!({ "bets": "mixture", "calibration": "inductive" }),
            "bets: got Mixture",
        ),
        (OnlineName::Betting, json!({ "upper": 0 }), "upper: got 0"),
        (OnlineName::Betting, json!({ "mean": 2 }), "mean: got 2"),
        (OnlineName::TwoSample, json!({ "warm_up": 2 }), "warm_up: got 2"),
        (
            OnlineName::TwoSample,
            json!({ "delta": 2 }),
            "delta: got an option that there is not, expected alpha or warm_up",
        ),
        (OnlineName::Lord, json!({ "alpha": 1 }), "alpha: got 1"),
        (OnlineName::Lord, json!({ "initial_wealth": 0.1 }), "initial_wealth: got 0.1"),
        (OnlineName::Saffron, json!({ "lambda": 0 }), "lambda: got 0"),
    ] {
        let error = OnlineDetector::new(name, options.clone()).unwrap_err().to_string();
        assert!(error.contains(words), "{name} {options}: {error}");
    }
}
