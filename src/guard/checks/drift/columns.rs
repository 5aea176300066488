//! The drift tests of a window, column by column and in small pieces, so that a wide window holds
//! nobody up.

use super::super::classes;
use super::settle::Unsettled;
use super::small_counts;
use crate::drift::decision::{TestDecision, decide};
use crate::drift::two_sample::{
    Method, Permutations, TestName, TestResult, cut, mannwhitney, wasserstein,
    welch::{self, SampleMoments},
};
use crate::error::{Error, Result};
use crate::options::GuardOptions;
use crate::pane::Pane;
use crate::profile::{Baseline, Thinned};
use crate::report::ColumnTest;
use crate::sketch::{Groups, Histogram};
use crate::stats::kolmogorov::grouped;

/// Columns that are tested in one piece.
const PIECE: usize = 32;

/// Observations a group from which on the limit law of the Wasserstein distance is relied on alone.
const MIN_A_GROUP: u64 = 10;

/// The name of the column of predicted classes.
pub(super) const CLASS: &str = "class";

/// The tests of a window so far.
#[derive(Debug, Default)]
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
        DriftTests { level, ..DriftTests::default() }
    }

    /// Tests some columns, or settles some p-values; whether there is more to be done.
    ///
    /// # Errors
    /// None for sizes that a window can have; they are handed on, so that a bug in a test is
    /// reported and not swallowed.
    pub fn step(
        &mut self,
        baseline: &Baseline,
        options: &GuardOptions,
        window: &Pane,
    ) -> Result<bool> {
        if self.column < baseline.column_count() {
            let end = baseline.column_count().min(self.column + PIECE);
            (self.column..end).try_for_each(|k| self.test_column(k, baseline, options, window))?;
            self.column = end;
            return Ok(true);
        }
        if !self.classes {
            self.classes = true;
            if window.classes.total() > 0 && baseline.classes.counts().len() > 1 {
                self.add(CLASS, classes::chi2(baseline, window)?, options);
            }
        }
        self.unsettled.step(&mut self.tests, options.correction, self.level)
    }

    fn test_column(
        &mut self,
        k: usize,
        baseline: &Baseline,
        options: &GuardOptions,
        window: &Pane,
    ) -> Result<()> {
        let (histogram, groups) = (baseline.histogram(k), window.groups(baseline, k));
        if groups.total() == 0 {
            return Ok(()); // not one finite value: told as non-finite
        }
        for test in &options.tests {
            let thinned = baseline.thinned(k, groups.total());
            let result = match test {
                TestName::Ks => self.ks(histogram, &groups, thinned)?,
                // One value, or values whose squares overflow, have no variance.
                TestName::Welch
                    if !window
                        .sample_moments(baseline, k)
                        .is_some_and(SampleMoments::is_enough) =>
                {
                    continue;
                }
                test => column_test(baseline, k, window, *test, thinned)?,
            };
            self.add(&baseline.names[k], result, options);
        }
        Ok(())
    }

    /// By the limit law, which costs nothing; the next test's p-value is then settled where it
    /// matters.
    fn ks(
        &mut self,
        histogram: &Histogram,
        groups: &Groups,
        thinned: Thinned,
    ) -> Result<TestResult> {
        let (reference_size, current_size) = (histogram.reference_size(), groups.total());
        let (d, n, m) = (
            histogram.ks(groups),
            thinned.current.count(current_size),
            thinned.reference.count(reference_size),
        );
        let below = thinned.reference.below(histogram.reference_below(), m);
        let (p_value, method) = if n == 0 || m == 0 || below.is_empty() {
            (1.0, Method::Grouped) // too few to tell
        } else if let Some(exact) = small_counts::exact(histogram, groups, thinned)? {
            (exact, Method::Grouped)
        } else {
            let quick = grouped::quick_p_value(d, &below, m, n)?;
            self.unsettled.add(self.tests.len(), d, (below, m, n));
            (quick, Method::Asymptotic)
        };
        Ok(TestResult {
            test: TestName::Ks,
            statistic: d,
            p_value,
            effect: d,
            method,
            reference_size,
            current_size,
        })
    }

    fn add(&mut self, name: &str, result: TestResult, options: &GuardOptions) {
        let test = TestDecision::new(result, options.min_effect.as_ref());
        self.tests.push(ColumnTest { name: name.to_string(), test });
    }

    /// All tests, judged.
    ///
    /// # Errors
    /// As [`DriftTests::step`].
    pub fn finish(mut self, options: &GuardOptions) -> Result<Vec<ColumnTest>> {
        decide(
            self.tests.iter_mut().map(|column| &mut column.test),
            options.correction,
            self.level,
        )?;
        Ok(self.tests)
    }
}

