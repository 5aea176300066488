//! NaN or Inf in the output.

use super::check::{Check, Window};
use crate::alert::{Evidence, Kind, Severity};
use crate::error::Result;
use crate::finding::Finding;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::WindowReport;

/// Is told at once, too, before its window is full: see [`finding`].
#[derive(Debug)]
pub(super) struct NonFinite;

impl Check for NonFinite {
    fn spends(&self) -> bool {
        false
    }

    fn finish(&mut self, window: &Window<'_>, _: &mut WindowReport) -> Result<Vec<Finding>> {
        Ok(finding(window.pane, window.baseline).into_iter().collect())
    }
}

/// NaN or Inf, of which a baseline has none: no test is needed, and no false alarm is possible.
pub(crate) fn finding(window: &Pane, baseline: &Baseline) -> Option<Finding> {
    if window.non_finite == 0 {
        return None;
    }
    let n = window.observations as f64;
    let mut evidence: Vec<Evidence> = (0..window.moments.features())
        .filter(|k| window.moments.non_finite(*k) > 0)
        .map(|k| Evidence {
            name: baseline.names[k].clone(),
            test: "count".into(),
            statistic: window.moments.non_finite(k) as f64,
            p_value: 0.0,
            effect: window.moments.non_finite(k) as f64 / n,
        })
        .collect();
    evidence.sort_by(|a, b| b.statistic.total_cmp(&a.statistic));
    Some(Finding {
        kind: Kind::NonFinite,
        severity: Severity::Critical,
        class: None,
        adjusted_p_value: 0.0,
        threshold: 0.0,
        message: format!(
            "{} of {} observations hold NaN, Inf, or numbers too large to square",
            window.non_finite, window.observations
        ),
        evidence,
    })
}
