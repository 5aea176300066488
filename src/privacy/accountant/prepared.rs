//! A mechanism made ready for many questions, and what the noise that is really drawn adds to its
//! answers.

use super::subsampling::Mechanism;
use super::{AccountantKind, gaussian, pld, rdp};
use crate::noise::Closeness;
use crate::{Error, Result};

/// A mechanism made ready for many questions.
pub(super) struct Prepared<'m> {
    how: How,
    rdp: rdp::Curve<'m>,
    distance: f64,
    noise: Closeness,
}

enum How {
    Gaussian(f64),
    /// What is composed, beside the mechanism that Rényi's bound falls back on.
    Pld(Vec<pld::Composed>),
    Rdp,
}

impl<'m> Prepared<'m> {
    /// `distance` and `noise`: how far the noise that is drawn is from `mechanism`'s.
    pub(super) fn new(
        kind: AccountantKind,
        mechanism: &'m Mechanism,
        distance: f64,
        noise: Closeness,
    ) -> Self {
        let how = match kind {
            AccountantKind::Pld if mechanism.sampled.is_empty() => {
                How::Gaussian(mechanism.gaussian.sqrt())
            }
            AccountantKind::Pld => How::Pld(mechanism.directions()),
            AccountantKind::Rdp => How::Rdp,
        };
        Prepared { how, rdp: rdp::Curve::new(mechanism, rdp::orders()), distance, noise }
    }

    /// About what [`Prepared::epsilon`] would answer: no bound.
    pub(super) fn estimate(&self, delta: f64) -> Result<f64> {
        match &self.how {
            How::Pld(directions) => Ok(pld::estimate(directions, delta)),
            _ => self.epsilon(delta),
        }
    }

    /// `ε` of the mechanism with ideal noise.
    fn ideal(&self, delta: f64) -> f64 {
        match &self.how {
            How::Gaussian(mu) => gaussian::epsilon(*mu, delta),
            How::Pld(directions) => match pld::epsilon(directions, delta) {
                epsilon if epsilon.is_finite() => epsilon,
                // no window answered: rounding exceeds so small a delta
                _ => self.rdp.epsilon(delta),
            },
            How::Rdp => self.rdp.epsilon(delta),
        }
    }

    pub(super) fn epsilon(&self, delta: f64) -> Result<f64> {
        // Nothing that was accounted for was drawn.
        if self.distance >= 1.0 {
            return Ok(f64::INFINITY);
        }
        let mut epsilon = self.ideal(delta);
        let Closeness { log_ratio, probability } = self.noise;
        let lost = self.distance + probability;
        if lost == 0.0 && log_ratio == 0.0 {
            return Ok(epsilon);
        }
        // with laws within e^±κ but for τ, and d apart: P'(S) <= e^κ P(S) + τ + d and Q(S) <= e^κ
        // Q'(S) + τ + d, so ε' = ε + 2κ at δ' = e^κ δ(ε) + (1 + e^ε')(τ + d); climb to the least ε'
        // with δ' <= delta
        for _ in 0..200 {
            let margin = 1e-9 * epsilon + 1e-12;
            let left = (delta - (1.0 + (epsilon + margin).exp()) * lost) * (-log_ratio).exp();
            if left <= 0.0 {
                break;
            }
            let next = self.ideal(left) + 2.0 * log_ratio;
            if next <= epsilon + margin {
                return Ok(epsilon + margin);
            }
            epsilon = next;
        }
        Err(Error::invalid(
            "delta",
            delta,
            format!(
                "more than (1 + exp(epsilon)) times the noise's statistical distance of {lost}"
            ),
        ))
    }

    pub(super) fn delta(&self, total: f64) -> f64 {
        let Closeness { log_ratio, probability } = self.noise;
        let epsilon = (total - 2.0 * log_ratio).max(0.0);
        // below zero, δ(ε) grows by at most what ε falls
        let below = (2.0 * log_ratio - total).max(0.0);
        let ideal = match &self.how {
            How::Gaussian(mu) if *mu == 0.0 => 0.0,
            How::Gaussian(mu) => gaussian::delta(*mu, epsilon),
            How::Pld(directions) => match pld::delta(directions, epsilon) {
                delta if delta < 1.0 => delta,
                _ => self.rdp.delta(epsilon),
            },
            How::Rdp => self.rdp.delta(epsilon),
        };
        (log_ratio.exp() * (ideal + below) + (1.0 + total.exp()) * (self.distance + probability))
            .min(1.0)
    }
}
