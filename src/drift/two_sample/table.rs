//! A 2 × B table of counts: what chi2, G and the divergences are computed from.

use super::permutation::{Permutations, Uniform};
use super::{Method, TestName, TestResult};
use crate::stats::chi_squared;
use crate::stats::hypergeometric::Hypergeometric;
use crate::{Error, Result};

/// Counts of both samples in the bins that are not empty in both.
pub(super) struct Table {
    pub(super) reference: Vec<u64>,
    pub(super) current: Vec<u64>,
    pub(super) reference_size: u64,
    pub(super) current_size: u64,
}

impl Table {
    /// # Errors
    /// `InvalidArgument` naming `reference` or `current` when the lengths differ, a sum is 0 or beyond 2⁵³.
    pub(super) fn new(reference: &[u64], current: &[u64]) -> Result<Self> {
        if reference.len() != current.len() {
            let expected = format!("the reference's {} counts, bin by bin", reference.len());
            return Err(Error::invalid("current", format!("{} counts", current.len()), expected));
        }
        let size = |argument: &'static str, counts: &[u64]| {
            let sum: u128 = counts.iter().map(|c| u128::from(*c)).sum();
            match u64::try_from(sum) {
                Ok(0) => Err(Error::invalid(argument, "counts that are all 0", "at least one observation")),
                Ok(size) if size < 1 << 52 => Ok(size),
                _ => Err(Error::invalid(argument, format!("{sum} observations"), "fewer than 2^52 observations")),
            }
        };
        let (reference_size, current_size) = (size("reference", reference)?, size("current", current)?);
        let (reference, current) = reference.iter().zip(current).filter(|(r, c)| **r + **c > 0).unzip();
        Ok(Self { reference, current, reference_size, current_size })
    }

    /// The proportions (p, q) of each bin in the reference and in `current`.
    pub(super) fn proportions<'a>(&'a self, current: &'a [u64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        let (m, n) = (self.reference_size as f64, self.current_size as f64);
        self.reference.iter().zip(&self.current).zip(current).map(move |((&r, &c), &drawn)| {
            // With the margins fixed, the reference has what the current sample has not.
            ((r + c - drawn) as f64 / m, drawn as f64 / n)
        })
    }

    /// m n / (m + n): what turns a quadratic divergence of proportions into a chi-squared variable.
    fn scale(&self) -> f64 {
        let (m, n) = (self.reference_size as f64, self.current_size as f64);
        m * n / (m + n)
    }

    /// Cochran's rule (1954): no expected count below 1, and at most a fifth of them below 5.
    fn is_large_enough(&self) -> bool {
        let (m, n) = (self.reference_size as f64, self.current_size as f64);
        let columns = self.reference.iter().zip(&self.current).map(|(r, c)| (r + c) as f64 / (m + n));
        let expected: Vec<f64> = columns.flat_map(|share| [share * m, share * n]).collect();
        let small = expected.iter().filter(|e| **e < 5.0).count();
        expected.iter().all(|e| *e >= 1.0) && 5 * small <= expected.len()
    }

    /// The result of a test whose `divergence(proportions)`, times `unit` m n / (m + n), is chi-squared with B - 1
    /// degrees of freedom for large samples; for small ones (where `method` leaves the choice), or without a unit, its
    /// p-value is by permutation, the margins fixed.
    pub(super) fn test(
        &self,
        test: TestName,
        method: Method,
        permutations: Permutations,
        divergence: impl Fn(&mut dyn Iterator<Item = (f64, f64)>) -> f64,
        unit: Option<f64>,
    ) -> Result<(f64, TestResult)> {
        method.expect_of(test)?;
        let observed = divergence(&mut self.proportions(&self.current));
        let chi_squared = unit.unwrap_or(1.0) * self.scale() * observed;
        let (p_value, method) = if self.reference.len() == 1 {
            (1.0, Method::Exact)
        } else if unit.is_some() && method.takes_limit(|| self.is_large_enough()) {
            (chi_squared::sf(chi_squared, (self.reference.len() - 1) as f64)?, Method::Asymptotic)
        } else {
            let mut drawn = vec![0; self.current.len()];
            let p = permutations.p_value(observed, |uniform| {
                self.redraw(&mut drawn, uniform);
                divergence(&mut self.proportions(&drawn))
            });
            (p, Method::Permutation)
        };
        let (reference_size, current_size) = (self.reference_size, self.current_size);
        let result =
            TestResult { test, statistic: observed, p_value, effect: observed, method, reference_size, current_size };
        Ok((chi_squared, result))
    }

    /// The current sample's counts if the pooled observations were dealt out anew: bin by bin, each hypergeometric.
    fn redraw(&self, drawn: &mut [u64], uniform: &mut Uniform) {
        let (mut items, mut draws) = (self.reference_size + self.current_size, self.current_size);
        for ((drawn, r), c) in drawn.iter_mut().zip(&self.reference).zip(&self.current) {
            let marked = r + c;
            *drawn = Hypergeometric::new(items, marked, draws).map_or(0, |counts| counts.draw(uniform.unit()));
            items -= marked;
            draws -= *drawn;
        }
    }
}

