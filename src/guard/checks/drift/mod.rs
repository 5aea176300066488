//! A changed distribution of features, scores or predicted classes: the two-sample tests by name.

mod columns;
mod settle;
mod small_counts;

use std::collections::BTreeSet;

use super::check::{Check, Window};
use super::moved;
use crate::alert::{Evidence, Kind, Severity};
use crate::drift::two_sample::TestResult;
use crate::error::Result;
use crate::finding::{Finding, and_more, severity};
use crate::options::GuardOptions;
use crate::profile::Baseline;
use crate::report::{ColumnTest, WindowReport};
use columns::{CLASS, DriftTests};

/// The tests of the window that is being tested.
#[derive(Debug, Default)]
pub(super) struct Drift {
    tests: DriftTests,
}

impl Drift {
    /// `None` without a test, and without classes, which are always tested.
    pub fn new(baseline: &Baseline, options: &GuardOptions) -> Option<Self> {
        let has_any = !options.tests.is_empty() || baseline.scorer.output().has_classes();
        has_any.then(Drift::default)
    }
}

impl Check for Drift {
    fn begin(&mut self, _: &Baseline, level: f64) {
        self.tests = DriftTests::new(level);
    }

    fn step(&mut self, window: &Window<'_>) -> Result<bool> {
        self.tests.step(window.baseline, window.options, window.pane)
    }

    fn finish(&mut self, window: &Window<'_>, report: &mut WindowReport) -> Result<Vec<Finding>> {
        report.tests = std::mem::take(&mut self.tests).finish(window.options)?;
        let of = |of_classes| finding(&report.tests, window, of_classes);
        Ok([of(false), of(true)].into_iter().flatten().collect())
    }
}

fn finding(tests: &[ColumnTest], window: &Window<'_>, of_classes: bool) -> Option<Finding> {
    let mut found: Vec<&ColumnTest> =
        tests.iter().filter(|t| t.test.drift && (t.name == CLASS) == of_classes).collect();
    // Columns of the output before scores read off it, which only say that something there moved.
    let baseline = window.baseline;
    let scores = &baseline.names[baseline.feature_count()..];
    let is_score = |t: &ColumnTest| scores.contains(&t.name);
    found.sort_by(|a, b| is_score(a).cmp(&is_score(b)).then(a.by_evidence(b)));
    let worst = found.first()?;
    let most = found.iter().map(|t| severity(t.test.result.effect, t.test.min_effect)).max();
    let (kind, what) = if of_classes {
        (Kind::ClassDrift, "the predicted classes have another mix".to_string())
    } else {
        // A column is counted once, however many tests found it.
        let mut seen = BTreeSet::new();
        let names = found.iter().map(|t| t.name.as_str());
        let others: Vec<&str> = names.filter(|name| seen.insert(*name)).skip(1).collect();
        let with_it = match others.len() {
            0 => String::new(),
            n => {
                format!(", with {}{}", others[..n.min(2)].join(", "), and_more(n.saturating_sub(2)))
            }
        };
        let moved = moved::in_words(window, &worst.name);
        (Kind::Drift, format!("{moved}{with_it}"))
    };
    let r = &worst.test.result;
    Some(Finding {
        kind,
        severity: most.unwrap_or(Severity::Warning),
        class: None,
        adjusted_p_value: worst.test.adjusted_p_value,
        threshold: window.level,
        message: format!(
            "{what}: {} {:.3} (p = {:.1e}, effect {:.2})",
            r.test, r.statistic, r.p_value, r.effect
        ),
        evidence: found.iter().map(|t| evidence(&t.name, &t.test.result)).collect(),
    })
}

fn evidence(name: &str, r: &TestResult) -> Evidence {
    let (statistic, p_value, effect) = (r.statistic, r.p_value, r.effect);
    Evidence { name: name.into(), test: r.test.as_str().into(), statistic, p_value, effect }
}
