//! P(ever a false alarm) <= alpha, over many streams: the small, seeded form of what
//! `benches/anytime.rs` measures at length.
#![allow(clippy::unwrap_used)]

use fluxguard::drift::anytime::bets::Bets;
use fluxguard::drift::anytime::betting::{Betting, BettingOptions};
use fluxguard::drift::anytime::monitor::{AfterAlarm, Calibration, Monitor, MonitorOptions};
use fluxguard::drift::anytime::{Columns, Form};
use fluxguard::drift::online::{Online, State};
use fluxguard::stats::random::SplitMix64;

const STREAMS: u64 = 400;
const LENGTH: usize = 5000;
const ALPHA: f64 = 0.1;

fn source(run: u64) -> SplitMix64 {
    let mut random = SplitMix64::new(0xABCD_0000 + run);
    SplitMix64::new(random.next_u64())
}

/// Coarse, skewed values with ties: nothing about the distribution is assumed.
fn value(random: &mut SplitMix64) -> f64 {
    (-3.0 * random.uniform().ln()).floor()
}

/// At most alpha of the streams, and four standard errors of that: 0.1 + 0.06.
#[track_caller]
fn rarely(mut alarmed: impl FnMut(u64) -> bool) {
    let alarms = (0..STREAMS).filter(|run| alarmed(*run)).count() as f64 / STREAMS as f64;
    assert!(alarms <= ALPHA + 4.0 * (ALPHA * (1.0 - ALPHA) / STREAMS as f64).sqrt(), "{alarms}");
}

fn monitor(run: u64, random: &mut SplitMix64, size: usize, options: &MonitorOptions) -> Monitor {
    let reference: Vec<f64> = (0..size).map(|_| value(random)).collect();
    Monitor::new(&reference, MonitorOptions { seed: run, ..options.clone() }).unwrap()
}

#[test]
fn a_monitor_is_rarely_wrong_however_short_its_reference_and_however_it_bets() {
    for bets in [Bets::Composite, Bets::Jumper, Bets::Mixture, Bets::Power] {
        for size in [20, 500] {
            let options = MonitorOptions { alpha: ALPHA, bets, ..Default::default() };
            rarely(|run| {
                let mut random = source(run);
                let mut monitor = monitor(run, &mut random, size, &options);
                (0..LENGTH).any(|_| monitor.update(value(&mut random)).is_some())
            });
        }
    }
}

#[test]
fn so_is_one_whose_reference_stays_and_without_its_correction_it_would_not_be() {
    let options =
        MonitorOptions { alpha: ALPHA, calibration: Calibration::Inductive, ..Default::default() };
    rarely(|run| {
        let mut random = source(run);
        let mut monitor = monitor(run, &mut random, 100, &options);
        (0..LENGTH).any(|_| monitor.update(value(&mut random)).is_some())
    });
    use fluxguard::drift::anytime::conformal::Bag;
    use fluxguard::drift::anytime::evidence::Evidence;
    let wrong = (0..100).filter(|run| {
        let mut random = source(*run);
        let reference: Vec<f64> = (0..100).map(|_| value(&mut random)).collect();
        let mut bag = Bag::new(&reference, 1023, *run);
        let mut evidence = Evidence::new(Form::Ever, Bets::Composite);
        (0..LENGTH)
            .any(|_| evidence.update(bag.inductive_p_value(value(&mut random)), 0.0) >= 1.0 / ALPHA)
    });
    assert!(wrong.count() > 30, "the correction is there for a reason");
}

#[test]
fn many_columns_are_as_rarely_wrong_as_one() {
    rarely(|run| {
        let mut random = source(run);
        // Columns that move together, and one that is another's copy.
        let mut row = || {
            let common = value(&mut random);
            let mut row: Vec<f64> = (0..4).map(|_| common + value(&mut random)).collect();
            row.push(row[0]);
            row
        };
        let rows: Vec<Vec<f64>> = (0..200).map(|_| row()).collect();
        let references: Vec<Vec<f64>> =
            (0..5).map(|j| rows.iter().map(|row| row[j]).collect()).collect();
        let options = MonitorOptions { alpha: ALPHA, seed: run, ..Default::default() };
        let mut columns = Columns::new(&references, options).unwrap();
        (0..1000).any(|_| !columns.extend(&row()).unwrap().is_empty())
    });
}

#[test]
fn alarms_of_the_other_forms_are_as_far_apart_as_asked() {
    // 100 streams of 20,000 with a run length of 1,000: at most 2,000 alarms are expected, and
    // nearly as many come.
    for form in [Form::ShiryaevRoberts, Form::Cusum] {
        let mut alarms = 0;
        for run in 0..100 {
            let mut random = source(run);
            let options = MonitorOptions {
                form,
                run_length: 1000.0,
                after_alarm: AfterAlarm::Continue,
                ..Default::default()
            };
            let mut monitor = monitor(run, &mut random, 200, &options);
            alarms += monitor.extend((0..20_000).map(|_| value(&mut random))).len();
        }
        assert!(alarms <= 2180 && (form == Form::Cusum || alarms > 800), "{form:?}: {alarms}");
    }
}

#[test]
fn bets_on_a_mean_are_rarely_wrong_about_values_that_depend_on_each_other() {
    for mean in [None, Some(0.3)] {
        rarely(|run| {
            let mut random = source(run);
            let mut betting =
                Betting::new(BettingOptions { alpha: ALPHA, mean, ..Default::default() }).unwrap();
            let mut spread = 0.1;
            (0..LENGTH).any(|_| {
                // The mean given the past is always 0.3; the spread depends on what came.
                let x = 0.3 + if random.uniform() < 0.5 { -spread } else { spread };
                spread = if x > 0.3 { 0.29 } else { 0.05 };
                betting.update(x) == State::Drift
            })
        });
    }
}

#[test]
fn values_without_a_place_are_counted_and_the_state_survives() {
    let mut random = source(1);
    let mut monitor = monitor(1, &mut random, 100, &MonitorOptions::default());
    let mut twin = monitor.clone();
    let x: Vec<f64> = (0..1000).map(|_| value(&mut random)).collect();
    for (i, x) in x.iter().enumerate() {
        twin.update(*x);
        monitor.update(*x);
        if i % 10 == 0 {
            assert!(
                monitor.update(f64::NAN).is_none() && monitor.update(f64::NEG_INFINITY).is_none()
            );
        }
    }
    assert_eq!((monitor.non_finite(), monitor.observed()), (200, 1200));
    assert_eq!(monitor.evidence(), twin.evidence());
    let mut bytes = Vec::new();
    ciborium::into_writer(&monitor, &mut bytes).unwrap();
    assert_eq!(ciborium::from_reader::<Monitor, _>(bytes.as_slice()).unwrap(), monitor);
    assert!(monitor.p_value().unwrap() > 0.01 && monitor.threshold() == 100.0);
    for reference in [vec![1.0; 19], [vec![1.0; 30], vec![f64::NAN]].concat()] {
        let error = Monitor::new(&reference, MonitorOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with("reference: got "), "{error}");
    }
}
