//! Online MMD: the newest observations against a reference, by the maximum mean discrepancy.
//!
//! The statistic is the unbiased squared MMD (Gretton, Borgwardt, Rasch, Schölkopf & Smola 2012, "A
//! kernel two-sample test", eq. 3) of the last `window_size` observations and the reference, with
//! the kernel `exp(-|x - y|^2 / (2 bandwidth^2))`; the bandwidth is the median distance in the
//! reference unless it is given. It fires above a constant threshold, which is simulated so that
//! the expected run time to a false alarm, over references as over streams, is `expected_run_time`
//! observations: 200 references and 10 streams beside each are drawn from the distribution of the
//! one at hand (a bootstrap of both samples).
//!
//! How near the true run time comes depends on how well the reference knows the distribution: it is
//! within a tenth for run times of up to [`PER_REFERENCE`] references (measured: the table in
//! `docs/drift.md`), and longer ones are refused. An expected run time bounds no probability; for
//! that see [`crate::anytime`].
//!
//! Cost: O(reference + window) kernels an observation; the threshold once, O(reference^2) kernels
//! and 4000 run_time window look-ups. Memory: O(reference + window^2), and 8 MB for the threshold.

mod threshold;

use serde::{Deserialize, Serialize};

use super::{Domain, Online, State, expect};
use crate::simd::{Real, multiversion};
use crate::sound::Sound;
use crate::{Error, Result};

/// A reference of so many observations gives thresholds for run times of so many times as much.
pub const PER_REFERENCE: usize = 5;

/// What a reference may have.
const SIZES: std::ops::RangeInclusive<usize> = 200..=20_000;

/// Options of [`Mmd`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MmdOptions {
    /// Reference observations; where there are none, the first `reference_size` of the stream.
    pub reference: Option<Vec<f64>>,
    /// How many of the stream's first observations are the reference, where none is given: 200 to
    /// 20,000.
    pub reference_size: usize,
    /// Observations that are compared, 2 to 1,000.
    pub window_size: usize,
    /// Observations until a false alarm, on average: more than the window, at most five references,
    /// and 50,000.
    pub expected_run_time: f64,
    /// Of the kernel; the median distance in the reference where it is not given.
    pub bandwidth: Option<f64>,
    /// Of the simulation.
    pub seed: u64,
}

impl MmdOptions {
    /// Demands that a reference of `n` is one for the window and the run time.
    fn expect_reference(&self, argument: &'static str, n: usize) -> Result<()> {
        expect(
            argument,
            format!("{n} observations"),
            SIZES.contains(&n),
            "200 to 20000 observations",
        )?;
        expect(
            "window_size",
            self.window_size,
            self.window_size * 2 <= n,
            "at most half the reference",
        )?;
        let longest = (PER_REFERENCE * n) as f64;
        if self.expected_run_time > longest {
            let expected = format!(
                "at most {longest}: {PER_REFERENCE} times the reference, which has {n} observations"
            );
            return Err(Error::invalid("expected_run_time", self.expected_run_time, expected));
        }
        Ok(())
    }
}

impl Default for MmdOptions {
    fn default() -> Self {
        MmdOptions {
            reference: None,
            reference_size: 500,
            window_size: 20,
            expected_run_time: 1000.0,
            bandwidth: None,
            seed: 0,
        }
    }
}

/// Online MMD. Its statistic is the unbiased squared MMD of the newest window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mmd {
    options: MmdOptions,
    /// The first observations, until there are enough for a reference.
    collected: Vec<f64>,
    prepared: Option<Prepared>,
}

/// The reference and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Prepared {
    reference: Vec<f64>,
    /// -1 / (2 bandwidth^2)
    scale: f64,
    /// Mean kernel of two different reference observations.
    within: f64,
    threshold: f64,
    window: Window,
}

