//! Questions about privacy.

use std::path::PathBuf;

use serde::Deserialize;

use crate::error::Result;
use crate::ffi::call::{Answer, Call};
use crate::ffi::left_behind::leavable;
use crate::privacy::accountant::{Accountant, Phase, shuffled_lower_bound};
use crate::privacy::calibrate::{CalibrationOptions, noise_multiplier};
use crate::privacy::clip::{AdaptiveClip, effective_noise_multiplier};
use crate::privacy::noise::{BandedOptions, TreeOptions, square_root_coefficients};
use crate::privacy::release::witness;
use crate::privacy::report::{PrivacyReport, ReportOptions};
use crate::privacy::state::PrivacyState;

/// All that needs neither arrays nor randomness. An accountant is its phases, so the host keeps it as JSON.
#[derive(Debug, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    /// The accountant after the phase, every step of which drew `dimension` samples of discrete noise.
    Step {
        accountant: Accountant,
        phase: Phase,
        dimension: u64,
    },
    /// The accountant after all that the other one counted.
    Compose {
        accountant: Accountant,
        other: Accountant,
    },
    /// The accountant itself, checked.
    Check {
        accountant: Accountant,
    },
    Epsilon {
        accountant: Accountant,
        delta: f64,
    },
    Delta {
        accountant: Accountant,
        epsilon: f64,
    },
    /// `[[epsilon, delta], ...]`.
    Curve {
        accountant: Accountant,
        deltas: Vec<f64>,
    },
    TradeOff {
        accountant: Accountant,
        fpr: Vec<f64>,
    },
    TprAtFpr {
        accountant: Accountant,
        fpr: f64,
    },
    /// `[[order, rdp], ...]`.
    Rdp {
        accountant: Accountant,
        orders: Vec<f64>,
    },
    CheckBudget {
        accountant: Accountant,
        phase: Phase,
        epsilon: f64,
        delta: f64,
    },
    Report {
        accountant: Accountant,
        delta: f64,
        options: ReportOptions,
    },
    NoiseMultiplier {
        options: CalibrationOptions,
    },
    EffectiveNoiseMultiplier {
        noise_multiplier: f64,
        count_noise: f64,
    },
    ShuffledLowerBound {
        noise_multiplier: f64,
        lots: u64,
        delta: f64,
    },
    /// The clip, checked.
    Adaptive {
        clip: AdaptiveClip,
    },
    /// The tree's sensitivity.
    Tree {
        options: TreeOptions,
    },
    /// `coefficients` of the square root, or of the options where given: what to account for.
    SquareRoot {
        bands: u32,
    },
    BandedPhase {
        options: BandedOptions,
        participations: u64,
    },
    BandedSampledPhase {
        options: BandedOptions,
        sample_rate: f64,
        steps: u64,
    },
    /// For tests: begins or ends watching what happens below the door.
    Watch {
        on: bool,
    },
    /// For tests: `[{deviation, sum}, ...]` seen since the last time. Not private.
    Witnessed,
    Save {
        path: PathBuf,
        state: Box<PrivacyState>,
    },
    Load {
        path: PathBuf,
    },
}

/// Answers a question.
pub(super) fn ask(call: &mut Call<'_>) -> Result<Answer> {
    match call.options::<Question>()? {
        Question::Step { mut accountant, phase, dimension } => {
            accountant.add_noise_samples(dimension.saturating_mul(phase.steps));
            accountant.push(phase)?;
            Answer::json(&accountant)
        }
        Question::Compose { mut accountant, other } => {
            accountant.compose(&other)?;
            Answer::json(&accountant)
        }
        Question::Check { accountant } => {
            accountant.validate()?;
            Answer::json(&accountant)
        }
        Question::Epsilon { accountant, delta } => leavable(move || Answer::json(&accountant.epsilon(delta)?)),
        Question::Delta { accountant, epsilon } => leavable(move || Answer::json(&accountant.delta(epsilon)?)),
        Question::Curve { accountant, deltas } => leavable(move || Answer::json(&accountant.curve(&deltas)?)),
        Question::TradeOff { accountant, fpr } => leavable(move || Answer::json(&accountant.trade_off(&fpr)?)),
        Question::TprAtFpr { accountant, fpr } => leavable(move || Answer::json(&accountant.tpr_at_fpr(fpr)?)),
        Question::Rdp { accountant, orders } => Answer::json(&accountant.rdp(&orders)?),
        Question::CheckBudget { accountant, phase, epsilon, delta } => {
            leavable(move || Answer::json(&accountant.check_budget(phase, epsilon, delta)?))
        }
        Question::Report { accountant, delta, options } => {
            leavable(move || Answer::json(&PrivacyReport::new(&accountant, delta, &options)?))
        }
        Question::NoiseMultiplier { options } => leavable(move || Answer::json(&noise_multiplier(&options)?)),
        Question::EffectiveNoiseMultiplier { noise_multiplier, count_noise } => {
            Answer::json(&effective_noise_multiplier(noise_multiplier, count_noise)?)
        }
        Question::ShuffledLowerBound { noise_multiplier, lots, delta } => {
            leavable(move || Answer::json(&shuffled_lower_bound(noise_multiplier, lots, delta)?))
        }
        Question::Adaptive { clip } => {
            clip.validate()?;
            Answer::json(&clip)
        }
        Question::Tree { options } => {
            options.validate()?;
            Answer::json(&options.sensitivity())
        }
        Question::SquareRoot { bands } => Answer::json(&square_root_coefficients(bands as usize)),
        Question::BandedPhase { options, participations } => {
            options.validate()?;
            Answer::json(&options.phase(participations))
        }
        Question::BandedSampledPhase { options, sample_rate, steps } => {
            options.validate()?;
            Answer::json(&options.sampled_phase(sample_rate, steps))
        }
        Question::Watch { on } => Answer::json(&witness::watch(on)),
        Question::Witnessed => Answer::json(&witness::take()),
        Question::Save { path, state } => Answer::json(&state.save(&path)?),
        Question::Load { path } => Answer::json(&PrivacyState::load(&path)?),
    }
}
