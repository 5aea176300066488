//! The drift tests of a window, column by column and in small pieces, so that a wide window holds nobody up.

use super::classes;
use super::monitor::ColumnTest;
use super::options::GuardOptions;
use super::pane::Pane;
use super::settle::Unsettled;
use crate::drift::judged::{JudgedTest, judge};
use crate::drift::two_sample::{
    Method, TestName, TestResult, chi2, g, hellinger, js, kl, mannwhitney, psi, wasserstein,
    welch::{self, SampleMoments},
};
use crate::error::{Error, Result};
use crate::profile::Baseline;
use crate::sketch::{Groups, Histogram};
use crate::stats::hypergeometric;
use crate::stats::kolmogorov::grouped;

/// Columns that are tested in one piece.
const PIECE: usize = 32;

/// The name of the column of predicted classes.
pub(super) const CLASS: &str = "class";

/// The tests of a window so far.
#[derive(Debug)]
pub(super) struct DriftTests {
    /// The expected false alarms of all tests together.
    level: f64,
    /// The next column; all are done once the predicted classes are.
    column: usize,
    classes: bool,
    tests: Vec<ColumnTest>,
    unsettled: Unsettled,
}

impl DriftTests {
    pub fn new(level: f64) -> Self {
        DriftTests { level, column: 0, classes: false, tests: Vec::new(), unsettled: Unsettled::default() }
    }

    /// Tests some columns, or settles some p-values; whether there is more to be done.
    ///
    /// # Errors
    /// None for sizes that a window can have; they are handed on, so that a bug in a test is told and not swallowed.
    pub fn step(&mut self, baseline: &Baseline, options: &GuardOptions, window: &Pane) -> Result<bool> {
        if self.column < baseline.column_count() {
            let end = baseline.column_count().min(self.column + PIECE);
            (self.column..end).try_for_each(|k| self.test_column(k, baseline, options, window))?;
            self.column = end;
            return Ok(true);
        }
        if !self.classes {
            self.classes = true;
            if window.classes.total() > 0 && baseline.classes.counts().len() > 1 {
                let (reference, current) = classes::pooled(baseline.classes.counts(), window.classes.counts());
                self.add(CLASS, chi2::from_counts(&reference, &current)?, options);
            }
        }
        self.unsettled.step(&mut self.tests, options.correction, self.level)
    }

    fn test_column(&mut self, k: usize, baseline: &Baseline, options: &GuardOptions, window: &Pane) -> Result<()> {
        let (histogram, groups) = (baseline.histogram(k), window.groups(baseline, k));
        if groups.total() == 0 {
            return Ok(()); // not one finite value: told as non-finite
        }
        for test in &options.tests {
            let result = match test {
                TestName::Ks => self.ks(histogram, &groups)?,
                // One value, or values whose squares overflow, have no variance.
                TestName::Welch if !window.sample_moments(baseline, k).is_some_and(SampleMoments::is_enough) => {
                    continue;
                }
                test => column_test(baseline, k, window, *test)?,
            };
            self.add(&baseline.names[k], result, options);
        }
        Ok(())
    }

    /// By the limit law, which costs nothing; the next test's p-value is then settled where it matters.
    fn ks(&mut self, histogram: &Histogram, groups: &Groups) -> Result<TestResult> {
        let (d, n, m) = (histogram.ks(groups), groups.total(), histogram.reference_size());
        let below: Vec<u64> = histogram.reference_below().collect();
        let (p_value, method) = if below.last() == Some(&m) {
            // A reference without spread: so many values lie on one side of it, where none of the reference's do.
            let beside = hypergeometric::fisher(0, m, (d * n as f64).round() as u64, n)?.greater;
            ((2.0 * beside).min(1.0), Method::Grouped)
        } else {
            let quick = grouped::quick_p_value(d, &below, m, n)?;
            self.unsettled.add(self.tests.len(), d, (below, m, n));
            (quick, Method::Asymptotic)
        };
        let (reference_size, current_size) = (m, n);
        Ok(TestResult { test: TestName::Ks, statistic: d, p_value, effect: d, method, reference_size, current_size })
    }

    fn add(&mut self, name: &str, result: TestResult, options: &GuardOptions) {
        let test = JudgedTest::new(result, options.min_effect.as_ref());
        self.tests.push(ColumnTest { name: name.to_string(), test });
    }

    /// All tests, judged.
    ///
    /// # Errors
    /// As [`DriftTests::step`].
    pub fn finish(mut self, options: &GuardOptions) -> Result<Vec<ColumnTest>> {
        judge(self.tests.iter_mut().map(|column| &mut column.test), options.correction, self.level)?;
        Ok(self.tests)
    }
}

fn column_test(baseline: &Baseline, k: usize, window: &Pane, test: TestName) -> Result<TestResult> {
    let (histogram, groups) = (baseline.histogram(k), window.groups(baseline, k));
    let (reference_size, current_size) = (histogram.reference_size(), groups.total());
    let method = Method::Grouped;
    let (reference, current) = histogram.binned(&groups);
    match test {
        TestName::Wasserstein => {
            let by = &baseline.wasserstein[k];
            let w = by.transport.distance(histogram, &groups, window.mean(baseline, k).unwrap_or(baseline.center[k]));
            let p_value = wasserstein::asymptotic_p(w, &by.null, reference_size, current_size)?;
            let spread = baseline.spread[k];
            let effect = if spread > 0.0 { w / spread } else { f64::from(u8::from(w > 0.0)) };
            Ok(TestResult { test, statistic: w, p_value, effect, method, reference_size, current_size })
        }
        TestName::Welch => {
            let current = window.sample_moments(baseline, k).unwrap_or(baseline.moments[k]);
            welch::from_moments(baseline.moments[k], current)
        }
        TestName::Chi2 => chi2::from_counts(&reference, &current),
        TestName::G => g::from_counts(&reference, &current),
        TestName::Psi => psi::from_counts(&reference, &current),
        TestName::Js => js::from_counts(&reference, &current),
        TestName::Hellinger => hellinger::from_counts(&reference, &current),
        TestName::Kl => kl::from_counts(&reference, &current),
        TestName::MannWhitney => mannwhitney::from_ordered_counts(histogram.reference(), groups.counts()),
        _ => Err(test.expect_of_windows().err().unwrap_or_else(|| Error::invalid("tests", test, "a test of windows"))),
    }
}
