//! Whether windows have enough observations for their tests, where these depend on each other.

use std::collections::BTreeMap;

use super::options::{GuardOptions, Length};
use crate::error::{Error, Result};
use crate::profile::Baseline;

/// How many observations count as one, by column: of those whose neighbors depend on each other.
pub(super) fn count_as_one(baseline: &Baseline) -> BTreeMap<String, f64> {
    let columns = baseline.names.iter().cloned().enumerate();
    columns.map(|(k, name)| (name, baseline.dependent.largest(k))).filter(|(_, inflation)| *inflation > 1.0).collect()
}

/// Demands it of windows that are counted; those of a time have as many as come, where any number would do.
///
/// # Errors
/// [`Error::WindowTooShort`], with a number that would do; [`Error::InvalidArgument`] naming `reference` where none would.
pub(super) fn check(baseline: &Baseline, options: &GuardOptions) -> Result<()> {
    let (window, counted) = match options.window {
        Length::Observations(window) => (window, true),
        Length::Seconds(_) => (1, false),
    };
    let (least, _) = options.least();
    let independent = |k: usize, n: u64| baseline.thinned(k, n).current.count(n);
    let worst = (0..baseline.column_count()).min_by_key(|k| independent(*k, window));
    let Some(worst) = worst.filter(|k| independent(*k, window) < least) else { return Ok(()) };
    let (name, counts) = (&baseline.names[worst], independent(worst, window).max(1));
    let order = "where the order of the reference means nothing (shuffled, sorted by class), say so: order = \"none\"";
    let Some(enough) = (1..32).map(|i| window << i).find(|n| independent(worst, *n) >= least) else {
        let was = format!("\"{name}\", which stands in order, or moves in waves about as long as the reference");
        let expected =
            format!("a reference of many such waves: of no window can be said what it is worth; or, {order}");
        return Err(Error::invalid("reference", was, expected));
    };
    if !counted {
        return Ok(());
    }
    let reason = format!("neighbors in the reference depend on each other in \"{name}\"; {order}");
    let was = format!("{window} observations, which count as {counts} of \"{name}\"");
    let expected = enough as usize;
    Err(Error::WindowTooShort { argument: "window", was, expected, reason })
}
