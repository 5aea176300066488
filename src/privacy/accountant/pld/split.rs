//! Common and rare losses of a step composed apart, for steps that mostly cost next to nothing.
//!
//! With a small sampling rate nearly all losses are tiny and of one size, and a few are large: one
//! grid cannot be fine enough for the first and long enough for the second. Let `common` be the
//! event that a step's loss lies within `±border`. It is seen in the step's output, so the step is
//! dominated by the pair of
//! - *the rare part*: whether the loss is common, and the output if it is not; and, independently,
//! - *the common part*: an output given that it is common (of which the step's own is a function:
//!   use it if the first says so).
//!
//! Compositions of the step are dominated by the composition of all rare parts with that of all
//! common parts. If the loss is common, the rare part's own loss is `offset = ln
//! P(common)/Q(common)`, which the rare part's grid begins from; the common part's loss is the
//! step's less this offset. What it costs: `1/P(common)` times the common part's share of the loss.

use super::cumulant::Cumulant;
use super::grid::Cells;
use super::step::{Cut, Stretch};
use super::total::{Answer, SHARE, Total, tolerance};

/// Where to split, and the window of the common part's composition.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    pub(crate) border: f64,
    pub(crate) h: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Exponents of tilts, the plan's own first: each bounds the composition best where its tilted
    /// mass is.
    pub(crate) tilts: Vec<f64>,
}

/// A step in two.
pub(crate) struct Parts<'a> {
    pub(crate) rare: Cut<'a>,
    pub(crate) common: Cut<'a>,
    pub(crate) offset: f64,
}

