//! `T`-fold composition by one FFT of the tilted loss, read off as an upper bound.
//!
//! Each step's grid masses `p_i` are tilted to `p_i·exp(λ l_i)/M(λ)` so that the composed distribution peaks where the
//! question lies; the FFT's absolute errors are then errors relative to the answer, at any `δ`. The idea of the
//! FFT accountant is Koskela, Jälkö and Honkela, AISTATS 2020; that of tilting, the numerical analogue of the saddle
//! point in Alghamdi et al., "The Saddle-Point Method in Differential Privacy", ICML 2023.
//!
//! Everything that the computation leaves out is counted against privacy:
//! - cut tails of a step are infinite losses;
//! - the circular convolution can only add mass to a cell, never take it;
//! - what lies above the window is bounded by Chernoff and taken to be infinite;
//! - a bound on the FFT's rounding is added to every cell.

use super::Composed;
use super::fft::{Product, good_size};
use super::grid::{Grid, discretise};
use super::plan::{Answer, Plan, Target, Total, plan, tolerance};

/// Tries at a window before Chernoff's bound, which is always sound, is the answer.
const TRIES: u32 = 6;

/// Longest grid of one step.
const MOST_CELLS: f64 = 1.6e7;

/// The tilted composition on a window.
struct Window {
    /// Tilted mass at `(lowest + i)·h`, each an upper bound up to `error`.
    mass: Vec<f64>,
    lowest: i64,
    error: f64,
    h: f64,
    lambda: f64,
    /// `Σ ln M(λ)`.
    cumulant: f64,
    /// Mass whose loss is taken to be infinite.
    infinite: f64,
}

/// Cumulants for `delta`, with the tail cut from each step.
pub(crate) fn prepare(composed: &Composed, delta: f64) -> (Total, f64) {
    let cut = (1e-8 * delta / composed.count()).max(1e-290);
    (Total::new(composed, cut), cut)
}

/// The upper bound on `ε` at `delta`, not below zero, with what [`prepare`] returned.
pub(crate) fn epsilon(composed: &Composed, total: &Total, cut: f64, delta: f64) -> f64 {
    let mut best = f64::INFINITY;
    let mut known = None;
    let mut attempt = 0;
    for _ in 0..TRIES {
        let plan = plan(total, Target::Epsilon { delta }, cut, attempt, known.as_ref());
        let window = Window::new(composed, &plan);
        best = best.min(window.chernoff(delta));
        match window.epsilon(delta) {
            None => attempt += 1,
            Some(answer) => {
                best = best.min(answer.value);
                // where ln δ falls faster than was supposed, or ε is smaller, the grid was too coarse
                if answer.value == 0.0 || (answer.decay + 1.0) * plan.added <= 2.0 * tolerance(answer.value) {
                    break;
                }
                // and where a finer grid changed nothing, no other will
                if known.is_some_and(|known: Answer| (known.value - answer.value).abs() <= tolerance(answer.value)) {
                    break;
                }
                known = Some(answer);
            }
        }
    }
    best
}

/// The upper bound on `δ` at `epsilon >= 0`, at most one.
pub(crate) fn delta(composed: &Composed, epsilon: f64) -> f64 {
    let mut guess = 1e-12;
    let mut best: f64 = 1.0;
    // the cut is chosen for a δ; once the answer is seen to be far below, cut less
    for _ in 0..8 {
        let (total, cut) = prepare(composed, guess);
        let first = plan(&total, Target::Delta { epsilon }, cut, 0, None);
        let answer = Window::new(composed, &first).delta(epsilon);
        best = best.min(answer.value);
        if (answer.decay + 1.0) * first.added * answer.decay > 1e-2 {
            let second = plan(&total, Target::Delta { epsilon }, cut, 0, Some(&answer));
            best = best.min(Window::new(composed, &second).delta(epsilon).value);
        }
        if best >= guess || guess < 1e-270 {
            break;
        }
        guess = (best * best.min(1e-3)).max(1e-280);
    }
    best
}

