//! The worker's side of one guard: observations in order of arrival, cut into windows, tested, and
//! told.

use std::collections::VecDeque;
use std::time::{Instant, SystemTime};

use super::chart::Chart;
use super::drifts::DriftTests;
use super::evidence::Evidence as Martingales;
use super::monitor::{self, ChartMark, Finding, WindowReport};
use super::options::{GuardOptions, Length};
use super::pane::{Pane, Share};
use super::rate::Budget;
use super::streams::Streams;
use crate::alert::{self, Alert, Episodes, Evidence, Kind, Severity, Span};
use crate::drift::online::StreamName;
use crate::drift::two_sample::TestName;
use crate::error::Result;
use crate::profile::Baseline;
use crate::text::visible;

/// What came of a tested window.
#[derive(Debug)]
pub(super) struct Tested {
    /// Observations that were tested for the first time.
    pub observations: u64,
    pub report: WindowReport,
    pub alerts: Vec<Alert>,
    /// Findings that were no news.
    pub suppressed: u64,
}

/// Something to publish.
#[derive(Debug)]
pub(super) enum Event {
    /// A window was tested.
    Tested(Tested),
    /// An alert that cannot wait for its window.
    Early(Alert),
}

/// What belongs to the guard and not to its windows.
pub(super) struct Context<'a> {
    pub baseline: &'a Baseline,
    pub options: &'a GuardOptions,
    pub tell: &'a mut dyn FnMut(Event),
    /// Takes back what is done with, for its memory.
    pub recycle: &'a mut dyn FnMut(Share),
}

/// A window whose tests are under way.
#[derive(Debug)]
struct Testing {
    /// Of several panes; one is tested where it lies.
    merged: Option<Pane>,
    span: Span,
    /// Observations that are tested for the first time.
    observations: u64,
    level: f64,
    marks: Vec<ChartMark>,
    drifts: DriftTests,
}

/// Cuts, tests and tells. Belongs to the worker; nothing in it is shared.
#[derive(Debug)]
pub(super) struct Windows {
    /// Observations of a full pane; without, time ends it.
    full: Option<u64>,
    panes: usize,
    /// Panes that still miss observations, or come after one that does; by number.
    open: VecDeque<Share>,
    /// Panes with a lower number take no more, full or not.
    ended: u64,
    /// The closed panes of the current window.
    recent: VecDeque<Share>,
    /// The window that is being tested.
    testing: Option<Testing>,
    /// Whether what no window has tested is to be tested at once.
    rest: bool,
    /// Observations in panes that no window has tested yet.
    untested: u64,
    /// Observations in closed panes.
    closed: u64,
    windows: u64,
    budget: Budget,
    episodes: Episodes,
    charts: Vec<Chart>,
    evidence: Option<Martingales>,
    streams: Streams,
}

impl Windows {
    /// # Errors
    /// Those of the options.
    pub fn new(baseline: &Baseline, options: &GuardOptions) -> Result<Self> {
        let (length, panes) = options.panes()?;
        let full = match length {
            Length::Observations(n) => Some(n),
            Length::Seconds(_) => None,
        };
        let charts = (0..baseline.detectors().len())
            .flat_map(|d| options.charts.iter().map(move |name| (*name, d)))
            .map(|(name, d)| Chart::new(name, d, baseline))
            .collect();
        Ok(Windows {
            full,
            panes,
            open: VecDeque::new(),
            ended: 0,
            recent: VecDeque::new(),
            testing: None,
            rest: false,
            untested: 0,
            closed: 0,
            windows: 0,
            budget: Budget::new(options.false_alarms),
            episodes: Episodes::new(options.repeat),
            charts,
            evidence: options.runs(StreamName::Martingale).then(|| Martingales::new(baseline)),
            streams: Streams::new(&options.monitors, baseline.column_count())?,
        })
    }

    /// Takes in what a slot saw of a pane.
    pub fn take(&mut self, share: Share, with: &mut Context<'_>) {
        self.charts.iter_mut().for_each(|chart| chart.update(&share.pane.series, with.baseline));
        let at = self.open.partition_point(|open| open.of < share.of);
        match self.open.get_mut(at) {
            Some(open) if open.of == share.of => {
                open.pane.merge(&share.pane);
                (with.recycle)(share);
            }
            _ => self.open.insert(at, share),
        }
        self.tell_non_finite(at, with);
    }

    /// Nothing more will come for panes with a lower number than `ended`. Where callers merged
    /// their shares because the worker was behind, one is shorter than asked and another longer.
    pub fn close_before(&mut self, ended: u64) {
        self.ended = self.ended.max(ended);
    }

    /// Whatever has not been tested is to be tested.
    pub fn test_rest(&mut self) {
        self.rest = true;
    }

    /// Does a small piece of what is to be done, in order: goes on with the window that is being
    /// tested, closes the first pane that takes no more, tests the rest. Whether there was any.
    pub fn step(&mut self, with: &mut Context<'_>) -> Result<bool> {
        if let Some(mut testing) = self.testing.take() {
            let window = match (&testing.merged, self.recent.back()) {
                (Some(merged), _) => merged,
                (None, Some(share)) => &share.pane,
                (None, None) => return Ok(true),
            };
            if testing.drifts.step(with.baseline, with.options, window)? {
                self.testing = Some(testing);
            } else {
                self.conclude(testing, with)?;
            }
            return Ok(true);
        }
        if let Some(first) = self.open.front()
            && (first.of < self.ended
                || self.full.is_some_and(|full| first.pane.observations >= full))
        {
            self.close_first(with)?;
            return Ok(true);
        }
        if std::mem::take(&mut self.rest) && self.untested > 0 {
            self.begin_test(with);
            return Ok(true);
        }
        Ok(false)
    }

