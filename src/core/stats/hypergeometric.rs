//! The hypergeometric distribution: n items drawn without replacement from N, K of them marked; X
//! are marked. Its tails are Fisher's exact test, one-sided. All in log space, so that no table is
//! too large or too surprising.

use super::binomial::falling_sum;
use super::saddle_point::ln_binomial_pmf;
use crate::{Error, Result};

/// The distribution of the marked among `draws` items out of `total`, of which `marked` are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hypergeometric {
    total: u64,
    marked: u64,
    draws: u64,
}

impl Hypergeometric {
    /// # Errors
    /// `InvalidArgument` when there are more marked items or draws than items.
    pub fn new(total: u64, marked: u64, draws: u64) -> Result<Self> {
        if marked > total {
            return Err(Error::invalid(
                "marked",
                marked,
                format!("at most the {total} items there are"),
            ));
        }
        if draws > total {
            return Err(Error::invalid(
                "draws",
                draws,
                format!("at most the {total} items there are"),
            ));
        }
        Ok(Self { total, marked, draws })
    }

    /// The smallest and the largest X that can come up.
    #[must_use]
    pub fn support(&self) -> (u64, u64) {
        (self.draws.saturating_sub(self.total - self.marked), self.draws.min(self.marked))
    }

    /// `ln P(X = x)`; -∞ outside the support. Cost: O(1).
    #[must_use]
    pub fn ln_pmf(&self, x: u64) -> f64 {
        let (low, high) = self.support();
        if x < low || x > high {
            return f64::NEG_INFINITY;
        }
        if low == high {
            return 0.0;
        }
        let (total, marked, draws) = (self.total as f64, self.marked as f64, self.draws as f64);
        // Any p would do; this one puts all three binomials near their modes (Loader 2000, section
        // 4).
        let (p, q) = (draws / total, (total - draws) / total);
        ln_binomial_pmf(x as f64, marked, p, q)
            + ln_binomial_pmf((self.draws - x) as f64, total - marked, p, q)
            - ln_binomial_pmf(draws, total, p, q)
    }

    /// `ln P(X >= x)`, with relative precision where the tail is small. Cost: O(standard deviation)
    /// terms.
    #[must_use]
    pub fn ln_upper_tail(&self, x: u64) -> f64 {
        let (low, high) = self.support();
        if x <= low {
            return 0.0;
        }
        if x > high {
            return f64::NEG_INFINITY;
        }
        if self.is_above_mean(x) {
            return (self.ln_pmf(x) + falling_sum(x..high, |j| self.ratio(j)).ln()).min(0.0);
        }
        (-self.ln_lower_tail(x - 1).exp()).ln_1p()
    }

    /// `ln P(X <= x)`, with relative precision where the tail is small.
    #[must_use]
    pub fn ln_lower_tail(&self, x: u64) -> f64 {
        let (low, high) = self.support();
        if x >= high {
            return 0.0;
        }
        if x < low {
            return f64::NEG_INFINITY;
        }
        if !self.is_above_mean(x) {
            let steps = (low + 1..=x).rev();
            return (self.ln_pmf(x) + falling_sum(steps, |j| 1.0 / self.ratio(j - 1.0)).ln())
                .min(0.0);
        }
        (-self.ln_upper_tail(x + 1).exp()).ln_1p()
    }

    /// A draw of X from a uniform number in [0, 1), by inversion outwards from the mode: O(standard
    /// deviation).
    #[must_use]
    pub fn draw(&self, uniform: f64) -> u64 {
        let (low, high) = self.support();
        let (total, marked, draws) = (self.total as f64, self.marked as f64, self.draws as f64);
        let mode = ((draws + 1.0) * (marked + 1.0) / (total + 2.0)).floor() as u64;
        let mode = mode.clamp(low, high);
        let at_mode = self.ln_pmf(mode).exp();
        let (mut left, mut right) = (mode, mode);
        let (mut left_mass, mut right_mass) = (at_mode, at_mode);
        let mut rest = uniform - at_mode;
        while rest >= 0.0 {
            if right < high {
                right_mass *= self.ratio(right as f64);
                right += 1;
                rest -= right_mass;
                if rest < 0.0 {
                    return right;
                }
            }
            if left > low {
                left_mass /= self.ratio(left as f64 - 1.0);
                left -= 1;
                rest -= left_mass;
                if rest < 0.0 {
                    return left;
                }
            }
            // Rounding may leave a last crumb of probability that belongs to nobody.
            if (left == low && right == high) || left_mass + right_mass < 1e-300 {
                return mode;
            }
        }
        mode
    }

