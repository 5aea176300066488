//! More flagged observations than chance explains.

use super::check::{Check, Window};
use crate::alert::{Evidence, Kind, Severity};
use crate::error::Result;
use crate::finding::Finding;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::WindowReport;
use crate::stats::beta_binomial;

#[derive(Debug)]
pub(super) struct Anomalies;

impl Check for Anomalies {
    fn finish(&mut self, window: &Window<'_>, _: &mut WindowReport) -> Result<Vec<Finding>> {
        Ok(finding(window.baseline, window.pane, window.level)?.into_iter().collect())
    }
}

/// More flagged observations than the reference's own share explains.
///
/// With `k` of `m` reference observations beyond the thresholds, the number among `n` new ones is
/// beta-binomial with parameters `k` and `m + 1 - k`: order statistics of exchangeable scores (the
/// predictive law behind conformal prediction's coverage, Vovk 2012, proposition 2a). Where
/// observations depend on each other, all four count as fewer.
fn finding(baseline: &Baseline, window: &Pane, level: f64) -> Result<Option<Finding>> {
    let (n, flagged) =
        (window.observations - window.non_finite, window.anomalous - window.non_finite);
    if flagged == 0 {
        return Ok(None);
    }
    let (m, k) = (baseline.calibration.reference_size, baseline.calibration.exceedances);
    let thinned = baseline.dependent.of_all(n);
    let part = |count: u64| count as f64 / thinned.reference.inflation();
    let (of, among) = (thinned.current.count(flagged), thinned.current.count(n));
    // Beyond the most extreme of all lies what one more observation would have, however many copies
    // of them there are.
    let p_value = beta_binomial::upper_tail(of, among, part(k).max(1.0), part(m + 1 - k))?;
    // Of many features that hardly vary, some look rarer in the reference than they are; then all
    // that is flagged may be of one of them.
    let adjusted_p_value = (p_value * (1 + baseline.hardly_vary) as f64).min(1.0);
    if adjusted_p_value > level {
        return Ok(None);
    }
    let (share, expected) = (flagged as f64 / n as f64, baseline.calibration.rate());
    let message = format!(
        "{flagged} of {n} observations are anomalous, {:.3} % were expected (p = {adjusted_p_value:.1e})",
        100.0 * expected
    );
    let name = "anomalous".to_string();
    let test = "beta-binomial".to_string();
    Ok(Some(Finding {
        kind: Kind::Anomaly,
        severity: if share >= 0.1 { Severity::Critical } else { Severity::Warning },
        class: None,
        adjusted_p_value,
        threshold: level,
        message,
        evidence: vec![Evidence {
            name,
            test,
            statistic: flagged as f64,
            p_value,
            effect: share / expected,
        }],
    }))
}
