//! Calibration of the further two-sample tests under the null hypothesis, and what they do not
//! change with.
#![allow(clippy::unwrap_used)]

use fluxguard::drift::two_sample::{Method, Reference, TestName, test};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

struct Source(ChaCha8Rng);

impl Source {
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self, size: usize) -> Vec<f64> {
        (0..size).map(|_| -(-self.unit()).ln_1p()).collect()
    }
}

/// The share of samples with p <= alpha: within `low..=1.05` times alpha, give or take the 99.9%
/// interval of a binomial share.
#[track_caller]
fn calibrated(
    name: TestName,
    method: Method,
    windows: u32,
    low: f64,
    sample: impl Fn(&mut Source) -> [Vec<f64>; 2],
) {
    calibrated_by(name, Method::Auto, Some(method), windows, low, sample);
}

/// The same by the method that is asked for; `told`: the one that each result says.
#[track_caller]
fn calibrated_by(
    name: TestName,
    asked: Method,
    told: Option<Method>,
    windows: u32,
    low: f64,
    sample: impl Fn(&mut Source) -> [Vec<f64>; 2],
) {
    let mut source = Source(ChaCha8Rng::seed_from_u64(20_261_121));
    let p: Vec<f64> = (0..windows)
        .map(|_| {
            let [reference, current] = sample(&mut source);
            let result =
                Reference::new(&reference).unwrap().test_by(name, &current, asked).unwrap();
            assert!(told.is_none_or(|told| result.method == told), "{name}: {}", result.method);
            result.p_value
        })
        .collect();
    for alpha in [0.01, 0.05, 0.1, 0.2, 0.5] {
        let share = p.iter().filter(|p| **p <= alpha).count() as f64 / f64::from(windows);
        let slack = |level: f64| 3.29 * (level * (1.0 - level) / f64::from(windows)).sqrt();
        let (least, most) = (low * alpha - slack(low * alpha), 1.05 * alpha + slack(1.05 * alpha));
        assert!(
            share >= least && share <= most,
            "{name} at {alpha}: {share} not in {least}..{most}"
        );
    }
}

#[test]
fn limit_laws_are_near_for_samples_of_a_hundred() {
    for (name, low) in [
        (TestName::Cvm, 0.9),
        (TestName::Ad, 0.9),
        (TestName::Kuiper, 0.75),
        (TestName::MannWhitney, 0.9),
    ] {
        calibrated(name, Method::Asymptotic, 4000, low, |s| {
            [s.exponential(150), s.exponential(90)]
        });
    }
}

/// Some of these samples look too skewed for its limit law, which holds for them all the same.
#[test]
fn welch_is_calibrated_by_its_limit_law_and_by_the_rule_that_chooses() {
    let samples = |s: &mut Source| [s.exponential(150), s.exponential(90)];
    calibrated_by(
        TestName::Welch,
        Method::Asymptotic,
        Some(Method::Asymptotic),
        4000,
        0.9,
        samples,
    );
    calibrated_by(TestName::Welch, Method::Auto, None, 1000, 0.9, samples);
}

#[test]
fn epps_singleton_has_its_limit_law_at_like_sizes_and_reassigns_elsewhere() {
    calibrated(TestName::EppsSingleton, Method::Asymptotic, 4000, 0.85, |s| {
        [s.exponential(120), s.exponential(100)]
    });
    calibrated(TestName::EppsSingleton, Method::Permutation, 1000, 0.85, |s| {
        [s.exponential(150), s.exponential(90)]
    });
}

#[test]
fn exact_laws_are_conservative_by_their_steps_only() {
    calibrated(TestName::Cvm, Method::Exact, 2000, 0.8, |s| [s.exponential(9), s.exponential(8)]);
    calibrated(TestName::MannWhitney, Method::Exact, 2000, 0.8, |s| {
        [s.exponential(8), s.exponential(15)]
    });
}

