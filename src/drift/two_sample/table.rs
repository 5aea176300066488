//! A 2 × B table of counts: what chi2, G and the divergences are computed from.

use super::permutation::{Permutations, Uniform};
use super::{Method, TestName, TestResult};
use crate::stats::chi_squared;
use crate::stats::hypergeometric::Hypergeometric;
use crate::{Error, Result};

/// P-values that no verdict hangs on: above them a limit law that is off by a factor of a few will
/// do.
const NOT_SMALL: f64 = 0.1;

/// Counts of both samples in the bins that are not empty in both.
pub(super) struct Table {
    pub(super) reference: Vec<u64>,
    pub(super) current: Vec<u64>,
    pub(super) reference_size: u64,
    pub(super) current_size: u64,
}

impl Table {
    /// # Errors
    /// `InvalidArgument` naming `reference` or `current` when the lengths differ, a sum is 0 or
    /// beyond 2⁵³.
    pub(super) fn new(reference: &[u64], current: &[u64]) -> Result<Self> {
        if reference.len() != current.len() {
            let expected = format!("the reference's {} counts, bin by bin", reference.len());
            return Err(Error::invalid("current", format!("{} counts", current.len()), expected));
        }
        let size = |argument: &'static str, counts: &[u64]| {
            let sum: u128 = counts.iter().map(|c| u128::from(*c)).sum();
            match u64::try_from(sum) {
                Ok(0) => Err(Error::invalid(
                    argument,
                    "counts that are all 0",
                    "at least one observation",
                )),
                Ok(size) if size < 1 << 52 => Ok(size),
                _ => Err(Error::invalid(
                    argument,
                    format!("{sum} observations"),
                    "fewer than 2^52 observations",
                )),
            }
        };
        let (reference_size, current_size) =
            (size("reference", reference)?, size("current", current)?);
        let (reference, current) =
            reference.iter().zip(current).filter(|(r, c)| **r + **c > 0).unzip();
        Ok(Self { reference, current, reference_size, current_size })
    }

    /// The proportions (p, q) of each bin in the reference and in `current`.
    pub(super) fn proportions<'a>(
        &'a self,
        current: &'a [u64],
    ) -> impl Iterator<Item = (f64, f64)> + 'a {
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
        let columns =
            self.reference.iter().zip(&self.current).map(|(r, c)| (r + c) as f64 / (m + n));
        let expected: Vec<f64> = columns.flat_map(|share| [share * m, share * n]).collect();
        let small = expected.iter().filter(|e| **e < 5.0).count();
        expected.iter().all(|e| *e >= 1.0) && 5 * small <= expected.len()
    }

    /// Whether both samples have 5 observations or more in each bin. Logarithms and roots of an
    /// observed share stretch an empty or nearly empty bin far beyond their limit law (0 against 10
    /// of 100: PSI's p-value is 2e-8 by the law, 0.0014 in truth); Pearson's statistic divides by
    /// expected counts, and does not.
    fn is_filled(&self) -> bool {
        self.reference.iter().chain(&self.current).all(|count| *count >= 5)
    }

    /// Pearson's chi-squared of the table.
    pub(super) fn pearson(&self) -> f64 {
        let (m, n) = (self.reference_size as f64, self.current_size as f64);
        let pairs = self.proportions(&self.current);
        self.scale() * pairs.map(|(p, q)| (p - q).powi(2) * (m + n) / (m * p + n * q)).sum::<f64>()
    }

    /// The result of a test whose `divergence(proportions)`, times `unit` m n / (m + n), is
    /// chi-squared with B - 1 degrees of freedom for large samples; for small ones (where `method`
    /// leaves the choice), or without a unit, its p-value is by permutation, the margins fixed. So
    /// it is for large samples with a bin that is nearly empty in one, unless the test is Pearson's
    /// or the p-value is no small one. Where no reassignment was so extreme there, the larger of
    /// the limit law's p-value and Pearson's says how much smaller it is: valid, for Pearson's is.
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
        let freedom = self.reference.len().max(2) as f64 - 1.0;
        let (limit, large) = (chi_squared::sf(chi_squared, freedom)?, self.is_large_enough());
        let holds = large && (test == TestName::Chi2 || limit > NOT_SMALL || self.is_filled());
        let (p_value, method) = if self.reference.len() == 1 {
            (1.0, Method::Exact)
        } else if unit.is_some() && method.takes_limit(|| holds) {
            (limit, Method::Asymptotic)
        } else {
            let mut drawn = vec![0; self.current.len()];
            let p = permutations.p_value(observed, |uniform| {
                self.redraw(&mut drawn, uniform);
                divergence(&mut self.proportions(&drawn))
            });
            let least = 1.0 / (1.0 + f64::from(permutations.draws));
            let beyond = limit.max(chi_squared::sf(self.pearson(), freedom)?);
            match method {
                Method::Auto if unit.is_some() && large && p <= least && beyond < p => {
                    (beyond, Method::Asymptotic)
                }
                _ => (p, Method::Permutation),
            }
        };
        let (reference_size, current_size) = (self.reference_size, self.current_size);
        let result = TestResult {
            test,
            statistic: observed,
            p_value,
            effect: observed,
            method,
            reference_size,
            current_size,
        };
        Ok((chi_squared, result))
    }

    /// The current sample's counts if the pooled observations were dealt out anew: bin by bin, each
    /// hypergeometric.
    fn redraw(&self, drawn: &mut [u64], uniform: &mut Uniform) {
        let (mut items, mut draws) = (self.reference_size + self.current_size, self.current_size);
        for ((drawn, r), c) in drawn.iter_mut().zip(&self.reference).zip(&self.current) {
            let marked = r + c;
            *drawn = Hypergeometric::new(items, marked, draws)
                .map_or(0, |counts| counts.draw(uniform.unit()));
            items -= marked;
            draws -= *drawn;
        }
    }
}

