//! From a step's loss to masses on the grid `0, ±h, ±2h, ...`, pessimistically.
//!
//! Connect the dots (Doroshenko, Ghazi, Kamath, Kumar and Manurangsi, "Connect the Dots: Tighter
//! Discrete Approximations of Privacy Loss Distributions", 2022): each cell's mass goes to the two
//! ends of the cell so that both `P`'s and `Q`'s mass are kept. The hockey-stick divergence of the
//! result is exact at the grid points and a chord above the true convex curve between them. Written
//! cell by cell, so that a tail is exact relative to itself.

use super::step::{Cut, Stretch};

/// The widths of cells: `h`, or the whole number of `h` nearest below `growth·|loss|` where that is
/// more.
///
/// Far losses are rare and need no fine grid; all cells end on multiples of `h`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cells {
    pub(crate) h: f64,
    pub(crate) growth: f64,
}

impl Cells {
    /// The end of the cell that begins at `index`.
    fn end(self, index: i64) -> i64 {
        let distance = index.unsigned_abs() as f64;
        let reach = if index >= 0 { self.growth } else { self.growth / (1.0 + self.growth) };
        index + (distance * reach).max(1.0) as i64
    }
}

/// `mass[i]` has loss `offset + (first + i)·h`, with the offset it was made for; `infinite` has
/// infinite loss.
pub(crate) struct Grid {
    pub(crate) first: i64,
    pub(crate) mass: Vec<f64>,
    pub(crate) infinite: f64,
}

/// The cells of one stretch: `first..last`, the cell `i` from `offset + i·h` to `offset + (i+1)·h`.
fn cells(stretch: &Stretch, offset: f64, h: f64) -> (i64, i64) {
    let (low, high) = stretch.losses();
    let first = ((low - offset) / h).floor() as i64;
    (first, (((high - offset) / h).ceil() as i64).max(first + 1))
}

/// How long the grid of [`discretise`] would be, at most.
pub(crate) fn length(cut: &Cut, h: f64) -> f64 {
    let ends = cut.stretches.iter().map(Stretch::losses);
    let (low, high) = ends
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (a, b)| (low.min(a), high.max(b)));
    (high - low).max(0.0) / h
}

/// The cut step on the grid `offset + i·h`.
pub(crate) fn discretise(cut: &Cut, offset: f64, widths: Cells) -> Grid {
    let h = widths.h;
    let ranges: Vec<(i64, i64)> = cut.stretches.iter().map(|s| cells(s, offset, h)).collect();
    let points: Vec<(i64, f64)> = cut
        .points
        .iter()
        .map(|&(mass, loss)| (((loss - offset) / h).floor() as i64, mass))
        .collect();
    let ends = || points.iter().map(|&(index, _)| (index, index + 1)).chain(ranges.iter().copied());
    let (first, last) =
        ends().fold((i64::MAX, i64::MIN), |(first, last), (a, b)| (first.min(a), last.max(b)));
    let mut grid =
        Grid { first, mass: vec![0.0; (last - first + 1).max(1) as usize], infinite: cut.infinite };
    for (&(mass, loss), (index, _)) in cut.points.iter().zip(points) {
        let up = mass * share_up(loss - offset - index as f64 * h, h);
        grid.mass[(index - first) as usize] += mass - up;
        grid.mass[(index + 1 - first) as usize] += up;
    }
    for (stretch, (from, to)) in cut.stretches.iter().zip(ranges) {
        grid.fill(stretch, offset, from, to, widths);
    }
    grid
}

/// The share of a mass `above` a cell's lower end that goes to its upper end, so that `P`'s and
/// `Q`'s mass are kept.
pub(crate) fn share_up(above: f64, width: f64) -> f64 {
    ((-above).exp_m1() / (-width).exp_m1()).clamp(0.0, 1.0)
}

