//! Detectors of sequences: against nltk and the papers (`test/reference/sequences.py`), calibrated,
//! saved, on bad input.
#![allow(clippy::unwrap_used)]

use fluxguard::outlier::threshold::Method;
use fluxguard::sequence::{NAMES, Sequence, SequenceDetector, SequenceSpec, Symbol};
use fluxguard::{Error, store};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};

fn fit(name: &str, options: Value, reference: &[Sequence]) -> Result<SequenceDetector, Error> {
    SequenceDetector::fit(
        &SequenceSpec::new(name, options.as_object().unwrap().clone())?,
        reference,
    )
}

fn sequences(value: &Value) -> Vec<Sequence> {
    serde_json::from_value(value.clone()).unwrap()
}

fn text(text: &str) -> Sequence {
    Sequence::One(Symbol::Name(text.into()))
}

#[test]
fn surprisals_are_those_of_nltk_and_of_the_papers() {
    let all: Value = serde_json::from_str(include_str!("../reference/sequences.json")).unwrap();
    let (reference, probe) = (sequences(&all["reference"]), sequences(&all["probe"]));
    let cases = all["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let mut options = case["options"].clone();
        options["calibration"] = json!("none");
        let detector = fit(case["detector"].as_str().unwrap(), options, &reference).unwrap();
        let want: Vec<Vec<f64>> = serde_json::from_value(case["surprisals"].clone()).unwrap();
        let scores = detector.score(&probe);
        for ((sequence, want), score) in probe.iter().zip(&want).zip(&scores) {
            let got = detector.explain(sequence);
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(want) {
                assert!((got.surprisal / want - 1.0).abs() <= 1e-9, "{case}: {got:?} {want}");
            }
            let mean = want.iter().sum::<f64>() / want.len() as f64;
            assert!((score / mean - 1.0).abs() <= 1e-9 || (score.is_nan() && want.is_empty()));
            // Alone as in company.
            assert_eq!(
                detector.score(std::slice::from_ref(sequence))[0].to_bits(),
                score.to_bits()
            );
        }
        assert!(
            detector
                .explain(&probe[5])
                .iter()
                .any(|s| !s.seen && s.symbol.as_deref() == Some("new"))
        );
    }
}

/// Texts over a chain of twenty words, of which most follow one another.
fn texts(random: &mut ChaCha8Rng, n: usize, orderly: bool) -> Vec<Sequence> {
    let mut draw = |below: u32| random.next_u32() % below;
    let mut one = || {
        let mut word = draw(20);
        let words = (0..3 + draw(12)).map(|_| {
            word = if orderly && draw(10) > 0 { (word + 1) % 20 } else { draw(20) };
            format!("w{word}")
        });
        text(&words.collect::<Vec<_>>().join(" "))
    };
    (0..n).map(|_| one()).collect()
}

#[test]
fn p_values_keep_their_promise_and_find_disorder() {
    for name in NAMES {
        let (mut random, runs, mut below) = (ChaCha8Rng::seed_from_u64(2), 800, 0);
        for _ in 0..runs {
            let reference = texts(&mut random, 78, true);
            let options = json!({"calibration": {"holdout": 0.5}, "tokens": "whitespace"});
            let detector = fit(name, options, &reference).unwrap();
            let p = detector.p_values(&texts(&mut random, 1, true)).unwrap()[0];
            below += u32::from(p <= 0.1);
        }
        let rate = f64::from(below) / f64::from(runs);
        // Exactly 0.1 but for ties, which lower it: binomial, 4.5 standard deviations.
        let spread = 4.5 * (0.09 / f64::from(runs)).sqrt();
        assert!(rate < 0.1 + spread && rate > 0.1 - 2.0 * spread, "{name}: {rate}");
    }
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let (reference, disorder) = (texts(&mut random, 400, true), texts(&mut random, 100, false));
    for name in ["markov", "ngram"] {
        let detector = fit(name, json!({}), &reference).unwrap();
        let threshold = detector.threshold(&Method::Conformal { rate: 0.05 }).unwrap().threshold;
        let found = detector.score(&disorder).iter().filter(|score| **score > threshold).count();
        assert!(found > 80, "{name}: {found} of 100");
    }
}

