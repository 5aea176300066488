//! Calibration of the tests of many variables under the null hypothesis, what each of them finds,
//! and what it refuses.
#![allow(clippy::unwrap_used)]

use fluxguard::drift::multivariate::test_by;
use fluxguard::drift::two_sample::{Method, TestName, TestResult};
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

struct Source(ChaCha8Rng);

impl Source {
    fn new(seed: u64) -> Self {
        Source(ChaCha8Rng::seed_from_u64(seed))
    }

    fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Box and Muller's.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Rows of three dependent columns, one of them skew, the last moved by `shift`.
    fn rows(&mut self, count: usize, shift: f64) -> Vec<f64> {
        (0..count)
            .flat_map(|_| {
                let (u, v) = (self.normal(), self.normal());
                [u, (0.8 * u + 0.6 * v).exp(), self.normal() + 0.5 * v + shift]
            })
            .collect()
    }

    /// Rows of two columns of unit variance and this correlation.
    fn correlated(&mut self, count: usize, rho: f64) -> Vec<f64> {
        let pair = |u: f64, v: f64| [u, rho * u + (1.0 - rho * rho).sqrt() * v];
        (0..count).flat_map(|_| pair(self.normal(), self.normal())).collect()
    }
}

fn run(
    test: TestName,
    method: Method,
    features: usize,
    reference: &[f64],
    current: &[f64],
) -> TestResult {
    let tensor = |values| Tensor::new(Elements::F64(values), values.len() / features).unwrap();
    test_by(test, &tensor(reference), &tensor(current), method).unwrap()
}

/// The share of pairs of samples of `m` and `n` with p <= alpha: from `low` to 1 times alpha, give
/// or take the 99.9 % interval of a binomial share.
#[track_caller]
fn calibrated(test: TestName, method: Method, (m, n): (usize, usize), trials: u32, low: f64) {
    let mut source = Source::new(20_261_122);
    let p: Vec<f64> = (0..trials)
        .map(|_| run(test, method, 3, &source.rows(m, 0.0), &source.rows(n, 0.0)).p_value)
        .collect();
    for alpha in [0.01, 0.05, 0.1, 0.2, 0.5] {
        let share = p.iter().filter(|p| **p <= alpha).count() as f64 / f64::from(trials);
        let slack = |level: f64| 3.29 * (level * (1.0 - level) / f64::from(trials)).sqrt();
        let (least, most) = (low * alpha - slack(low * alpha), alpha + slack(alpha));
        println!("{test} {method} at {alpha}: {share} in {least:.4}..{most:.4}");
        assert!(
            share >= least && share <= most,
            "{test} {method} at {alpha}: {share} not in {least}..{most}"
        );
    }
}

#[test]
fn lsdd_and_random_features_by_reassignment() {
    calibrated(TestName::Lsdd, Method::Auto, (40, 25), 500, 0.95);
    calibrated(TestName::Mmd, Method::RandomFeatures, (40, 25), 300, 0.95);
}

#[test]
fn reassigned_in_blocks() {
    // More than twice 1000 rows each: blocks of two, and rows that fill none.
    calibrated(TestName::Mmd, Method::RandomFeatures, (2101, 2051), 100, 0.9);
}

#[test]
fn the_classifiers_folds_are_independent() {
    calibrated(TestName::C2st, Method::Logistic, (60, 45), 800, 0.9);
    calibrated(TestName::C2st, Method::Logistic, (25, 20), 500, 0.75);
    calibrated(TestName::C2st, Method::Forest, (60, 45), 150, 0.9);
}

#[test]
fn errors_of_rows_that_were_held_out() {
    // D has few steps: p is conservative by these.
    calibrated(TestName::Pca, Method::Exact, (80, 45), 1500, 0.7);
    calibrated(TestName::Pca, Method::Asymptotic, (400, 300), 1000, 0.7);
}

#[test]
fn mmd_in_linear_time() {
    calibrated(TestName::Mmd, Method::Linear, (400, 300), 1500, 0.9);
}

