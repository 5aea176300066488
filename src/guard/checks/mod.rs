//! What a window is checked for: a file for each check, and a row in [`Checks::new`].
//!
//! Each check that is held to a rate has an equal part of what the window may spend.

mod anomalies;
mod charts;
mod check;
mod classes;
mod drift;
mod martingales;
mod moved;
mod non_finite;
mod online;

pub(super) use check::Window;
pub(super) use non_finite::finding as non_finite;

use crate::alert::Span;
use crate::error::Result;
use crate::finding::Finding;
use crate::options::GuardOptions;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::WindowReport;
use check::Check;

/// The checks of a guard, in the order in which what they find is reported.
#[derive(Debug)]
pub(super) struct Checks {
    all: Vec<Box<dyn Check>>,
    /// How many have a part of the level.
    parts: f64,
    /// The first that has more to do in the window that is being tested.
    next: usize,
}

impl Checks {
    /// # Errors
    /// Those of the options.
    pub fn new(baseline: &Baseline, options: &GuardOptions) -> Result<Self> {
        fn boxed<T: Check + 'static>(check: T) -> Box<dyn Check> {
            Box::new(check)
        }
        let all = [
            drift::Drift::new(baseline, options).map(boxed),
            martingales::Martingales::new(baseline, options).map(boxed),
            online::Streams::new(baseline, options)?.map(boxed),
            Some(boxed(anomalies::Anomalies)),
            classes::Classes::new(baseline).map(boxed),
            charts::Charts::new(baseline, options).map(boxed),
            Some(boxed(non_finite::NonFinite)),
        ];
        let all: Vec<_> = all.into_iter().flatten().collect();
        let parts = all.iter().filter(|check| check.spends()).count() as f64;
        Ok(Checks { all, parts, next: 0 })
    }

    /// See [`Check::see`].
    pub fn see(&mut self, share: &Pane, baseline: &Baseline) {
        self.all.iter_mut().for_each(|check| check.see(share, baseline));
    }

    /// See [`Check::add`].
    ///
    /// # Errors
    /// Those of the checks.
    pub fn add(&mut self, pane: &Pane, baseline: &Baseline) -> Result<()> {
        self.all.iter_mut().try_for_each(|check| check.add(pane, baseline))
    }

    /// See [`Check::begin`]; `level` is the window's.
    pub fn begin(&mut self, baseline: &Baseline, level: f64) {
        self.next = 0;
        let part = level / self.parts;
        self.all.iter_mut().for_each(|check| check.begin(baseline, part));
    }

    /// See [`Check::step`].
    ///
    /// # Errors
    /// Those of the checks.
    pub fn step(&mut self, window: &Window<'_>) -> Result<bool> {
        let part = Window { level: window.level / self.parts, ..*window };
        while let Some(check) = self.all.get_mut(self.next) {
            if check.step(&part)? {
                return Ok(true);
            }
            self.next += 1;
        }
        Ok(false)
    }

    /// All that was found in the window at `span`, and the report.
    ///
    /// # Errors
    /// Those of the checks.
    pub fn finish(
        &mut self,
        window: &Window<'_>,
        span: Span,
    ) -> Result<(WindowReport, Vec<Finding>)> {
        let part = Window { level: window.level / self.parts, ..*window };
        let mut report = WindowReport::new(span, window.level, window.pane);
        let mut findings = Vec::new();
        for check in &mut self.all {
            findings.extend(check.finish(&part, &mut report)?);
        }
        report.alarm = !findings.is_empty();
        Ok((report, findings))
    }
}
