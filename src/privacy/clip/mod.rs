//! Per-example gradients, clipped and summed in two passes over the caller's arrays, with no copy
//! of them.
//!
//! `flat` and `per_layer` say what the weight of an example is, `adaptive` moves the norm, `kernel`
//! reads memory.

mod adaptive;
mod flat;
pub(crate) mod kernel;
mod per_layer;

pub use adaptive::{
    AdaptiveClip, AdaptiveClipOptions, AdaptiveClipStep, effective_noise_multiplier,
};
pub use kernel::Float;

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// One parameter's per-example gradients: `features x examples`, column-major, the example as last
/// dimension.
#[derive(Debug, Clone, Copy)]
pub struct Gradient<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) features: usize,
}

/// Per-example gradients of all parameters, borrowed from the caller.
#[derive(Debug, Clone)]
pub struct Gradients<'a, T> {
    pub(crate) parameters: Vec<Gradient<'a, T>>,
    pub(crate) examples: usize,
}

/// How examples are clipped: norms are L2, in the units of the gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clipping {
    /// The gradient of all parameters together to one norm.
    Flat(f64),
    /// Each parameter's gradient to a norm of its own; together `sqrt(Σ norm²)`.
    PerLayer(Vec<f64>),
}

/// What clipping did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClipReport {
    /// Examples in the lot.
    pub examples: usize,
    /// Examples that were shortened (in any layer).
    pub clipped: usize,
    /// Examples with a NaN or Inf, from 0: they contribute zero.
    pub non_finite: Vec<usize>,
    /// Each example's norm over all parameters before clipping, NaN for those of `non_finite`. Not
    /// private: do not release.
    pub norms: Vec<f64>,
    /// The norm that no example's contribution exceeds: the sensitivity of the sum to adding or
    /// removing one.
    pub clip_norm: f64,
}

impl<'a, T: Float> Gradients<'a, T> {
    /// Views `(data, features)` of each parameter; every one must hold `features x examples`
    /// numbers.
    ///
    /// No examples at all is a lot like any other: an empty one.
    ///
    /// # Errors
    /// `EmptyTensor` without parameters or features; `InvalidArgument` if a length does not fit.
    pub fn new(parameters: &[(&'a [T], usize)], examples: usize) -> Result<Self> {
        if parameters.is_empty() {
            return Err(Error::EmptyTensor { argument: "gradients", was: "no parameters".into() });
        }
        let views = parameters.iter().enumerate().map(|(index, &(data, features))| {
            if features == 0 {
                return Err(Error::EmptyTensor {
                    argument: "gradients",
                    was: format!("0 x {examples} (number {index})"),
                });
            }
            if features.checked_mul(examples) != Some(data.len()) {
                return Err(Error::invalid(
                    "gradients",
                    format!("{} numbers in parameter {index}", data.len()),
                    format!("{features} x {examples} (features x examples, the example as last dimension)"),
                ));
            }
            Ok(Gradient { data, features })
        });
        Ok(Gradients { parameters: views.collect::<Result<_>>()?, examples })
    }

    /// Numbers an example has over all parameters.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.parameters.iter().map(|p| p.features).sum()
    }
}

impl Clipping {
    /// The norm that no clipped example exceeds.
    #[must_use]
    pub fn norm(&self) -> f64 {
        match self {
            Clipping::Flat(norm) => *norm,
            Clipping::PerLayer(norms) => norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt(),
        }
    }

    /// Says what is wrong with it, if anything is.
    ///
    /// # Errors
    /// `InvalidArgument` unless every norm is positive and finite, and there is one for each of
    /// `parameters`.
    pub fn validate(&self, parameters: usize) -> Result<()> {
        let norms = match self {
            Clipping::Flat(norm) => std::slice::from_ref(norm),
            Clipping::PerLayer(norms) if norms.len() != parameters => {
                let was = format!("{} norms", norms.len());
                return Err(Error::invalid(
                    "clip",
                    was,
                    format!("one for each of {parameters} parameters"),
                ));
            }
            Clipping::PerLayer(norms) => norms,
        };
        match norms.iter().find(|norm| !(1e-100..=1e100).contains(*norm)) {
            Some(norm) => Err(Error::invalid("clip", norm, "a positive number (1e-100 to 1e100)")),
            None => Ok(()),
        }
    }
}

/// Checks that `out` has one slice for each parameter, of its number of features.
pub(crate) fn check_out<T: Float>(gradients: &Gradients<T>, out: &[&mut [T]]) -> Result<()> {
    let expected: Vec<usize> = gradients.parameters.iter().map(|p| p.features).collect();
    let was: Vec<usize> = out.iter().map(|o| o.len()).collect();
    if was == expected {
        return Ok(());
    }
    Err(Error::invalid(
        "out",
        format!("lengths {was:?}"),
        format!("{expected:?}, the features of each parameter"),
    ))
}

/// `out[p] = Σ_i w_i·gradients[p][:, i]` with the weights that clip every example.
///
/// Sums are kept in `f64` whatever `T` is. Cost: every number is read twice, on all cores.
///
/// # Errors
/// `InvalidArgument` if norms or shapes disagree.
pub fn clip_sum<T: Float>(
    gradients: &Gradients<T>,
    clipping: &Clipping,
    out: &mut [&mut [T]],
) -> Result<ClipReport> {
    check_out(gradients, out)?;
    let (weights, report) = weigh(gradients, clipping)?;
    let mut states = vec![(); kernel::threads(usize::MAX)];
    kernel::weighted_sum(gradients, &weights, out, &mut states, |(), sums, out| {
        out.iter_mut().zip(&*sums).for_each(|(out, &sum)| *out = T::from_f64(sum));
    });
    Ok(report)
}

/// Weights (`[parameter][example]`) that clip, and the report.
pub(crate) fn weigh<T: Float>(
    gradients: &Gradients<T>,
    clipping: &Clipping,
) -> Result<(Vec<Vec<f64>>, ClipReport)> {
    clipping.validate(gradients.parameters.len())?;
    let layers = kernel::norms(gradients);
    let examples = gradients.examples;
    let mut norms: Vec<f64> = (0..examples)
        .map(|i| layers.iter().map(|layer| layer[i] * layer[i]).sum::<f64>().sqrt())
        .collect();
    // squares that overflow or vanish (or are NaN)
    for (i, norm) in
        norms.iter_mut().enumerate().filter(|(_, norm)| !(1e-140..1e140).contains(*norm))
    {
        *norm = layers.iter().fold(0.0, |sum: f64, layer| sum.hypot(layer[i]));
    }
    let non_finite: Vec<usize> = (0..examples).filter(|&i| !norms[i].is_finite()).collect();
    let mut weights = match clipping {
        Clipping::Flat(norm) => flat::weights(&norms, *norm, layers.len()),
        Clipping::PerLayer(limits) => per_layer::weights(&layers, limits),
    };
    for &example in &non_finite {
        norms[example] = f64::NAN;
        weights.iter_mut().for_each(|layer| layer[example] = 0.0);
    }
    let clipped = (0..examples)
        .filter(|&i| norms[i].is_finite() && weights.iter().any(|layer| layer[i] < 1.0))
        .count();
    Ok((weights, ClipReport { examples, clipped, non_finite, norms, clip_norm: clipping.norm() }))
}
