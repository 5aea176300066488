//! A clip norm that follows a quantile of the gradient norms, privately.
//!
//! Source: Andrew, Thakkar, McMahan and Ramaswamy, "Differentially Private Learning with Adaptive
//! Clipping", NeurIPS 2021: Algorithm 1 (geometric update of the norm by a noisy count) and Theorem
//! 1 (what the count costs).

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How the norm moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdaptiveClipOptions {
    /// The norm of the first step, positive.
    pub initial: f64,
    /// The quantile of the norms to follow, in (0, 1); the paper's choice is 0.5.
    pub quantile: f64,
    /// Learning rate of `ln norm`, positive; the paper's choice is 0.2.
    pub learning_rate: f64,
    /// Standard deviation of the noise on the count of examples within the norm, positive; the
    /// paper: lot size / 20.
    pub count_noise: f64,
    /// The norm stays within these two.
    pub bounds: (f64, f64),
}

/// An adaptive clip norm: its options and where it stands. It can be saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdaptiveClip {
    options: AdaptiveClipOptions,
    norm: f64,
}

/// What one update saw and did; it has been noised, and may be released.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdaptiveClipStep {
    /// The noisy fraction of examples within the norm.
    pub fraction: f64,
    /// The norm of the next step.
    pub norm: f64,
}

impl AdaptiveClip {
    /// # Errors
    /// `InvalidArgument` if an option is out of its range.
    pub fn new(options: AdaptiveClipOptions) -> Result<Self> {
        let positive = |name: &'static str, value: f64| {
            if (1e-100..=1e100).contains(&value) {
                Ok(())
            } else {
                Err(Error::invalid(name, value, "a positive number"))
            }
        };
        positive("initial", options.initial)?;
        positive("learning_rate", options.learning_rate)?;
        positive("count_noise", options.count_noise)?;
        positive("bounds", options.bounds.0)?;
        positive("bounds", options.bounds.1)?;
        if !(options.quantile > 0.0 && options.quantile < 1.0) {
            return Err(Error::invalid("quantile", options.quantile, "a number in (0, 1)"));
        }
        if !(options.bounds.0..=options.bounds.1).contains(&options.initial) {
            return Err(Error::invalid(
                "initial",
                options.initial,
                format!("a norm within the bounds {:?}", options.bounds),
            ));
        }
        Ok(AdaptiveClip { norm: options.initial, options })
    }

    /// Checks one that was read from somewhere.
    ///
    /// # Errors
    /// As [`AdaptiveClip::new`]; `InvalidArgument` if the norm is not within its bounds.
    pub fn validate(&self) -> Result<()> {
        let bounds = AdaptiveClip::new(self.options.clone())?.options.bounds;
        if !(bounds.0..=bounds.1).contains(&self.norm) {
            return Err(Error::invalid(
                "norm",
                self.norm,
                format!("a norm within the bounds {bounds:?}"),
            ));
        }
        Ok(())
    }

    /// The norm to clip the next lot to.
    #[must_use]
    pub fn norm(&self) -> f64 {
        self.norm
    }

    /// Standard deviation of the noise on the count.
    #[must_use]
    pub fn count_noise(&self) -> f64 {
        self.options.count_noise
    }

    /// The count of norms within the norm, minus half of all: an example moves it by ½ to either
    /// side. One that is not finite counts as beyond.
    pub(crate) fn centered_count(&self, norms: &[f64]) -> f64 {
        norms.iter().map(|&norm| if norm <= self.norm { 0.5 } else { -0.5 }).sum()
    }

    /// Moves the norm: `norm *= exp(-rate·(b - quantile))`, where the noisy centered count says
    /// which fraction `b` of the expected lot is within it.
    pub(crate) fn follow(&mut self, noisy_count: f64, expected_lot_size: f64) -> AdaptiveClipStep {
        let fraction = noisy_count / expected_lot_size + 0.5;
        let next =
            self.norm * (-self.options.learning_rate * (fraction - self.options.quantile)).exp();
        self.norm = next.clamp(self.options.bounds.0, self.options.bounds.1);
        AdaptiveClipStep { fraction, norm: self.norm }
    }
}

/// The multiplier to account for when the gradients get `gradient` times the clip norm, and the
/// count `count_noise`.
///
/// Theorem 1 of Andrew et al.: the pair is one Gaussian mechanism with `z^-2 = gradient^-2 +
/// (2·count_noise)^-2`.
///
/// # Errors
/// `InvalidArgument` unless both are positive.
pub fn effective_noise_multiplier(gradient: f64, count_noise: f64) -> Result<f64> {
    for (name, value) in [("noise_multiplier", gradient), ("count_noise", count_noise)] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(Error::invalid(name, value, "a positive number"));
        }
    }
    Ok((gradient.powi(-2) + (2.0 * count_noise).powi(-2)).powf(-0.5))
}
