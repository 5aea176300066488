//! Guards of outputs that do not change, but whose observations depend on each other: how many
//! alarm in their first window, beside the rate that was asked for.
#![allow(clippy::unwrap_used)]

use fluxguard::Error;
use fluxguard::drift::charts::ChartName;
use fluxguard::drift::online::OnlineName;
use fluxguard::drift::two_sample::TestName;
use fluxguard::guard::{FalseAlarms, Guard, GuardOptions, Length, Per};
use fluxguard::profile::{Order, OutputKind, Profile, ProfileOptions};
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

const FEATURES: usize = 3;

/// A stream of observations, as many as are asked for, that goes on where it ended.
type Stream = Box<dyn FnMut(usize) -> Vec<f64>>;

fn normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}

/// Each value is so much of the one before.
fn autoregression(by: f64, seed: u64) -> Stream {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut last = [0.0; FEATURES];
    Box::new(move |n| {
        let mut next = |last: &mut f64| {
            *last = by * *last + (1.0 - by * by).sqrt() * normal(&mut random);
            *last
        };
        (0..n).flat_map(|_| last.each_mut().map(&mut next)).collect()
    })
}

/// Users with so many requests each, one after the other, that differ little.
fn users(requests: usize, seed: u64) -> Stream {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    Box::new(move |n| {
        let mut rows = Vec::new();
        while rows.len() < n * FEATURES {
            let user = [(); FEATURES].map(|()| normal(&mut random));
            (0..requests).for_each(|_| rows.extend(user.map(|x| x + 0.1 * normal(&mut random))));
        }
        rows.truncate(n * FEATURES);
        rows
    })
}

fn profile(rows: &[f64], output: OutputKind, order: Order) -> Profile {
    let mut profile =
        Profile::new(ProfileOptions { output, order, ..ProfileOptions::default() }).unwrap();
    profile.fit(&Tensor::new(Elements::F64(rows), rows.len() / FEATURES).unwrap()).unwrap();
    profile
}

fn options(window: usize) -> GuardOptions {
    GuardOptions {
        false_alarms: FalseAlarms { rate: 0.05, per: Per::Window },
        window: Length::Observations(window as u64),
        tests: vec![
            TestName::Ks,
            TestName::MannWhitney,
            TestName::Welch,
            TestName::Chi2,
            TestName::Psi,
        ],
        charts: vec![ChartName::Shewhart, ChartName::Ewma],
        monitors: vec![OnlineName::Martingale.into()],
        ..GuardOptions::default()
    }
}

/// How many of `guards` alarm in their first window.
fn alarms(
    stream: impl Fn(u64) -> Stream,
    output: OutputKind,
    [reference, window]: [usize; 2],
    guards: u64,
    order: Order,
) -> u64 {
    (0..guards)
        .filter(|seed| {
            let mut stream = stream(*seed);
            let reference = stream(reference);
            stream(5000); // service begins later
            let guard = Guard::new(&profile(&reference, output, order), options(window)).unwrap();
            guard
                .observe(&Tensor::new(Elements::F64(&stream(window)), window).unwrap(), 0, false)
                .unwrap();
            guard.flush().unwrap();
            !guard.alerts(0).is_empty()
        })
        .count() as u64
}

