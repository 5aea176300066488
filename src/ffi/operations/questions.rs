//! Questions about privacy that need neither arrays nor randomness. An accountant is its phases, so a host keeps it as JSON.

use std::path::PathBuf;

use super::Operation;
use crate::ffi::call::{Answer, named_options};
use crate::ffi::left_behind::leavable;
use crate::privacy::accountant::{Accountant, Phase, shuffled_lower_bound};
use crate::privacy::calibrate::{CalibrationOptions, noise_multiplier};
use crate::privacy::clip::{AdaptiveClip, effective_noise_multiplier};
use crate::privacy::noise::{BandedOptions, TreeOptions, square_root_coefficients};
use crate::privacy::release::witness;
use crate::privacy::report::{PrivacyReport, ReportOptions};
use crate::privacy::state::PrivacyState;

pub(super) const OPERATIONS: &[Operation] = &[
    // The accountant after the phase, every step of which drew `dimension` samples of discrete noise.
    Operation::new("privacy.step", |call| {
        let (accountant, phase, dimension) =
            named_options!(call, accountant: Accountant, phase: Phase, dimension: u64)?;
        let mut accountant = accountant;
        accountant.add_noise_samples(dimension.saturating_mul(phase.steps));
        accountant.push(phase)?;
        Answer::json(&accountant)
    }),
    // The accountant after all that the other one counted.
    Operation::new("privacy.compose", |call| {
        let (accountant, other) = named_options!(call, accountant: Accountant, other: Accountant)?;
        let mut accountant = accountant;
        accountant.compose(&other)?;
        Answer::json(&accountant)
    }),
    // The accountant itself, checked.
    Operation::new("privacy.check", |call| {
        let accountant = named_options!(call, accountant: Accountant)?;
        accountant.validate()?;
        Answer::json(&accountant)
    }),
    Operation::new("privacy.epsilon", |call| {
        let (accountant, delta) = named_options!(call, accountant: Accountant, delta: f64)?;
        leavable(move || Answer::json(&accountant.epsilon(delta)?))
    }),
    Operation::new("privacy.delta", |call| {
        let (accountant, epsilon) = named_options!(call, accountant: Accountant, epsilon: f64)?;
        leavable(move || Answer::json(&accountant.delta(epsilon)?))
    }),
    // `[[epsilon, delta], ...]`.
    Operation::new("privacy.curve", |call| {
        let (accountant, deltas) = named_options!(call, accountant: Accountant, deltas: Vec<f64>)?;
        leavable(move || Answer::json(&accountant.curve(&deltas)?))
    }),
    Operation::new("privacy.trade_off", |call| {
        let (accountant, fpr) = named_options!(call, accountant: Accountant, fpr: Vec<f64>)?;
        leavable(move || Answer::json(&accountant.trade_off(&fpr)?))
    }),
    Operation::new("privacy.tpr_at_fpr", |call| {
        let (accountant, fpr) = named_options!(call, accountant: Accountant, fpr: f64)?;
        leavable(move || Answer::json(&accountant.tpr_at_fpr(fpr)?))
    }),
    // `[[order, rdp], ...]`.
    Operation::new("privacy.rdp", |call| {
        let (accountant, orders) = named_options!(call, accountant: Accountant, orders: Vec<f64>)?;
        Answer::json(&accountant.rdp(&orders)?)
    }),
    Operation::new("privacy.check_budget", |call| {
        let (accountant, phase, epsilon, delta) =
            named_options!(call, accountant: Accountant, phase: Phase, epsilon: f64, delta: f64)?;
        leavable(move || Answer::json(&accountant.check_budget(phase, epsilon, delta)?))
    }),
    Operation::new("privacy.report", |call| {
        let (accountant, delta, options) =
            named_options!(call, accountant: Accountant, delta: f64, options: ReportOptions)?;
        leavable(move || Answer::json(&PrivacyReport::new(&accountant, delta, &options)?))
    }),
    Operation::new("privacy.noise_multiplier", |call| {
        let options = named_options!(call, options: CalibrationOptions)?;
        leavable(move || Answer::json(&noise_multiplier(&options)?))
    }),
    Operation::new("privacy.effective_noise_multiplier", |call| {
        let (noise_multiplier, count_noise) = named_options!(call, noise_multiplier: f64, count_noise: f64)?;
        Answer::json(&effective_noise_multiplier(noise_multiplier, count_noise)?)
    }),
    Operation::new("privacy.shuffled_lower_bound", |call| {
        let (noise_multiplier, lots, delta) = named_options!(call, noise_multiplier: f64, lots: u64, delta: f64)?;
        leavable(move || Answer::json(&shuffled_lower_bound(noise_multiplier, lots, delta)?))
    }),
    // The clip, checked.
    Operation::new("privacy.adaptive", |call| {
        let clip = named_options!(call, clip: AdaptiveClip)?;
        clip.validate()?;
        Answer::json(&clip)
    }),
    // The tree's sensitivity.
    Operation::new("privacy.tree", |call| {
        let options = named_options!(call, options: TreeOptions)?;
        options.validate()?;
        Answer::json(&options.sensitivity())
    }),
    // Coefficients of the square root of prefix sums.
    Operation::new("privacy.square_root", |call| {
        let bands = named_options!(call, bands: u32)?;
        Answer::json(&square_root_coefficients(bands as usize))
    }),
    // What to account for.
    Operation::new("privacy.banded_phase", |call| {
        let (options, participations) = named_options!(call, options: BandedOptions, participations: u64)?;
        options.validate()?;
        Answer::json(&options.phase(participations))
    }),
    // Likewise, of sampled lots.
    Operation::new("privacy.banded_sampled_phase", |call| {
        let (options, sample_rate, steps) = named_options!(call, options: BandedOptions, sample_rate: f64, steps: u64)?;
        options.validate()?;
        Answer::json(&options.sampled_phase(sample_rate, steps))
    }),
    // For tests: begins or ends watching what happens below the door.
    Operation::new("privacy.watch", |call| {
        let on = named_options!(call, on: bool)?;
        Answer::json(&witness::watch(on))
    }),
    // For tests: `[{deviation, sum}, ...]` seen since the last time. Not private.
    Operation::new("privacy.witnessed", |_| Answer::json(&witness::take())),
    Operation::new("privacy.save", |call| {
        let (path, state) = named_options!(call, path: PathBuf, state: Box<PrivacyState>)?;
        Answer::json(&state.save(&path)?)
    }),
    Operation::new("privacy.load", |call| {
        let path = named_options!(call, path: PathBuf)?;
        Answer::json(&PrivacyState::load(&path)?)
    }),
];
