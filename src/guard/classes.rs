//! The predicted classes of a window: their frequencies in bins that a test can take, and classes that come or go.

use super::monitor::Finding;
use super::pane::Pane;
use crate::alert::{Evidence, Kind, Severity};
use crate::error::Result;
use crate::profile::Baseline;
use crate::stats::hypergeometric;

/// Class counts with the rare classes taken together until five of each bin are expected in either sample, where Pearson's
/// approximation holds (Cochran 1954).
pub(super) fn pooled(reference: &[u64], current: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let (m, n) = (reference.iter().sum::<u64>() as f64, current.iter().sum::<u64>() as f64);
    let least = 5.0 * (m + n) / m.min(n);
    let mut classes: Vec<(u64, u64)> = reference.iter().copied().zip(current.iter().copied()).collect();
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

/// Classes that the reference never had, and classes of the reference that are gone; Fisher's exact test of each, Bonferroni
/// over the classes.
pub(super) fn findings(baseline: &Baseline, window: &Pane, level: f64) -> Result<Vec<Finding>> {
    let (reference, current) = (baseline.classes.counts(), window.classes.counts());
    let (m, n, classes) = (baseline.classes.total(), window.classes.total(), reference.len() as f64);
    let mut found: [Vec<(u32, Evidence)>; 2] = Default::default();
    for (class, (before, now)) in reference.iter().zip(current).enumerate() {
        let (list, p_value) = match (*before, *now) {
            (0, now) if now > 0 => (0, hypergeometric::fisher(0, m, now, n)?.greater),
            (before, 0) if before > 0 && n > 0 => (1, hypergeometric::fisher(before, m, 0, n)?.less),
            _ => continue,
        };
        if p_value * classes <= level {
            let share = |count: u64, of: u64| count as f64 / of as f64;
            let effect = (share(*now, n) - share(*before, m)).abs();
            // A class has the name of its output.
            let (name, test) = (baseline.names[class].clone(), "fisher".to_string());
            found[list].push((class as u32, Evidence { name, test, statistic: *now as f64, p_value, effect }));
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
            let more = if found.len() > 1 { format!(" (and {} more)", found.len() - 1) } else { String::new() };
            Some(Finding {
                kind,
                severity: Severity::Warning,
                class: Some(class),
                adjusted_p_value: (first.p_value * classes).min(1.0),
                threshold: level,
                message: format!("class {}{more} is {what} (p = {:.1e})", first.name, first.p_value),
                evidence: found.into_iter().map(|(_, e)| e).collect(),
            })
        })
        .collect())
}