    fn is_above_mean(&self, x: u64) -> bool {
        u128::from(x) * u128::from(self.total) > u128::from(self.draws) * u128::from(self.marked)
    }

    /// P(X = j + 1) / P(X = j).
    fn ratio(&self, j: f64) -> f64 {
        let (total, marked, draws) = (self.total as f64, self.marked as f64, self.draws as f64);
        (marked - j) * (draws - j) / ((j + 1.0) * (total - marked - draws + j + 1.0))
    }
}

/// Both one-sided p-values of Fisher's exact test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fisher {
    /// The probability of as few, or fewer, in the window.
    pub less: f64,
    /// The probability of as many, or more, in the window.
    pub greater: f64,
}

/// Fisher's exact test, one-sided each way, of a class that had `in_reference` of `reference_size`
/// observations and has `in_current` of `current_size`: is it rarer, or more frequent, than it was?
///
/// Given the margins, the count in the window is hypergeometric (Fisher 1935). Cost: O(standard
/// deviation).
///
/// # Errors
/// `InvalidArgument` when a count is larger than its sample, or both samples are empty.
pub fn fisher(
    in_reference: u64,
    reference_size: u64,
    in_current: u64,
    current_size: u64,
) -> Result<Fisher> {
    if in_reference > reference_size {
        return Err(Error::invalid(
            "in_reference",
            in_reference,
            format!("at most reference_size, {reference_size}"),
        ));
    }
    if in_current > current_size {
        return Err(Error::invalid(
            "in_current",
            in_current,
            format!("at most current_size, {current_size}"),
        ));
    }
    if reference_size == 0 || current_size == 0 {
        let argument = if reference_size == 0 { "reference_size" } else { "current_size" };
        return Err(Error::invalid(argument, 0, "at least one observation"));
    }
    let counts = Hypergeometric::new(
        reference_size + current_size,
        in_reference + in_current,
        current_size,
    )?;
    Ok(Fisher {
        less: counts.ln_lower_tail(in_current).exp(),
        greater: counts.ln_upper_tail(in_current).exp(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_sums_of_probabilities() {
        for (total, marked, draws) in
            [(1, 1, 1), (10, 4, 7), (60, 55, 30), (900, 11, 450), (900, 0, 3)]
        {
            let d = Hypergeometric::new(total, marked, draws).unwrap();
            let (low, high) = d.support();
            for x in low..=high {
                let upper: f64 = (x..=high).rev().map(|j| d.ln_pmf(j).exp()).sum();
                let lower: f64 = (low..=x).map(|j| d.ln_pmf(j).exp()).sum();
                assert!((d.ln_upper_tail(x).exp() / upper - 1.0).abs() < 1e-11, "{d:?} at {x}");
                assert!((d.ln_lower_tail(x).exp() / lower - 1.0).abs() < 1e-11, "{d:?} at {x}");
            }
        }
    }

    #[test]
    fn draws_have_the_distribution() {
        // Equally spaced uniforms: each value must come up in its proportion, to within one draw.
        let d = Hypergeometric::new(50, 20, 13).unwrap();
        let mut counts = [0u32; 14];
        let n = 20_000;
        (0..n).for_each(|i| counts[d.draw((f64::from(i) + 0.5) / f64::from(n)) as usize] += 1);
        for (x, &count) in counts.iter().enumerate() {
            let expected = d.ln_pmf(x as u64).exp() * f64::from(n);
            assert!((f64::from(count) - expected).abs() <= 1.0, "{x}: {count} for {expected}");
        }
    }

    #[test]
    fn a_tail_below_the_smallest_double_still_has_a_logarithm() {
        let d = Hypergeometric::new(20_000, 10_000, 10_000).unwrap();
        let ln = d.ln_upper_tail(10_000);
        // One choice of 10,000 out of 20,000: ln C(20000, 10000) by sums of logarithms.
        let ln_choose: f64 = (1..=10_000).map(|i| (1.0 + 10_000.0 / f64::from(i)).ln()).sum();
        assert!((ln / -ln_choose - 1.0).abs() < 1e-12, "{ln} for -{ln_choose}");
    }

    #[test]
    fn faults_name_the_argument() {
        assert!(fisher(3, 2, 0, 1).unwrap_err().to_string().starts_with("in_reference: got 3"));
        assert!(fisher(1, 2, 2, 1).unwrap_err().to_string().starts_with("in_current: got 2"));
        assert!(fisher(0, 0, 0, 1).unwrap_err().to_string().starts_with("reference_size"));
    }
}
