//! The noise multiplier that a budget asks for.

use super::accountant::solve::brent_root;
use super::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What noise is calibrated for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationOptions {
    /// The most that `ε` may be, above 0.
    pub target_epsilon: f64,
    /// At this `δ`, in (0, 1).
    pub delta: f64,
    /// The sampler.
    #[serde(flatten)]
    pub sampling: Sampling,
    /// Steps, at least 1.
    pub steps: u64,
    /// What neighbors are.
    #[serde(default)]
    pub relation: Relation,
    /// How steps compose.
    #[serde(default)]
    pub accountant: AccountantKind,
    /// Examples a unit of privacy.
    #[serde(default = "one")]
    pub unit_size: u32,
}

fn one() -> u32 {
    1
}

/// A noise multiplier and what it gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Standard deviation of the noise over the clip norm.
    pub noise_multiplier: f64,
    /// Its `ε`, at most the target.
    pub epsilon: f64,
    /// The `δ`.
    pub delta: f64,
}

/// Smallest and largest noise multipliers that are tried.
const RANGE: (f64, f64) = (0.01, 1e5);

/// How far below the target `ε` the answer may fall, relative to it.
const CLOSE: f64 = 1e-3;

/// The logarithm of a factor by which the estimate may be off to be trusted with another one.
const NEAR: f64 = 0.3;

/// Whether the logarithm of `ε` over the target is near enough below zero.
fn is_close(f: f64) -> bool {
    f <= 0.0 && f > -CLOSE
}

/// The smallest noise multiplier (to 0.1% of `ε`, or 0.001% of itself where `ε` is steeper) whose
/// `ε` does not exceed the target, by Brent's method in `ln σ`.
///
/// The returned `epsilon` was computed at the returned multiplier, and is at most the target.
///
/// # Errors
/// `InvalidArgument` if an option is invalid, or no multiplier from 0.01 to 100,000 meets the
/// target.
pub fn noise_multiplier(options: &CalibrationOptions) -> Result<Calibration> {
    let CalibrationOptions { target_epsilon, delta, .. } = *options;
    if !(target_epsilon > 0.0 && target_epsilon.is_finite()) {
        return Err(Error::invalid("target_epsilon", target_epsilon, "a positive number"));
    }
    if options.steps == 0 {
        return Err(Error::invalid("steps", 0, "at least one step"));
    }
    let start = estimate(options, 0.0)?;
    // best answer so far: the least noise that was seen to be enough
    let mut best: Option<Calibration> = None;
    let mut excess = |ln_sigma: f64| -> Result<f64> {
        let sigma = ln_sigma.exp();
        let epsilon = epsilon(options, sigma)?;
        if epsilon <= target_epsilon && best.as_ref().is_none_or(|b| sigma < b.noise_multiplier) {
            best = Some(Calibration { noise_multiplier: sigma, epsilon, delta });
        }
        // the logarithm of ε is nearly linear in that of σ; ε = 0 is merely "far below"
        Ok(((epsilon + 1e-3 * target_epsilon) / (1.001 * target_epsilon)).ln())
    };
    let mut low = (start, excess(start)?);
    // nearby, the estimate is off by the same factor
    if low.1.abs() < NEAR && !is_close(low.1) {
        let again = estimate(options, low.1 + 0.5 * CLOSE)?;
        low = (again, excess(again)?);
    }
    let mut high = low;
    while high.1 > 0.0 {
        if high.0 >= RANGE.1.ln() {
            return Err(Error::invalid(
                "target_epsilon",
                target_epsilon,
                "a larger epsilon or delta, fewer steps, or a smaller sample rate: no noise up to 1e5 is enough",
            ));
        }
        low = high;
        let next = (high.0 + (high.1 * 1.3).clamp(0.004, 2.5)).min(RANGE.1.ln());
        high = (next, excess(next)?);
    }
    while low.1 <= -CLOSE && low.0 > RANGE.0.ln() {
        high = low;
        let next = (low.0 + (low.1 * 1.3).clamp(-2.5, -0.004)).max(RANGE.0.ln());
        low = (next, excess(next)?);
    }
    if low.1 > 0.0 && high.1 < 0.0 {
        let mut found = is_close(high.1) || is_close(low.1);
        // once an answer is close enough, zero ends the search
        brent_root(low, high, 1e-5, |x| -> Result<f64> {
            if found {
                return Ok(0.0);
            }
            // aim at the middle of what is accepted, so that the root is approached from the safe
            // side
            let f = excess(x)?;
            found = is_close(f);
            Ok(if found { 0.0 } else { f + 0.5 * CLOSE })
        })?;
    }
    best.ok_or_else(|| {
        Error::invalid(
            "target_epsilon",
            target_epsilon,
            "an epsilon that some noise multiplier meets",
        )
    })
}

