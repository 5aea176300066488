//! Guards. The hook itself, `observe`, is a call of its own on each face.

use std::time::Duration;

use serde_json::{Map, Value};

use super::prelude::*;
use crate::fork;
use crate::guard::{Guard, Ticket};
use crate::options;
use crate::outlier::ensemble::Member;
use crate::outlier::{Fitted, Spec};
use crate::profile::Profile;

operations! {
    kind "guard" = Guard;

    // Against a profile, by [`crate::guard::GuardOptions`], with fitted detectors, and with those
    // that are fitted here, on the profile's sample: [`Profile::fit_detector`].
    "guard.new" on (profile: &Mutex<Profile>) and_any (detectors: &Arc<Fitted>)
    options (unfitted: Option<Vec<Member>>, ..options: Map<String, Value>) or none -> handle {
        fork::watch();
        let mut detectors: Vec<Arc<Fitted>> = detectors.into_iter().cloned().collect();
        let options = options::from_value(options.into())?;
        let profile = lock(profile).clone();
        Guard::start(leavable(move || {
            for Member { detector, options } in unfitted.unwrap_or_default() {
                detectors.push(Arc::new(profile.fit_detector(&Spec::new(&detector, options)?)?));
            }
            Guard::prepare(&profile, options, &detectors)
        })?)?
    }
    // Takes in a batch, and gives its verdict: what `observe` and `guard.verdict` do, scored once.
    "guard.observe" on (guard: &Guard) options (caller: u64, copied: Option<bool>)
    arrays (output: Tensor, scores: Option<&mut [f32]>, p_values: Option<&mut [f64]>) -> json {
        let verdict = guard.observe_verdict(&output, caller, copied == Some(true))?;
        verdict.numbers_into(scores, p_values)?
    }
    // The verdict on the caller's last batch.
    "guard.verdict" on (guard: &Guard) options (caller: u64)
    arrays (scores: Option<&mut [f32]>, p_values: Option<&mut [f64]>) -> json {
        guard.verdict(caller)?.numbers_into(scores, p_values)?
    }
    // The verdict on a batch that is not taken in.
    "guard.score" on (guard: &Guard)
    arrays (output: Tensor, scores: Option<&mut [f32]>, p_values: Option<&mut [f64]>) -> json {
        guard.score(&output)?.numbers_into(scores, p_values)?
    }
    // List of [`crate::alert::Alert`]s with a number above `after`. What a child of fork must not
    // ask: the parent's threads may have been writing.
    "guard.alerts" on (guard: &Guard) options (after: u64) -> json {
        guard.expect_here()?;
        guard.alerts(after)
    }
    // Likewise, of [`crate::guard::WindowReport`]s.
    "guard.windows" on (guard: &Guard) options (after: u64) -> json {
        guard.expect_here()?;
        guard.windows(after)
    }
    // [`crate::guard::Counters`].
    "guard.counters" on (guard: &Guard) -> json { guard.counters() }
    // [`crate::guard::GuardDescription`].
    "guard.describe" on (guard: &Guard) -> json { guard.describe() }
    // Of a batch that could not be taken in.
    "guard.forget" on (guard: &Guard) options (caller: u64) -> nothing { guard.forget(caller); }
    // Raises an alert that an output could not be watched.
    "guard.unwatched" on (guard: &Guard) options (message: String) -> nothing {
        guard.unwatched(&message)?;
    }
    // Starts a flush and gives its ticket at once; with `close` the guard takes in nothing more.
    "guard.flush" on (guard: &Guard) options (close: bool) -> number { guard.start_flush(close)?.0 }
    // Waits for a flush: 1 done, 0 not yet.
    "guard.wait" on (guard: &Guard) options (ticket: u64, milliseconds: u32) -> number {
        guard.wait(Ticket(ticket), Duration::from_millis(milliseconds.into()))?
    }
}
