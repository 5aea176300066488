//! Questions about privacy that need neither arrays nor randomness. An accountant is its phases, so
//! a host keeps it as JSON.

use std::path::PathBuf;

use crate::call::{Answer, Operation, named_options};
use crate::leavable::leavable;
use crate::privacy::accountant::{Accountant, Phase, shuffled_lower_bound};
use crate::privacy::calibrate::{CalibrationOptions, noise_multiplier};
use crate::privacy::clip::{AdaptiveClip, effective_noise_multiplier};
use crate::privacy::noise::{BandedOptions, TreeOptions, square_root_coefficients};
use crate::privacy::release::witness;
use crate::privacy::report::{PrivacyReport, ReportOptions};
use crate::privacy::state::PrivacyState;

/// A question by its name, what it takes, and its answer.
macro_rules! question {
    ($name:literal, $($option:ident: $type:ty),+ => $answer:expr) => {
        Operation::new(concat!("privacy.", $name), |call| {
            #[allow(unused_parens)] // of one option
            let ($($option),+) = named_options!(call, $($option: $type),+)?;
            $answer
        })
    };
}

pub(super) const OPERATIONS: &[Operation] = &[
    // The accountant after the phase, every step of which drew `dimension` samples of discrete
    // noise.
    question!("step", accountant: Accountant, phase: Phase, dimension: u64 => {
        let mut accountant = accountant;
        accountant.add_noise_samples(dimension.saturating_mul(phase.steps));
        accountant.push(phase)?;
        Answer::json(&accountant)
    }),
    // The accountant after all that the other one counted.
    question!("compose", accountant: Accountant, other: Accountant => {
        let mut accountant = accountant;
        accountant.compose(&other)?;
        Answer::json(&accountant)
    }),
    // The accountant itself, checked.
    question!("check", accountant: Accountant => {
        accountant.validate()?;
        Answer::json(&accountant)
    }),
    question!("epsilon", accountant: Accountant, delta: f64 =>
        leavable(move || Answer::json(&accountant.epsilon(delta)?))),
    question!("delta", accountant: Accountant, epsilon: f64 =>
        leavable(move || Answer::json(&accountant.delta(epsilon)?))),
    // `[[epsilon, delta], ...]`.
    question!("curve", accountant: Accountant, deltas: Vec<f64> =>
        leavable(move || Answer::json(&accountant.curve(&deltas)?))),
    question!("trade_off", accountant: Accountant, fpr: Vec<f64> =>
        leavable(move || Answer::json(&accountant.trade_off(&fpr)?))),
    question!("tpr_at_fpr", accountant: Accountant, fpr: f64 =>
        leavable(move || Answer::json(&accountant.tpr_at_fpr(fpr)?))),
    // `[[order, rdp], ...]`.
    question!("rdp", accountant: Accountant, orders: Vec<f64> => Answer::json(&accountant.rdp(&orders)?)),
    question!("check_budget", accountant: Accountant, phase: Phase, epsilon: f64, delta: f64 =>
        leavable(move || Answer::json(&accountant.check_budget(phase, epsilon, delta)?))),
    question!("report", accountant: Accountant, delta: f64, options: ReportOptions =>
        leavable(move || Answer::json(&PrivacyReport::new(&accountant, delta, &options)?))),
    question!("noise_multiplier", options: CalibrationOptions =>
        leavable(move || Answer::json(&noise_multiplier(&options)?))),
    question!("effective_noise_multiplier", noise_multiplier: f64, count_noise: f64 =>
        Answer::json(&effective_noise_multiplier(noise_multiplier, count_noise)?)),
    question!("shuffled_lower_bound", noise_multiplier: f64, lots: u64, delta: f64 =>
        leavable(move || Answer::json(&shuffled_lower_bound(noise_multiplier, lots, delta)?))),
    // The clip, checked.
    question!("adaptive", clip: AdaptiveClip => {
        clip.validate()?;
        Answer::json(&clip)
    }),
    // The tree's sensitivity.
    question!("tree", options: TreeOptions => {
        options.validate()?;
        Answer::json(&options.sensitivity())
    }),
    // Coefficients of the square root of prefix sums.
    question!("square_root", bands: u32 => Answer::json(&square_root_coefficients(bands as usize))),
    // What to account for.
    question!("banded_phase", options: BandedOptions, participations: u64 => {
        options.validate()?;
        Answer::json(&options.phase(participations))
    }),
    // Likewise, of sampled lots.
    question!("banded_sampled_phase", options: BandedOptions, sample_rate: f64, steps: u64 => {
        options.validate()?;
        Answer::json(&options.sampled_phase(sample_rate, steps))
    }),
    // For tests: begins or ends watching what happens below the door.
    question!("watch", on: bool => Answer::json(&witness::watch(on))),
    // For tests: `[{deviation, sum}, ...]` seen since the last time. Not private.
    Operation::new("privacy.witnessed", |_| Answer::json(&witness::take())),
    question!("save", path: PathBuf, state: Box<PrivacyState> => Answer::json(&state.save(&path)?)),
    question!("load", path: PathBuf => Answer::json(&PrivacyState::load(&path)?)),
];
