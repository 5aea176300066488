//! Sums that may be released: noise added, means taken.

use super::clip::kernel::{self, threads};
use super::clip::{ClipReport, Clipping, Float, Gradients, check_out, weigh};
use super::noise::{NoiseKind, NoiseSource};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

use super::noise::Grid;

/// How a lot's mean gradient is made private.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrivateMeanOptions {
    /// The norm or norms.
    pub clipping: Clipping,
    /// Standard deviation of the noise over the clip norm, positive.
    pub noise_multiplier: f64,
    /// What the sum is divided by: `sample_rate x dataset_size`, never the actual lot's size, which is private.
    pub expected_lot_size: f64,
    /// How noise is drawn.
    #[serde(default)]
    pub noise: NoiseKind,
}

/// The rounding of a sum of `examples` clipped gradients in `f64`, relative to the clip norm, for both neighbours.
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

enum Law {
    Discrete(Box<Grid>),
    Fast(f64),
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
        }
    }
}

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
            NoiseKind::Discrete => Law::Discrete(Box::new(Grid::new(dimension, sensitivity, multiplier, slack)?)),
            NoiseKind::Fast => Law::Fast(multiplier * sensitivity),
        };
        Ok(Noise { source: source.fork()?, law, drawn: Vec::new() })
    };
    (0..threads(work)).map(|_| one(source)).collect()
}

/// Adds noise of `multiplier` times `sensitivity` to a sum over all parameters, in place.
///
/// From the second sum of as many numbers on, a thread draws the next one's noise in the meantime.
///
/// With discrete noise the sum is first rounded to the noise's grid, about `multiplier·sensitivity / 4e7`. The sum must
/// have been made by [`super::clip::clip_sum`], whose rounding is allowed for up to 65,536 examples.
///
/// # Errors
/// `InvalidArgument` if `sensitivity` or `multiplier` is not positive and finite.
pub fn add_noise<T: Float>(
    sums: &mut [&mut [T]],
    sensitivity: f64,
    multiplier: f64,
    kind: NoiseKind,
    source: &mut NoiseSource,
) -> Result<()> {
    if !(1e-100..=1e100).contains(&sensitivity) {
        return Err(Error::invalid("sensitivity", sensitivity, "a positive number"));
    }
    let dimension: usize = sums.iter().map(|sum| sum.len()).sum();
    // a sum in f32 was rounded once more: half a unit in the last place of at most 65,536 clip norms, for both
    let narrow = if size_of::<T>() == 4 { 65_536.0 * f64::from(f32::EPSILON) } else { 0.0 };
    let slack = rounding(65_536) + narrow;
    let mut noises = noises(kind, (dimension, 8 * dimension), (sensitivity, multiplier, slack), source)?;
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
    Ok(())
}

/// `out = (Σ clipped gradients + noise) / expected_lot_size`, in the same two passes as [`super::clip::clip_sum`].
///
/// An empty lot gives noise alone. Account one step for every call, whatever the lot was.
///
/// # Errors
/// `InvalidArgument` if an option is out of range or shapes disagree.
pub fn private_mean<T: Float>(
    gradients: &Gradients<T>,
    options: &PrivateMeanOptions,
    source: &mut NoiseSource,
    out: &mut [&mut [T]],
) -> Result<ClipReport> {
    check_out(gradients, out)?;
    let lot = options.expected_lot_size;
    if !(1e-3..=1e15).contains(&lot) {
        return Err(Error::invalid("expected_lot_size", lot, "a positive number"));
    }
    let (weights, report) = weigh(gradients, &options.clipping)?;
    let dimension = gradients.dimension();
    let work = dimension * (gradients.examples + 8);
    let noise = (report.clip_norm, options.noise_multiplier, rounding(gradients.examples));
    let mut noises = noises(options.noise, (dimension, work), noise, source)?;
    kernel::weighted_sum(gradients, &weights, out, &mut noises, |noise, sums, out| {
        noise.add(sums);
        out.iter_mut().zip(&*sums).for_each(|(out, &sum)| *out = T::from_f64(sum / lot));
    });
    Ok(report)
}
