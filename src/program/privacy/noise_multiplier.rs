//! `fluxguard noise-multiplier`: the noise that a budget asks for.

use clap::Args;
use serde::Serialize;

use super::Terms;
use crate::outcome::Outcome;
use crate::text_table::{Align, number, render, upper};
use crate::{Answer, Failure};
use fluxguard::privacy::accountant::{AccountantKind, Relation, Sampling};
use fluxguard::privacy::calibrate::{CalibrationOptions, noise_multiplier};

/// The least noise multiplier whose epsilon does not exceed a target
#[derive(Debug, Args)]
pub struct NoiseMultiplier {
    /// The most that epsilon may be
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    target_epsilon: f64,
    /// Probability of an example in a step's lot, in (0, 1]
    #[arg(long, value_name = "Q", allow_negative_numbers = true)]
    sample_rate: f64,
    /// Steps to be executed, empty lots included
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    steps: u64,
    #[command(flatten)]
    terms: Terms,
}

/// The answer, by the names that all of FluxGuard has for these.
#[derive(Serialize)]
struct Calibrated {
    noise_multiplier: f64,
    epsilon: f64,
    target_epsilon: f64,
    delta: f64,
    accountant: AccountantKind,
    relation: Relation,
    unit_size: u32,
    sample_rate: f64,
    steps: u64,
}

impl NoiseMultiplier {
    /// Finds the multiplier.
    pub fn run(&self) -> Result<Answer, Failure> {
        let Terms { delta, accountant, relation, unit_size, json } = self.terms;
        let NoiseMultiplier { target_epsilon, sample_rate, steps, .. } = *self;
        let options = CalibrationOptions {
            target_epsilon,
            delta,
            sampling: Sampling::Poisson { rate: sample_rate },
            steps,
            relation,
            accountant,
            unit_size,
        };
        let found = noise_multiplier(&options)?;
        let answer = Calibrated {
            noise_multiplier: found.noise_multiplier,
            epsilon: found.epsilon,
            target_epsilon,
            delta,
            accountant,
            relation,
            unit_size,
            sample_rate,
            steps,
        };
        Ok(Answer::new(json, &answer, || self.table(&answer), Outcome::Done))
    }

    fn table(&self, answer: &Calibrated) -> String {
        // rounded up: the number that is read must not give more than the target
        let sigma = (answer.noise_multiplier * 1e5).ceil() / 1e5;
        let mut rows = vec![
            vec!["noise_multiplier".into(), format!("{sigma}")],
            vec!["epsilon".into(), upper(answer.epsilon)],
            vec!["target_epsilon".into(), number(answer.target_epsilon)],
        ];
        rows.extend(self.terms.rows());
        rows.push(vec!["sample_rate".into(), number(answer.sample_rate)]);
        rows.push(vec!["steps".into(), answer.steps.to_string()]);
        render(&[("privacy", Align::Left), ("", Align::Left)], &rows)
    }
}
