//! What a guard keeps in memory of what it found, bounded in number and in columns: an output of
//! 10^5 features has alerts of 10^5 columns.

use std::collections::VecDeque;

use super::report::WindowReport;
use crate::alert::Alert;

/// Alerts that are kept; the journal keeps all.
pub(super) const ALERTS: usize = 10_000;

/// Columns that they name in all, some 130 bytes each. Beyond, the oldest keep their strongest
/// alone; the newest alert is whole.
const NAMED: usize = 1 << 18;
const STRONGEST: usize = 16;

/// Reports that are kept.
const REPORTS: usize = 256;

/// Tests and evidence of columns in them in all, some 250 bytes each. Beyond, the oldest go; the
/// newest report stays.
const TESTED: usize = 1 << 18;

/// The newest alerts and reports.
#[derive(Debug, Default)]
pub(super) struct Kept {
    alerts: VecDeque<Alert>,
    /// Alerts at the front that were shortened, and columns that all name.
    shortened: usize,
    named: usize,
    reports: VecDeque<WindowReport>,
    tested: usize,
}

/// Entries of a report.
fn entries(report: &WindowReport) -> usize {
    report.tests.len() + report.evidence.len() + report.detections.len()
}

impl Kept {
    /// Keeps `alert`; the one that left for it.
    pub fn alert(&mut self, alert: Alert) -> Option<Alert> {
        self.named += alert.features.len();
        self.alerts.push_back(alert);
        let oldest = if self.alerts.len() > ALERTS { self.alerts.pop_front() } else { None };
        if let Some(oldest) = &oldest {
            self.named -= oldest.features.len();
            self.shortened = self.shortened.saturating_sub(1);
        }
        while self.named > NAMED && self.shortened + 1 < self.alerts.len() {
            let features = &mut self.alerts[self.shortened].features;
            let more = features.len().saturating_sub(STRONGEST);
            features.truncate(STRONGEST);
            features.shrink_to_fit();
            self.named -= more;
            self.shortened += 1;
        }
        oldest
    }

    /// Lets `write` write the first alert with a number above `id`, and perhaps raise that; those
    /// behind it move up with it. The number under which it is written and the last one of all;
    /// `None` where there is none.
    pub fn write_after<E>(
        &mut self,
        id: u64,
        write: impl FnOnce(&mut Alert) -> Result<(), E>,
    ) -> Result<Option<(u64, u64)>, E> {
        let at = self.alerts.partition_point(|alert| alert.id <= id);
        let Some(alert) = self.alerts.get_mut(at) else { return Ok(None) };
        write(alert)?;
        let written = alert.id;
        let mut last = written;
        for later in self.alerts.range_mut(at + 1..) {
            later.id = later.id.max(last.saturating_add(1));
            last = later.id;
        }
        Ok(Some((written, last)))
    }

    /// The alerts with a number above `id`.
    pub fn after(&self, id: u64) -> impl ExactSizeIterator<Item = &Alert> {
        self.alerts.range(self.alerts.partition_point(|alert| alert.id <= id)..)
    }

    pub fn report(&mut self, report: WindowReport) {
        self.tested += entries(&report);
        self.reports.push_back(report);
        while self.reports.len() > REPORTS || self.tested > TESTED && self.reports.len() > 1 {
            self.tested -= self.reports.pop_front().map_or(0, |report| entries(&report));
        }
    }

    pub fn alerts_after(&self, id: u64) -> Vec<Alert> {
        self.after(id).cloned().collect()
    }

    pub fn reports_after(&self, index: u64) -> Vec<WindowReport> {
        self.reports.iter().filter(|report| report.window.index > index).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColumnEvidence;
    use crate::alert::{Evidence, Kind, Severity, Span};

    fn alert(id: u64, columns: usize) -> Alert {
        let evidence = |k| Evidence {
            name: format!("x{k}"),
            test: "ks".into(),
            statistic: 1.0,
            p_value: 0.0,
            effect: 1.0,
        };
        Alert {
            id,
            time: String::new(),
            guard: String::new(),
            model: String::new(),
            kind: Kind::Drift,
            severity: Severity::Warning,
            feature: None,
            class: None,
            test: String::new(),
            statistic: 0.0,
            p_value: 0.0,
            adjusted_p_value: 0.0,
            effect: 0.0,
            threshold: 0.0,
            false_alarm_rate: 0.0,
            false_alarms: String::new(),
            window: Span::default(),
            message: String::new(),
            found: columns,
            features: (0..columns).map(evidence).collect(),
        }
    }

    fn report(index: u64, columns: usize) -> WindowReport {
        let one = ColumnEvidence {
            name: "x".into(),
            e_value: 1.0,
            capital: 0.0,
            effect: 0.0,
            drift: false,
        };
        WindowReport {
            window: Span { index, ..Default::default() },
            level: 0.1,
            anomalous: 0,
            non_finite: 0,
            alarm: false,
            tests: Vec::new(),
            evidence: vec![one; columns],
            detections: Vec::new(),
        }
    }

    #[test]
    fn memory_is_bounded_however_wide_the_output() {
        for (columns, count) in
            [(1, 12_000), (100, 12_000), (3_000, 2_000), (100_000, 8), (400_000, 4)]
        {
            let mut kept = Kept::default();
            for id in 1..=count {
                kept.alert(alert(id, columns));
                kept.report(report(id, columns));
                let (alerts, reports) = (kept.alerts_after(id - 1), kept.reports_after(id - 1));
                assert_eq!(
                    (alerts[0].features.len(), reports[0].evidence.len()),
                    (columns, columns),
                    "the newest is whole"
                );
            }
            let alerts = kept.alerts_after(0);
            assert_eq!(
                alerts.len(),
                ALERTS.min(count as usize),
                "alerts are shortened, not dropped"
            );
            assert!(
                alerts.iter().all(|alert| alert.found == columns
                    && alert.features.len() >= columns.min(STRONGEST))
            );
            assert!(
                alerts
                    .iter()
                    .all(|alert| alert.features.first().is_some_and(|first| first.name == "x0"))
            );
            let named: usize = alerts.iter().map(|alert| alert.features.len()).sum();
            assert!(
                named <= NAMED.max(columns) + STRONGEST * ALERTS && named == kept.named,
                "{columns}: {named}"
            );
            let reports = kept.reports_after(0);
            let tested: usize = reports.iter().map(entries).sum();
            assert!(
                reports.len() <= REPORTS && tested <= TESTED.max(columns) && tested == kept.tested
            );
        }
    }
}
