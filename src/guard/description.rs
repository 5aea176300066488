//! What a guard is and does, for a person or a host.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::drift::two_sample::TestName;
use crate::profile::OutputKind;
use crate::{Guard, GuardOptions, enough};

/// What a guard is: its options with all defaults resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardDescription {
    /// The guard's name.
    pub name: String,
    /// The model's name.
    pub model: String,
    /// What the output is.
    pub output: OutputKind,
    /// Whether each observation has a predicted class.
    pub has_classes: bool,
    /// Features of the output.
    pub features: usize,
    /// Reference observations behind thresholds and tests.
    pub reference_size: u64,
    /// Whether the reference's order was looked at: not where it means nothing (`order = "none"`),
    /// or was lost.
    pub order_known: bool,
    /// Whether no dependence was found in a reference of under `Dependent::TELLING` observations,
    /// too few to rule it out.
    pub too_short_to_tell: bool,
    /// How often each observation of the reference is there, on average: more than once after
    /// several epochs. Copies count as one.
    pub copies: f64,
    /// Reference observations that own scores are compared with, where the scorer was fitted on the
    /// others alone: of features of few values, say, whose scores hang on what it has learned; 0
    /// elsewhere, where each is scored by all others.
    pub held_out: u64,
    /// How many observations of a long window count as one, by column: of those whose neighbors
    /// depend on each other in the reference.
    pub count_as_one: BTreeMap<String, f64>,
    /// Features that never varied in the reference, which are watched for any change.
    pub constant: Vec<String>,
    /// Whether it still takes observations.
    pub open: bool,
    /// The options in use.
    pub options: GuardOptions,
    /// Smallest effect size that raises an alarm, by test.
    pub min_effect: BTreeMap<TestName, f64>,
    /// Fitted detectors beside those of the options.
    pub fitted: Vec<String>,
    /// Threshold of each detector.
    pub thresholds: BTreeMap<String, f32>,
    /// The share of observations like the reference's that the thresholds flag, at most.
    pub anomaly_rate: f64,
}

impl Guard {
    /// The guard's configuration, with all defaults resolved.
    #[must_use]
    pub fn describe(&self) -> GuardDescription {
        let (baseline, options) = (&self.state.baseline, &self.state.options);
        let detectors = baseline.scorer.detectors();
        let mut resolved = options.clone();
        resolved.detectors = Some(detectors.to_vec());
        let fitted = baseline.attached.iter().map(|attached| attached.name.clone()).collect();
        GuardDescription {
            name: options.name.clone(),
            model: options.model.clone(),
            output: baseline.scorer.output(),
            has_classes: baseline.scorer.output().has_classes(),
            features: baseline.feature_count(),
            reference_size: baseline.reference_size(),
            order_known: baseline.dependent.is_known(),
            too_short_to_tell: baseline.dependent.is_too_short_to_tell(),
            copies: baseline.dependent.copies(),
            held_out: baseline.held_out.map_or(0, |scored| scored as u64),
            count_as_one: enough::count_as_one(baseline),
            constant: baseline.constant(),
            open: self.is_open(),
            min_effect: options.tests.iter().map(|t| (*t, options.min_effect(*t))).collect(),
            thresholds: baseline
                .detectors()
                .iter()
                .cloned()
                .zip(baseline.calibration.thresholds.iter().copied())
                .collect(),
            fitted,
            anomaly_rate: baseline.calibration.rate(),
            options: resolved,
        }
    }
}