impl Grid {
    fn fill(&mut self, stretch: &Stretch, offset: f64, from: i64, to: i64, widths: Cells) {
        let (pair, h) = (stretch.pair, widths.h);
        let mut tails = super::loss::Tails::new(pair, stretch.from);
        let mut x = stretch.from;
        let mut index = from;
        while index < to {
            let end = widths.end(index).min(to);
            x = if end == to {
                stretch.to
            } else {
                pair.invert(offset + end as f64 * h, x, stretch.to)
            };
            let cell = tails.advance(x);
            // upper - exp(loss)·lower, of which the share of the cell's upper end is made
            let tilt = (offset + index as f64 * h).exp_m1();
            let gap = cell.difference - tilt * cell.lower;
            let error = cell.error + 4.0 * f64::EPSILON * tilt.abs() * cell.lower;
            let share = (gap + error) / -(-((end - index) as f64) * h).exp_m1();
            // beyond what exp can hold, all of it goes up
            let up = if tilt < 1e300 { share.clamp(0.0, cell.upper) } else { cell.upper };
            self.mass[(index - self.first) as usize] += stretch.weight * (cell.upper - up);
            self.mass[(end - self.first) as usize] += stretch.weight * up;
            index = end;
        }
    }

    /// `ln Σ mass·exp(λ l)`; `near` is a value it is known to be close to.
    pub(crate) fn cumulant(&self, h: f64, lambda: f64, near: f64) -> f64 {
        let total: f64 = self.tilted(h, lambda, near).sum();
        near + total.ln()
    }

    /// `mass·exp(λ l - shift)`, in the order of the grid.
    pub(crate) fn tilted(&self, h: f64, lambda: f64, shift: f64) -> impl Iterator<Item = f64> + '_ {
        let first = self.first;
        self.mass.iter().enumerate().map(move |(index, &mass)| {
            if mass == 0.0 {
                return 0.0;
            }
            let exponent = lambda * h * (first + index as i64) as f64 - shift;
            if exponent < 700.0 { mass * exponent.exp() } else { (mass.ln() + exponent).exp() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::loss::{Mixture, Pair};
    use super::super::step::Step;
    use super::*;

    /// `δ(ε)` of the grid by its definition.
    fn delta(grid: &Grid, h: f64, epsilon: f64) -> f64 {
        let over = grid.mass.iter().enumerate().map(|(i, &mass)| {
            let loss = (grid.first + i as i64) as f64 * h;
            if loss > epsilon { mass * -(epsilon - loss).exp_m1() } else { 0.0 }
        });
        over.sum::<f64>() + grid.infinite
    }

    #[test]
    fn growing_cells_stay_above_and_reach_zero() {
        let mu = 1.3;
        let step = Step::plain(Pair { upper: Mixture::sampled(0.2, mu), lower: Mixture::zero() });
        let h = 0.01;
        let fine = discretise(&step.cut(1e-20), 0.0, Cells { h, growth: 0.0 });
        let coarse = discretise(&step.cut(1e-20), 0.0, Cells { h, growth: 0.1 });
        assert!((coarse.mass.iter().sum::<f64>() - 1.0).abs() < 1e-13);
        for hundredth in -20..600 {
            let epsilon = f64::from(hundredth) * h;
            let (exact, bound) = (delta(&fine, h, epsilon), delta(&coarse, h, epsilon));
            assert!(bound >= exact - 1e-13 && bound <= exact + 1e-4, "{epsilon}: {bound} {exact}");
        }
    }

    #[test]
    fn the_curve_of_the_grid_touches_the_exact_curve_from_above() {
        let mu = 1.3;
        let step = Step::plain(Pair { upper: Mixture::sampled(1.0, mu), lower: Mixture::zero() });
        let h = 0.1;
        let grid = discretise(&step.cut(1e-20), 0.0, Cells { h, growth: 0.0 });
        let total: f64 = grid.mass.iter().sum();
        assert!((total - 1.0).abs() < 1e-13);
        for tenth in -20..60 {
            let epsilon = f64::from(tenth) * h;
            let exact = super::super::super::gaussian::delta(mu, epsilon);
            let got = delta(&grid, h, epsilon);
            assert!((got - exact).abs() < 1e-12, "{epsilon}: {got} {exact}");
            let between = epsilon + 0.4 * h;
            let exact = super::super::super::gaussian::delta(mu, between);
            assert!(delta(&grid, h, between) >= exact - 1e-14);
        }
    }
}
