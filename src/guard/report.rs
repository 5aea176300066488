//! What is said of a tested window.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::alert::Span;
use crate::drift::decision::TestDecision;
use crate::drift::online::OnlineName;
use crate::pane::Pane;

/// One test of one column in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnTest {
    /// The feature, the score, or `class` for the predicted classes.
    pub name: String,
    /// The test.
    #[serde(flatten)]
    pub test: TestDecision,
}

impl ColumnTest {
    /// The stronger evidence first: the smaller p-value, of equal ones the larger effect.
    pub(super) fn by_evidence(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.test.result, &other.test.result);
        a.p_value.total_cmp(&b.p_value).then(b.effect.total_cmp(&a.effect))
    }
}

/// What has come together against one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnEvidence {
    /// The feature, or the score.
    pub name: String,
    /// The e-value: what a unit staked since the last alarm has become. Large values speak for
    /// drift.
    pub e_value: f64,
    /// The capital, which alarms at 1.
    pub capital: f64,
    /// How far the distribution function has moved, over the last windows.
    pub effect: f64,
    /// Whether it is drift: the capital has reached 1, and the effect counts.
    pub drift: bool,
}

/// A monitor that fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The feature, or the score.
    pub name: String,
    /// Which monitor.
    pub monitor: OnlineName,
    /// What it saw of the pane at which it fired: the mean rank among the reference, in standard
    /// deviations.
    pub statistic: f64,
    /// Mann and Whitney's p-value of that pane, corrected for nothing.
    pub p_value: f64,
    /// The effect of that pane: the absolute rank-biserial correlation.
    pub effect: f64,
    /// Whether it is drift: the effect counts.
    pub drift: bool,
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

impl WindowReport {
    /// Of a window in which nothing was looked for yet.
    pub(super) fn new(window: Span, level: f64, pane: &Pane) -> Self {
        WindowReport {
            window,
            level,
            anomalous: pane.anomalous,
            non_finite: pane.non_finite,
            alarm: false,
            tests: Vec::new(),
            evidence: Vec::new(),
            detections: Vec::new(),
        }
    }
}
