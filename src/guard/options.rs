//! Options of a guard, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::rate::FalseAlarms;
use super::spec::MonitorSpec;
use crate::drift::charts::ChartName;
use crate::drift::decision;
use crate::drift::online::OnlineName;
use crate::drift::two_sample::TestName;
use crate::error::{Error, Result};
use crate::profile::OwnScore;
use crate::stats::multiple::Correction;
use fluxguard_core::options::unknown;

/// The longest window in seconds: any clock can count so far.
const LONGEST: f64 = 1e9;

/// The length of a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Length {
    /// So many observations.
    Observations(u64),
    /// So much time, 0.1 to 1e9 seconds, from a window's first observation.
    Seconds(f64),
}

/// Where fitted detectors score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreOn {
    /// In the call: their scores stand in the verdict.
    #[default]
    Call,
    /// In the background: the call copies the observations and goes on. Scores are counted, flagged
    /// and tested, but are not in the verdict. While the worker is behind by more than 4 million
    /// numbers, callers score what is there first.
    Worker,
}

/// Everything that can be said about a guard; every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardOptions {
    /// The guard's name in alerts.
    pub name: String,
    /// The model's name in alerts.
    pub model: String,
    /// The false alarms that the user accepts, over all windows and checks.
    pub false_alarms: FalseAlarms,
    /// The share of observations like the reference's that may be flagged as anomalous; without,
    /// 1/1000 or the lowest that the reference supports. Flags are not alerts: only more of them
    /// than chance explains are.
    pub anomaly_rate: Option<f64>,
    /// Detectors of single observations; without, the default of the output's kind.
    pub detectors: Option<Vec<OwnScore>>,
    /// Where fitted detectors score: see [`super::Guard::with_detectors`].
    pub score_on: ScoreOn,
    /// Control charts of the detectors' scores.
    pub charts: Vec<ChartName>,
    /// Drift tests of every feature and score.
    #[serde(deserialize_with = "of_windows")]
    pub tests: Vec<TestName>,
    /// Monitors of every feature and score over windows: `martingale`, whose evidence adds up and
    /// has a part of the false alarms, and detectors of [`crate::drift::online`], with options
    /// where they are not to be the defaults, which see one value a pane and state no rate of false
    /// alarms.
    pub monitors: Vec<MonitorSpec>,
    /// The length of a tested window.
    pub window: Length,
    /// How far one window starts after the one before; without, windows tumble.
    pub slide: Option<Length>,
    /// Smallest effect size that raises an alarm, by test; without, 0.1 on each test's own scale.
    pub min_effect: Option<BTreeMap<TestName, f64>>,
    /// Correction for many tests at once.
    pub correction: Correction,
    /// File that alerts are appended to, as JSON Lines.
    pub journal: Option<PathBuf>,
    /// Whether a condition that goes on is reported with every window.
    pub repeat: bool,
}

/// Names of tests; of one that there is not, those that a window has are told.
fn of_windows<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<TestName>, D::Error> {
    let names = Vec::<Value>::deserialize(deserializer)?;
    let known = || TestName::of_windows().map(TestName::as_str);
    let read = |name: Value| TestName::deserialize(&name).map_err(|_| unknown(&name, known()));
    names.into_iter().map(read).collect()
}

impl Default for GuardOptions {
    fn default() -> Self {
        GuardOptions {
            name: "guard".into(),
            model: String::new(),
            false_alarms: FalseAlarms::default(),
            anomaly_rate: None,
            detectors: None,
            score_on: ScoreOn::Call,
            charts: Vec::new(),
            tests: vec![TestName::Ks],
            monitors: vec![OnlineName::Martingale.into()],
            window: Length::Observations(1000),
            slide: None,
            min_effect: None,
            correction: Correction::BenjaminiHochberg,
            journal: None,
            repeat: false,
        }
    }
}

impl GuardOptions {
    /// The smallest effect size of `test` that raises an alarm.
    #[must_use]
    pub fn min_effect(&self, test: TestName) -> f64 {
        decision::min_effect(self.min_effect.as_ref(), test)
    }

