//! The online detectors fire where river's (and, for CUSUM and GMA, frouros') do:
//! `test/reference/online.py`, `test/reference/online_frouros.py`.
//!
//! Where river and the papers differ, these are river's rules, and each detector's page says so:
//! ADWIN and KSWIN forget all after a detection (options `keep_window` are the papers'), DDM
//! compares by >, EDDM's warm-up, HDDM-W's first weight.
#![allow(clippy::unwrap_used)]

use fluxguard::drift::online::OnlineDetector;
use fluxguard::stats::random::SplitMix64;
use serde_json::Value;

fn stretches(random: &mut SplitMix64) -> Vec<(usize, f64)> {
    (0..6).map(|_| (200 + (random.uniform() * 1300.0) as usize, random.uniform())).collect()
}

/// The streams of the script, by name.
fn stream(name: &str, seed: u64) -> Vec<f64> {
    let mut random = SplitMix64::new(seed);
    if name == "still" {
        return (0..5000).map(|_| f64::from(u8::from(random.uniform() < 0.3))).collect();
    }
    let stretches = stretches(&mut random);
    let levels = stretches.iter().flat_map(|(n, level)| std::iter::repeat_n(*level, *n));
    let value = |level: f64| match name {
        "outcomes" => f64::from(u8::from(random.uniform() < level * 0.6)),
        "unit" => 0.5 * random.uniform() + 0.5 * level,
        _ => (0..12).fold(-6.0, |total, _| total + random.uniform()) + 3.0 * level,
    };
    levels.map(value).collect()
}

fn fires_as(file: &str) -> usize {
    let all: Value = serde_json::from_str(file).unwrap();
    for (name, check) in all["streams"].as_object().unwrap() {
        let made = stream(name, 1);
        assert_eq!(made.len() as u64, check["length"].as_u64().unwrap());
        assert_eq!(made.iter().sum::<f64>(), check["sum"].as_f64().unwrap(), "{name}");
        assert_eq!(*made.last().unwrap(), check["last"].as_f64().unwrap());
    }
    let mut detections = 0;
    for case in all["cases"].as_array().unwrap() {
        let name = case["detector"].as_str().unwrap().parse().unwrap();
        let mut detector = OnlineDetector::new(name, case["options"].clone()).unwrap();
        let values = stream(case["stream"].as_str().unwrap(), case["seed"].as_u64().unwrap());
        let fired = detector.update(&values).unwrap();
        let expected: Vec<u64> = serde_json::from_value(case["detections"].clone()).unwrap();
        assert_eq!(
            fired, expected,
            "{name} {} on {} {}",
            case["options"], case["stream"], case["seed"]
        );
        detections += expected.len();
    }
    detections
}

#[test]
fn detections_are_rivers() {
    assert!(fires_as(include_str!("../reference/online.json")) > 500);
}

#[test]
fn detections_are_frouros() {
    assert!(fires_as(include_str!("../reference/online_frouros.json")) > 50);
}
