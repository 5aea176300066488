//! Questions about privacy that need neither arrays nor randomness. An accountant is its phases, so
//! a host keeps it as JSON.

use std::path::PathBuf;

use super::prelude::*;
use crate::privacy::accountant::{Accountant, Phase, shuffled_lower_bound};
use crate::privacy::calibrate::{CalibrationOptions, noise_multiplier};
use crate::privacy::clip::{AdaptiveClip, effective_noise_multiplier};
use crate::privacy::noise::{BandedOptions, TreeOptions, square_root_coefficients};
use crate::privacy::release::witness;
use crate::privacy::report::{PrivacyReport, ReportOptions};
use crate::privacy::state::PrivacyState;

operations! {
    // The accountant after the phase, every step of which drew `dimension` samples of discrete
    // noise.
    "privacy.step" options (accountant: Accountant, phase: Phase, dimension: u64) -> json {
        let mut accountant = accountant;
        accountant.add_noise_samples(dimension.saturating_mul(phase.steps));
        accountant.push(phase)?;
        accountant
    }
    // The accountant after all that the other one counted.
    "privacy.compose" options (accountant: Accountant, other: Accountant) -> json {
        let mut accountant = accountant;
        accountant.compose(&other)?;
        accountant
    }
    // The accountant itself, checked.
    "privacy.check" options (accountant: Accountant) -> json {
        accountant.validate()?;
        accountant
    }
    "privacy.epsilon" options (accountant: Accountant, delta: f64) -> json {
        leavable(move || accountant.epsilon(delta))?
    }
    "privacy.delta" options (accountant: Accountant, epsilon: f64) -> json {
        leavable(move || accountant.delta(epsilon))?
    }
    // `[[epsilon, delta], ...]`.
    "privacy.curve" options (accountant: Accountant, deltas: Vec<f64>) -> json {
        leavable(move || accountant.curve(&deltas))?
    }
    "privacy.trade_off" options (accountant: Accountant, fpr: Vec<f64>) -> json {
        leavable(move || accountant.trade_off(&fpr))?
    }
    "privacy.tpr_at_fpr" options (accountant: Accountant, fpr: f64) -> json {
        leavable(move || accountant.tpr_at_fpr(fpr))?
    }
    // `[[order, rdp], ...]`.
    "privacy.rdp" options (accountant: Accountant, orders: Vec<f64>) -> json {
        accountant.rdp(&orders)?
    }
    "privacy.check_budget"
    options (accountant: Accountant, phase: Phase, epsilon: f64, delta: f64) -> json {
        leavable(move || accountant.check_budget(phase, epsilon, delta))?
    }
    "privacy.report" options (accountant: Accountant, delta: f64, options: ReportOptions) -> json {
        leavable(move || PrivacyReport::new(&accountant, delta, &options))?
    }
    "privacy.noise_multiplier" options (options: CalibrationOptions) -> json {
        leavable(move || noise_multiplier(&options))?
    }
    "privacy.effective_noise_multiplier" options (noise_multiplier: f64, count_noise: f64) -> json {
        effective_noise_multiplier(noise_multiplier, count_noise)?
    }
    "privacy.shuffled_lower_bound" options (noise_multiplier: f64, lots: u64, delta: f64) -> json {
        leavable(move || shuffled_lower_bound(noise_multiplier, lots, delta))?
    }
    // The clip, checked.
    "privacy.adaptive" options (clip: AdaptiveClip) -> json {
        clip.validate()?;
        clip
    }
    // The tree's sensitivity.
    "privacy.tree" options (options: TreeOptions) -> json {
        options.validate()?;
        options.sensitivity()
    }
    // Coefficients of the square root of prefix sums.
    "privacy.square_root" options (bands: u32) -> json { square_root_coefficients(bands as usize) }
    // What to account for.
    "privacy.banded_phase" options (options: BandedOptions, participations: u64) -> json {
        options.validate()?;
        options.phase(participations)
    }
    // Likewise, of sampled lots.
    "privacy.banded_sampled_phase"
    options (options: BandedOptions, sample_rate: f64, steps: u64) -> json {
        options.validate()?;
        options.sampled_phase(sample_rate, steps)
    }
    // For tests: begins or ends watching what happens below the door.
    "privacy.watch" options (on: bool) -> json { witness::watch(on) }
    // For tests: `[{deviation, sum}, ...]` seen since the last time. Not private.
    "privacy.witnessed" -> json { witness::take() }
    "privacy.save" options (path: PathBuf, state: Box<PrivacyState>) -> json { state.save(&path)? }
    "privacy.load" options (path: PathBuf) -> json { PrivacyState::load(&path)? }
}
