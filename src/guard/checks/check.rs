//! One check, as the worker calls it.

use std::fmt::Debug;

use crate::error::Result;
use crate::finding::Finding;
use crate::options::GuardOptions;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::WindowReport;

/// A window that is tested.
pub(crate) struct Window<'a> {
    pub baseline: &'a Baseline,
    pub options: &'a GuardOptions,
    pub pane: &'a Pane,
    /// The expected false alarms that the check may spend.
    pub level: f64,
}

/// Something that windows are checked for. All is called by the worker, one call after the other.
pub(crate) trait Check: Debug + Send {
    /// Whether it is held to a rate of false alarms, and has a part of the window's level.
    fn spends(&self) -> bool {
        true
    }

    /// Takes in a part of a pane, as it comes.
    fn see(&mut self, _: &Pane, _: &Baseline) {}

    /// Takes in a pane that is full.
    ///
    /// # Errors
    /// None for what a pane can hold; they are handed on, so that a bug is reported and not
    /// swallowed. So are those of [`Check::step`] and [`Check::finish`].
    fn add(&mut self, _: &Pane, _: &Baseline) -> Result<()> {
        Ok(())
    }

    /// A window is to be tested, at this level.
    fn begin(&mut self, _: &Baseline, _: f64) {}

    /// Does a small piece of its work on the window, so that a wide one holds nobody up; whether
    /// there is more.
    ///
    /// # Errors
    /// See [`Check::add`].
    fn step(&mut self, _: &Window<'_>) -> Result<bool> {
        Ok(false)
    }

    /// What it found, and what the report says of it.
    ///
    /// # Errors
    /// See [`Check::add`].
    fn finish(&mut self, window: &Window<'_>, report: &mut WindowReport) -> Result<Vec<Finding>>;
}