#[test]
fn a_shift_is_found_by_all() {
    let mut source = Source::new(7);
    let few = (source.rows(600, 0.0), source.rows(500, 1.0));
    // What the linear form needs to see the same.
    let many = (source.rows(12_000, 0.0), source.rows(10_000, 1.0));
    for test in TestName::OF_ALL_COLUMNS.into_iter().filter(|test| *test != TestName::Pca) {
        for method in Method::of(test) {
            let (reference, current) = if *method == Method::Linear { &many } else { &few };
            let result = run(test, *method, 3, reference, current);
            assert!(
                result.p_value < 0.01 && result.effect > 0.2 && result.method == *method,
                "{result:?}"
            );
        }
    }
}

#[test]
fn dependence_that_is_gone_is_found_by_those_that_say_so() {
    let mut source = Source::new(8);
    let (reference, current) = (source.correlated(400, 0.95), source.correlated(300, -0.95));
    let p = |test, method| run(test, method, 2, &reference, &current).p_value;
    for (test, method) in [
        (TestName::Lsdd, Method::Auto),
        (TestName::C2st, Method::Forest),
        (TestName::Pca, Method::Auto),
        (TestName::Mmd, Method::RandomFeatures),
    ] {
        assert!(p(test, method) <= 0.001, "{test}");
    }
    // A line does not tell these apart.
    assert!(p(TestName::C2st, Method::Logistic) > 0.01);
}

#[test]
fn random_features_are_near_the_kernel_they_stand_for() {
    let mut source = Source::new(9);
    for shift in [0.0, 0.3, 1.0, 3.0] {
        let (reference, current) = (source.rows(300, 0.0), source.rows(200, shift));
        let exact = run(TestName::Mmd, Method::Permutation, 3, &reference, &current);
        let near = run(TestName::Mmd, Method::RandomFeatures, 3, &reference, &current);
        // Four standard errors, and the rounding of an MMD of 0.
        let most = 4.0 * 0.18 * exact.effect.max(0.05);
        assert!((near.statistic - exact.statistic).abs() < most, "{shift}: {near:?} for {exact:?}");
    }
}

#[test]
fn bad_input_is_named() {
    let tensor = |values: &'static [f64], n| Tensor::new(Elements::F64(values), n).unwrap();
    let said = |test, method, a: &Tensor<'_>, b: &Tensor<'_>| {
        test_by(test, a, b, method).unwrap_err().to_string()
    };
    static SOME: [f64; 60] = [0.5; 60];
    let (rows, few) = (tensor(&SOME, 30), tensor(&SOME[..16], 8));
    for (test, method, a, b, words) in [
        (
            TestName::C2st,
            Method::Auto,
            &rows,
            &few,
            "current: got 8 observations, expected at least 20",
        ),
        (
            TestName::Pca,
            Method::Auto,
            &few,
            &rows,
            "reference: got 8 observations, expected at least 10",
        ),
        (
            TestName::Mmd,
            Method::Linear,
            &rows,
            &rows,
            "reference: got 30 observations, expected at least 100",
        ),
        (
            TestName::Mmd,
            Method::Exact,
            &rows,
            &rows,
            "method: got exact for mmd, expected a method of mmd: permutation, ",
        ),
        (
            TestName::Lsdd,
            Method::Linear,
            &rows,
            &rows,
            "method: got linear for lsdd, expected a method of lsdd: perm",
        ),
        (
            TestName::C2st,
            Method::Exact,
            &rows,
            &rows,
            "method: got exact for c2st, expected a method of c2st: logistic",
        ),
    ] {
        let error = said(test, method, a, b);
        assert!(error.starts_with(words), "{error}");
    }
    let line = tensor(&SOME, 60);
    assert!(
        said(TestName::Pca, Method::Auto, &line, &line)
            .starts_with("reference: got 1 feature, expected at least 2")
    );
    // One row short of two beside a million: blocks of one, and a table that is too large.
    let many = vec![0.25; 1_500_000];
    let many = Tensor::new(Elements::F64(&many), 1_500_000).unwrap();
    let error = said(TestName::Mmd, Method::RandomFeatures, &many, &tensor(&SOME, 60));
    assert!(
        error.starts_with("reference: got 1500000 observations beside 60, expected at most 524228"),
        "{error}"
    );
}
