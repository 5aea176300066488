//! What tests need.

pub use fluxguard_core::testing::*;

use crate::alert::{Alert, Kind, Severity, Span};

/// An alert with this number.
pub fn alert(id: u64) -> Alert {
    Alert {
        id,
        time: "2026-01-01T00:00:00.000Z".into(),
        guard: "g\n\"quoted\"".into(),
        model: String::new(),
        kind: Kind::Drift,
        severity: Severity::Warning,
        feature: Some("y1".into()),
        class: None,
        test: "ks".into(),
        statistic: 0.5,
        p_value: 1e-9,
        adjusted_p_value: 1e-8,
        effect: 0.5,
        threshold: 1e-6,
        false_alarm_rate: 1e-6,
        false_alarms: "1 per week".into(),
        window: Span::default(),
        message: String::new(),
        found: 0,
        features: Vec::new(),
    }
}
