//! Whether windows have enough observations for their tests, where these depend on each other.

use std::collections::BTreeMap;

use super::options::{GuardOptions, Length};
use crate::error::{Error, Result};
use crate::profile::{Baseline, Dependent};

/// How many observations count as one, by column: of those whose neighbors depend on each other.
pub(super) fn count_as_one(baseline: &Baseline) -> BTreeMap<String, f64> {
    let columns = baseline.names.iter().cloned().enumerate();
    columns
        .map(|(k, name)| (name, baseline.dependent.largest(k)))
        .filter(|(_, inflation)| *inflation > 1.0)
        .collect()
}

/// Independent observations that a reference is worth at least, where its neighbors depend on each
/// other: how many of them count as one is measured too coarsely of fewer. `make evaluate
/// ARGS=nulls` has what became of guards near this bound.
const MIN_WORTH: f64 = 20.0;

/// The same of a reference that is too short to tell: independent observations, which look
/// dependent once in a hundred references, are hardly ever worth so few.
fn least_worth(seen: u64) -> f64 {
    MIN_WORTH * (seen as f64 / Dependent::TELLING as f64).sqrt().min(1.0)
}

/// Waves that a reference holds at least, if windows are to be said what they are worth.
const WAVES: u64 = 16;

/// What to say to a guard that takes for an order of time what is none.
const ORDER: &str = "where the order of the reference means nothing (shuffled, sorted by class), say so: \
                      order = \"none\"; where it means something, alarms would then be false";

/// Demands enough of windows that are counted (those of a time have as many as come, where any
/// number would do), and of the reference.
///
/// # Errors
/// [`Error::WindowTooShort`] or [`Error::BaselineTooSmall`], with a number that would do;
/// [`Error::InvalidArgument`] naming `reference` where none would.
pub(super) fn check(baseline: &Baseline, options: &GuardOptions) -> Result<()> {
    enough_a_window(baseline, options)?;
    let least = least_worth(baseline.dependent.seen());
    let worth = |inflation: f64| baseline.dependent.seen() as f64 / inflation;
    let of_columns = (0..baseline.column_count()).map(|k| (k, baseline.dependent.largest(k)));
    let most = of_columns.max_by(|a, b| a.1.total_cmp(&b.1));
    let dependent = |inflation: f64| inflation > 1.0 && worth(inflation) < least;
    let Some((k, inflation)) = most.filter(|(_, inflation)| dependent(*inflation)) else {
        return Ok(());
    };
    let name = &baseline.names[k];
    let reason = format!(
        "neighbors in it depend on each other in \"{name}\", where {inflation:.1} count as one; {ORDER}"
    );
    let expected = (MIN_WORTH * inflation).ceil() as usize;
    Err(Error::BaselineTooSmall {
        argument: "profile",
        was: baseline.dependent.seen() as usize,
        expected,
        reason,
    })
}

fn enough_a_window(baseline: &Baseline, options: &GuardOptions) -> Result<()> {
    let (window, counted) = match options.window {
        Length::Observations(window) => (window, true),
        Length::Seconds(_) => (1, false),
    };
    let (least, _) = options.least();
    let independent = |k: usize, n: u64| baseline.dependent.independent(k, n);
    let worst = (0..baseline.column_count()).min_by_key(|k| independent(*k, window));
    let Some(worst) = worst.filter(|k| independent(*k, window) < least) else { return Ok(()) };
    let (name, counts) = (&baseline.names[worst], independent(worst, window).max(1));
    let Some(enough) = (1..32).map(|i| window << i).find(|n| independent(worst, *n) >= least)
    else {
        let was = format!(
            "\"{name}\", which stands in order, or moves in waves about as long as the reference"
        );
        let waves = WAVES * baseline.dependent.seen();
        let expected = format!(
            "a reference of many such waves, all kept, for of no window can be said what it is \
             worth: if one is as long as this reference, {waves} observations, capacity = {waves}; \
             or, {ORDER}"
        );
        return Err(Error::invalid("reference", was, expected));
    };
    if !counted {
        return Ok(());
    }
    let reason = format!("neighbors in the reference depend on each other in \"{name}\"; {ORDER}");
    let was = format!("{window} observations, which count as {counts} of \"{name}\"");
    let expected = enough as usize;
    Err(Error::WindowTooShort { argument: "window", was, expected, reason })
}