#[test]
fn a_saved_detector_scores_to_the_bit() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let (reference, probe) = (texts(&mut random, 60, true), texts(&mut random, 9, false));
    let bits = |x: Vec<f64>| x.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for name in NAMES {
        let path = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("sequence-{name}.fg"));
        let detector =
            fit(name, json!({"tokens": "characters", "lowercase": true}), &reference).unwrap();
        store::save(&detector, &path).unwrap();
        let loaded = store::load::<SequenceDetector>(&path).unwrap();
        assert_eq!(
            bits(loaded.p_values(&probe).unwrap()),
            bits(detector.p_values(&probe).unwrap()),
            "{name}"
        );
        assert_eq!(loaded.describe(), detector.describe());
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(store::load::<SequenceDetector>(&path).map(|_| ()).unwrap_err().code(), 401);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn categories_are_reported() {
    let of = |words: &str| words.split(' ').map(text).collect::<Vec<_>>();
    let detector =
        fit("frequency", json!({}), &of("red red red red green green green blue blue gray"))
            .unwrap();
    let report = detector.categories(&of("red green violet violet")).unwrap();
    let names = |list: &[fluxguard::sequence::categories::OneSided]| {
        list.iter().map(|c| (c.category.clone(), c.count)).collect::<Vec<_>>()
    };
    assert_eq!(names(&report.unseen), [("violet".to_owned(), 2)]);
    assert_eq!(names(&report.vanished), [("blue".to_owned(), 2), ("gray".to_owned(), 1)]);
    assert!(
        (report.unseen_share - 0.5).abs() < 1e-12
            && (report.expected_unseen_share - 0.1).abs() < 1e-12
    );
    let scores = detector.score(&of("red blue violet"));
    // Lidstone by 1/2 over four colors and one for all others.
    let want: Vec<f64> = [4.5, 2.5, 0.5].iter().map(|n| -f64::ln(n / 12.5)).collect();
    assert!(scores.iter().zip(&want).all(|(s, w)| (s - w).abs() < 1e-12), "{scores:?} {want:?}");
    assert_eq!(
        fit("markov", json!({}), &of("a b")).unwrap().categories(&of("a")).map_err(|e| e.code()),
        Err(204)
    );
}

#[test]
fn bad_input_is_an_error_or_a_nan() {
    let code =
        |result: Result<SequenceDetector, Error>| result.map(|_| 0).unwrap_or_else(|e| e.code());
    let some = [text("a b"), text("b a"), text("a")];
    for name in NAMES {
        assert_eq!(code(fit(name, json!({}), &[])), 203, "{name}: nothing");
        assert_eq!(code(fit(name, json!({}), &some[..1])), 203, "{name}: one");
        assert_eq!(code(fit(name, json!({"calibration": "none"}), &some[..1])), 0);
        assert_eq!(
            code(fit(name, json!({}), &[text("a"), Sequence::Symbols(vec![])])),
            100,
            "{name}: empty"
        );
        assert_eq!(code(fit(name, json!({"no-such": 1}), &some)), 100);
        assert_eq!(code(fit(name, json!({"tokens": "letters"}), &some)), 100);
        assert_eq!(code(fit(name, json!({"lowercase": 1}), &some)), 100);
        let detector = fit(name, json!({"calibration": "none"}), &some).unwrap();
        assert_eq!(detector.p_values(&some).map_err(|e| e.code()), Err(204));
        let empty = detector.score(&[Sequence::Symbols(vec![])])[0];
        assert_eq!(empty.is_nan(), *name != "ngram", "{name}: {empty}");
        assert!(detector.score(&[text("never seen")])[0].is_finite());
        // All equal: every symbol is as expected, a new one is not.
        let same = fit(name, json!({"tokens": "whitespace"}), &vec![text("x x"); 30]).unwrap();
        let scores = same.score(&[text("x x"), text("x y")]);
        assert!(scores[0] < scores[1], "{name}");
    }
    assert_eq!(code(fit("nothing", json!({}), &some)), 100);
    assert_eq!(code(fit("ngram", json!({"order": 0}), &some)), 100);
    assert_eq!(code(fit("markov", json!({"smoothing": 0.0}), &some)), 100);
}
