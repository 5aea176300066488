//! `fluxguard epsilon`: what steps cost.

use clap::Args;
use serde::Serialize;

use super::Terms;
use super::phase;
use crate::outcome::Outcome;
use crate::text_table::{Align, number, render, upper};
use crate::{Answer, Failure};
use fluxguard::privacy::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};

/// Epsilon of Poisson-sampled steps with Gaussian noise: an upper bound
#[derive(Debug, Args)]
pub struct Epsilon {
    /// Standard deviation of the noise over the clip norm
    #[arg(
        long,
        value_name = "S",
        allow_negative_numbers = true,
        required_unless_present = "phases"
    )]
    noise_multiplier: Option<f64>,
    /// Probability of an example in a step's lot, in (0, 1]
    #[arg(long, value_name = "Q", allow_negative_numbers = true, requires = "noise_multiplier")]
    #[arg(required_unless_present = "phases")]
    sample_rate: Option<f64>,
    /// Steps executed, empty lots included; none cost nothing
    #[arg(long, value_name = "T", allow_negative_numbers = true, requires = "sample_rate")]
    #[arg(required_unless_present = "phases")]
    steps: Option<u64>,
    /// Steps of another kind before or after these; may be repeated
    #[arg(long = "phase", value_name = "S:Q:T", allow_negative_numbers = true, value_parser = phase::parse)]
    phases: Vec<Phase>,
    #[command(flatten)]
    terms: Terms,
}

/// The answer, by the names that all of FluxGuard has for these.
#[derive(Serialize)]
struct Bound {
    epsilon: f64,
    delta: f64,
    accountant: AccountantKind,
    relation: Relation,
    unit_size: u32,
    /// None where phases differ in it.
    noise_multiplier: Option<f64>,
    steps: u64,
    phases: Vec<Phase>,
}

impl Epsilon {
    /// Composes the phases and says what they cost.
    pub fn run(&self) -> Result<Answer, Failure> {
        let mut phases = Vec::new();
        if let Some(noise_multiplier) = self.noise_multiplier {
            let missing = |name, expected| fluxguard::Error::invalid(name, "nothing", expected);
            let rate = self
                .sample_rate
                .ok_or_else(|| missing("sample_rate", "a probability in (0, 1]"))?;
            let steps = self.steps.ok_or_else(|| missing("steps", "a whole number from 0"))?;
            phases.push(phase::poisson(noise_multiplier, rate, steps));
        }
        phases.extend_from_slice(&self.phases);
        let Terms { delta, accountant, relation, unit_size, json } = self.terms;
        let mut spent = Accountant::new(accountant, relation).with_unit_size(unit_size)?;
        phases.iter().try_for_each(|phase| spent.push(phase.clone()))?;
        let first = phases.first().map(|phase| phase.noise_multiplier);
        let bound = Bound {
            epsilon: spent.epsilon(delta)?,
            delta,
            accountant,
            relation,
            unit_size,
            noise_multiplier: first
                .filter(|first| phases.iter().all(|phase| phase.noise_multiplier == *first)),
            steps: spent.steps(),
            phases,
        };
        Ok(Answer::new(json, &bound, || self.table(&bound), Outcome::Done))
    }

    fn table(&self, bound: &Bound) -> String {
        let mut rows = vec![vec!["epsilon".into(), upper(bound.epsilon)]];
        rows.extend(self.terms.rows());
        rows.push(vec!["steps".into(), bound.steps.to_string()]);
        let phases: Vec<Vec<String>> = bound.phases.iter().map(row).collect();
        let header = [
            ("noise_multiplier", Align::Right),
            ("sample_rate", Align::Right),
            ("steps", Align::Right),
        ];
        render(&[("privacy", Align::Left), ("", Align::Left)], &rows)
            + "\n"
            + &render(&header, &phases)
    }
}

fn row(phase: &Phase) -> Vec<String> {
    let rate = match phase.sampling {
        Sampling::Poisson { rate } => number(rate),
        other => other.name().into(),
    };
    vec![number(phase.noise_multiplier), rate, phase.steps.to_string()]
}