    /// Whether the monitor `name` runs.
    pub(super) fn runs(&self, name: OnlineName) -> bool {
        self.monitors.iter().any(|monitor| monitor.name == name)
    }

    /// Observations or seconds of a pane, and panes of a window.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] and [`Error::WindowTooShort`].
    pub(super) fn panes(&self) -> Result<(Length, usize)> {
        let count = |of: f64, by: f64, was: String| {
            let panes = of / by;
            if (1.0..=1000.0).contains(&panes) && (panes - panes.round()).abs() < 1e-9 {
                Ok(panes.round() as usize)
            } else {
                Err(Error::invalid(
                    "slide",
                    was,
                    "the window or a whole part (at most a thousandth) of it",
                ))
            }
        };
        match (self.window, self.slide.unwrap_or(self.window)) {
            (Length::Observations(w), Length::Observations(s)) => {
                if s == 0 {
                    return Err(Error::invalid("slide", "0 observations", "at least 1"));
                }
                Ok((
                    Length::Observations(s),
                    count(w as f64, s as f64, format!("{s} observations of {w}"))?,
                ))
            }
            (Length::Seconds(w), Length::Seconds(s)) => {
                if !(s > 0.0 && s <= LONGEST) {
                    return Err(Error::invalid(
                        "slide",
                        format!("{s:e} seconds"),
                        "more than 0, up to the window",
                    ));
                }
                Ok((Length::Seconds(s), count(w, s, format!("{s} seconds of {w}"))?))
            }
            _ => Err(Error::invalid(
                "slide",
                "another unit than the window",
                "observations or seconds for both",
            )),
        }
    }

    /// Observations that a window needs, all independent, and why.
    pub(super) fn least(&self) -> (u64, &'static str) {
        let binned = self.tests.iter().any(|test| test.of_bins().is_some());
        // Cochran's rule: five expected in each of ten bins.
        if binned {
            (50, "five observations for each of the ten bins of the tests chi2, psi and js")
        } else {
            (20, "fewer cannot tell drift from chance at the rates that monitoring asks for")
        }
    }

    /// # Errors
    /// The first thing wrong, by name.
    pub(super) fn check(&self) -> Result<()> {
        self.false_alarms.check()?;
        match self.window {
            Length::Observations(w) => {
                let (expected, reason) = self.least();
                if w < expected {
                    let (was, expected) = (format!("{w} observations"), expected as usize);
                    return Err(Error::WindowTooShort {
                        argument: "window",
                        was,
                        expected,
                        reason: reason.into(),
                    });
                }
            }
            Length::Seconds(s) => {
                if !(0.1..=LONGEST).contains(&s) {
                    let expected = "0.1 to 1e9 (some 30 years)";
                    return Err(Error::invalid("window", format!("{s:e} seconds"), expected));
                }
            }
        }
        self.panes()?;
        for (test, least) in self.min_effect.iter().flatten() {
            if !(*least >= 0.0 && least.is_finite()) {
                return Err(Error::invalid(
                    "min_effect",
                    format!("{test} {least}"),
                    "0 (no gate) or more",
                ));
            }
        }
        self.tests.iter().try_for_each(|test| test.expect_of_windows())?;
        self.monitors.iter().try_for_each(MonitorSpec::check)?;
        let twice = |i: usize| self.tests[..i].contains(&self.tests[i]);
        if (0..self.tests.len()).any(twice) {
            return Err(Error::invalid("tests", "a test twice", "each test once"));
        }
        if (0..self.monitors.len())
            .any(|i| self.monitors[..i].iter().any(|other| other.name == self.monitors[i].name))
        {
            return Err(Error::invalid("monitors", "a monitor twice", "each monitor once"));
        }
        if (0..self.charts.len()).any(|i| self.charts[..i].contains(&self.charts[i])) {
            return Err(Error::invalid("charts", "a chart twice", "each chart once"));
        }
        Ok(())
    }
}