#[test]
fn neighbors_that_depend_on_each_other_count_as_fewer() {
    type Null = (&'static str, fn(u64) -> Stream);
    let nulls: [Null; 3] = [
        ("autoregression of 0.5", |seed| autoregression(0.5, seed)),
        ("autoregression of 0.9", |seed| autoregression(0.9, seed)),
        ("users", |seed| users(8, seed)),
    ];
    for (name, stream) in nulls {
        for output in [OutputKind::Values, OutputKind::Logits] {
            for sizes in [[4000, 2000], [20_000, 3000]] {
                let found = alarms(stream, output, sizes, 60, Order::Given);
                // what a right rate gives once in 10,000 suites
                assert!(found <= 11, "{found} of 60: {name}, {output:?}, {sizes:?}");
            }
        }
        let believed = alarms(stream, OutputKind::Values, [4000, 2000], 60, Order::None);
        assert!(believed >= 12, "the null is none: {name}, {believed} of 60");
    }
}

/// The first so many observations come so many times; what follows them is new.
fn epochs(of: usize, times: usize, seed: u64) -> Stream {
    let mut fresh = autoregression(0.0, seed);
    let rows = fresh(of);
    let mut copied = rows
        .chunks_exact(FEATURES)
        .cycle()
        .take(of * times)
        .collect::<Vec<_>>()
        .concat()
        .into_iter();
    Box::new(move |n| {
        let mut taken: Vec<f64> = copied.by_ref().take(n * FEATURES).collect();
        taken.extend(fresh(n - taken.len() / FEATURES));
        taken
    })
}

#[test]
fn epochs_of_a_reference_count_as_one() {
    for (of, times) in [(200, 5), (300, 20)] {
        let found = alarms(
            |seed| epochs(of, times, seed),
            OutputKind::Values,
            [of * times, 1000],
            60,
            Order::Given,
        );
        assert!(found <= 11, "{found} of 60 with {times} of {of}");
        let described = Guard::new(
            &profile(&epochs(of, times, 1)(of * times), OutputKind::Values, Order::None),
            options(1000),
        );
        assert_eq!(described.unwrap().describe().copies, times as f64);
    }
}

/// Evidence that adds up does not find the reference itself out.
#[test]
fn the_first_twenty_windows_after_a_short_reference() {
    let (mut found, mut refused, window) = (0, 0, 1000);
    for seed in 0..60 {
        let mut stream = autoregression(0.8, seed);
        let reference = profile(&stream(300), OutputKind::Values, Order::Given);
        stream(5000);
        let asked = FalseAlarms { rate: 0.0025, per: Per::Window };
        let options = GuardOptions {
            false_alarms: asked,
            window: Length::Observations(window),
            ..GuardOptions::default()
        };
        let Ok(guard) = Guard::new(&reference, options) else {
            refused += 1;
            continue;
        };
        let rows = 20 * window as usize;
        guard.observe(&Tensor::new(Elements::F64(&stream(rows)), rows).unwrap(), 0, false).unwrap();
        guard.flush().unwrap();
        found += usize::from(!guard.alerts(0).is_empty());
    }
    assert!(found <= 11 && refused <= 30, "{found} of 60, {refused} refused");
}

/// Of a reference too short to tell, what looks somewhat dependent counts as fewer.
#[test]
fn a_short_reference_that_looks_dependent_does_not_alarm_for_it() {
    for (by, n) in [(0.5, 50), (0.3, 100)] {
        let window = 300;
        let found = (0..400).filter(|seed| {
            let mut stream = autoregression(by, 1000 + *seed);
            let reference = profile(&stream(n), OutputKind::Values, Order::Given);
            stream(5000);
            let options = GuardOptions {
                false_alarms: FalseAlarms { rate: 1e-4, per: Per::Window },
                window: Length::Observations(window),
                ..GuardOptions::default()
            };
            let Ok(guard) = Guard::new(&reference, options) else { return false };
            let n = 20 * window as usize;
            guard.observe(&Tensor::new(Elements::F64(&stream(n)), n).unwrap(), 0, false).unwrap();
            guard.flush().unwrap();
            !guard.alerts(0).is_empty()
        });
        // 0.8 are asked for, and more than six would come once in 100,000 suites.
        let found = found.count();
        assert!(found <= 6, "{found} of 400: {by}, {n}");
    }
}

/// The number that is named for a reference in waves is enough.
#[test]
fn a_reference_of_one_wave_is_told_how_many_observations_would_do() {
    let waves = |n: usize| {
        let mut noise = autoregression(0.0, 9);
        let noise = noise(n);
        let wave = |i: usize| (i as f64 / 1000.0 * std::f64::consts::TAU).sin();
        let rows = noise.iter().enumerate().map(|(i, x)| 0.3 * x + wave(i / FEATURES));
        let rows: Vec<f64> = rows.collect();
        let kept = ProfileOptions { capacity: n.max(10_000), ..ProfileOptions::default() };
        let mut profile = Profile::new(kept).unwrap();
        profile.fit(&Tensor::new(Elements::F64(&rows), n).unwrap()).unwrap();
        profile
    };
    let error = Guard::new(&waves(1000), options(300)).unwrap_err().to_string();
    assert!(error.contains("16000 observations, capacity = 16000"), "{error}");
    match Guard::new(&waves(16_000), options(300)) {
        Ok(_) => {}
        Err(Error::WindowTooShort { expected, .. }) => {
            Guard::new(&waves(16_000), options(expected)).unwrap();
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_reference_that_is_worth_too_few_is_refused_and_one_too_short_to_tell_says_so() {
    let of = |by: f64, n: usize, order: Order, seed: u64| {
        let reference = autoregression(by, seed)(n);
        Guard::new(&profile(&reference, OutputKind::Values, order), options(2000))
    };
    let mut refused = 0;
    for seed in 0..20 {
        let Err(error) = of(0.9, 300, Order::Given, seed) else { continue };
        assert!(error.to_string().contains("order = \"none\""), "{error}");
        assert!(of(0.9, 300, Order::None, seed).is_ok());
        let Error::BaselineTooSmall { was: 300, expected, .. } = error else { continue };
        assert!(of(0.9, 4 * expected, Order::Given, seed).is_ok());
        refused += 1;
    }
    assert!(refused > 5, "{refused} of 20");
    let short = |n: usize, order: Order| of(0.0, n, order, 3).unwrap().describe().too_short_to_tell;
    assert!(short(60, Order::Given) && !short(60, Order::None) && !short(300, Order::Given));
}

/// Whatever a short reference is worth, a drift ends no guard's tests.
#[test]
fn no_reference_is_too_short_or_too_dependent_to_be_tested() {
    let (mut made, mut refused) = (0, 0);
    for (k, n) in [10usize, 20, 30, 50, 70, 100, 200, 400].into_iter().enumerate() {
        for (j, by) in [0.3, 0.6, 0.9, 0.98].into_iter().enumerate() {
            for seed in 0..12 {
                let mut stream = autoregression(by, (100 * k + 10 * j) as u64 + seed);
                let reference = profile(&stream(n), OutputKind::Values, Order::Given);
                let Ok(guard) = Guard::new(&reference, options(400)) else {
                    refused += 1;
                    continue;
                };
                made += 1;
                let far: Vec<f64> = stream(800).iter().map(|x| 10.0 + x).collect();
                guard.observe(&Tensor::new(Elements::F64(&far), 800).unwrap(), 0, false).unwrap();
                guard.flush().unwrap_or_else(|error| panic!("{by}, {n}, {seed}: {error}"));
            }
        }
    }
    assert!(made > 100 && refused > 20, "{made} made, {refused} refused");
}

#[test]
fn a_drift_is_found_all_the_same() {
    let found = (0..20).filter(|seed| {
        let mut stream = autoregression(0.5, *seed);
        let guard =
            Guard::new(&profile(&stream(4000), OutputKind::Values, Order::Given), options(2000))
                .unwrap();
        let moved: Vec<f64> = stream(2000).iter().map(|x| x + 0.3).collect();
        guard.observe(&Tensor::new(Elements::F64(&moved), 2000).unwrap(), 0, false).unwrap();
        guard.flush().unwrap();
        !guard.alerts(0).is_empty()
    });
    assert_eq!(found.count(), 20);
}

#[test]
fn independent_observations_are_tested_as_before() {
    let same = (0..40).filter(|seed| {
        let mut stream = autoregression(0.0, *seed);
        let (reference, now) = (stream(1000), stream(1000));
        let reports = [Order::Given, Order::None].map(|order| {
            let guard =
                Guard::new(&profile(&reference, OutputKind::Values, order), options(1000)).unwrap();
            guard.observe(&Tensor::new(Elements::F64(&now), 1000).unwrap(), 0, false).unwrap();
            guard.flush().unwrap();
            let described = guard.describe();
            assert_eq!(described.order_known, order == Order::Given);
            (described.count_as_one.is_empty(), guard.windows(0)[0].tests.clone())
        });
        reports[0] == reports[1]
    });
    let same = same.count();
    assert!(same >= 37, "{same} of 40");
}

#[test]
fn an_order_that_tells_nothing_is_refused_with_what_to_do() {
    let mut rows: Vec<f64> = autoregression(0.0, 1)(2000);
    rows.sort_by(f64::total_cmp);
    let error =
        Guard::new(&profile(&rows, OutputKind::Values, Order::Given), options(1000)).unwrap_err();
    assert!(
        matches!(error, Error::InvalidArgument { .. })
            && error.to_string().contains("order = \"none\""),
        "{error}"
    );
    Guard::new(&profile(&rows, OutputKind::Values, Order::None), options(1000)).unwrap();
    let of_a_time = GuardOptions { window: Length::Seconds(3600.0), ..options(1000) };
    let error = Guard::new(&profile(&rows, OutputKind::Values, Order::Given), of_a_time.clone())
        .unwrap_err();
    assert!(error.to_string().contains("order = \"none\""), "{error}");
    Guard::new(
        &profile(&autoregression(0.9, 2)(20_000), OutputKind::Values, Order::Given),
        of_a_time,
    )
    .unwrap();
    // an autoregression needs a longer window, and is told which: that one is taken
    let reference = profile(&autoregression(0.9, 2)(20_000), OutputKind::Values, Order::Given);
    let Err(Error::WindowTooShort { expected, .. }) = Guard::new(&reference, options(100)) else {
        panic!("100 are few")
    };
    Guard::new(&reference, options(expected)).unwrap();
}

#[test]
fn the_order_survives_files_batches_merging_and_a_sample() {
    let rows = autoregression(0.9, 3)(30_000);
    let counts = |profile: &Profile| {
        Guard::new(profile, options(5000)).unwrap().describe().count_as_one["y1"]
    };
    let whole = counts(&profile(&rows, OutputKind::Values, Order::Given));
    let mut batches = Profile::new(ProfileOptions::default()).unwrap();
    for batch in rows.chunks(FEATURES * 700) {
        batches.fit(&Tensor::new(Elements::F64(batch), batch.len() / FEATURES).unwrap()).unwrap();
    }
    assert_eq!(counts(&batches), whole);
    let (before, after) = rows.split_at(FEATURES * 15_000);
    let mut merged = profile(before, OutputKind::Values, Order::Given);
    merged.merge(&profile(after, OutputKind::Values, Order::Given)).unwrap();
    assert_eq!(counts(&merged), whole);
    assert!((10.0..40.0).contains(&whole), "{whole}");
}