    /// A model that puts out NaN is not to be trusted from this moment on, so this is told before
    /// the window is full.
    fn tell_non_finite(&mut self, at: usize, with: &mut Context<'_>) {
        let pane = &self.open[at].pane;
        let Some(finding) = non_finite_finding(pane, with.baseline) else { return };
        if !self.episodes.ongoing(Kind::NonFinite)
            && self.episodes.found(finding.kind, finding.severity)
        {
            let (observations, seconds) = (pane.observations, pane.seconds());
            let last = self.closed + observations - 1;
            let span =
                Span { index: self.windows + 1, first: self.closed, last, observations, seconds };
            (with.tell)(Event::Early(alert_of(finding, span, with.options)));
        }
    }

    fn close_first(&mut self, with: &mut Context<'_>) -> Result<()> {
        let Some(share) = self.open.pop_front() else { return Ok(()) };
        self.untested += share.pane.observations;
        self.closed += share.pane.observations;
        if let Some(evidence) = &mut self.evidence {
            evidence.add(&share.pane);
        }
        self.streams.add(&share.pane, with.baseline)?;
        self.recent.push_back(share);
        if self.recent.len() > self.panes {
            self.recycle_oldest(with);
        }
        if self.recent.len() == self.panes {
            self.begin_test(with);
        }
        Ok(())
    }

    fn begin_test(&mut self, with: &Context<'_>) {
        let mut panes = self.recent.iter().map(|share| &share.pane);
        let Some(first) = panes.next() else { return };
        let merged = (self.recent.len() > 1).then(|| {
            let mut all = first.clone();
            panes.for_each(|pane| all.merge(pane));
            all
        });
        let window = merged.as_ref().unwrap_or(first);
        self.windows += 1;
        let span = Span {
            index: self.windows,
            first: self.closed - window.observations,
            last: self.closed - 1,
            observations: window.observations,
            seconds: window.seconds(),
        };
        let observations = std::mem::take(&mut self.untested);
        let level = self.budget.spend(Instant::now(), observations);
        let marks =
            self.charts.iter_mut().filter_map(|chart| chart.finish(with.baseline)).collect();
        let drifts = DriftTests::new(monitor::part(with.options, with.baseline, level));
        self.testing = Some(Testing { merged, span, observations, level, marks, drifts });
    }

    fn conclude(&mut self, testing: Testing, with: &mut Context<'_>) -> Result<()> {
        let Testing { merged, span, observations, level, marks, drifts } = testing;
        let Some(window) = merged.as_ref().or(self.recent.back().map(|share| &share.pane)) else {
            return Ok(());
        };
        let detections = self.streams.finish(with.options.min_effect(TestName::MannWhitney));
        let tests = drifts.finish(with.options)?;
        let found = (tests, self.evidence.as_mut(), detections);
        let (report, mut findings) =
            monitor::test(with.baseline, with.options, window, span, level, &marks, found)?;
        findings.extend(non_finite_finding(window, with.baseline));
        let (alerts, suppressed) = self.news(findings, span, with);
        (with.tell)(Event::Tested(Tested { observations, report, alerts, suppressed }));
        if self.panes == 1 {
            self.recycle_oldest(with);
        }
        Ok(())
    }

    fn recycle_oldest(&mut self, with: &mut Context<'_>) {
        if let Some(share) = self.recent.pop_front() {
            (with.recycle)(share);
        }
    }

    /// Turns findings into alerts, leaving out what is known, and ends the episodes of what was not
    /// found.
    fn news(
        &mut self,
        findings: Vec<Finding>,
        window: Span,
        with: &Context<'_>,
    ) -> (Vec<Alert>, u64) {
        let kinds = [
            Kind::Drift,
            Kind::ClassDrift,
            Kind::UnseenClass,
            Kind::VanishedClass,
            Kind::Anomaly,
            Kind::NonFinite,
            Kind::Chart,
        ];
        for kind in kinds {
            if findings.iter().all(|f| f.kind != kind) {
                self.episodes.clear(kind);
            }
        }
        let total = findings.len() as u64;
        let alerts: Vec<Alert> = findings
            .into_iter()
            .filter(|f| self.episodes.found(f.kind, f.severity))
            .map(|f| alert_of(f, window, with.options))
            .collect();
        let suppressed = total - alerts.len() as u64;
        (alerts, suppressed)
    }
}

/// The alert of a finding; its number is given when it is published.
fn alert_of(finding: Finding, window: Span, options: &GuardOptions) -> Alert {
    let first = finding.evidence.first().cloned().unwrap_or_else(|| Evidence {
        name: String::new(),
        test: String::new(),
        statistic: f64::NAN,
        p_value: f64::NAN,
        effect: f64::NAN,
    });
    let of_column = matches!(finding.kind, Kind::Drift | Kind::Chart | Kind::NonFinite);
    Alert {
        id: 0,
        time: alert::time(SystemTime::now()),
        guard: options.name.clone(),
        model: options.model.clone(),
        kind: finding.kind,
        severity: finding.severity,
        feature: of_column.then_some(first.name),
        class: finding.class,
        test: first.test,
        statistic: first.statistic,
        p_value: first.p_value,
        adjusted_p_value: finding.adjusted_p_value,
        effect: first.effect,
        threshold: finding.threshold,
        false_alarm_rate: finding.threshold,
        false_alarms: options.false_alarms.to_string(),
        window,
        // Names are the user's, and may hold anything.
        message: visible(&finding.message),
        found: finding.evidence.len(),
        features: finding.evidence,
    }
}

/// NaN or Inf, of which a baseline has none: no test is needed, and no false alarm is possible.
fn non_finite_finding(window: &Pane, baseline: &Baseline) -> Option<Finding> {
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
