//! The predicted classes of a window: their frequencies in bins that a test can take, and classes
//! that come or go.

use super::check::{Check, Window};
use crate::alert::{Evidence, Kind, Severity};
use crate::drift::two_sample::{TestResult, chi2};
use crate::error::Result;
use crate::finding::Finding;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::WindowReport;
use crate::stats::hypergeometric;

#[derive(Debug)]
pub(super) struct Classes;

impl Classes {
    /// `None` of an output without classes.
    pub fn new(baseline: &Baseline) -> Option<Self> {
        baseline.scorer.output().has_classes().then_some(Classes)
    }
}

impl Check for Classes {
    fn finish(&mut self, window: &Window<'_>, _: &mut WindowReport) -> Result<Vec<Finding>> {
        findings(window.baseline, window.pane, window.level)
    }
}

/// Class counts with the rare classes taken together until five of each bin are expected in either
/// sample, where Pearson's approximation holds (Cochran 1954).
fn pooled(reference: &[u64], current: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let (m, n) = (reference.iter().sum::<u64>() as f64, current.iter().sum::<u64>() as f64);
    let least = 5.0 * (m + n) / m.min(n);
    let mut classes: Vec<(u64, u64)> =
        reference.iter().copied().zip(current.iter().copied()).collect();
    classes.sort_by_key(|(r, c)| r + c);
    let mut bins: Vec<(u64, u64)> = Vec::new();
    for (r, c) in classes {
        match bins.last_mut() {
            Some(last) if ((last.0 + last.1) as f64) < least => *last = (last.0 + r, last.1 + c),
            _ => bins.push((r, c)),
        }
    }
    bins.into_iter().unzip()
}

/// Pearson's test of the predicted classes.
pub(super) fn chi2(baseline: &Baseline, window: &Pane) -> Result<TestResult> {
    let thinned = baseline.dependent.of_all(window.classes.total());
    thinned.judge(
        (baseline.classes.counts(), thinned.seen),
        window.classes.counts(),
        |reference, current| {
            let (reference, current) = pooled(reference, current);
            chi2::from_counts(&reference, &current)
        },
    )
}

/// A class has the name of its output; an output of one number is that of the second class.
fn name_of(baseline: &Baseline, class: usize) -> String {
    match (&baseline.names[..baseline.feature_count()], class) {
        ([second], 0) => format!("not {second}"),
        ([second], _) => second.clone(),
        (names, class) => names[class].clone(),
    }
}

/// Classes that the reference never had, and classes of the reference that are gone; Fisher's exact
/// test of each, Bonferroni over the classes.
fn findings(baseline: &Baseline, window: &Pane, level: f64) -> Result<Vec<Finding>> {
    let (reference, current) = (baseline.classes.counts(), window.classes.counts());
    let (m, n, classes) =
        (baseline.classes.total(), window.classes.total(), reference.len() as f64);
    let thinned = baseline.dependent.of_all(n);
    // Fisher's test: so many of the reference's are of the class, and so many of the window's.
    let fisher = |before: u64, now: u64| {
        let ([before, m], [now, n]) = (
            [before, m].map(|x| thinned.seen.count(x)),
            [now, n].map(|x| thinned.current.count(x)),
        );
        hypergeometric::fisher(before, m, now, n)
    };
    let mut found: [Vec<(u32, Evidence)>; 2] = Default::default();
    for (class, (before, now)) in reference.iter().zip(current).enumerate() {
        let (list, p_value) = match (*before, *now) {
            (0, now) if now > 0 => (0, fisher(0, now)?.greater),
            (before, 0) if before > 0 && n > 0 => (1, fisher(before, 0)?.less),
            _ => continue,
        };
        if p_value * classes <= level {
            let share = |count: u64, of: u64| count as f64 / of as f64;
            let effect = (share(*now, n) - share(*before, m)).abs();
            let (name, test) = (name_of(baseline, class), "fisher".to_string());
            found[list].push((
                class as u32,
                Evidence { name, test, statistic: *now as f64, p_value, effect },
            ));
        }
    }
    let kinds = [
        (Kind::UnseenClass, "predicted though the reference never had it"),
        (Kind::VanishedClass, "predicted no more"),
    ];
    Ok(found
        .into_iter()
        .zip(kinds)
        .filter_map(|(mut found, (kind, what))| {
            found.sort_by(|a, b| a.1.p_value.total_cmp(&b.1.p_value));
            let (class, first) = found.first().map(|(class, first)| (*class, first.clone()))?;
            let more = if found.len() > 1 {
                format!(" (and {} more)", found.len() - 1)
            } else {
                String::new()
            };
            Some(Finding {
                kind,
                severity: Severity::Warning,
                class: Some(class),
                adjusted_p_value: (first.p_value * classes).min(1.0),
                threshold: level,
                message: format!(
                    "class {}{more} is {what} (p = {:.1e})",
                    first.name, first.p_value
                ),
                evidence: found.into_iter().map(|(_, e)| e).collect(),
            })
        })
        .collect())
}
