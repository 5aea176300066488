//! Something found, before it is known whether it is news.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::options::GuardOptions;
use crate::alert::{self, Alert, Evidence, Kind, Severity, Span};
use crate::text::visible;

/// Something found in a window, before it is known whether it is news.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub kind: Kind,
    pub severity: Severity,
    pub class: Option<u32>,
    pub adjusted_p_value: f64,
    pub threshold: f64,
    pub message: String,
    /// The strongest first; never empty.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// Its alert; the number is given when it is published.
    pub fn into_alert(self, window: Span, options: &GuardOptions) -> Alert {
        let first = self.evidence.first().cloned().unwrap_or_else(|| Evidence {
            name: String::new(),
            test: String::new(),
            statistic: f64::NAN,
            p_value: f64::NAN,
            effect: f64::NAN,
        });
        let of_column = matches!(self.kind, Kind::Drift | Kind::Chart | Kind::NonFinite);
        Alert {
            id: 0,
            time: alert::time(SystemTime::now()),
            guard: options.name.clone(),
            model: options.model.clone(),
            kind: self.kind,
            severity: self.severity,
            feature: of_column.then_some(first.name),
            class: self.class,
            test: first.test,
            statistic: first.statistic,
            p_value: first.p_value,
            adjusted_p_value: self.adjusted_p_value,
            effect: first.effect,
            threshold: self.threshold,
            false_alarm_rate: self.threshold,
            false_alarms: options.false_alarms.to_string(),
            window,
            // Names are the user's, and may hold anything.
            message: visible(&format!(
                "{}, in {}; {}",
                self.message,
                in_words(&window),
                next_step(self.kind)
            )),
            found: self.evidence.iter().map(|e| e.name.as_str()).collect::<BTreeSet<_>>().len(),
            features: self.evidence,
        }
    }
}

/// A window, in words.
fn in_words(window: &Span) -> String {
    let Span { index, observations, seconds, .. } = window;
    match *seconds {
        s if s >= 120.0 => {
            format!("window {index} ({observations} observations in {:.0} minutes)", s / 60.0)
        }
        s if s >= 1.0 => format!("window {index} ({observations} observations in {s:.0} s)"),
        _ => format!("window {index} ({observations} observations)"),
    }
}

/// What to do about it, in a few words.
fn next_step(kind: Kind) -> &'static str {
    match kind {
        Kind::Drift => {
            "look at what feeds it, and at what was deployed; if the change is to stay, fit a new profile"
        }
        Kind::ClassDrift | Kind::UnseenClass | Kind::VanishedClass => {
            "look at some of these inputs; if the mix is to stay, fit a new profile"
        }
        Kind::Anomaly => "look at the observations that were flagged",
        Kind::NonFinite => "look for values that are missing, or too large for the layers before",
        Kind::Chart => "look at what changed since the chart was within its limits",
        // These are no findings of a window, and say it themselves.
        Kind::Journal | Kind::Unwatched => "",
    }
}

/// How much a change of this size matters, where changes of `min_effect` are the smallest to count.
pub(super) fn severity(effect: f64, min_effect: f64) -> Severity {
    if effect >= 3.0 * min_effect.max(0.1) { Severity::Critical } else { Severity::Warning }
}

/// What a message says of those that it does not name.
pub(super) fn and_more(count: usize) -> String {
    if count > 0 { format!(" and {count} more") } else { String::new() }
}
