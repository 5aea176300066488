//! Questions about privacy: JSON in, JSON out.

use std::path::PathBuf;

use serde::Deserialize;

use crate::error::Result;
use crate::ffi::host::{given_options, json};
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
enum Call {
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

/// Answers a question in JSON with JSON.
pub(in crate::ffi) fn ask(text: &str) -> Result<String> {
    match given_options::<Call>(text)? {
        Call::Step { mut accountant, phase, dimension } => {
            accountant.add_noise_samples(dimension.saturating_mul(phase.steps));
            accountant.push(phase)?;
            json(&accountant)
        }
        Call::Compose { mut accountant, other } => {
            accountant.compose(&other)?;
            json(&accountant)
        }
        Call::Check { accountant } => {
            accountant.validate()?;
            json(&accountant)
        }
        Call::Epsilon { accountant, delta } => leavable(move || json(&accountant.epsilon(delta)?)),
        Call::Delta { accountant, epsilon } => leavable(move || json(&accountant.delta(epsilon)?)),
        Call::Curve { accountant, deltas } => leavable(move || json(&accountant.curve(&deltas)?)),
        Call::TradeOff { accountant, fpr } => leavable(move || json(&accountant.trade_off(&fpr)?)),
        Call::TprAtFpr { accountant, fpr } => leavable(move || json(&accountant.tpr_at_fpr(fpr)?)),
        Call::Rdp { accountant, orders } => json(&accountant.rdp(&orders)?),
        Call::CheckBudget { accountant, phase, epsilon, delta } => {
            leavable(move || json(&accountant.check_budget(phase, epsilon, delta)?))
        }
        Call::Report { accountant, delta, options } => {
            leavable(move || json(&PrivacyReport::new(&accountant, delta, &options)?))
        }
        Call::NoiseMultiplier { options } => leavable(move || json(&noise_multiplier(&options)?)),
        Call::EffectiveNoiseMultiplier { noise_multiplier, count_noise } => {
            json(&effective_noise_multiplier(noise_multiplier, count_noise)?)
        }
        Call::ShuffledLowerBound { noise_multiplier, lots, delta } => {
            leavable(move || json(&shuffled_lower_bound(noise_multiplier, lots, delta)?))
        }
        Call::Adaptive { clip } => {
            clip.validate()?;
            json(&clip)
        }
        Call::Tree { options } => {
            options.validate()?;
            json(&options.sensitivity())
        }
        Call::SquareRoot { bands } => json(&square_root_coefficients(bands as usize)),
        Call::BandedPhase { options, participations } => {
            options.validate()?;
            json(&options.phase(participations))
        }
        Call::BandedSampledPhase { options, sample_rate, steps } => {
            options.validate()?;
            json(&options.sampled_phase(sample_rate, steps))
        }
        Call::Watch { on } => json(&witness::watch(on)),
        Call::Witnessed => json(&witness::take()),
        Call::Save { path, state } => json(&state.save(&path)?),
        Call::Load { path } => json(&PrivacyState::load(&path)?),
    }
}
