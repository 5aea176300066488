//! Noise on arrays: made ready before a release is counted, added after it.

use super::noise::{Grid, NoiseKind, NoiseSource};
use super::witness;
use crate::clip::kernel::{self, threads};
use crate::clip::{Float, Gradients};
use crate::{Error, Result};

/// The rounding of a sum of `examples` clipped gradients in `f64`, relative to the clip norm, for
/// both neighbors.
fn rounding(examples: usize) -> f64 {
    let examples = examples as f64 + 1.0;
    1e-9 + 2.0 * f64::EPSILON * examples * examples
}

/// Noise for one thread.
struct Noise {
    source: NoiseSource,
    law: Law,
    /// Discrete noise that is there already; used from its end, each once.
    drawn: Vec<i32>,
}

impl Ready {
    /// The standard deviation that the noise really has, in the units of the sum.
    fn deviation(&self) -> f64 {
        self.0.first().map_or(0.0, |noise| match &noise.law {
            Law::Discrete(grid) => grid.deviation(),
            Law::Fast(deviation) => *deviation,
            Law::None => 0.0,
        })
    }
}

enum Law {
    Discrete(Box<Grid>),
    Fast(f64),
    None,
}

impl Noise {
    fn add(&mut self, sums: &mut [f64]) {
        match &self.law {
            Law::Discrete(grid) => {
                let (with_drawn, others) = sums.split_at_mut(sums.len().min(self.drawn.len()));
                let left = self.drawn.len() - with_drawn.len();
                grid.add_drawn(&self.drawn[left..], with_drawn);
                self.drawn.truncate(left);
                grid.add(&mut self.source, others);
            }
            Law::Fast(deviation) => self.source.add_gaussian(sums, *deviation),
            Law::None => {}
        }
    }
}

/// Noise that can be added: all that could be wrong with it was found out.
pub(super) struct Ready(Vec<Noise>);

/// One for each thread that `work` numbers are worth.
fn noises(
    kind: NoiseKind,
    (dimension, work): (usize, usize),
    (sensitivity, multiplier, slack): (f64, f64, f64),
    source: &mut NoiseSource,
) -> Result<Vec<Noise>> {
    if !(1e-3..=1e6).contains(&multiplier) {
        return Err(Error::invalid("noise_multiplier", multiplier, "a number from 0.001 to 1e6"));
    }
    let one = |source: &mut NoiseSource| {
        let law = match kind {
            NoiseKind::Discrete => {
                Law::Discrete(Box::new(Grid::new(dimension, sensitivity, multiplier, slack)?))
            }
            NoiseKind::Fast => Law::Fast(multiplier * sensitivity),
            NoiseKind::None => Law::None,
        };
        Ok(Noise { source: source.fork()?, law, drawn: Vec::new() })
    };
    (0..threads(work)).map(|_| one(source)).collect()
}

/// Demands sums that noise hides something of: NaN and Inf come through it as they are.
///
/// # Errors
/// `InvalidArgument` naming `sums`.
pub(super) fn expect_finite(sums: impl Iterator<Item = f64>) -> Result<()> {
    let bad = sums.filter(|x| !x.is_finite()).count();
    if bad == 0 {
        return Ok(());
    }
    let was = format!("{bad} numbers that are NaN or Inf");
    Err(Error::invalid(
        "sums",
        was,
        "finite numbers: clip first, which leaves out the examples that are not finite",
    ))
}

/// Noise of `multiplier` times `sensitivity` for a sum over all parameters.
///
/// With discrete noise the sum is first rounded to the noise's grid, about `multiplier·sensitivity
/// / 4e7`. The sum must have been made by [`crate::clip::clip_sum`], whose rounding is allowed for
/// up to 65,536 examples.
///
/// # Errors
/// `InvalidArgument` if `sensitivity` or `multiplier` is not positive and finite, or a sum is not
/// finite.
pub(super) fn ready_for_sum<T: Float>(
    sums: &[&mut [T]],
    (sensitivity, multiplier): (f64, f64),
    kind: NoiseKind,
    source: &mut NoiseSource,
) -> Result<Ready> {
    if !(1e-100..=1e100).contains(&sensitivity) {
        return Err(Error::invalid("sensitivity", sensitivity, "a positive number"));
    }
    sums.iter().try_for_each(|sum| expect_finite(sum.iter().map(|x| x.to_f64())))?;
    let dimension: usize = sums.iter().map(|sum| sum.len()).sum();
    // a sum in f32 was rounded once more: half a unit in the last place of at most 65,536 clip
    // norms, for both
    let narrow = if size_of::<T>() == 4 { 65_536.0 * f64::from(f32::EPSILON) } else { 0.0 };
    let slack = rounding(65_536) + narrow;
    noises(kind, (dimension, 8 * dimension), (sensitivity, multiplier, slack), source).map(Ready)
}

