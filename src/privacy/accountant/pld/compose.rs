//! `T`-fold composition by one FFT of the tilted loss, read off as an upper bound.
//!
//! Each step's grid masses `p_i` are tilted to `p_i·exp(λ l_i)/M(λ)` so that the composed
//! distribution peaks where the question lies; the FFT's absolute errors are then errors relative
//! to the answer, at any `δ`. The idea of the FFT accountant is Koskela, Jälkö and Honkela, AISTATS
//! 2020; that of tilting, the numerical analogue of the saddle point in Alghamdi et al., "The
//! Saddle-Point Method in Differential Privacy", ICML 2023.
//!
//! Everything that the computation leaves out is counted against privacy:
//! - cut tails of a step are infinite losses;
//! - the circular convolution can only add mass to a cell, never take it;
//! - what lies above the window is bounded by Chernoff and taken to be infinite;
//! - a bound on the FFT's rounding is added to every cell.

use super::Composed;
use super::common::{Common, Part, Powers, cumulant, discretise_all, moments, multiply};
use super::fft::{Product, good_size};
use super::grid::{Grid, length};
use super::plan::{Plan, Target, plan};
use super::split::{self, Parts};
use super::total::{Answer, Total, tolerance};

/// Tries at a window before Chernoff's bound, which is always sound, is the answer.
const TRIES: u32 = 6;

/// Longest grid of one step.
const MAX_CELLS: f64 = 4e6;

/// The tilted steps on their grids, and what is known of their composition without an FFT.
struct Outline {
    grids: Powers,
    /// `ln M(λ)` of each grid.
    moments: Vec<f64>,
    /// The composition of common parts, folded onto the window's circle.
    common: Option<Vec<f64>>,
    size: usize,
    lowest: i64,
    offset: f64,
    h: f64,
    lambda: f64,
    /// `Σ ln M(λ)`.
    cumulant: f64,
    lambda_tail: f64,
    cumulant_tail: f64,
    /// Mass whose loss is taken to be infinite.
    infinite: f64,
}

/// The tilted composition on a window.
struct Window {
    /// Tilted mass at `offset + (lowest + i)·h`, each an upper bound up to `error`.
    mass: Vec<f64>,
    lowest: i64,
    offset: f64,
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
    let mut known: Option<Answer> = None;
    let mut loose = true;
    let mut attempt = 0;
    let mut tried = None;
    for _ in 0..TRIES {
        let plan = plan(total, Target::Epsilon { delta }, cut, attempt, known.as_ref());
        if tried.replace((plan.cells, plan.low)) == Some((plan.cells, plan.low)) {
            break;
        }
        let outline = Outline::new(composed, &plan);
        best = best.min(outline.chernoff(delta));
        // where its cells alone move losses out of the window, neither this grid nor a coarser one
        // can answer
        if outline.moved(total.at(plan.lambda).value) > plan.high - plan.low {
            break;
        }
        let mut window = outline.compose();
        match window.epsilon(delta) {
            None => attempt += 1,
            Some(answer) => {
                best = best.min(answer.value);
                let before = known.replace(answer);
                let allowed = 2.0 * tolerance(answer.value);
                // where the FFT's rounding shows, no grid of this kind will do
                if answer.value > 0.0 && window.noise(delta, &answer) > allowed {
                    break;
                }
                // where ln δ falls faster than was supposed, or ε is smaller, the grid was too
                // coarse
                if answer.value == 0.0 || (answer.decay + 1.0) * plan.added <= allowed {
                    loose = false;
                    break;
                }
                // and where a finer grid changed nothing, no other will
                if before.is_some_and(|before| {
                    (before.value - answer.value).abs() <= tolerance(answer.value)
                }) {
                    break;
                }
            }
        }
    }
    if let (true, Some(answer)) = (loose, known) {
        best = best.min(split_epsilon(composed, total, cut, delta, answer));
    }
    best
}

