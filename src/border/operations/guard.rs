//! Guards. The hook itself, `observe`, is a call of its own on each face.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::call::{Answer, Call, Operation, named_options};
use crate::error::{Error, Result};
use crate::fork;
use crate::guard::{Guard, Ticket, Verdict};
use crate::handle::{Held, lock};
use crate::leavable::leavable_of;
use crate::options;
use crate::outlier::ensemble::Member;
use crate::outlier::{Fitted, Spec};
use crate::profile::Profile;

impl Held for Guard {
    const KIND: &'static str = "guard";
}

/// [`crate::guard::GuardOptions`], and detectors that are fitted on the profile's sample:
/// [`Profile::fit_detector`].
#[derive(Default, Deserialize)]
struct New {
    #[serde(default)]
    unfitted: Vec<Member>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Against a profile, with fitted detectors.
fn new(call: &mut Call<'_>) -> Result<Answer> {
    fork::watch();
    let New { unfitted, rest } = call.options_or_default()?;
    let profile = call.handle::<Mutex<Profile>>("profile")?;
    let mut detectors: Vec<Arc<Fitted>> = call.rest("detectors")?.into_iter().cloned().collect();
    let options = options::from_value(rest.into())?;
    let prepared = leavable_of(&*lock(profile), move |profile| {
        for Member { detector, options } in unfitted {
            detectors.push(Arc::new(profile.fit_detector(&Spec::new(&detector, options)?)?));
        }
        Guard::prepare(profile, options, &detectors)
    });
    Guard::start(prepared?).map(Answer::made)
}

/// JSON of a verdict. Its numbers go to the arrays `scores` (Float32) and `p_values`, if those are
/// given: detectors x observations, at the beginning of what there is room for.
fn verdict(call: &mut Call<'_>, mut verdict: Verdict) -> Result<Answer> {
    if let Some(scores) = call.array("scores") {
        interleave("scores", scores.write("scores")?, verdict.scores.iter())?;
        verdict.scores.clear();
    }
    if let Some(p_values) = call.array("p_values") {
        interleave("p_values", p_values.write("p_values")?, verdict.p_values.values())?;
        verdict.p_values.values_mut().for_each(Vec::clear);
    }
    Answer::json(&verdict)
}

/// Writes rows of equal length to `out`, column by column.
fn interleave<'r, T: Copy + 'r>(
    argument: &'static str,
    out: &mut [T],
    rows: impl ExactSizeIterator<Item = &'r Vec<T>>,
) -> Result<()> {
    let (height, room) = (rows.len(), out.len());
    for (i, row) in rows.enumerate() {
        if height * row.len() > room {
            let expected = format!("room for {height} x {} numbers", row.len());
            return Err(Error::invalid(argument, format!("{room} elements"), expected));
        }
        row.iter().enumerate().for_each(|(j, x)| out[j * height + i] = *x);
    }
    Ok(())
}

/// What a child of fork must not ask: the parent's threads may have been writing.
fn here<'a>(call: &Call<'a>) -> Result<&'a Guard> {
    let guard = call.handle::<Guard>("guard")?;
    guard.expect_here().map(|()| guard)
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("guard.new", new).on(&["profile"]).and_any("detectors"),
    // Takes in a batch, and gives its verdict: what `observe` and `guard.verdict` do, scored once.
    Operation::new("guard.observe", |call| {
        let (caller, copied) = named_options!(call, caller: u64, copied: Option<bool>)?;
        let (guard, output) = (call.handle::<Guard>("guard")?, call.tensor("output")?);
        let found = guard.observe_verdict(&output, caller, copied == Some(true))?;
        verdict(call, found)
    })
    .on(&["guard"])
    .of(&["output", "scores", "p_values"]),
    // The verdict on the caller's last batch.
    Operation::new("guard.verdict", |call| {
        let found = call.handle::<Guard>("guard")?.verdict(named_options!(call, caller: u64)?)?;
        verdict(call, found)
    })
    .on(&["guard"])
    .of(&["scores", "p_values"]),
    // The verdict on a batch that is not taken in.
    Operation::new("guard.score", |call| {
        let output = call.tensor("output")?;
        let found = call.handle::<Guard>("guard")?.score(&output)?;
        verdict(call, found)
    })
    .on(&["guard"])
    .of(&["output", "scores", "p_values"]),
    // List of [`crate::alert::Alert`]s with a number above `after`.
    Operation::new("guard.alerts", |call| {
        Answer::json(&here(call)?.alerts(named_options!(call, after: u64)?))
    })
    .on(&["guard"]),
    // List of [`crate::guard::WindowReport`]s with a number above `after`.
    Operation::new("guard.windows", |call| {
        Answer::json(&here(call)?.windows(named_options!(call, after: u64)?))
    })
    .on(&["guard"]),
    // [`crate::guard::Counters`].
    Operation::new("guard.counters", |call| {
        Answer::json(&call.handle::<Guard>("guard")?.counters())
    })
    .on(&["guard"]),
    // [`crate::guard::Description`].
    Operation::new("guard.describe", |call| {
        Answer::json(&call.handle::<Guard>("guard")?.describe())
    })
    .on(&["guard"]),
    // Starts a flush and gives its ticket at once; with `close` the guard takes in nothing more.
    Operation::new("guard.flush", |call| {
        let ticket =
            call.handle::<Guard>("guard")?.start_flush(named_options!(call, close: bool)?)?;
        Ok(Answer::Number(ticket.0 as i64))
    })
    .on(&["guard"]),
    // Waits for a flush: 1 done, 0 not yet.
    Operation::new("guard.wait", |call| {
        let (ticket, milliseconds) = named_options!(call, ticket: u64, milliseconds: u32)?;
        let patience = Duration::from_millis(milliseconds.into());
        Ok(Answer::Number(call.handle::<Guard>("guard")?.wait(Ticket(ticket), patience)?.into()))
    })
    .on(&["guard"]),
];
