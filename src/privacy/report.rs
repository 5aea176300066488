//! What a private run may say of itself.

use super::accountant::{
    Accountant, AccountantKind, Phase, Relation, Sampling, shuffled_lower_bound,
};
use crate::Result;
use serde::{Deserialize, Serialize};

/// What the accountant cannot know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ReportOptions {
    /// What a unit is called: "example", "user" ...
    pub unit: Option<String>,
    /// Runs on the same data that chose the hyperparameters, each taken to have cost as much as
    /// this one.
    pub tuning_runs: Option<u32>,
    /// Was every random number keyed by the operating system
    /// ([`super::noise::NoiseSource::is_private`])?
    pub private_randomness: bool,
}

/// The privacy of a run, with everything that its meaning depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrivacyReport {
    /// What is protected: "example", "user of up to 8 examples" ...
    pub unit: String,
    /// Examples a unit.
    pub unit_size: u32,
    /// What neighbors are.
    pub relation: Relation,
    /// Names of the samplers, in order.
    pub samplers: Vec<String>,
    /// How steps were composed.
    pub accountant: AccountantKind,
    /// An upper bound at `delta`; none if the run was seeded or had no noise, which no `ε`
    /// describes.
    pub epsilon: Option<f64>,
    /// The `δ`.
    pub delta: f64,
    /// Steps executed.
    pub steps: u64,
    /// The phases.
    pub phases: Vec<Phase>,
    /// Tuning runs, if they were counted.
    pub tuning_runs: Option<u32>,
    /// `ε` of this run and its tuning runs together.
    pub epsilon_with_tuning: Option<f64>,
    /// For shuffled lots: what `ε` is at least (one epoch).
    pub epsilon_lower_bound: Option<f64>,
    /// Was the randomness private, and was there noise?
    pub private: bool,
}

impl PrivacyReport {
    /// The report at `delta` in (0, 1).
    ///
    /// # Errors
    /// As [`Accountant::epsilon`].
    pub fn new(accountant: &Accountant, delta: f64, options: &ReportOptions) -> Result<Self> {
        let epsilon = accountant.epsilon(delta)?;
        let private = options.private_randomness && accountant.statistical_distance() < 1.0;
        let with_tuning = match options.tuning_runs {
            Some(runs) => Some(accountant.repeated(u64::from(runs) + 1)?.epsilon(delta)?),
            None => None,
        };
        let mut samplers: Vec<String> =
            accountant.phases().iter().map(|p| p.sampling.name().to_string()).collect();
        samplers.dedup();
        let name = options.unit.clone().unwrap_or_else(|| "example".into());
        let unit = match accountant.unit_size() {
            1 => name,
            size => format!("{name} of up to {size} examples"),
        };
        Ok(PrivacyReport {
            unit,
            unit_size: accountant.unit_size(),
            relation: accountant.relation(),
            samplers,
            accountant: accountant.kind(),
            epsilon: private.then_some(epsilon),
            delta,
            steps: accountant.steps(),
            phases: accountant.phases().to_vec(),
            tuning_runs: options.tuning_runs,
            epsilon_with_tuning: with_tuning.filter(|_| private),
            epsilon_lower_bound: lower_bound(accountant, delta)?,
            private,
        })
    }
}

/// The largest published lower bound over phases of at least one whole epoch of shuffled lots.
fn lower_bound(accountant: &Accountant, delta: f64) -> Result<Option<f64>> {
    let mut best: Option<f64> = None;
    for phase in accountant.phases() {
        if let Sampling::Shuffled { lot_size, dataset_size } = phase.sampling {
            let lots = (dataset_size / lot_size).max(1);
            if phase.steps >= lots {
                best = Some(
                    shuffled_lower_bound(phase.noise_multiplier, lots, delta)?
                        .max(best.unwrap_or(0.0)),
                );
            }
        }
    }
    Ok(best)
}