/// The same with common losses composed apart, from an answer that was not tight.
fn split_epsilon(
    composed: &Composed,
    total: &Total,
    cut: f64,
    delta: f64,
    mut answer: Answer,
) -> f64 {
    let mut best = answer.value;
    let mut tried = None;
    for _ in 0..4 {
        let whole = plan(total, Target::Epsilon { delta }, cut, 1, Some(&answer));
        let of = (whole.lambda, whole.high - whole.low, whole.cells.growth);
        let Some((split, cells)) = split::choose(total, of, delta, &answer) else { break };
        if tried.replace((cells, split.border)) == Some((cells, split.border)) {
            break;
        }
        let plan = Plan { split: Some(split), cells, added: 0.0, ..whole };
        let Some(found) = Outline::new(composed, &plan).compose().epsilon(delta) else { break };
        let settled = (found.value - answer.value).abs() <= tolerance(found.value);
        (best, answer) = (best.min(found.value), found);
        if settled {
            break;
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
        let answer = Outline::new(composed, &first).compose().delta(epsilon);
        best = best.min(answer.value);
        if (answer.decay + 1.0) * first.added * answer.decay > 1e-2 {
            let second = plan(&total, Target::Delta { epsilon }, cut, 0, Some(&answer));
            best = best.min(Outline::new(composed, &second).compose().delta(epsilon).value);
        }
        if best >= guess || guess < 1e-270 {
            break;
        }
        guess = (best * best.min(1e-3)).max(1e-280);
    }
    best
}

impl Outline {
    fn new(composed: &Composed, plan: &Plan) -> Self {
        let Plan { lambda, lambda_tail, .. } = *plan;
        let cuts = composed.steps.iter().map(|(step, count)| (step.cut(plan.cut), *count));
        let (mut parts, mut commons) = (Vec::new(), Vec::new());
        for (cut, count) in cuts {
            match &plan.split {
                None => parts.push(Part { cut, offset: 0.0, count }),
                Some(split) => {
                    let Parts { rare, common, offset } = split::parts(cut, split.border);
                    parts.push(Part { cut: rare, offset, count });
                    commons.push(Part { cut: common, offset, count });
                }
            }
        }
        let mut cells = plan.cells;
        while parts.iter().any(|part| length(&part.cut, cells.h) > MAX_CELLS) {
            cells.h *= 2.0;
        }
        let h = cells.h;
        let offset: f64 = parts.iter().map(|part| part.offset * part.count as f64).sum();
        let lowest = ((plan.low - offset) / h).floor() as i64 - 1;
        let size = good_size(((plan.high - plan.low) / h).ceil() as usize + 4);
        let grids = discretise_all(&parts, cells);
        let moments = moments(&grids, h, lambda);
        let each = |of: &dyn Fn(&Grid) -> f64| {
            grids.iter().map(|(grid, count)| *count as f64 * of(grid)).sum::<f64>()
        };
        let mut cumulant = cumulant(&grids, &moments);
        let mut cumulant_tail = each(&|grid| grid.ln_moment(h, lambda_tail));
        let mut infinite = each(&|grid| grid.infinite);
        let common = plan.split.as_ref().map(|split| {
            let common = Common::new(&commons, split, lambda);
            let mut folded = vec![0.0; size];
            let (more, more_tail) = common.regrid(h, lambda_tail, &mut folded);
            cumulant += more;
            cumulant_tail += more_tail;
            infinite += common.infinite;
            folded
        });
        // the masses of a step add up to one but for a few roundings
        let slack = 1.0 + 1e-12 + 16.0 * f64::EPSILON * composed.count();
        cumulant += slack.ln() + lambda * offset;
        cumulant_tail += slack.ln() + lambda_tail * offset;
        Outline {
            grids,
            moments,
            common,
            size,
            lowest,
            offset,
            h,
            lambda,
            cumulant,
            lambda_tail,
            cumulant_tail,
            infinite,
        }
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

    /// How far the grid moves the losses that count, of which `exact` is the cumulant: by
    /// Chernoff's bound.
    fn moved(&self, exact: f64) -> f64 {
        (self.cumulant - exact) / self.lambda
    }

    fn compose(self) -> Window {
        let Outline { size, lowest, offset, h, lambda, cumulant, lambda_tail, .. } = self;
        let mut product = Product::new(size);
        multiply(&mut product, size, &self.grids, &self.moments, h, lambda);
        if let Some(mut folded) = self.common {
            product.multiply(&mut folded, 1);
        }
        let (mut mass, error) = product.finish();
        mass.rotate_left(lowest.rem_euclid(size as i64) as usize);
        let end = offset + (lowest + size as i64) as f64 * h;
        let above = (self.cumulant_tail - lambda_tail * end).min(0.0).exp();
        Window {
            mass,
            lowest,
            offset,
            error,
            h,
            lambda,
            cumulant,
            infinite: (self.infinite + above).min(1.0),
        }
    }
}

impl Window {
    /// The loss of cell `index`.
    fn loss(&self, index: usize) -> f64 {
        self.offset + (self.lowest + index as i64) as f64 * self.h
    }

    /// By how much the bound on the FFT's rounding moves `answer`.
    fn noise(&mut self, target: f64, answer: &Answer) -> f64 {
        let error = std::mem::replace(&mut self.error, 0.0);
        let without = self.epsilon(target).map_or(0.0, |without| without.value);
        self.error = error;
        answer.value - without
    }

    /// The mass of cell `index`, no longer tilted.
    fn untilted(&self, index: usize) -> f64 {
        let loss = self.loss(index);
        (self.mass[index].max(0.0) + self.error)
            * (self.cumulant - self.lambda * loss).min(700.0).exp()
    }

    /// Walks down from the top: `visit(loss, mass at or above it, δ(loss))` until it answers.
    fn walk<R>(&self, mut visit: impl FnMut(f64, f64, f64) -> Option<R>) -> Option<R> {
        let keep = (-self.h).exp();
        let lose = -(-self.h).exp_m1();
        let (mut above, mut delta) = (self.infinite, self.infinite);
        for index in (0..self.mass.len()).rev() {
            // δ(l - h) = (mass above)(1 - e^-h) + e^-h δ(l): sums of what is positive, so nothing
            // cancels
            delta = above * lose + keep * delta;
            above += self.untilted(index);
            let loss = self.loss(index);
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
        found.or((self.loss(0) <= 0.0).then_some(zero))
    }

    /// `δ(epsilon)`: the chord in `e^ε` over the cell that holds it.
    fn delta(&self, epsilon: f64) -> Answer {
        let (mut above_before, mut delta_before) = (self.infinite, self.infinite);
        let found = self.walk(|loss, above, delta| {
            if loss <= epsilon {
                let x = loss + self.h - epsilon;
                let value = above_before * -(-x).exp_m1() + (-x).exp() * delta_before;
                return Some(Answer {
                    value: value * (1.0 + 1e-12),
                    decay: (above_before - value) / value,
                });
            }
            (above_before, delta_before) = (above, delta);
            None
        });
        found.unwrap_or(Answer { value: 1.0, decay: 0.0 })
    }
}