/// How many times the reference's variance a window's is where it says of the reference's tails
/// that they were not all of them.
const LONGER: f64 = 4.0;

/// The statistic and the effect are those of all observations, the p-value that of as many as are
/// independent.
fn column_test(
    baseline: &Baseline,
    k: usize,
    window: &Pane,
    test: TestName,
    thinned: Thinned,
) -> Result<TestResult> {
    let (histogram, groups) = (baseline.histogram(k), window.groups(baseline, k));
    let (reference_size, current_size) = (histogram.reference_size(), groups.total());
    let (reference, current) = match test {
        TestName::Wasserstein => {
            let by = &baseline.wasserstein[k];
            let w = by.transport.distance(
                histogram,
                &groups,
                window.mean(baseline, k).unwrap_or(baseline.center[k]),
            );
            let (m, n) =
                (thinned.reference.count(reference_size), thinned.current.count(current_size));
            let exact = small_counts::exact(histogram, &groups, thinned)?;
            let p_value = match exact {
                _ if m == 0 || n == 0 => 1.0,
                // A constant has no groups to tell apart.
                Some(exact) if by.null.mean() == 0.0 => exact,
                // Of the groups' part, which no tail can spoil.
                _ => {
                    let grouped = by.transport.grouped(histogram, &groups);
                    let p_value = wasserstein::asymptotic_p(grouped, &by.null, m, n)?
                        .max(exact.unwrap_or(0.0));
                    // Of groups of a few, how long a tail is hangs on where one value lies: no
                    // smaller than that of ks.
                    let few = m.min(n) < MIN_A_GROUP * histogram.reference().len() as u64;
                    if few {
                        p_value.max(small_counts::ks(histogram, &groups, thinned)?)
                    } else {
                        p_value
                    }
                }
            };
            let spread = baseline.spread[k];
            let effect = if spread > 0.0 { w / spread } else { f64::from(u8::from(w > 0.0)) };
            let method = Method::Grouped;
            return Ok(TestResult {
                test,
                statistic: w,
                p_value,
                effect,
                method,
                reference_size,
                current_size,
            });
        }
        TestName::Welch => {
            let (reference, current) = (
                baseline.moments[k],
                window.sample_moments(baseline, k).unwrap_or(baseline.moments[k]),
            );
            let all = welch::from_moments(reference, current)?;
            let (reference, current) =
                (reference.thinned(thinned.seen), current.thinned(thinned.current));
            let p_value = match () {
                () if thinned.is_none() => all.p_value,
                () if !(reference.is_enough() && current.is_enough()) => 1.0,
                () => welch::from_moments(reference, current)?.p_value,
            };
            // Of values so skewed or so far out that a mean of so many is not normal, no smaller
            // than that of ks. So is a window with a tail that the reference did not happen to
            // hold.
            let longer = current.variance > LONGER * reference.variance;
            let heavy = longer || baseline.normal_from[k] > reference.size.min(current.size) as f64;
            let least = if heavy { small_counts::ks(histogram, &groups, thinned)? } else { 0.0 };
            return Ok(TestResult { p_value: p_value.max(least), ..all });
        }
        TestName::MannWhitney => (histogram.reference().to_vec(), groups.counts().to_vec()),
        _ => histogram.binned(&groups),
    };
    let by_counts = |reference: &[u64], current: &[u64]| {
        if test == TestName::MannWhitney {
            return mannwhitney::from_ordered_counts(reference, current);
        }
        let of_bins = test.of_bins().ok_or_else(|| {
            test.expect_of_windows()
                .err()
                .unwrap_or_else(|| Error::invalid("tests", test, "a test of windows"))
        })?;
        let result = of_bins(reference, current, Method::Auto, Permutations::default())?;
        Ok(cut::at_the_reference(result, reference, current))
    };
    let result = thinned.judge((&reference, thinned.reference), &current, by_counts)?;
    if test == TestName::MannWhitney
        && !mannwhitney::is_normal((&reference, thinned.reference), (&current, thinned.current))
    {
        // Of so few, or so rare, that a sum of ranks is not normal: no smaller than that of ks.
        let least = small_counts::ks(histogram, &groups, thinned)?;
        return Ok(TestResult { p_value: result.p_value.max(least), ..result });
    }
    Ok(result)
}
