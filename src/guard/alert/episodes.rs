//! Alerts without fatigue: a condition that goes on is reported once, and again only when it gets
//! worse or comes back.

use std::collections::HashMap;

use super::{Kind, Severity};

/// Which conditions are going on.
#[derive(Debug, Default)]
pub struct Episodes {
    ongoing: HashMap<Kind, Severity>,
    repeat: bool,
}

impl Episodes {
    /// `repeat`: tell it every time all the same.
    #[must_use]
    pub fn new(repeat: bool) -> Self {
        Episodes { ongoing: HashMap::new(), repeat }
    }

    /// Notes that `kind` was found; returns whether to tell it: at the onset, and when the severity
    /// has risen.
    pub fn found(&mut self, kind: Kind, severity: Severity) -> bool {
        let before = self.ongoing.insert(kind, severity);
        let worst = before.map_or(severity, |b| b.max(severity));
        self.ongoing.insert(kind, worst);
        self.repeat || before.is_none_or(|b| severity > b)
    }

    /// Whether `kind` goes on.
    #[must_use]
    pub fn ongoing(&self, kind: Kind) -> bool {
        self.ongoing.contains_key(&kind)
    }

    /// Notes that a window was tested: of what was not found in it, the next time is a new episode.
    pub fn end_all_but(&mut self, found: impl Fn(Kind) -> bool) {
        self.ongoing.retain(|kind, _| found(*kind));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_told_once_unless_it_gets_worse() {
        let mut e = Episodes::new(false);
        assert!(e.found(Kind::Drift, Severity::Warning));
        assert!(!e.found(Kind::Drift, Severity::Warning));
        assert!(e.found(Kind::Drift, Severity::Critical));
        assert!(
            !e.found(Kind::Drift, Severity::Warning) && !e.found(Kind::Drift, Severity::Critical)
        );
        assert!(e.found(Kind::Anomaly, Severity::Info));
        e.end_all_but(|kind| kind != Kind::Drift);
        assert!(e.ongoing(Kind::Anomaly) && !e.ongoing(Kind::Drift));
        assert!(e.found(Kind::Drift, Severity::Warning));
        assert!(Episodes::new(true).found(Kind::Drift, Severity::Info));
    }
}