/// The newest observations and the kernels between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Window {
    size: usize,
    values: Vec<f64>,
    /// Mean kernel of each with the reference.
    similarity: Vec<f64>,
    /// `size * size`; the diagonal is 0.
    kernels: Vec<f64>,
    /// Which is the oldest, once the window is full.
    next: usize,
    pairs: f64,
    similarities: f64,
}

impl Window {
    fn new(size: usize) -> Self {
        let empty = Vec::with_capacity(size);
        let kernels = vec![0.0; size * size];
        Window {
            size,
            values: empty.clone(),
            similarity: empty,
            kernels,
            next: 0,
            pairs: 0.0,
            similarities: 0.0,
        }
    }

    fn clear(&mut self) {
        self.values.clear();
        self.similarity.clear();
        (self.next, self.pairs, self.similarities) = (0, 0.0, 0.0);
    }

    /// Takes in one observation, of which `kernel_with` gives the kernel with another; the
    /// statistic, less the constant of the reference, once the window is full.
    fn push(&mut self, x: f64, similarity: f64, kernel_with: impl Fn(f64) -> f64) -> Option<f64> {
        let (at, size) = (self.next, self.size);
        let filling = self.values.len() < size;
        if filling {
            self.values.push(x);
            self.similarity.push(similarity);
        } else {
            for j in 0..size {
                self.pairs -= 2.0 * self.kernels[at * size + j];
            }
            self.similarities -= self.similarity[at];
            self.values[at] = x;
            self.similarity[at] = similarity;
        }
        for j in 0..self.values.len() {
            let kernel = if j == at { 0.0 } else { kernel_with(self.values[j]) };
            self.kernels[at * size + j] = kernel;
            self.kernels[j * size + at] = kernel;
            self.pairs += 2.0 * kernel;
        }
        self.similarities += similarity;
        self.next = (at + 1) % size;
        if self.values.len() < size {
            return None;
        }
        if self.next == 0 {
            // Once a round, so that rounding never adds up.
            self.pairs = self.kernels.iter().sum();
            self.similarities = self.similarity.iter().sum();
        }
        let n = size as f64;
        Some(self.pairs / (n * (n - 1.0)) - 2.0 * self.similarities / n)
    }
}

fn kernel(x: f64, y: f64, scale: f64) -> f64 {
    ((x - y) * (x - y) * scale).exp()
}

multiversion! {
    /// Of one observation with all of `values`.
    fn kernel_sum(values: &[f64], x: f64, scale: f64) -> f64 = kernel_sum_body
}

// Without fused multiplication, so that all machines find the same.
#[allow(clippy::extra_unused_type_parameters, reason = "the form that `multiversion!` calls")]
#[inline(always)]
fn kernel_sum_body<T: Real, const FMA: bool>(values: &[f64], x: f64, scale: f64) -> f64 {
    let kernel = |y: f64| ((x - y) * (x - y) * scale).exp_nonpositive::<false>();
    let mut sums = [0.0; 16];
    let chunks = values.chunks_exact(16);
    let rest: f64 = chunks.remainder().iter().map(|y| kernel(*y)).sum();
    for chunk in chunks {
        for l in 0..16 {
            sums[l] += kernel(chunk[l]);
        }
    }
    sums.iter().sum::<f64>() + rest
}

impl Mmd {
    /// # Errors
    /// `InvalidArgument` that names the option out of range, or what is wrong with the reference.
    pub fn new(options: MmdOptions) -> Result<Self> {
        let MmdOptions { reference_size, window_size, expected_run_time: time, bandwidth, .. } =
            options;
        expect(
            "window_size",
            window_size,
            (2..=1000).contains(&window_size),
            "2 to 1000 observations",
        )?;
        let possible = time > window_size as f64 && time <= 50_000.0;
        expect(
            "expected_run_time",
            time,
            possible,
            "more than the window_size, at most 50000 observations",
        )?;
        let usable = bandwidth.is_none_or(|b| b.is_finite() && b > 0.0);
        expect("bandwidth", bandwidth.unwrap_or(0.0), usable, "a number above 0")?;
        let mut mmd = Mmd { options, collected: Vec::new(), prepared: None };
        let Some(reference) = mmd.options.reference.take() else {
            mmd.options.expect_reference("reference_size", reference_size)?;
            return Ok(mmd);
        };
        mmd.options.expect_reference("reference", reference.len())?;
        Domain::Finite.check("reference", reference.iter().copied())?;
        mmd.prepared = Some(mmd.prepare(reference)?);
        Ok(mmd)
    }

