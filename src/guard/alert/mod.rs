//! What a guard tells people: an alert with its evidence, once an episode, in memory and in a
//! journal.

mod episodes;
mod journal;
mod time;

pub use episodes::Episodes;
pub use journal::{Journal, read_journal};
pub use time::time;

use serde::{Deserialize, Deserializer, Serialize};

/// JSON has no NaN: null is one.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Option::deserialize(from).map(|x| x.unwrap_or(f64::NAN))
}

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The distribution of features or scores changed.
    Drift,
    /// The distribution of predicted classes changed.
    ClassDrift,
    /// A class is predicted that the reference never had.
    UnseenClass,
    /// A class of the reference is predicted no more.
    VanishedClass,
    /// More anomalous observations than chance explains.
    Anomaly,
    /// NaN or Inf in the output.
    NonFinite,
    /// A control chart left its limits.
    Chart,
    /// The journal cannot be written, or can be again.
    Journal,
    /// The host could not show an output to the guard.
    Unwatched,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look today.
    Warning,
    /// The model's answers should not be trusted until someone has looked.
    Critical,
}

/// The stretch of observations that an alert is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Number of the window, from 1.
    pub index: u64,
    /// First observation, counted from 0 in the order in which the guard tested them.
    pub first: u64,
    /// Last observation.
    pub last: u64,
    /// Observations in the window.
    pub observations: u64,
    /// From the first to the last observation's arrival, in seconds.
    #[serde(deserialize_with = "number")]
    pub seconds: f64,
}

/// One column's part in an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The feature, score or class.
    pub name: String,
    /// The test's name.
    pub test: String,
    /// Its statistic.
    #[serde(deserialize_with = "number")]
    pub statistic: f64,
    /// Its p-value, before any correction.
    #[serde(deserialize_with = "number")]
    pub p_value: f64,
    /// The effect size on the test's own scale.
    #[serde(deserialize_with = "number")]
    pub effect: f64,
}

/// One thing that was noticed, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Counted from 1 in each guard without a journal, else in the journal, by all who write it.
    /// One that waits for a journal that cannot be written has a number of its own until then:
    /// where another wrote that meanwhile, it gets the next, and is given again to those who ask
    /// for numbers above.
    pub id: u64,
    /// When it was raised, by the system's clock: [`time`].
    pub time: String,
    /// The guard's name.
    pub guard: String,
    /// The model's name.
    pub model: String,
    /// What was noticed.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// The feature or score with the strongest evidence.
    pub feature: Option<String>,
    /// The class it is about, from 0.
    pub class: Option<u32>,
    /// The test with the strongest evidence.
    pub test: String,
    /// Its statistic.
    #[serde(deserialize_with = "number")]
    pub statistic: f64,
    /// Its p-value, before any correction.
    #[serde(deserialize_with = "number")]
    pub p_value: f64,
    /// Its p-value after the correction for all that was tested at once: what was compared with the
    /// threshold.
    #[serde(deserialize_with = "number")]
    pub adjusted_p_value: f64,
    /// Its effect size.
    #[serde(deserialize_with = "number")]
    pub effect: f64,
    /// The probability of a false alarm that this decision was allowed; 1 for a monitor that states
    /// none.
    #[serde(deserialize_with = "number")]
    pub threshold: f64,
    /// The expected false alarms of this kind of check in this window: its share of what the user
    /// asked for.
    #[serde(deserialize_with = "number")]
    pub false_alarm_rate: f64,
    /// What the user asked for, in words.
    pub false_alarms: String,
    /// The window it is about.
    pub window: Span,
    /// One sentence for people.
    pub message: String,
    /// How many columns were found; 0 in journals of before this was written.
    #[serde(default)]
    pub found: usize,
    /// The columns that were found, the strongest evidence first: all, but in old alerts of wide
    /// outputs that a guard keeps in memory.
    pub features: Vec<Evidence>,
}
