//! The worker's side of one guard: observations in order of arrival, cut into windows, tested, and
//! told.

use std::collections::VecDeque;
use std::time::Instant;

use super::checks::{self, Checks, Window};
use super::finding::Finding;
use super::options::{GuardOptions, Length};
use super::pane::{Pane, PartialPane};
use super::rate::Budget;
use super::report::WindowReport;
use crate::alert::{Alert, Episodes, Kind, Span};
use crate::error::Result;
use crate::profile::Baseline;

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
    pub recycle: &'a mut dyn FnMut(PartialPane),
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
}

impl Testing {
    /// What is tested: `last` is the pane of a window of one.
    fn window<'a>(
        &'a self,
        last: Option<&'a PartialPane>,
        (baseline, options): (&'a Baseline, &'a GuardOptions),
    ) -> Option<Window<'a>> {
        let pane = self.merged.as_ref().or(last.map(|share| &share.pane))?;
        Some(Window { baseline, options, pane, level: self.level })
    }
}

/// Cuts, tests and tells. Belongs to the worker; nothing in it is shared.
#[derive(Debug)]
pub(super) struct Windows {
    /// Observations of a full pane; without, time ends it.
    full: Option<u64>,
    panes: usize,
    /// Panes that still miss observations, or come after one that does; by number.
    open: VecDeque<PartialPane>,
    /// Panes with a lower number take no more, full or not.
    ended: u64,
    /// The closed panes of the current window.
    recent: VecDeque<PartialPane>,
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
    checks: Checks,
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
            checks: Checks::new(baseline, options)?,
        })
    }

    /// Takes in what a slot saw of a pane.
    pub fn take(&mut self, share: PartialPane, with: &mut Context<'_>) {
        self.checks.see(&share.pane, with.baseline);
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
        if let Some(testing) = self.testing.take() {
            let Some(window) = testing.window(self.recent.back(), (with.baseline, with.options))
            else {
                return Ok(true);
            };
            if self.checks.step(&window)? {
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

    /// A model that puts out NaN is not to be trusted from this moment on, so this is reported
    /// before the window is full.
    fn tell_non_finite(&mut self, at: usize, with: &mut Context<'_>) {
        let pane = &self.open[at].pane;
        let Some(finding) = checks::non_finite(pane, with.baseline) else { return };
        if !self.episodes.ongoing(Kind::NonFinite)
            && self.episodes.found(finding.kind, finding.severity)
        {
            let (observations, seconds) = (pane.observations, pane.seconds());
            let last = self.closed + observations - 1;
            let span =
                Span { index: self.windows + 1, first: self.closed, last, observations, seconds };
            (with.tell)(Event::Early(finding.into_alert(span, with.options)));
        }
    }

    fn close_first(&mut self, with: &mut Context<'_>) -> Result<()> {
        let Some(share) = self.open.pop_front() else { return Ok(()) };
        self.untested += share.pane.observations;
        self.closed += share.pane.observations;
        self.checks.add(&share.pane, with.baseline)?;
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
        self.checks.begin(with.baseline, level);
        self.testing = Some(Testing { merged, span, observations, level });
    }

    fn conclude(&mut self, testing: Testing, with: &mut Context<'_>) -> Result<()> {
        let Some(window) = testing.window(self.recent.back(), (with.baseline, with.options)) else {
            return Ok(());
        };
        let (report, findings) = self.checks.finish(&window, testing.span)?;
        let (span, observations) = (testing.span, testing.observations);
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
        self.episodes.end_all_but(|kind| findings.iter().any(|finding| finding.kind == kind));
        let total = findings.len() as u64;
        let alerts: Vec<Alert> = findings
            .into_iter()
            .filter(|f| self.episodes.found(f.kind, f.severity))
            .map(|finding| finding.into_alert(window, with.options))
            .collect();
        let suppressed = total - alerts.len() as u64;
        (alerts, suppressed)
    }
}
