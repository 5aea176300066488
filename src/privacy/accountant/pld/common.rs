//! The composition of the common parts of all steps (see `split`), by FFTs under several tilts.

use super::fft::{Product, good_size};
use super::grid::{Cells, Grid, discretise, share_up};
use super::split::Split;
use super::step::Cut;

/// A step, or a part of one, whose grid begins from `offset`, and how often it is composed.
pub(crate) struct Part<'a> {
    pub(crate) cut: Cut<'a>,
    pub(crate) offset: f64,
    pub(crate) count: u64,
}

/// Grids and how often each is composed.
pub(crate) type Powers = Vec<(Grid, u64)>;

/// The parts on grids.
pub(crate) fn discretise_all(parts: &[Part], cells: Cells) -> Powers {
    parts.iter().map(|part| (discretise(&part.cut, part.offset, cells), part.count)).collect()
}

/// `ln M(λ)` of every grid.
pub(crate) fn moments(grids: &Powers, h: f64, lambda: f64) -> Vec<f64> {
    grids.iter().map(|(grid, _)| grid.ln_moment(h, lambda)).collect()
}

/// `Σ count·ln M(λ)`.
pub(crate) fn cumulant(grids: &Powers, moments: &[f64]) -> f64 {
    grids.iter().zip(moments).map(|((_, count), moment)| *count as f64 * moment).sum()
}

/// Folds every grid, tilted by `λ` (`moments` are its `ln M(λ)`), onto the product's circle and
/// multiplies.
pub(crate) fn multiply(
    product: &mut Product,
    size: usize,
    grids: &Powers,
    moments: &[f64],
    h: f64,
    lambda: f64,
) {
    let mut folded = vec![0.0; size];
    for ((grid, count), moment) in grids.iter().zip(moments) {
        folded.fill(0.0);
        let mut at = grid.first.rem_euclid(size as i64) as usize;
        for tilted in grid.tilted(h, lambda, *moment) {
            folded[at] += tilted;
            at = if at + 1 == size { 0 } else { at + 1 };
        }
        product.multiply(&mut folded, *count);
    }
}

/// Masses `exp(cumulant)·mass[i]·exp(-λ l)` at `l = (lowest + i)·h`, each an upper bound.
pub(crate) struct Common {
    mass: Vec<f64>,
    lowest: i64,
    h: f64,
    lambda: f64,
    cumulant: f64,
    /// Mass above the window.
    pub(crate) infinite: f64,
}

impl Common {
    /// Composes under the split's tilts, of which `lambda` is the first: of several upper bounds of
    /// a mass the least holds.
    pub(crate) fn new(parts: &[Part], split: &Split, lambda: f64) -> Self {
        let h = split.h;
        let grids = discretise_all(parts, Cells { h, growth: 0.0 });
        let count: f64 = grids.iter().map(|(_, count)| *count as f64).sum();
        let lowest = (split.low / h).floor() as i64 - 1;
        let size = good_size(((split.high - split.low) / h).ceil() as usize + 4);
        let end = (lowest + size as i64) as f64 * h;
        let mut common = Common {
            mass: vec![f64::INFINITY; size],
            lowest,
            h,
            lambda,
            cumulant: 0.0,
            infinite: 1.0,
        };
        for &tilt in &split.tilts {
            let mut product = Product::new(size);
            let moments = moments(&grids, h, tilt);
            let cumulant = cumulant(&grids, &moments);
            multiply(&mut product, size, &grids, &moments, h, tilt);
            let (mut mass, error) = product.finish();
            mass.rotate_left(lowest.rem_euclid(size as i64) as usize);
            if tilt == lambda {
                // the masses of a step add up to one but for a few roundings
                common.cumulant = cumulant + 1e-12 + 16.0 * f64::EPSILON * count;
            }
            common.infinite = common.infinite.min((cumulant - tilt * end).exp());
            for (index, (least, mass)) in common.mass.iter_mut().zip(mass).enumerate() {
                let loss = (lowest + index as i64) as f64 * h;
                *least = least.min(
                    (mass.max(0.0) + error)
                        * (cumulant - common.cumulant - (tilt - lambda) * loss).exp(),
                );
            }
        }
        common
    }

    /// Onto the circle of a grid of width `h`, as tilted masses that add up to one. Returns `ln M`
    /// at `λ` and at `other`.
    pub(crate) fn regrid(&self, h: f64, other: f64, folded: &mut [f64]) -> (f64, f64) {
        let (mut total, mut total_other) = (0.0, 0.0);
        let size = folded.len() as i64;
        for (index, &mass) in self.mass.iter().enumerate() {
            let loss = (self.lowest + index as i64) as f64 * self.h;
            let cell = (loss / h).floor();
            let up = share_up(loss - cell * h, h);
            for (share, end) in [(1.0 - up, cell), (up, cell + 1.0)] {
                let moved = end * h - loss;
                let tilted = mass * share * (self.lambda * moved).exp();
                folded[(end as i64).rem_euclid(size) as usize] += tilted;
                total += tilted;
                total_other += tilted * ((other - self.lambda) * end * h).exp();
            }
        }
        folded.iter_mut().for_each(|mass| *mass /= total);
        let slack = 4.0 * f64::EPSILON * self.mass.len() as f64;
        (self.cumulant + f64::ln(total) + slack, self.cumulant + f64::ln(total_other) + slack)
    }
}

impl Grid {
    /// `ln Σ mass·exp(λ l)`.
    pub(crate) fn ln_moment(&self, h: f64, lambda: f64) -> f64 {
        self.cumulant(h, lambda, self.shift(h, lambda))
    }

    /// `max (ln mass + λ l)`: what tilted masses can be scaled by without overflow.
    fn shift(&self, h: f64, lambda: f64) -> f64 {
        let exponents = self.mass.iter().enumerate().filter(|(_, mass)| **mass > 0.0);
        exponents
            .map(|(index, mass)| mass.ln() + lambda * h * (self.first + index as i64) as f64)
            .fold(f64::NEG_INFINITY, f64::max)
    }
}
