//! The tests of one window: what was found, how sure that is, and how large.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::classes;
use super::drifts::CLASS;
use super::evidence::{self, ColumnEvidence, Evidence as Martingales};
use super::options::GuardOptions;
use super::pane::Pane;
use super::streams::{self, Detection};
use crate::alert::{Evidence, Kind, Severity, Span};
use crate::drift::charts::ChartPoint;
use crate::drift::judged::JudgedTest;
use crate::drift::online::StreamName;
use crate::drift::two_sample::{TestName, TestResult};
use crate::error::Result;
use crate::profile::Baseline;

/// One test of one column in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnTest {
    /// The feature, the score, or `class` for the predicted classes.
    pub name: String,
    /// The test.
    #[serde(flatten)]
    pub test: JudgedTest,
}

impl ColumnTest {
    /// The stronger evidence first: the smaller p-value, of equal ones the larger effect.
    pub(super) fn by_evidence(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.test.result, &other.test.result);
        a.p_value.total_cmp(&b.p_value).then(b.effect.total_cmp(&a.effect))
    }
}

/// A tested window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowReport {
    /// Which observations.
    pub window: Span,
    /// The expected false alarms that the window was allowed, over all checks.
    pub level: f64,
    /// Observations flagged as anomalous.
    pub anomalous: u64,
    /// Observations with NaN or Inf.
    pub non_finite: u64,
    /// Whether something was found.
    pub alarm: bool,
    /// Every drift test.
    pub tests: Vec<ColumnTest>,
    /// What has come together over the windows so far, by column; empty without the monitor
    /// `martingale`.
    pub evidence: Vec<ColumnEvidence>,
    /// Where other monitors fired since the window before.
    pub detections: Vec<Detection>,
}

/// Something found in a window, before it is known whether it is news.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub kind: Kind,
    pub severity: Severity,
    pub class: Option<u32>,
    pub adjusted_p_value: f64,
    pub threshold: f64,
    pub message: String,
    /// The strongest first; never empty.
    pub evidence: Vec<Evidence>,
}

/// The strongest point of a chart in a window.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChartMark {
    pub chart: &'static str,
    pub detector: String,
    pub point: ChartPoint,
    /// Points of the window, each with a chance of its own of a false alarm.
    pub points: u64,
}

/// The checks that share a window's level. Each gets an equal part.
fn families(options: &GuardOptions, baseline: &Baseline) -> f64 {
    let drift = !options.tests.is_empty() || baseline.scorer.output().has_classes();
    let classes = baseline.scorer.output().has_classes();
    // Other monitors are held to no rate.
    let martingale = options.runs(StreamName::Martingale);
    let parts = [true, drift, classes, !options.charts.is_empty(), martingale];
    parts.iter().filter(|p| **p).count() as f64
}

/// The part of a window's level that each of its checks has.
pub(super) fn part(options: &GuardOptions, baseline: &Baseline, level: f64) -> f64 {
    level / families(options, baseline)
}

/// Tests `window`, whose drift tests are done, at `level`: all that was found, and the report.
///
/// # Errors
/// None for sizes that a window can have; they are handed on, so that a bug in a test is told and
/// not swallowed.
pub(super) fn test(
    baseline: &Baseline,
    options: &GuardOptions,
    window: &Pane,
    span: Span,
    level: f64,
    charts: &[ChartMark],
    (tests, evidence, detections): (Vec<ColumnTest>, Option<&mut Martingales>, Vec<Detection>),
) -> Result<(WindowReport, Vec<Finding>)> {
    let part = part(options, baseline, level);
    let evidence =
        evidence.map_or_else(Vec::new, |evidence| evidence.test(baseline, options, part));
    let mut findings = Vec::new();
    findings.extend(drift_finding(&tests, part, false));
    findings.extend(evidence::finding(&evidence, part, options.min_effect(TestName::Ks)));
    findings.extend(streams::finding(&detections, options.min_effect(TestName::MannWhitney)));
    findings.extend(drift_finding(&tests, part, true));
    findings.extend(anomaly_finding(baseline, window, part)?);
    findings.extend(classes::findings(baseline, window, part)?);
    findings.extend(chart_finding(charts, part));
    let report = WindowReport {
        window: span,
        level,
        anomalous: window.anomalous,
        non_finite: window.non_finite,
        alarm: !findings.is_empty() || window.non_finite > 0,
        tests,
        evidence,
        detections,
    };
    Ok((report, findings))
}