    /// It fires above this; `None` until there is a reference.
    #[must_use]
    pub fn threshold(&self) -> Option<f64> {
        self.prepared.as_ref().map(|prepared| prepared.threshold)
    }

    /// Whether the reference is complete, and the threshold simulated, within so many observations.
    pub(super) fn prepares_within(&self, observations: usize) -> bool {
        self.prepared.is_none()
            && self.collected.len() + observations >= self.options.reference_size
    }

    fn prepare(&self, reference: Vec<f64>) -> Result<Prepared> {
        let bandwidth = match self.options.bandwidth {
            Some(bandwidth) => bandwidth,
            None => threshold::median_distance(&reference).ok_or_else(|| {
                Error::invalid(
                    "bandwidth",
                    "a reference of equal observations",
                    "a bandwidth, or one that varies",
                )
            })?,
        };
        let scale = -0.5 / (bandwidth * bandwidth);
        let (within, threshold) = threshold::simulate(&reference, scale, &self.options);
        let window = Window::new(self.options.window_size);
        Ok(Prepared { reference, scale, within, threshold, window })
    }
}

impl Prepared {
    fn statistic(&mut self, x: f64) -> Option<f64> {
        let similarity =
            kernel_sum::<f64>(&self.reference, x, self.scale) / self.reference.len() as f64;
        let scale = self.scale;
        self.window.push(x, similarity, |y| kernel(x, y, scale)).map(|rest| rest + self.within)
    }
}

impl Online for Mmd {
    fn update(&mut self, x: f64) -> State {
        let Some(prepared) = &mut self.prepared else {
            self.collected.push(x);
            if self.collected.len() == self.options.reference_size {
                let reference = std::mem::take(&mut self.collected);
                let (first, n) = (reference[0], reference.len());
                // Of equal observations there is no median distance: any other value is then a
                // change, on any scale.
                self.prepared = self.prepare(reference).ok().or_else(|| {
                    let bandwidth = Some(first.abs().max(1.0) * 1e-9);
                    let options = MmdOptions { bandwidth, ..self.options.clone() };
                    Mmd { options, collected: Vec::new(), prepared: None }
                        .prepare(vec![first; n])
                        .ok()
                });
            }
            return State::Stable;
        };
        if prepared.statistic(x).is_some_and(|statistic| statistic > prepared.threshold) {
            prepared.window.clear();
            return State::Drift;
        }
        State::Stable
    }

    fn needs(&self) -> u64 {
        let learned = if self.prepared.is_some() { 0 } else { self.options.reference_size };
        (learned + self.options.window_size) as u64
    }

    fn statistic(&self) -> f64 {
        let Some(Prepared { window, within, .. }) = &self.prepared else { return 0.0 };
        if window.values.len() < window.size {
            return 0.0;
        }
        let n = window.size as f64;
        window.pairs / (n * (n - 1.0)) - 2.0 * window.similarities / n + within
    }

    /// Forgets the window. The reference stays: its threshold took long to find.
    fn reset(&mut self) {
        self.collected.clear();
        if let Some(prepared) = &mut self.prepared {
            prepared.window.clear();
        }
    }
}

