//! Calibration under the null hypothesis: of windows from the reference's distribution, a share
//! alpha has p <= alpha.
#![allow(clippy::unwrap_used)]

use fluxguard::drift::two_sample::{
    Method, Permutations, Reference, TestResult, chi2, js, ks, psi,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const WINDOWS: u32 = 2000;

struct Source(ChaCha8Rng);

impl Source {
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self, size: usize) -> Vec<f64> {
        (0..size).map(|_| -(-self.unit()).ln_1p()).collect()
    }

    fn counts(&mut self, size: usize, shares: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; shares.len()];
        for _ in 0..size {
            let mut rest = self.unit();
            let bin = shares.iter().position(|share| {
                rest -= share;
                rest < 0.0
            });
            counts[bin.unwrap_or(shares.len() - 1)] += 1;
        }
        counts
    }
}

/// The shares of windows with p <= alpha, each within `low..=high` times alpha, give or take the
/// 99.9% interval of a binomial share.
#[track_caller]
fn calibrated(
    method: Method,
    low: f64,
    high: f64,
    mut window: impl FnMut(&mut Source) -> TestResult,
) {
    let mut source = Source(ChaCha8Rng::seed_from_u64(20_261_120));
    let p: Vec<f64> = (0..WINDOWS)
        .map(|_| {
            let result = window(&mut source);
            assert_eq!(result.method, method);
            assert!((0.0..=1.0).contains(&result.p_value));
            result.p_value
        })
        .collect();
    for alpha in [0.01, 0.05, 0.1, 0.2, 0.5] {
        let share = p.iter().filter(|p| **p <= alpha).count() as f64 / f64::from(WINDOWS);
        let slack = |level: f64| 3.29 * (level * (1.0 - level) / f64::from(WINDOWS)).sqrt();
        let (least, most) = (low * alpha - slack(low * alpha), high * alpha + slack(high * alpha));
        assert!(share >= least && share <= most, "alpha = {alpha}: {share} not in {least}..{most}");
    }
}

#[test]
fn ks_exact_of_equal_and_unequal_sizes() {
    calibrated(Method::Exact, 0.97, 1.0, |s| {
        ks::test(&s.exponential(997), &s.exponential(1009)).unwrap()
    });
    calibrated(Method::Exact, 0.9, 1.0, |s| {
        ks::test(&s.exponential(2000), &s.exponential(2000)).unwrap()
    });
}

#[test]
fn ks_asymptotic() {
    calibrated(Method::Asymptotic, 0.9, 1.05, |s| {
        ks::test(&s.exponential(2001), &s.exponential(1500)).unwrap()
    });
}

#[test]
fn ks_with_ties_is_conservative() {
    let rounded = |values: Vec<f64>| values.iter().map(|v| v.round()).collect::<Vec<_>>();
    calibrated(Method::Exact, 0.0, 1.0, |s| {
        ks::test(&rounded(s.exponential(300)), &rounded(s.exponential(300))).unwrap()
    });
}

#[test]
fn divergences_of_counts_by_chi_squared() {
    let shares = [0.02, 0.05, 0.08, 0.1, 0.1, 0.1, 0.15, 0.2, 0.2];
    for test in [chi2::from_counts, psi::from_counts, js::from_counts] {
        calibrated(Method::Asymptotic, 1.0, 1.05, |s| {
            test(&s.counts(2000, &shares), &s.counts(1500, &shares)).unwrap()
        });
    }
}

#[test]
fn divergences_of_raw_samples_in_quantile_bins() {
    for test in [Reference::chi2::<f64>, Reference::psi::<f64>, Reference::js::<f64>] {
        calibrated(Method::Asymptotic, 1.0, 1.05, |s| {
            let reference = Reference::new(&s.exponential(3000)).unwrap();
            test(&reference, &s.exponential(1500)).unwrap()
        });
    }
}

#[test]
fn divergences_of_few_counts_by_reassignment() {
    // Few tables are possible: p has steps, and is conservative.
    let shares = [0.5, 0.2, 0.1, 0.1, 0.05, 0.05];
    let draws = Permutations { draws: 199, seed: 1 };
    for test in [chi2::from_counts_with, psi::from_counts_with, js::from_counts_with] {
        calibrated(Method::Permutation, 0.5, 1.0, |s| {
            test(&s.counts(40, &shares), &s.counts(12, &shares), Method::Auto, draws).unwrap()
        });
    }
}

#[test]
fn wasserstein_by_reassignment() {
    calibrated(Method::Permutation, 1.0, 1.0, |s| {
        Reference::new(&s.exponential(30)).unwrap().wasserstein(&s.exponential(20)).unwrap()
    });
}

#[test]
fn wasserstein_asymptotic() {
    calibrated(Method::Asymptotic, 0.8, 1.1, |s| {
        Reference::new(&s.exponential(800))
            .unwrap()
            .wasserstein_asymptotic(&s.exponential(500))
            .unwrap()
    });
}
