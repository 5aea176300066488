//! What a guard has found: kept in memory for those who ask, and alerts written down in the
//! journal. A journal that cannot be written costs nobody anything but itself: alerts wait in
//! memory, that is told by an alert of its own, and they are written once that works again.

use std::time::{Duration, Instant, SystemTime};

use super::kept::{ALERTS, Kept};
use super::options::GuardOptions;
use super::report::WindowReport;
use crate::alert::{self, Alert, Journal, Kind, Severity, Span};
use crate::error::Result;
use crate::text::visible;

/// How long after a failure the journal is tried again, at most.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// What a guard has found.
pub(super) struct Published {
    kept: Kept,
    journal: Option<Journal>,
    last_id: u64,
    /// The last alert that needs no writing any more.
    written: u64,
    /// Since when the journal fails, and that it was reported.
    failing: Option<Instant>,
    /// Alerts that had to leave the memory before they were written.
    lost: u64,
    /// Whether what a guard that ended left unwritten was reported.
    concluded: bool,
    about: About,
}

/// Whose alerts they are.
struct About {
    guard: String,
    model: String,
    false_alarms: String,
}

impl Published {
    /// # Errors
    /// [`crate::Error::PathUnusable`] for the journal.
    pub fn new(options: &GuardOptions) -> Result<Self> {
        let (guard, model, false_alarms) =
            (options.name.clone(), options.model.clone(), options.false_alarms.to_string());
        Ok(Published {
            kept: Kept::default(),
            journal: options.journal.as_deref().map(Journal::open).transpose()?,
            last_id: 0,
            written: 0,
            failing: None,
            lost: 0,
            concluded: false,
            about: About { guard, model, false_alarms },
        })
    }

    /// Takes in what was found; how many alerts that makes, with those about the journal itself.
    pub fn publish(&mut self, alerts: Vec<Alert>, report: Option<WindowReport>) -> usize {
        let mut raised = alerts.len();
        for alert in alerts {
            self.number(alert);
            raised += self.write_down(false);
        }
        report.into_iter().for_each(|report| self.kept.report(report));
        raised
    }

    /// Takes in that an output could not be watched; how many alerts that makes.
    pub fn unwatched(&mut self, message: String) -> usize {
        self.tell(Kind::Unwatched, Severity::Warning, message);
        1 + self.write_down(false)
    }

    /// Whether alerts wait for the journal.
    pub fn waits(&self) -> bool {
        self.failing.is_some()
    }

    /// Tries the journal again, if alerts wait for it and a while has passed, or `at_once`; how
    /// many alerts that makes.
    pub fn catch_up(&mut self, at_once: bool) -> usize {
        if self.waits() { self.write_down(at_once) } else { 0 }
    }

    /// Says what is not in the journal when the guard ends; how many alerts that makes.
    pub fn conclude(&mut self) -> usize {
        if !self.waits() || std::mem::replace(&mut self.concluded, true) {
            return 0;
        }
        let unwritten = self.kept.after(self.written).len() as u64 + self.lost;
        self.tell(
            Kind::Journal,
            Severity::Critical,
            format!("the guard ends and {unwritten} of its alerts are not in its journal"),
        );
        1
    }

    fn number(&mut self, mut alert: Alert) {
        // Beyond those that were given out before this guard was made, and by others with the same
        // journal; where another takes it before this one is written, it is raised then.
        let highest = self.journal.as_mut().map_or(0, Journal::highest);
        self.last_id = self.last_id.max(highest).saturating_add(1);
        alert.id = self.last_id;
        if self.journal.is_none() {
            self.written = self.last_id;
        }
        let oldest = self.kept.alert(alert);
        self.lost += u64::from(oldest.is_some_and(|alert| alert.id > self.written));
    }

    /// Writes what waits; how many alerts about the journal that makes.
    fn write_down(&mut self, at_once: bool) -> usize {
        if self.journal.is_none()
            || (!at_once && self.failing.is_some_and(|since| since.elapsed() < AGAIN))
        {
            return 0;
        }
        let was_failing = self.failing.is_some();
        if let Err(error) = self.write() {
            self.failing = Some(Instant::now());
            if was_failing {
                return 0;
            }
            self.tell(
                Kind::Journal,
                Severity::Warning,
                format!(
                    "{error}; alerts are kept in memory meanwhile, the newest {ALERTS}, and written once that works"
                ),
            );
            return 1;
        }
        self.failing = None;
        if !was_failing {
            return 0;
        }
        let lost = std::mem::take(&mut self.lost);
        let missing = if lost > 0 {
            format!(", but for {lost}, which were too many to keep")
        } else {
            String::new()
        };
        let severity = if lost > 0 { Severity::Critical } else { Severity::Info };
        self.tell(
            Kind::Journal,
            severity,
            format!("the journal is written again: it has all alerts{missing}"),
        );
        // Should that fail, it is another time.
        1 + self.write_down(true)
    }

    fn write(&mut self) -> Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        while let Some((written, last)) =
            self.kept.write_after(self.written, |alert| journal.append_next(alert))?
        {
            (self.written, self.last_id) = (written, last);
        }
        Ok(())
    }

    fn tell(&mut self, kind: Kind, severity: Severity, message: String) {
        let About { guard, model, false_alarms } = &self.about;
        let alert = Alert {
            id: 0,
            time: alert::time(SystemTime::now()),
            guard: guard.clone(),
            model: model.clone(),
            kind,
            severity,
            feature: None,
            class: None,
            test: String::new(),
            statistic: f64::NAN,
            p_value: f64::NAN,
            adjusted_p_value: f64::NAN,
            effect: f64::NAN,
            // A fact, not a decision that chance could bring about.
            threshold: 0.0,
            false_alarm_rate: 0.0,
            false_alarms: false_alarms.clone(),
            window: Span::default(),
            message: visible(&message),
            found: 0,
            features: Vec::new(),
        };
        self.number(alert);
    }

    /// Alerts with a number above `after`.
    pub fn alerts(&self, after: u64) -> Vec<Alert> {
        self.kept.alerts_after(after)
    }

    /// Reports of windows with a number above `after`.
    pub fn reports(&self, after: u64) -> Vec<WindowReport> {
        self.kept.reports_after(after)
    }
}

#[cfg(all(test, unix))]
mod tests;