/// The cut step in two, or whole in the rare part where less than half of it is common.
pub(crate) fn parts(cut: Cut<'_>, border: f64) -> Parts<'_> {
    let empty = |infinite| Cut { stretches: Vec::new(), points: Vec::new(), infinite };
    let (mut rare, mut common) = (empty(cut.infinite), empty(0.0));
    let (mut upper, mut lower, mut difference) = (0.0, 0.0, 0.0);
    for &(mass, loss) in &cut.points {
        if loss.abs() > border {
            rare.points.push((mass, loss));
            continue;
        }
        common.points.push((mass, loss));
        upper += mass;
        lower += mass * (-loss).exp();
        difference -= mass * (-loss).exp_m1();
    }
    for stretch in &cut.stretches {
        let &Stretch { weight, pair, from, to, from_zero, to_zero } = stretch;
        let begin = pair.invert(-border, from, to);
        let end = pair.invert(border, from, to).max(begin);
        let piece = |a: f64, b: f64| Stretch {
            weight,
            pair,
            from: a,
            to: b,
            from_zero: from_zero && a == from,
            to_zero: to_zero && b == to,
        };
        rare.stretches.extend(
            [(from, begin), (end, to)].into_iter().filter(|(a, b)| b > a).map(|(a, b)| piece(a, b)),
        );
        if end > begin {
            common.stretches.push(piece(begin, end));
            let mass = super::loss::Tails::new(pair, begin).advance(end);
            upper += weight * mass.upper;
            lower += weight * mass.lower;
            difference += weight * mass.difference;
        }
    }
    if upper < 0.5 {
        return Parts {
            rare: cut,
            common: Cut { points: vec![(1.0, 0.0)], ..empty(0.0) },
            offset: 0.0,
        };
    }
    let offset = (difference / lower).ln_1p();
    common.stretches.iter_mut().for_each(|stretch| stretch.weight /= upper);
    common.points.iter_mut().for_each(|point| point.0 /= upper);
    rare.points.push((upper, offset));
    Parts { rare, common, offset }
}

/// What a border is expected to cost.
struct Candidate {
    cost: f64,
    split: Split,
    cells: Cells,
}

/// The split that makes `known`, the answer so far at `delta`, the tightest, and its grid; if any
/// does. `lambda` is the tilt, and `growth` that of the cells so far.
pub(crate) fn choose(
    total: &Total,
    (lambda, window, growth): (f64, f64, f64),
    delta: f64,
    known: &Answer,
) -> Option<(Split, Cells)> {
    let largest = total.parts.iter().map(|(part, _)| part.largest()).fold(0.0, f64::max);
    let borders = (0..60).map(|power| largest * 0.5f64.powi(power + 1));
    let ask = Question {
        lambda,
        delta,
        decay: known.decay.max(1e-3),
        // what counts of the tilted mass, which adds up to one
        tilted: delta * (lambda * known.value - total.at(lambda).value).exp(),
        tolerance: tolerance(known.value) + 1e-12,
        window,
        growth,
    };
    let best = borders
        .map_while(|border| ask.candidate(total, border))
        .min_by(|a, b| a.cost.total_cmp(&b.cost))?;
    Some((best.split, best.cells))
}

struct Question {
    lambda: f64,
    delta: f64,
    decay: f64,
    tilted: f64,
    tolerance: f64,
    window: f64,
    growth: f64,
}

impl Question {
    /// The best grids for a border, unless most of some step's loss lies beyond it.
    fn candidate(&self, total: &Total, border: f64) -> Option<Candidate> {
        let (mut mean, mut variance, mut rare) = (0.0, 0.0, 0.0);
        let mut all = Vec::new();
        for (part, count) in &total.parts {
            let common = part.common(border, self.lambda)?;
            mean += count * common.mean;
            variance += count * common.variance;
            rare += count * common.rare;
            all.push((part, *count, common.offset));
        }
        let spread = variance.sqrt().max(1e-300);
        // Bernstein's inequality, for the tilted loss and the untilted one, whose mean is lower
        let share = 3.0 - SHARE.ln() - self.delta.min(self.tilted).clamp(1e-300, 1.0).ln();
        let reach = (2.0 * variance * share).sqrt() + border * share / 3.0;
        let (low, high) = (mean - reach - self.lambda * variance, mean + reach);
        let fine = |h: f64| {
            all.iter()
                .map(|(part, count, offset)| count * part.rounding(border, *offset, self.lambda, h))
                .sum::<f64>()
        };
        let moved = |variance: f64| 0.5 * (self.decay + 1.0) * variance;
        let mut h = (high - low) / 8192.0;
        while moved(fine(h)) > self.tolerance / 8.0 && (high - low) / h < 262_144.0 {
            h *= 0.5;
        }
        let cost_fine = moved(fine(h));
        let coarse = (10..=19).map(|power| {
            let width = self.window / f64::from(1u32 << power);
            let cells = Cells { h: width, growth: self.growth };
            let variance = total.grid_variance(self.lambda, cells, border) + 0.25 * width * width;
            // the FFT's rounding, a cell, over the cells that count
            let touched = rare.min(1.0) + (spread / width).min(1.0);
            let noise = 4e-14 * touched
                / (width * self.lambda * (self.lambda + 1.0) * self.tilted * self.decay);
            (moved(variance) + noise, cells)
        });
        let (cost, cells) = coarse.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let steps = (reach / (1.5 * spread)).ceil().clamp(1.0, 8.0);
        let tilts =
            (0..=steps as u32).map(|step| self.lambda + 1.5 * f64::from(step) / spread).collect();
        Some(Candidate {
            cost: cost + cost_fine,
            split: Split { border, h, low, high, tilts },
            cells,
        })
    }
}

/// What a border makes of a step's tilted loss.
struct CommonLoss {
    offset: f64,
    /// Of the common part's loss, less the offset.
    mean: f64,
    variance: f64,
    /// The tilted mass beyond the border.
    rare: f64,
}

impl Cumulant {
    /// The common part within `border` under the tilt `lambda`, unless it is less than three
    /// quarters.
    fn common(&self, border: f64, lambda: f64) -> Option<CommonLoss> {
        let within = || self.nodes().iter().filter(|(_, loss)| loss.abs() <= border);
        let (mass, difference) =
            within().fold((0.0, 0.0), |(mass, difference), &(weight, loss)| {
                (mass + weight.exp(), difference - weight.exp() * (-loss).exp_m1())
            });
        let offset = -(-difference / mass).ln_1p();
        let tilt = |&(weight, loss): &(f64, f64)| (weight + lambda * (loss - offset)).exp();
        let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
        for node in within() {
            let (tilted, loss) = (tilt(node), node.1 - offset);
            total += tilted;
            first += tilted * loss;
            second += tilted * loss * loss;
        }
        let beyond: f64 =
            self.nodes().iter().filter(|(_, loss)| loss.abs() > border).map(tilt).sum();
        let mean = first / total;
        let found = CommonLoss {
            offset,
            mean,
            variance: (second / total - mean * mean).max(0.0),
            rare: beyond / (total + beyond),
        };
        (found.rare < 0.25 && mass > 0.75).then_some(found)
    }

    /// The variance that a grid of width `h` adds to the common part.
    fn rounding(&self, border: f64, offset: f64, lambda: f64, h: f64) -> f64 {
        let within = self.nodes().iter().filter(|(_, loss)| loss.abs() <= border);
        let of = |&(weight, loss): &(f64, f64)| {
            let rest = loss - offset - h * ((loss - offset) / h).floor();
            (weight + lambda * (loss - offset)).exp() * rest * (h - rest)
        };
        within.map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::loss::{Mixture, Pair, Tails};
    use super::super::step::Step;
    use super::*;

    /// `P`'s and `Q`'s mass of a cut.
    fn masses(cut: &Cut) -> (f64, f64) {
        let (mut upper, mut lower) = (0.0, 0.0);
        for stretch in &cut.stretches {
            let mass = Tails::new(stretch.pair, stretch.from).advance(stretch.to);
            upper += stretch.weight * mass.upper;
            lower += stretch.weight * mass.lower;
        }
        cut.points.iter().fold((upper, lower), |(upper, lower), (mass, loss)| {
            (upper + mass, lower + mass * (-loss).exp())
        })
    }

    #[test]
    fn no_mass_is_lost_and_the_common_part_adds_up_to_one() {
        let mixture = Mixture::sampled(1e-4, 2.0);
        for pair in [
            Pair { upper: mixture.clone(), lower: Mixture::zero() },
            Pair { upper: Mixture::zero(), lower: mixture.clone() },
            Pair { upper: mixture.clone(), lower: mixture },
        ] {
            let step = Step::plain(pair);
            let (upper, lower) = masses(&step.cut(1e-30));
            for border in [1e-4, 1e-2, 1.0] {
                let Parts { rare, common, offset } = parts(step.cut(1e-30), border);
                let ((rare_upper, rare_lower), (common_upper, common_lower)) =
                    (masses(&rare), masses(&common));
                assert!(
                    (rare_upper - upper).abs() < 1e-14 && (rare_lower - lower).abs() < 1e-14,
                    "{border}"
                );
                assert!((common_upper - 1.0).abs() < 1e-14, "{border}: {common_upper}");
                // Q's part of the common part is that of `exp(-(loss - offset))`
                assert!(
                    (common_lower * offset.exp() - 1.0).abs() < 1e-13,
                    "{border}: {common_lower} {offset}"
                );
            }
        }
    }
}
