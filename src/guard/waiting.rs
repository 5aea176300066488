//! The observations of a pane that fitted detectors are yet to score.

/// Numbers that a share keeps: 32 MB. Only a worker that is far behind lets them grow so large.
#[cfg(not(test))]
pub(super) const ROOM: usize = 1 << 22;
/// Small enough for a test to fill.
#[cfg(test)]
pub(super) const ROOM: usize = 1 << 9;

/// Rows, feature fastest, and whether the call has flagged them already.
#[derive(Debug, Clone, Default)]
pub struct Deferred {
    pub(super) rows: Vec<f64>,
    pub(super) flagged: Vec<bool>,
    /// Observations before these that were scored already.
    pub(super) scored: u64,
}

impl Deferred {
    /// Adds what `other` keeps.
    pub fn merge(&mut self, other: &Deferred) {
        self.rows.extend_from_slice(&other.rows);
        self.flagged.extend_from_slice(&other.flagged);
        self.scored += other.scored;
    }

    /// Forgets all and keeps the memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.flagged.clear();
        self.scored = 0;
    }

    /// How many more observations there is room for: at least one where there are none.
    pub(super) fn room(&self, features: usize) -> usize {
        let most = (ROOM / features).max(1);
        most.saturating_sub(self.flagged.len())
    }
}