/// The public functions of a test of counts, documented by what its statistic is; `of_table` in the
/// same file computes it.
macro_rules! test_of_counts {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// `InvalidArgument` naming `reference` or `current`: counts of different lengths, or all
        /// 0.
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

        /// [`from_counts`] of raw samples, in bins of about a tenth of the reference each. As these
        /// are cut at the reference's own quantiles, small p-values of small samples are raised
        /// somewhat.
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
        assert!(
            fault(&[1, 2], &[1]).starts_with("current: got 1 counts, expected the reference's 2")
        );
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

    fn all_of(r: &[u64], c: &[u64], draws: u32) -> Vec<TestResult> {
        use crate::two_sample::{chi2, g, hellinger, js, kl, psi};
        let by = Permutations { draws, seed: 0 };
        [
            chi2::from_counts_with,
            g::from_counts_with,
            psi::from_counts_with,
            kl::from_counts_with,
            hellinger::from_counts_with,
            js::from_counts_with,
        ]
        .map(|test| test(r, c, Method::Auto, by).unwrap())
        .to_vec()
    }

    #[test]
    fn a_category_that_is_new_is_not_beyond_all_measure() {
        // by 10^6 reassignments: chi2 0.0045, g 0.0018, psi 0.0014, kl 0.00067, hellinger 0.0014
        let found = all_of(&[60, 40, 0], &[55, 35, 10], 100_000);
        for (result, p) in found.iter().zip([0.0045, 0.0018, 0.0014, 0.00067, 0.0014]) {
            assert!((result.p_value / p - 1.0).abs() < 0.3, "{result:?} for {p}");
        }
        // by the law that does not stretch where no reassignment says how small it is, and never
        // below it
        for result in &all_of(&[500, 300, 0], &[450, 250, 100], 999)[1..] {
            let pearson = chi_squared::sf(
                Table::new(&[500, 300, 0], &[450, 250, 100]).unwrap().pearson(),
                2.0,
            )
            .unwrap();
            assert!(
                result.p_value < 1e-12 && result.p_value >= pearson,
                "{result:?} beside {pearson}"
            );
        }
        assert!(
            all_of(&[500, 300, 100], &[450, 250, 100], 999)
                .iter()
                .all(|result| result.method == Method::Asymptotic)
        );
    }

    #[test]
    fn rare_categories_keep_the_level() {
        // 50 to 500 observations of three categories, one of 2 to 5 %: rejections at a level of 100
        // tests, of 2000 tables each
        let mut uniform = crate::stats::random::SplitMix64::new(20_261_129);
        for (m, n, rare) in [(100, 100, 0.05), (500, 100, 0.03), (200, 500, 0.02), (60, 300, 0.05)]
        {
            let mut small = [[0u32; 6]; 2];
            for _ in 0..2000 {
                let mut draw = |size: usize| {
                    let mut counts = [0u64; 3];
                    for _ in 0..size {
                        let u = uniform.uniform();
                        counts[if u < rare {
                            2
                        } else if u < 0.6 {
                            0
                        } else {
                            1
                        }] += 1;
                    }
                    counts
                };
                for (k, result) in all_of(&draw(m), &draw(n), 199).iter().enumerate() {
                    small[0][k] += u32::from(result.p_value <= 0.05);
                    small[1][k] += u32::from(result.p_value <= 0.01);
                }
            }
            // four standard deviations above 100 and 20
            for (counts, most) in small.iter().zip([140, 38]) {
                assert!(
                    counts.iter().all(|count| *count <= most),
                    "{counts:?} of ({m}, {n}, {rare})"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn redrawing_keeps_the_margins(
            counts in prop::collection::vec((0u64..40, 0u64..40), 1..12), seed: u64,
        ) {
            let (mut r, mut c): (Vec<_>, Vec<_>) = counts.into_iter().unzip();
            r.push(1);
            c.push(1);
            let table = Table::new(&r, &c).unwrap();
            let mut drawn = vec![0; table.current.len()];
            Permutations { draws: 5, seed }.p_value(0.0, |uniform| {
                table.redraw(&mut drawn, uniform);
                assert_eq!(drawn.iter().sum::<u64>(), table.current_size);
                assert!(drawn.iter().zip(&table.reference).zip(&table.current)
                    .all(|((d, r), c)| *d <= r + c));
                0.0
            });
        }
    }
}
