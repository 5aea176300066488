//! Guards of outputs that do not change: how many alarm in their first window, beside the rate that
//! was asked for. Where it is hard: many features of few reference observations, heavy tails, many
//! zeros.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use fluxguard::drift::two_sample::TestName;
use fluxguard::guard::{FalseAlarms, Guard, GuardOptions, Length, Per};
use fluxguard::profile::{ConstantFeatures, OwnScore, Profile, ProfileOptions};
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_distr::{Cauchy, Distribution, LogNormal, Normal};

type Draw = fn(&mut ChaCha8Rng) -> f64;

fn normal(random: &mut ChaCha8Rng) -> f64 {
    Normal::new(0.0, 1.0).unwrap().sample(random)
}

fn lognormal(random: &mut ChaCha8Rng) -> f64 {
    LogNormal::new(0.0, 3.0).unwrap().sample(random)
}

fn cauchy(random: &mut ChaCha8Rng) -> f64 {
    Cauchy::new(0.0, 1.0).unwrap().sample(random)
}

fn mostly_zero(random: &mut ChaCha8Rng) -> f64 {
    if random.next_u32() % 10 < 8 { 0.0 } else { normal(random).abs() }
}

fn spikes(random: &mut ChaCha8Rng) -> f64 {
    normal(random) + if random.next_u32().is_multiple_of(500) { 100.0 } else { 0.0 }
}

fn rarely_one(random: &mut ChaCha8Rng) -> f64 {
    f64::from(u8::from(random.next_u32().is_multiple_of(50)))
}

fn coin(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32() % 2)
}

fn far_apart(random: &mut ChaCha8Rng) -> f64 {
    100.0 * coin(random) + normal(random)
}

fn saturated(random: &mut ChaCha8Rng) -> f64 {
    let side = if random.next_u32() % 10 < 3 { 9.0 } else { -9.0 };
    1.0 / (1.0 + (-side * normal(random).abs()).exp())
}

fn four_levels(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32() % 4)
}

/// How many of `guards` alarm in a first window of `window` observations like the `reference`, at
/// 0.05 a window.
fn alarms(draw: Draw, features: usize, reference: usize, window: usize, guards: u64) -> u64 {
    alarms_by(GuardOptions::default(), draw, features, reference, window, guards)
}

fn alarms_by(
    by: GuardOptions,
    draw: Draw,
    features: usize,
    reference: usize,
    window: usize,
    guards: u64,
) -> u64 {
    let mut random = ChaCha8Rng::seed_from_u64((features * reference) as u64);
    let mut rows =
        |count: usize| -> Vec<f64> { (0..features * count).map(|_| draw(&mut random)).collect() };
    let mut alarms = 0;
    for _ in 0..guards {
        let (before, now) = (rows(reference), rows(window));
        // of a rare value a small reference may have none
        let options = ProfileOptions {
            constant_features: ConstantFeatures::Allow,
            ..ProfileOptions::default()
        };
        let mut profile = Profile::new(options).unwrap();
        profile.fit(&Tensor::new(Elements::F64(&before), reference).unwrap()).unwrap();
        let options = GuardOptions {
            false_alarms: FalseAlarms { rate: 0.05, per: Per::Window },
            window: Length::Observations(window as u64),
            ..by.clone()
        };
        let guard = Guard::new(&profile, options).unwrap();
        guard.observe(&Tensor::new(Elements::F64(&now), window).unwrap(), 0, false).unwrap();
        guard.flush().unwrap();
        assert_eq!(guard.windows(0).len(), 1);
        alarms += u64::from(!guard.alerts(0).is_empty());
    }
    alarms
}

/// The most that a right rate of 0.05 gives but once in 10,000 suites.
fn most(guards: u64) -> u64 {
    let rate: f64 = 0.05;
    let mut term = (1.0 - rate).powi(guards as i32);
    let mut below = term;
    let mut k = 0;
    while 1.0 - below > 1e-5 {
        k += 1;
        term *= (guards - k + 1) as f64 / k as f64 * rate / (1.0 - rate);
        below += term;
    }
    k
}

