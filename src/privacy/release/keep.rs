//! A file that is ahead of the run: what was spent, and a little more, is on the disk before it is spent. After a crash it says
//! too much, never too little.

use super::ledger::Ledger;
use super::record::Record;
use crate::Result;
use crate::privacy::accountant::{Accountant, Phase};
use crate::privacy::clip::Clipping;
use crate::privacy::state::PrivacyState;
use std::path::PathBuf;

/// Steps that are written ahead, at most: a hundredth of those that were taken.
const MOST_AHEAD: u64 = 10_000;

#[derive(Debug)]
pub(super) struct Keep {
    path: PathBuf,
    /// What the file has more of than was spent: the phase, its samples of noise, whether it is private, and how many steps more.
    ahead: Option<(Phase, u64, bool, u64)>,
    clip_norm: f64,
}

impl Keep {
    pub(super) fn new(path: PathBuf) -> Self {
        Keep { path, ahead: None, clip_norm: 1.0 }
    }

    /// Called when a record was counted and before its noise is drawn; `ledger` includes it. One write in a hundred steps or so.
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
        let more = (spent.steps() / 100).min(MOST_AHEAD);
        let steps = phase.steps * more;
        let written = if more > 0 { spent.after(Phase { steps, ..phase.clone() }, samples)? } else { spent.clone() };
        self.write(written, private)?;
        self.ahead = Some((phase, samples, private, more));
        Ok(())
    }

    /// Writes exactly what was spent.
    pub(super) fn settle(&mut self, ledger: &Ledger) -> Result<()> {
        self.ahead = None;
        self.write(ledger.accountant().clone(), ledger.is_private())
    }

    fn write(&self, accountant: Accountant, private_randomness: bool) -> Result<()> {
        let clipping = Clipping::Flat(self.clip_norm);
        PrivacyState { accountant, clipping, adaptive: None, schedule: Vec::new(), private_randomness }.save(&self.path)
    }
}