#[test]
fn with_many_ties_by_reassignment() {
    let rounded = |values: Vec<f64>| values.iter().map(|v| v.round()).collect::<Vec<_>>();
    for name in [TestName::Cvm, TestName::Ad, TestName::Kuiper] {
        // p has steps of 0.001 and of the few values.
        calibrated(name, Method::Permutation, 500, 0.8, |s| {
            [rounded(s.exponential(40)), rounded(s.exponential(30))]
        });
    }
    calibrated(TestName::Energy, Method::Permutation, 500, 0.9, |s| {
        [s.exponential(30), s.exponential(25)]
    });
}

#[test]
fn counts_in_quantile_bins() {
    for name in [TestName::G, TestName::Hellinger, TestName::Kl] {
        calibrated(name, Method::Asymptotic, 2000, 0.9, |s| {
            [s.exponential(2000), s.exponential(1500)]
        });
    }
    calibrated(TestName::Tv, Method::Permutation, 500, 0.9, |s| {
        [s.exponential(200), s.exponential(150)]
    });
}

#[test]
fn rank_tests_see_the_order_only_and_most_tests_see_both_samples_alike() {
    let mut source = Source(ChaCha8Rng::seed_from_u64(5));
    for (m, n) in [(12, 9), (60, 45), (200, 350)] {
        let (a, b) = (source.exponential(m), source.exponential(n));
        let monotone = |s: &[f64]| s.iter().map(|v| 3.0 + v.ln()).collect::<Vec<_>>();
        for name in
            [TestName::Ks, TestName::Cvm, TestName::Ad, TestName::Kuiper, TestName::MannWhitney]
        {
            let (plain, moved) =
                (test(name, &a, &b).unwrap(), test(name, &monotone(&a), &monotone(&b)).unwrap());
            assert_eq!(plain, moved);
            let swapped = test(name, &b, &a).unwrap();
            let statistic = if name == TestName::MannWhitney {
                (m * n) as f64 - plain.statistic
            } else {
                plain.statistic
            };
            assert!((swapped.statistic - statistic).abs() < 1e-9 * (1.0 + statistic), "{name}");
            if plain.method != Method::Permutation {
                assert!((swapped.p_value - plain.p_value).abs() < 1e-9, "{name}");
            }
        }
        for name in [TestName::Welch, TestName::EppsSingleton, TestName::Energy] {
            let (plain, swapped) = (test(name, &a, &b).unwrap(), test(name, &b, &a).unwrap());
            assert!((plain.statistic.abs() - swapped.statistic.abs()).abs() < 1e-7, "{name}");
            let scaled = |s: &[f64]| s.iter().map(|v| 8.0 * v + 16.0).collect::<Vec<_>>();
            let scaled = Reference::new(&scaled(&a)).unwrap().test(name, &scaled(&b)).unwrap();
            assert!((plain.effect - scaled.effect).abs() < 1e-7, "{name}: the effect has no unit");
        }
    }
}

/// Of skewed values and samples of different sizes t has a longer tail than Student's, which
/// matters far out alone.
#[test]
fn welch_of_skewed_values_is_not_too_sure_far_out() {
    let zeros = |s: &mut Source, n| {
        s.exponential(n).iter().map(|x| (x - 1.6).max(0.0)).collect::<Vec<f64>>()
    };
    let far_out = |asked: Method| {
        let mut source = Source(ChaCha8Rng::seed_from_u64(5));
        let mut p = (0..20_000).map(|_| {
            let (a, b) = (zeros(&mut source, 1000), zeros(&mut source, 300));
            Reference::new(&a).unwrap().test_by(TestName::Welch, &b, asked).unwrap().p_value
        });
        p.by_ref().filter(|p| *p <= 0.001).count()
    };
    // Twenty are expected. (Student's law alone: 56.)
    let (students, ours) = (far_out(Method::Asymptotic), far_out(Method::Auto));
    assert!(students > 35 && ours <= 35, "{students} {ours}");
}