/// `ln σ` at which the cheap estimate of `ε` meets the target, if `ε` is as much more than it as
/// `off` says; it need not be near.
fn estimate(options: &CalibrationOptions, off: f64) -> Result<f64> {
    let target = options.target_epsilon * (-off).exp();
    let excess = |ln_sigma: f64| -> Result<f64> {
        let estimate = accountant(options, ln_sigma.exp())?.estimate(options.delta)?;
        Ok(((estimate + 1e-3 * target) / (1.001 * target)).ln())
    };
    if options.accountant == AccountantKind::Rdp {
        return Ok(0.0);
    }
    let (low, high) = (RANGE.0.ln(), RANGE.1.ln());
    let (f_low, f_high) = (excess(low)?, excess(high)?);
    if f_low <= 0.0 || f_high >= 0.0 {
        return Ok(0.0);
    }
    Ok(brent_root((low, f_low), (high, f_high), 1e-5, excess)?.0)
}

fn accountant(options: &CalibrationOptions, noise_multiplier: f64) -> Result<Accountant> {
    let mut accountant =
        Accountant::new(options.accountant, options.relation).with_unit_size(options.unit_size)?;
    accountant.push(Phase {
        noise_multiplier,
        sampling: options.sampling,
        steps: options.steps,
    })?;
    Ok(accountant)
}

fn epsilon(options: &CalibrationOptions, noise_multiplier: f64) -> Result<f64> {
    accountant(options, noise_multiplier)?.epsilon(options.delta)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(target_epsilon: f64, rate: f64, steps: u64) -> CalibrationOptions {
        CalibrationOptions {
            target_epsilon,
            delta: 1e-5,
            sampling: Sampling::Poisson { rate },
            steps,
            relation: Relation::AddRemove,
            accountant: AccountantKind::Pld,
            unit_size: 1,
        }
    }

    #[test]
    fn never_overshoots_and_comes_close() -> Result<()> {
        for (target, rate, steps) in [
            (1.0, 0.01, 1000),
            (8.0, 256.0 / 60000.0, 14000),
            (0.1, 1.0, 10),
            (3.0, 0.1, 1),
            (30.0, 0.5, 100),
        ] {
            let options = options(target, rate, steps);
            let got = noise_multiplier(&options)?;
            assert!(
                got.epsilon <= target && got.epsilon > target * (1.0 - 3e-3),
                "{options:?}: {got:?}"
            );
            assert_eq!(epsilon(&options, got.noise_multiplier)?, got.epsilon);
            let rdp = noise_multiplier(&CalibrationOptions {
                accountant: AccountantKind::Rdp,
                ..options
            })?;
            assert!(
                rdp.noise_multiplier >= got.noise_multiplier * (1.0 - 1e-3)
                    && rdp.epsilon <= target
            );
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_met_is_said() {
        for options in [
            options(0.0, 0.1, 1),
            options(1.0, 0.1, 0),
            options(-1.0, 0.1, 1),
            options(1e-9, 1.0, 1_000_000_000),
        ] {
            assert!(
                matches!(noise_multiplier(&options), Err(Error::InvalidArgument { .. })),
                "{options:?}"
            );
        }
    }
}
