//! The online detectors of [`crate::drift::online`] as monitors of a guard.
//!
//! A guard keeps counts, not values. So a detector sees one value a pane and column (a pane is a window's slide, else the window):
//! the pane's mean rank among the reference, as Mann and Whitney's U of the counts, less its mean under the null and over its
//! standard deviation. While nothing has changed these values are about standard normal, whatever the column's distribution; they move
//! with its middle and not with its spread. Detectors of bounded values see the normal distribution function of it, in [0, 1].
//!
//! A detector that fires counts as drift where the pane's effect, |2U/(mn) - 1|, is at least the smallest effect of mannwhitney.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::monitor::Finding;
use super::pane::Pane;
use crate::alert::{Evidence, Kind, Severity};
use crate::drift::online::{Domain, Stream, StreamName};
use crate::drift::two_sample::mannwhitney;
use crate::error::{Error, Result};
use crate::profile::Baseline;
use crate::stats::normal;

/// Values that stand for the standard normal distribution, where a detector needs its reference before the first pane.
const REFERENCE: usize = 500;

/// A monitor that fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The feature, or the score.
    pub name: String,
    /// Which monitor.
    pub monitor: StreamName,
    /// What it saw of the pane at which it fired: the mean rank among the reference, in standard deviations.
    pub statistic: f64,
    /// Mann and Whitney's p-value of that pane, corrected for nothing.
    pub p_value: f64,
    /// The effect of that pane: the absolute rank-biserial correlation.
    pub effect: f64,
    /// Whether it is drift: the effect counts.
    pub drift: bool,
}

/// Detectors of outcomes, right or wrong: a guard sees outputs and no truth.
const OF_OUTCOMES: [StreamName; 2] = [StreamName::Ddm, StreamName::Eddm];

/// # Errors
/// `InvalidArgument` naming `monitors` for a detector of what a guard does not see.
pub(super) fn expect_monitor(name: StreamName) -> Result<()> {
    if !OF_OUTCOMES.contains(&name) {
        return Ok(());
    }
    let known = StreamName::ALL.into_iter().filter(|other| !OF_OUTCOMES.contains(other));
    let known = known.map(StreamName::as_str).collect::<Vec<_>>().join(", ");
    let why = "takes outcomes, right or wrong, which a guard does not see: give them to a stream of it";
    Err(Error::invalid("monitors", name, format!("one of {known}; {name} {why}")))
}

/// A detector of every kind for every column.
#[derive(Debug)]
pub(super) struct Streams {
    monitors: Vec<(StreamName, Vec<Stream>)>,
    fired: Vec<Detection>,
}

impl Streams {
    /// Those of `names` but for the martingale, which has evidence of its own kind.
    ///
    /// # Errors
    /// Those of [`expect_monitor`].
    pub fn new(names: &[StreamName], columns: usize) -> Result<Self> {
        let others = names.iter().filter(|name| **name != StreamName::Martingale);
        let monitors = others.map(|name| {
            expect_monitor(*name)?;
            // A threshold that is simulated is simulated once.
            Ok((*name, vec![Stream::new(*name, options(*name, columns)?)?; columns]))
        });
        Ok(Streams { monitors: monitors.collect::<Result<_>>()?, fired: Vec::new() })
    }

    /// Takes in a closed pane. A column without a finite value in it is passed over.
    pub fn add(&mut self, pane: &Pane, baseline: &Baseline) -> Result<()> {
        for k in 0..if self.monitors.is_empty() { 0 } else { baseline.column_count() } {
            let (reference, current) = (baseline.histogram(k).reference(), pane.groups(baseline, k));
            if current.total() == 0 {
                continue;
            }
            let (result, z) = mannwhitney::of_ordered_counts(reference, current.counts())?;
            for (monitor, streams) in &mut self.monitors {
                let stream = &mut streams[k];
                let value = if stream.domain() == Domain::Finite { z } else { normal::cdf(z) };
                if !stream.update(&[value])?.is_empty() {
                    self.fired.push(Detection {
                        name: baseline.names[k].clone(),
                        monitor: *monitor,
                        statistic: z,
                        p_value: result.p_value,
                        effect: result.effect,
                        drift: false,
                    });
                }
            }
        }
        Ok(())
    }

    /// What fired since the last call.
    pub fn finish(&mut self, min_effect: f64) -> Vec<Detection> {
        self.fired.iter_mut().for_each(|found| found.drift = found.effect >= min_effect);
        std::mem::take(&mut self.fired)
    }
}

/// Both directions where a detector has a choice, an alpha over all columns, and a reference where one can be given.
fn options(name: StreamName, columns: usize) -> Result<Value> {
    Ok(match name {
        StreamName::HddmA | StreamName::HddmW => json!({ "two_sided_test": true }),
        StreamName::Cusum | StreamName::Gma => json!({ "mode": "both" }),
        StreamName::Betting => json!({ "alpha": 0.01 / columns as f64 }),
        StreamName::Mmd => {
            let quantile = |k| normal::quantile((f64::from(k) + 0.5) / REFERENCE as f64);
            json!({ "reference": (0..REFERENCE as u32).map(quantile).collect::<Result<Vec<f64>>>()? })
        }
        _ => Value::Null,
    })
}

/// The finding of the monitors that fired. Its threshold is 1: no rate of false alarms is stated.
pub(super) fn finding(detections: &[Detection], min_effect: f64) -> Option<Finding> {
    let mut found: Vec<&Detection> = detections.iter().filter(|found| found.drift).collect();
    found.sort_by(|a, b| b.effect.total_cmp(&a.effect));
    let strongest = found.first()?;
    let more = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
    let evidence = |found: &&Detection| Evidence {
        name: found.name.clone(),
        test: found.monitor.as_str().into(),
        statistic: found.statistic,
        p_value: found.p_value,
        effect: found.effect,
    };
    Some(Finding {
        kind: Kind::Drift,
        severity: if strongest.effect >= 3.0 * min_effect.max(0.1) { Severity::Critical } else { Severity::Warning },
        class: None,
        adjusted_p_value: strongest.p_value,
        threshold: 1.0,
        message: format!(
            "the middle of {}{more} has moved: {} fired (effect {:.2}); it states no rate of false alarms",
            strongest.name, strongest.monitor, strongest.effect
        ),
        evidence: found.iter().map(evidence).collect(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_detectors_of_outcomes_are_monitors() {
        for name in StreamName::ALL {
            let made = Streams::new(&[name], 3);
            assert_eq!(made.is_ok(), !matches!(name, StreamName::Ddm | StreamName::Eddm), "{name}");
        }
        let error = expect_monitor(StreamName::Ddm).unwrap_err().to_string();
        assert!(error.starts_with("monitors: got ddm, expected one of adwin, page-hinkley, hddm-a, "), "{error}");
    }
}