impl Window {
    fn new(composed: &Composed, plan: &Plan) -> Self {
        let Plan { lambda, lambda_tail, .. } = *plan;
        let mut cells = plan.cells;
        while composed.steps.iter().any(|(step, _)| super::grid::length(step, cells.h, plan.cut) > MOST_CELLS) {
            cells.h *= 2.0;
        }
        let h = cells.h;
        let lowest = (plan.low / h).floor() as i64 - 1;
        let size = good_size(((plan.high - plan.low) / h).ceil() as usize + 4);
        let mut product = Product::new(size);
        let (mut cumulant, mut cumulant_tail, mut infinite) = (0.0, 0.0, 0.0);
        let mut folded = vec![0.0; size];
        for (step, count) in &composed.steps {
            let grid = discretise(step, cells, plan.cut);
            let power = *count as f64;
            let near = |lambda: f64| grid.cumulant(h, lambda, grid.shift(h, lambda));
            let shift = near(lambda);
            folded.fill(0.0);
            let mut at = grid.first.rem_euclid(size as i64) as usize;
            for tilted in grid.tilted(h, lambda, shift) {
                folded[at] += tilted;
                at = if at + 1 == size { 0 } else { at + 1 };
            }
            product.multiply(&mut folded, *count);
            cumulant += power * shift;
            cumulant_tail += power * near(lambda_tail);
            infinite += power * grid.infinite;
        }
        let (mut mass, error) = product.finish(composed.count());
        mass.rotate_left(lowest.rem_euclid(size as i64) as usize);
        let end = (lowest + size as i64) as f64 * h;
        let above = (cumulant_tail - lambda_tail * end).min(0.0).exp();
        // the masses of a step add up to one but for a few roundings
        let slack = 1.0 + 1e-12 + 16.0 * f64::EPSILON * composed.count();
        cumulant += slack.ln();
        Window { mass, lowest, error, h, lambda, cumulant, infinite: (infinite + above).min(1.0) }
    }

    /// The mass of cell `index`, no longer tilted.
    fn untilted(&self, index: usize) -> f64 {
        let loss = (self.lowest + index as i64) as f64 * self.h;
        (self.mass[index].max(0.0) + self.error) * (self.cumulant - self.lambda * loss).min(700.0).exp()
    }

    /// Walks down from the top: `visit(loss, mass at or above it, δ(loss))` until it answers.
    fn walk<R>(&self, mut visit: impl FnMut(f64, f64, f64) -> Option<R>) -> Option<R> {
        let keep = (-self.h).exp();
        let lose = -(-self.h).exp_m1();
        let (mut above, mut delta) = (self.infinite, self.infinite);
        for index in (0..self.mass.len()).rev() {
            // δ(l - h) = (mass above)(1 - e^-h) + e^-h δ(l): sums of what is positive, so nothing cancels
            delta = above * lose + keep * delta;
            above += self.untilted(index);
            let loss = (self.lowest + index as i64) as f64 * self.h;
            if let Some(answer) = visit(loss, above, delta) {
                return Some(answer);
            }
        }
        None
    }

    /// The smallest `ε >= 0` with `δ(ε) <= target`, unless it lies outside the window.
    fn epsilon(&self, target: f64) -> Option<Answer> {
        if self.infinite >= target {
            return None;
        }
        let zero = Answer { value: 0.0, decay: 0.0 };
        let (mut above_before, mut delta_before) = (self.infinite, self.infinite);
        let found = self.walk(|loss, above, delta| {
            if delta > target {
                // between this point and the one before, δ(l - x) = above·(1 - e^-x) + e^-x·δ(l)
                let share = (above_before - target) / (above_before - delta_before);
                let epsilon = (loss + self.h + share.ln().min(0.0)).max(loss);
                let value = (epsilon + 1e-12 * epsilon.abs()).max(0.0);
                return Some(Answer { value, decay: (above_before - target) / target });
            }
            (above_before, delta_before) = (above, delta);
            (loss < 0.0).then_some(Answer { value: 0.0, decay: 0.0 })
        });
        found.or((self.lowest <= 0).then_some(zero))
    }

    /// `δ(epsilon)`: the chord in `e^ε` over the cell that holds it.
    fn delta(&self, epsilon: f64) -> Answer {
        let (mut above_before, mut delta_before) = (self.infinite, self.infinite);
        let found = self.walk(|loss, above, delta| {
            if loss <= epsilon {
                let x = loss + self.h - epsilon;
                let value = above_before * -(-x).exp_m1() + (-x).exp() * delta_before;
                return Some(Answer { value: value * (1.0 + 1e-12), decay: (above_before - value) / value });
            }
            (above_before, delta_before) = (above, delta);
            None
        });
        found.unwrap_or(Answer { value: 1.0, decay: 0.0 })
    }

    /// `ε` by Chernoff's bound at the tilt: sound wherever the window lies.
    fn chernoff(&self, target: f64) -> f64 {
        let left = target - self.infinite;
        if left <= 0.0 {
            return f64::INFINITY;
        }
        // P(L > ε) bounds δ(ε)
        ((self.cumulant - left.ln()) / self.lambda).max(0.0)
    }
}

impl Grid {
    /// `max (ln mass + λ l)`: what tilted masses can be scaled by without overflow.
    fn shift(&self, h: f64, lambda: f64) -> f64 {
        let exponents = self.mass.iter().enumerate().filter(|(_, mass)| **mass > 0.0);
        exponents
            .map(|(index, mass)| mass.ln() + lambda * h * (self.first + index as i64) as f64)
            .fold(f64::NEG_INFINITY, f64::max)
    }
}