#[test]
fn wide_outputs_with_few_reference_observations() {
    for (features, reference, window, guards) in
        [(300, 60, 300, 40), (1000, 200, 300, 30), (3000, 200, 1000, 10), (12_288, 500, 500, 3)]
    {
        let found = alarms(normal, features, reference, window, guards);
        assert!(found <= most(guards), "{found} of {guards}: {features} features of {reference}");
    }
}

#[test]
fn heavy_tails_and_many_zeros_with_a_hundred_reference_observations() {
    let nulls: [(&str, Draw); 5] = [
        ("normal", normal),
        ("lognormal of deviation 3", lognormal),
        ("Cauchy", cauchy),
        ("zeros", mostly_zero),
        ("2 % ones", rarely_one),
    ];
    for (name, draw) in nulls {
        let found = alarms(draw, 5, 100, 100, 200);
        assert!(found <= most(200), "{found} of 200: {name}");
    }
}

/// Wasserstein and Welch compare means, which one value of a heavy tail moves as far as it likes.
#[test]
fn heavy_tails_do_not_fool_tests_of_means() {
    let nulls: [(&str, Draw); 4] = [
        ("lognormal of deviation 3", lognormal),
        ("Cauchy", cauchy),
        ("spikes", spikes),
        ("2 % ones", rarely_one),
    ];
    for test in [TestName::Wasserstein, TestName::Welch] {
        for (name, draw) in nulls {
            for (reference, window) in [(100, 100), (200, 1000), (1000, 300)] {
                // alone, with the smallest effect that there is
                let min_effect = Some(BTreeMap::from([(test, 0.0)]));
                let by = GuardOptions {
                    tests: vec![test],
                    monitors: Vec::new(),
                    min_effect,
                    ..GuardOptions::default()
                };
                let found = alarms_by(by, draw, 5, reference, window, 100);
                assert!(
                    found <= most(100),
                    "{found} of 100: {test}, {name}, {reference} and {window}"
                );
            }
        }
    }
}

/// What tells such scores apart is what the scorer has learned of its reference. Every effect
/// counts.
#[test]
fn own_scores_that_hang_on_the_reference() {
    let nulls: [(&str, Draw); 4] = [
        ("coins", coin),
        ("four levels", four_levels),
        ("far apart", far_apart),
        ("sigmoids near 0 and 1", saturated),
    ];
    for (name, draw) in nulls {
        for detector in [OwnScore::Distance, OwnScore::ZScore, OwnScore::RobustZ, OwnScore::Iqr] {
            for (features, reference) in [(1, 100), (10, 50), (10, 300), (10, 1000)] {
                let by = GuardOptions {
                    detectors: Some(vec![detector]),
                    min_effect: Some(BTreeMap::from([(TestName::Ks, 0.0)])),
                    ..GuardOptions::default()
                };
                let found = alarms_by(by, draw, features, reference, 1000, 100);
                assert!(
                    found <= most(100),
                    "{found} of 100: {detector:?} of {features} {name}, {reference}"
                );
            }
        }
    }
}

/// The bins are cut at the reference's own quantiles, which of a small reference are uncertain.
#[test]
fn tests_of_bins_with_a_window_much_larger_than_the_reference() {
    for test in [
        TestName::Chi2,
        TestName::G,
        TestName::Psi,
        TestName::Js,
        TestName::Hellinger,
        TestName::Kl,
    ] {
        let min_effect = Some(BTreeMap::from([(test, 0.0)]));
        let by = GuardOptions {
            tests: vec![test],
            monitors: Vec::new(),
            min_effect,
            ..GuardOptions::default()
        };
        let found = alarms_by(by, normal, 5, 200, 1000, 200);
        assert!(found <= most(200), "{found} of 200: {test}");
    }
}
