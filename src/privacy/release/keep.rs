//! A file that is ahead of the run: what was spent, and a little more, is on the disk before it is
//! spent. After a crash it says too much, never too little.

use super::ledger::Ledger;
use super::record::Record;
use crate::accountant::{Accountant, Phase};
use crate::clip::Clipping;
use crate::state::PrivacyState;
use crate::{Error, Result};
use std::path::PathBuf;

/// Steps that are written ahead, at most: a hundredth of those that were taken.
const MAX_AHEAD: u64 = 10_000;

#[derive(Debug)]
pub(super) struct Keep {
    path: PathBuf,
    /// What the file has more of than was spent: the phase, its samples of noise, whether it is
    /// private, and how many steps more.
    ahead: Option<(Phase, u64, bool, u64)>,
    clip_norm: f64,
    /// What is in the file, as far as this run knows; nothing where there is none.
    known: Option<Vec<u8>>,
}

impl Keep {
    /// A file of its own for a run that begins with `spent`.
    ///
    /// # Errors
    /// `InvalidArgument` for the file of a run that spent anything else: who began again without
    /// resuming would write over what it says. `FileDamaged`, `FileVersion`, `PathUnusable` for a
    /// file that is no such state.
    pub(super) fn new(path: PathBuf, spent: &Accountant) -> Result<Self> {
        let known = contents(&path);
        if known.is_some() {
            let before = PrivacyState::load(&path)?.accountant;
            if (before.phases(), before.noise_samples()) != (spent.phases(), spent.noise_samples())
            {
                let was =
                    format!("{}, the file of a run of {} steps", path.display(), before.steps());
                let expected = "what it spent as the beginning of this run (load the state and resume from it), or another path";
                return Err(Error::invalid("keep", was, expected));
            }
        }
        Ok(Keep { path, ahead: None, clip_norm: 1.0, known })
    }

    /// Called when a record was counted and before its noise is drawn; `ledger` includes it. One
    /// write in a hundred steps or so.
    ///
    /// # Errors
    /// `PathUnusable`: then nothing may be released.
    pub(super) fn before_release(&mut self, record: &Record, ledger: &Ledger) -> Result<()> {
        self.clip_norm = record.clip_norm;
        let Some((phase, samples)) = record.charge()? else { return Ok(()) };
        let (spent, private) = (ledger.accountant(), ledger.is_private());
        if let Some((same, drawn, was_private, left)) = &mut self.ahead
            && (&*same, *drawn, *was_private) == (&phase, samples, private)
            && *left > 0
        {
            *left -= 1;
            return Ok(());
        }
        // written first: a failed write leaves a file that is not ahead of anything
        self.ahead = None;
        let more = (spent.steps() / 100).min(MAX_AHEAD);
        let steps = phase.steps * more;
        let written = if more > 0 {
            spent.after(Phase { steps, ..phase.clone() }, samples)?
        } else {
            spent.clone()
        };
        self.write(written, private)?;
        self.ahead = Some((phase, samples, private, more));
        Ok(())
    }

    /// Writes exactly what was spent.
    pub(super) fn settle(&mut self, ledger: &Ledger) -> Result<()> {
        self.ahead = None;
        self.write(ledger.accountant().clone(), ledger.is_private())
    }

    fn write(&mut self, accountant: Accountant, private_randomness: bool) -> Result<()> {
        if contents(&self.path) != self.known {
            return Err(Error::PathUnusable {
                argument: "keep",
                path: self.path.display().to_string(),
                purpose: "written",
                reason: "somebody else has written it since; give each run a file of its own"
                    .into(),
            });
        }
        let clipping = Clipping::Flat(self.clip_norm);
        PrivacyState {
            accountant,
            clipping,
            adaptive: None,
            schedule: Vec::new(),
            private_randomness,
        }
        .save(&self.path)?;
        self.known = contents(&self.path);
        Ok(())
    }
}

fn contents(path: &std::path::Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok()
}