fn drift_finding(tests: &[ColumnTest], level: f64, of_classes: bool) -> Option<Finding> {
    let mut found: Vec<&ColumnTest> =
        tests.iter().filter(|t| t.test.drift && (t.name == CLASS) == of_classes).collect();
    found.sort_by(|a, b| a.by_evidence(b));
    let worst = found.first()?;
    let severe = found.iter().any(|t| t.test.result.effect >= 3.0 * t.test.min_effect.max(0.1));
    let (kind, what) = if of_classes {
        (Kind::ClassDrift, "the predicted classes".to_string())
    } else {
        let mut names: Vec<&str> = found.iter().map(|t| t.name.as_str()).collect();
        names.dedup();
        let more =
            if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
        (Kind::Drift, format!("{}{more}", names[..names.len().min(3)].join(", ")))
    };
    let r = &worst.test.result;
    Some(Finding {
        kind,
        severity: if severe { Severity::Critical } else { Severity::Warning },
        class: None,
        adjusted_p_value: worst.test.adjusted_p_value,
        threshold: level,
        message: format!(
            "the distribution of {what} has changed: {} {:.3} (p = {:.1e}, effect {:.2})",
            r.test, r.statistic, r.p_value, r.effect
        ),
        evidence: found.iter().map(|t| evidence(&t.name, &t.test.result)).collect(),
    })
}

fn evidence(name: &str, r: &TestResult) -> Evidence {
    let (statistic, p_value, effect) = (r.statistic, r.p_value, r.effect);
    Evidence { name: name.into(), test: r.test.as_str().into(), statistic, p_value, effect }
}

/// More flagged observations than the reference's own share explains.
///
/// With `k` of `m` reference observations beyond the thresholds, the number among `n` new ones is
/// beta-binomial with parameters `k` and `m + 1 - k`: order statistics of exchangeable scores (the
/// predictive law behind conformal prediction's coverage, Vovk 2012, proposition 2a). Where
/// observations depend on each other, all four count as fewer.
fn anomaly_finding(baseline: &Baseline, window: &Pane, level: f64) -> Result<Option<Finding>> {
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
    let p_value =
        crate::stats::beta_binomial::upper_tail(of, among, part(k).max(1.0), part(m + 1 - k))?;
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

/// Charts that left their limits; every point of every chart has its share of the level.
fn chart_finding(charts: &[ChartMark], level: f64) -> Option<Finding> {
    let adjusted = |mark: &ChartMark| mark.point.p_value * mark.points as f64 * charts.len() as f64;
    let mut found: Vec<&ChartMark> = charts.iter().filter(|mark| adjusted(mark) <= level).collect();
    found.sort_by(|a, b| adjusted(a).total_cmp(&adjusted(b)));
    let worst = found.first()?;
    let evidence = found
        .iter()
        .map(|mark| Evidence {
            name: mark.detector.clone(),
            test: mark.chart.into(),
            statistic: mark.point.statistic,
            p_value: mark.point.p_value,
            effect: mark.point.statistic.abs(),
        })
        .collect();
    Some(Finding {
        kind: Kind::Chart,
        severity: Severity::Warning,
        class: None,
        adjusted_p_value: adjusted(worst),
        threshold: level,
        message: format!(
            "the {} chart of {} reached {:.1}",
            worst.chart, worst.detector, worst.point.statistic
        ),
        evidence,
    })
}
