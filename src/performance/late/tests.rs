use super::*;
use crate::drift::online::OnlineName;
use crate::testing::Random;
use proptest::prelude::*;
use serde_json::json;

fn late(options: LateOptions) -> LateLabels {
    LateLabels::new(options).unwrap()
}

/// What happens to ids: predicted, labeled, time passing.
#[derive(Debug, Clone, Copy)]
enum Step {
    Predict(Id),
    Label(Id),
    Wait(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0i128..30).prop_map(Step::Predict),
        3 => (0i128..34).prop_map(Step::Label),
        1 => (0u8..5).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..200)
}

/// The slow definition: a list of all predictions and what became of each.
#[derive(Default)]
struct Naive {
    all: Vec<(Id, f64, &'static str)>,
    out: Vec<Id>,
}

impl Naive {
    /// The queue begins at the first that neither has a label let out nor has stopped waiting.
    fn release(&mut self, oldest: f64, capacity: usize) {
        while let Some(front) = self.all.iter().position(|p| p.2 == "waiting" || p.2 == "held") {
            let length = self.all.len() - front;
            if self.all[front].2 == "held" {
                self.all[front].2 = "done";
                self.out.push(self.all[front].0);
            } else if self.all[front].1 < oldest || length > capacity {
                self.all[front].2 = if self.all[front].1 < oldest { "expired" } else { "evicted" };
            } else {
                break;
            }
        }
    }
}

proptest! {
    #[test]
    fn it_is_the_slow_definition(
        steps in steps(), capacity in 1usize..12, timeout in 1u8..8, in_order in any::<bool>(),
        // seconds since 1970 of the years 1 and 9999
        begin in prop::sample::select(vec![0.0, -62_135_596_800.0, -3.5, 253_402_214_400.0]),
    ) {
        let order = if in_order { Order::Prediction } else { Order::Arrival };
        let options = LateOptions { capacity, timeout: Some(f64::from(timeout)), order,
            ..LateOptions::default() };
        let mut fast = late(options);
        let mut slow = Naive::default();
        let mut now = begin;
        let mut seen = 0;
        for step in steps {
            match step {
                Step::Wait(more) => now += f64::from(more),
                Step::Predict(id) => {
                    // Ids are used again only after they are forgotten: here, never.
                    if !slow.all.iter().any(|p| p.0 == id) {
                        fast.record(&[id], &[1.0], Some(now)).unwrap();
                        slow.all.push((id, now, "waiting"));
                    }
                }
                Step::Label(id) => {
                    slow.release(now - f64::from(timeout), capacity);
                    fast.label(&[id], &[1.0], Some(now)).unwrap();
                    if let Some(entry) = slow.all.iter_mut().find(|p| p.0 == id && p.2 == "waiting") {
                        entry.2 = if in_order { "held" } else { "done" };
                        if !in_order {
                            slow.out.push(id);
                        }
                    }
                }
            }
            slow.release(now - f64::from(timeout), capacity);
            if matches!(step, Step::Wait(_)) {
                fast.record(&[], &[], Some(now)).unwrap();
            }
            let counts = fast.counts();
            let of = |what: &str| slow.all.iter().filter(|p| p.2 == what).count() as u64;
            prop_assert_eq!((counts.waiting, counts.held), (of("waiting"), of("held")));
            prop_assert_eq!((counts.expired, counts.evicted), (of("expired"), of("evicted")));
            prop_assert_eq!(counts.joined, of("done") + of("held"));
            prop_assert_eq!(counts.predictions, counts.joined + counts.expired + counts.evicted
                + counts.waiting);
            prop_assert_eq!(counts.labels, counts.joined + counts.duplicate + counts.late
                + counts.unknown);
            seen = fast.describe().detector.observations;
            prop_assert!(fast.pending.memory() <= 2 * capacity + 2);
        }
        prop_assert_eq!(seen, slow.out.len() as u64);
    }
}

#[test]
fn every_fate_is_counted() {
    let mut labels =
        late(LateOptions { capacity: 3, timeout: Some(10.0), ..LateOptions::default() });
    labels.record(&[1, 2, 3, 2], &[0.0; 4], Some(0.0)).unwrap();
    labels.label(&[2, 2, 9], &[1.0; 3], Some(1.0)).unwrap();
    let counts = labels.counts();
    assert_eq!((counts.repeated, counts.joined, counts.duplicate, counts.unknown), (1, 1, 1, 1));
    assert_eq!((counts.waiting, counts.held), (2, 1));
    // The first stops waiting: the second's outcome goes out.
    labels.record(&[4], &[0.0], Some(11.0)).unwrap();
    let counts = labels.counts();
    assert_eq!((counts.expired, counts.held, counts.waiting), (2, 0, 1));
    labels.label(&[1, 2, 4], &[0.0; 3], Some(11.0)).unwrap();
    let counts = labels.counts();
    assert_eq!((counts.late, counts.duplicate, counts.joined), (1, 2, 2));
    labels.record(&[5, 6, 7, 8], &[0.0; 4], Some(12.0)).unwrap();
    assert_eq!((labels.counts().evicted, labels.counts().waiting), (1, 3));
}

#[test]
fn a_change_is_found_in_either_order_and_labels_may_be_shuffled() {
    let mut random = Random(2);
    let wrong: Vec<bool> =
        (0..4000).map(|i| random.uniform() < if i < 2000 { 0.1 } else { 0.4 }).collect();
    let run = |order: Order, delay: usize| {
        let mut labels = late(LateOptions {
            order,
            detector: OnlineName::HddmA,
            detector_options: json!({ "drift_confidence": 1e-4 }),
            chunk_size: 500,
            ..LateOptions::default()
        });
        let mut random = Random(9);
        let mut due: Vec<Vec<Id>> = vec![Vec::new(); 4000 + delay + 1];
        let mut found = Vec::new();
        for i in 0..4000 + delay {
            if i < 4000 {
                found.extend(labels.record(&[i as Id], &[0.0], None).unwrap());
                due[i + 1 + (random.uniform() * delay as f64) as usize].push(i as Id);
            }
            for id in std::mem::take(&mut due[i]) {
                found.extend(
                    labels.label(&[id], &[f64::from(u8::from(wrong[id as usize]))], None).unwrap(),
                );
            }
        }
        (found, labels.describe())
    };
    let mut direct =
        OnlineDetector::new(OnlineName::HddmA, json!({ "drift_confidence": 1e-4 })).unwrap();
    let expected =
        direct.update(&wrong.iter().map(|w| f64::from(u8::from(*w))).collect::<Vec<_>>()).unwrap();
    let (found, after) = run(Order::Prediction, 300);
    assert_eq!(
        found.iter().map(|d| d.outcome).collect::<Vec<_>>(),
        expected,
        "as if the labels had been there at once"
    );
    assert!(found.iter().all(|d| d.id == Id::from(d.outcome)) && !found.is_empty());
    assert_eq!((after.counts.joined, after.chunks.len()), (4000, 8));
    let mean =
        |chunk: usize| wrong[500 * chunk..][..500].iter().filter(|w| **w).count() as f64 / 500.0;
    for (k, chunk) in after.chunks.iter().enumerate() {
        let m = mean(k);
        assert!(
            (chunk.mean - m).abs() < 1e-12
                && (chunk.standard_error - (m * (1.0 - m) / 499.0).sqrt()).abs() < 1e-12
        );
    }
    let (found, _) = run(Order::Arrival, 300);
    assert!(found.iter().any(|d| (2000..2400).contains(&d.outcome)));
    assert_eq!(run(Order::Arrival, 0).0.iter().map(|d| d.outcome).collect::<Vec<_>>(), expected);
}

#[test]
fn saved_in_between_it_goes_on() {
    let mut labels =
        late(LateOptions { capacity: 50, order: Order::Prediction, ..LateOptions::default() });
    for i in 0..200i128 {
        labels.record(&[i], &[0.0], None).unwrap();
        labels.label(&[(i - 20).max(0)], &[(i % 3) as f64], None).unwrap();
        let mut cbor = Vec::new();
        ciborium::into_writer(&labels, &mut cbor).unwrap();
        assert_eq!(ciborium::from_reader::<LateLabels, _>(cbor.as_slice()).unwrap(), labels);
    }
    assert_eq!(labels.counts().joined, 180);
}

#[test]
fn bad_input_is_refused_whole() {
    let mut labels =
        late(LateOptions { outcome: Outcome::AbsoluteError, ..LateOptions::default() });
    labels.record(&[1, 2], &[0.0, 0.0], Some(5.0)).unwrap();
    let before = labels.clone();
    for error in [
        labels.record(&[3], &[], None).unwrap_err(),
        labels.record(&[3], &[f64::NAN], None).unwrap_err(),
        labels.record(&[3], &[0.0], Some(4.0)).unwrap_err(),
        labels.label(&[1], &[f64::INFINITY], None).unwrap_err(),
        // Betting on losses in [0, 1].
        labels.label(&[1, 2], &[0.5, 7.0], None).unwrap_err(),
    ] {
        assert_eq!(error.code(), 100);
        assert_eq!(labels, before);
    }
    for options in [
        LateOptions { capacity: 0, ..LateOptions::default() },
        LateOptions { timeout: Some(0.0), ..LateOptions::default() },
        LateOptions { chunk_size: 1, ..LateOptions::default() },
        LateOptions { detector_options: json!({ "no": 1 }), ..LateOptions::default() },
        LateOptions { detector: OnlineName::TwoSample, ..LateOptions::default() },
        LateOptions { detector: OnlineName::Lord, ..LateOptions::default() },
    ] {
        assert_eq!(LateLabels::new(options).unwrap_err().code(), 100);
    }
}

#[test]
fn ids_are_any_integers_of_64_bits() {
    let ids = [
        Id::from(i64::MIN),
        -1,
        0,
        (1 << 53) + 1,
        Id::from(i64::MAX),
        Id::from(u64::MAX) - 1,
        Id::from(u64::MAX),
    ];
    let mut labels = late(LateOptions {
        order: Order::Arrival,
        detector: OnlineName::HddmA,
        detector_options: json!({ "drift_confidence": 0.01, "warning_confidence": 0.05 }),
        ..LateOptions::default()
    });
    for id in 1000..1300 {
        labels.record(&[id], &[0.0], None).unwrap();
        assert_eq!(labels.label(&[id], &[0.0], None).unwrap(), []);
    }
    labels.record(&ids, &[0.0; 7], None).unwrap();
    let mut cbor = Vec::new();
    ciborium::into_writer(&labels, &mut cbor).unwrap();
    let mut labels: LateLabels = ciborium::from_reader(cbor.as_slice()).unwrap();
    let found: Vec<Detection> =
        ids.iter().flat_map(|id| labels.label(&[*id], &[1.0], None).unwrap()).collect();
    assert_eq!((labels.counts().joined, labels.counts().unknown), (307, 0));
    assert!(
        !found.is_empty() && found.iter().all(|d| ids[d.outcome as usize - 300] == d.id),
        "{found:?}"
    );
    let text = serde_json::to_string(&Detection { outcome: 1, id: ids[6] }).unwrap();
    assert_eq!(serde_json::from_str::<Detection>(&text).unwrap().id, ids[6]);
}