/// The public functions of a test of counts, documented by what its statistic is; `of_table` in the same file computes it.
macro_rules! test_of_counts {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// `InvalidArgument` naming `reference` or `current`: counts of different lengths, or all 0.
        pub fn from_counts(reference: &[u64], current: &[u64]) -> Result<TestResult> {
            from_counts_with(reference, current, Method::Auto, Permutations::default())
        }

        /// [`from_counts`], with the method, as many reassignments and the seed that are wanted.
        ///
        /// # Errors
        /// As [`from_counts`], and `InvalidArgument` naming `method` for one that the test has not.
        pub fn from_counts_with(
            reference: &[u64],
            current: &[u64],
            method: Method,
            permutations: Permutations,
        ) -> Result<TestResult> {
            of_table(&Table::new(reference, current)?, method, permutations)
        }

        /// [`from_counts`] of raw samples, in bins of about a tenth of the reference each.
        ///
        /// # Errors
        /// `InvalidArgument` naming `reference` or `current` when it is empty or holds NaN or Inf.
        pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
            super::test(TestName::$name, reference, current)
        }
    };
}
pub(super) use test_of_counts;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faults_name_the_argument() {
        let fault = |r: &[u64], c: &[u64]| Table::new(r, c).err().unwrap().to_string();
        assert!(fault(&[1, 2], &[1]).starts_with("current: got 1 counts, expected the reference's 2"));
        assert!(fault(&[], &[]).starts_with("reference: got counts that are all 0"));
        assert!(fault(&[1, 0], &[0, 0]).starts_with("current: got counts that are all 0"));
        assert!(fault(&[u64::MAX, 1], &[0, 1]).starts_with("reference: got 18446744073709551616"));
    }

    #[test]
    fn cochrans_rule() {
        let holds = |r: &[u64], c: &[u64]| Table::new(r, c).unwrap().is_large_enough();
        assert!(holds(&[50, 50, 0], &[60, 40, 0]));
        assert!(holds(&[50, 50, 50, 50, 4], &[50, 50, 50, 50, 4]));
        assert!(!holds(&[50, 50, 50, 4], &[50, 50, 50, 4]));
        assert!(!holds(&[50, 50, 50, 50, 1], &[50, 50, 50, 50, 0]));
    }

    proptest! {
        #[test]
        fn redrawing_keeps_the_margins(counts in prop::collection::vec((0u64..40, 0u64..40), 1..12), seed: u64) {
            let (mut r, mut c): (Vec<_>, Vec<_>) = counts.into_iter().unzip();
            r.push(1);
            c.push(1);
            let table = Table::new(&r, &c).unwrap();
            let mut drawn = vec![0; table.current.len()];
            Permutations { draws: 5, seed }.p_value(0.0, |uniform| {
                table.redraw(&mut drawn, uniform);
                assert_eq!(drawn.iter().sum::<u64>(), table.current_size);
                assert!(drawn.iter().zip(&table.reference).zip(&table.current).all(|((d, r), c)| *d <= r + c));
                0.0
            });
        }
    }
}