impl Sound for Mmd {
    fn is_sound(&self) -> bool {
        let options = &self.options;
        let finite = |values: &[f64]| values.iter().all(|x| x.is_finite());
        // Made anew without the reference, whose simulation takes long.
        let known = MmdOptions { reference: None, ..options.clone() };
        let ready = self.prepared.as_ref().is_none_or(|Prepared { reference, window, .. }| {
            SIZES.contains(&reference.len())
                && finite(reference)
                && window.is_sound(options.window_size)
        });
        let learns = self.prepared.is_some() || self.collected.len() < options.reference_size;
        let options = match &self.prepared {
            Some(_) => (2..=1000).contains(&options.window_size),
            None => Mmd::new(known).is_ok(),
        };
        options && ready && learns && finite(&self.collected)
    }
}

impl Window {
    fn is_sound(&self, size: usize) -> bool {
        let n = self.values.len();
        self.size == size
            && n <= size
            && self.similarity.len() == n
            && self.kernels.len() == size * size
            && if n < size { self.next == n } else { self.next < size }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn options(reference: Vec<f64>) -> MmdOptions {
        MmdOptions {
            reference: Some(reference),
            window_size: 10,
            expected_run_time: 200.0,
            ..Default::default()
        }
    }

    #[test]
    fn the_statistic_is_the_definition() {
        let mut random = Random(1);
        let reference = random.normals(200);
        let mut mmd =
            Mmd::new(MmdOptions { bandwidth: Some(0.8), ..options(reference.clone()) }).unwrap();
        let k = |a: f64, b: f64| (-(a - b) * (a - b) / (2.0 * 0.64)).exp();
        let mean = |a: &[f64], b: &[f64], same: bool| {
            let pairs = a
                .iter()
                .enumerate()
                .flat_map(|(i, x)| b.iter().enumerate().map(move |(j, y)| (i, x, j, y)));
            let kept: Vec<f64> = pairs
                .filter(|(i, _, j, _)| !same || i != j)
                .map(|(_, x, _, y)| k(*x, *y))
                .collect();
            kept.iter().sum::<f64>() / kept.len() as f64
        };
        let x = random.normals(40);
        let mut since = 0;
        for i in 0..40 {
            let fired = mmd.update(x[i]) == State::Drift;
            if !fired && i + 1 - since >= 10 {
                let w = &x[i - 9..=i];
                let naive = mean(w, w, true) + mean(&reference, &reference, true)
                    - 2.0 * mean(w, &reference, false);
                assert!((mmd.statistic() - naive).abs() < 1e-12);
            }
            if fired {
                since = i + 1;
            }
        }
    }

    #[test]
    fn the_run_time_is_what_was_asked() {
        // Means over 12 references of 2,000, 100 runs each: the standard error is about 3% by the
        // runs and as much again by the references.
        let mut random = Random(7);
        let (mut total, mut alarms) = (0.0, 0.0);
        for seed in 0..12 {
            let options = MmdOptions { seed, ..options(random.normals(2000)) };
            let mut mmd = Mmd::new(options).unwrap();
            let mut left = 100;
            while left > 0 {
                total += 1.0;
                if mmd.update(random.normal()) == State::Drift {
                    (left, alarms) = (left - 1, alarms + 1.0);
                }
            }
        }
        let ratio: f64 = total / alarms / 200.0;
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
    }

    #[test]
    fn a_shift_is_found_and_a_constant_reference_watched() {
        let mut random = Random(8);
        let mut mmd = Mmd::new(options(random.normals(500))).unwrap();
        assert!((0..60).any(|_| mmd.update(random.normal() + 1.5) == State::Drift));
        let error = Mmd::new(options(vec![3.0; 200])).unwrap_err();
        assert!(error.to_string().starts_with("bandwidth"), "{error}");
        let from_stream =
            MmdOptions { reference: None, reference_size: 200, ..options(Vec::new()) };
        let mut mmd = Mmd::new(from_stream).unwrap();
        assert!((0..500).all(|_| mmd.update(3.0) == State::Stable));
        assert!((0..20).any(|_| mmd.update(3.5) == State::Drift));
    }
}