/// Adds the noise, in place. From the second sum of as many numbers on, a thread draws the next
/// one's noise in the meantime.
pub(super) fn add_to_sum<T: Float>(
    sums: &mut [&mut [T]],
    ready: Ready,
    kind: NoiseKind,
    source: &mut NoiseSource,
) {
    witness::saw(ready.deviation(), || {
        sums.iter().flat_map(|sum| sum.iter().map(|x| x.to_f64())).collect()
    });
    let Ready(mut noises) = ready;
    let dimension: usize = sums.iter().map(|sum| sum.len()).sum();
    if kind == NoiseKind::Discrete {
        let mut drawn = source.take_ahead(dimension);
        let each = drawn.len() / noises.len();
        noises.iter_mut().for_each(|noise| noise.drawn = drawn.split_off(drawn.len() - each));
    }
    let share = dimension.div_ceil(noises.len()).max(1);
    let mut shares: Vec<Vec<&mut [T]>> = noises.iter().map(|_| Vec::new()).collect();
    let mut at = 0;
    for sum in sums.iter_mut() {
        let mut rest = &mut **sum;
        while !rest.is_empty() {
            let take = rest.len().min(share - at % share);
            let (own, others) = rest.split_at_mut(take);
            shares[at / share].push(own);
            (rest, at) = (others, at + take);
        }
    }
    let tasks = shares.into_iter().zip(&mut noises).map(|(shares, noise)| {
        move || {
            let mut wide = [0.0f64; 2048];
            for chunk in shares.into_iter().flat_map(|share| share.chunks_mut(2048)) {
                let wide = &mut wide[..chunk.len()];
                wide.iter_mut().zip(&*chunk).for_each(|(wide, x)| *wide = x.to_f64());
                noise.add(wide);
                chunk.iter_mut().zip(&*wide).for_each(|(x, &wide)| *x = T::from_f64(wide));
            }
        }
    });
    kernel::on_threads(tasks.collect());
    if kind == NoiseKind::Discrete {
        source.draw_ahead(dimension);
    }
}

/// Noise for the sum of a lot's clipped gradients.
///
/// # Errors
/// `InvalidArgument` if the multiplier is out of range.
pub(super) fn ready_for_lot<T: Float>(
    gradients: &Gradients<T>,
    (clip_norm, multiplier): (f64, f64),
    kind: NoiseKind,
    source: &mut NoiseSource,
) -> Result<Ready> {
    let dimension = gradients.dimension();
    let work = dimension * (gradients.examples + 8);
    noises(kind, (dimension, work), (clip_norm, multiplier, rounding(gradients.examples)), source)
        .map(Ready)
}

/// `out = (Σ weighted gradients + noise) / lot`.
pub(super) fn noisy_mean<T: Float>(
    gradients: &Gradients<T>,
    weights: &[Vec<f64>],
    ready: Ready,
    lot: f64,
    out: &mut [&mut [T]],
) {
    witness::saw(ready.deviation(), || naive_sum(gradients, weights));
    let Ready(mut noises) = ready;
    kernel::weighted_sum(gradients, weights, out, &mut noises, |noise, sums, out| {
        noise.add(sums);
        out.iter_mut().zip(&*sums).for_each(|(out, &sum)| *out = T::from_f64(sum / lot));
    });
}

/// For the witness: the sum by its definition.
fn naive_sum<T: Float>(gradients: &Gradients<T>, weights: &[Vec<f64>]) -> Vec<f64> {
    let of = |(parameter, weights): (&crate::clip::Gradient<'_, T>, &Vec<f64>)| {
        let mut sum = vec![0.0; parameter.features];
        let used = weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
        for (example, weight) in used {
            let column = &parameter.data[example * parameter.features..][..parameter.features];
            sum.iter_mut().zip(column).for_each(|(sum, x)| *sum += weight * x.to_f64());
        }
        sum
    };
    gradients.parameters.iter().zip(weights).flat_map(of).collect()
}
