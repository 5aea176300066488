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

/// Demands it of windows that are counted; those of a time have as many as come.
///
/// # Errors
/// [`Error::WindowTooShort`], with the number that would do.
pub(super) fn check(baseline: &Baseline, options: &GuardOptions) -> Result<()> {
    let Length::Observations(window) = options.window else { return Ok(()) };
    let (least, _) = options.least();
    let independent = |k: usize, n: u64| baseline.thinned(k, n).current.count(n);
    let worst = (0..baseline.column_count()).min_by_key(|k| independent(*k, window));
    let Some(worst) = worst.filter(|k| independent(*k, window) < least) else { return Ok(()) };
    // Up to the reference's own length: beyond, nothing is known.
    let enough = (0..64)
        .map(|i| window << i)
        .take_while(|n| *n <= baseline.dependent.seen())
        .find(|n| independent(worst, *n) >= least);
    let (name, counts) = (&baseline.names[worst], independent(worst, window).max(1));
    let order = "Where the order of the reference means nothing (shuffled, sorted by class), say so: order = \"none\"";
    let reason = match enough {
        Some(_) => format!("neighbors in the reference depend on each other in \"{name}\". {order}"),
        None => format!(
            "\"{name}\" moves in waves as long as the reference, or stands in order: a longer reference may tell how long a window must be. {order}"
        ),
    };
    let was = format!("{window} observations, which count as {counts} of \"{name}\"");
    let expected = enough.unwrap_or_else(|| baseline.dependent.seen().max(window + 1)) as usize;
    Err(Error::WindowTooShort { argument: "window", was, expected, reason })
}
