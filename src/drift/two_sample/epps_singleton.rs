//! The Epps-Singleton test.

use ndarray::{Array1, Array2};

use super::{Method, Permutations, Reference, TestName, TestResult};
use crate::stats::{chi_squared, symmetric};
use crate::{Error, Result};

/// Where the characteristic functions are compared, in units of the pooled semi-interquartile
/// range.
const POINTS: [f64; 2] = [0.4, 0.8];
const FEATURES: usize = 2 * POINTS.len();

/// Fewer values than these in a sample and the statistic means nothing.
const MIN: usize = 5;

/// Eigenvalues of a covariance that is a difference of sums are told from 0 above 4 of these
/// roundings of 1.
const ROUNDING: f64 = 1e4;

/// W₂, the distance of the empirical characteristic functions at two points, in units of its
/// covariance (Epps & Singleton 1986; Goerg & Kaiser 2009; `scipy.stats.epps_singleton_2samp`). It
/// needs no continuity: ties do no harm.
///
/// The effect is √(W₂ (m+n)/(mn)) (before the correction), the Mahalanobis distance of the mean
/// cosines and sines, on the scale of Cohen's d; by default 0.2 counts. Methods: `asymptotic`,
/// chi-squared with as many degrees of freedom as the covariance's rank (4, fewer for data of few
/// values), W₂ corrected for samples below 25 values; and `permutation`, of the statistic before
/// the correction. The limit law is chosen where both samples have 100 values or more and neither a
/// quarter more than the other: the smaller sample's covariance counts most in W₂ and is the less
/// certain, so that scipy's p-values, which are the limit law's, reject too often elsewhere (at
/// 0.05 of normal values: 8 % of 20,000 beside 1000, 10 % of 1000 beside 200, 43 % of 1000 beside
/// 30; `test/reference/epps_singleton_rates.py`). Two samples of one value: p = 1. Cost: O((m + n))
/// sines after sorting; 14 min(m, n) sums a reassignment.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it has fewer than 5 values or holds NaN
/// or Inf; naming `test` where half of the pooled values are one value, so that there is no
/// interquartile range.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::EppsSingleton, current)
}

pub(super) fn of_sorted(
    reference: &[f64],
    current: &[f64],
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    for (argument, sample) in [("reference", reference), ("current", current)] {
        if sample.len() < MIN {
            let was = format!("{} values", sample.len());
            return Err(Error::invalid(
                argument,
                was,
                "at least 5 for epps-singleton, or another test",
            ));
        }
    }
    let range = super::wasserstein::checked_range(reference, current)?;
    let (m, n) = (reference.len() as f64, current.len() as f64);
    let mut result = TestResult {
        test: TestName::EppsSingleton,
        statistic: 0.0,
        p_value: 1.0,
        effect: 0.0,
        method: Method::Asymptotic,
        reference_size: reference.len() as u64,
        current_size: current.len() as u64,
    };
    if range == 0.0 {
        return Ok(TestResult { method: Method::Exact, ..result });
    }
    let mut pooled = [reference, current].concat();
    pooled.sort_by(f64::total_cmp);
    let (center, sigma) =
        (quantile(&pooled, 0.5), 0.5 * (quantile(&pooled, 0.75) - quantile(&pooled, 0.25)));
    if sigma == 0.0 {
        let expected = "an interquartile range above 0; use chi2, g or ks for this column";
        return Err(Error::invalid(
            "test",
            "epps-singleton of samples of which half is one value",
            expected,
        ));
    }
    let (of_reference, of_current) =
        (Features::new(reference, center, sigma), Features::new(current, center, sigma));
    let size = m + n;
    let covariance = &of_reference.covariance * (size / m) + &of_current.covariance * (size / n);
    let difference = &of_reference.mean - &of_current.mean;
    let symmetric::InverseForm { form, rank, .. } =
        symmetric::inverse_form(&covariance, difference.view(), 0.0)?;
    let w = size * form;
    let correction = if m.max(n) < 25.0 {
        1.0 / (1.0 + size.powf(-0.45) + 10.1 * (m.powf(-1.7) + n.powf(-1.7)))
    } else {
        1.0
    };
    result.statistic = correction * w;
    if method.takes_limit(|| limit_holds(reference.len(), current.len())) {
        result.p_value = chi_squared::sf(result.statistic, rank.max(1) as f64)?;
    } else {
        result.p_value = by_permutation(&of_reference, &of_current, permutations);
        result.method = Method::Permutation;
    }
    result.effect = (w * size / (m * n)).sqrt();
    Ok(result)
}

fn limit_holds(m: usize, n: usize) -> bool {
    m.min(n) >= 100 && 4 * m.max(n) <= 5 * m.min(n)
}

/// The center and width that cosines and sines are taken of are those of both samples together, so
/// that a reassignment deals out rows of features that stay what they are.
fn by_permutation(reference: &Features, current: &Features, permutations: Permutations) -> f64 {
    let [few, many] =
        if current.size() < reference.size() { [current, reference] } else { [reference, current] };
    let moments = |features: &Features| -> Vec<Moments> {
        features.rows.chunks_exact(FEATURES).map(Moments::of).collect()
    };
    let rows = [moments(few), moments(many)].concat();
    let all = rows.iter().fold(Moments::default(), |sum, row| sum + *row);
    // summed in the order of the rows, whatever the reassignment: equal choices, equal numbers
    let statistic = |chosen: &Moments| distance(chosen, &(all - *chosen)).unwrap_or(f64::INFINITY);
    let observed =
        statistic(&rows[..few.size()].iter().fold(Moments::default(), |sum, row| sum + *row));
    permutations.p_value_of_rows(observed, rows.len(), few.size(), |chosen| {
        statistic(&chosen.iter().fold(Moments::default(), |sum, row| sum + rows[*row as usize]))
    })
}

/// W₂ before the correction, of what was summed over each sample.
fn distance(a: &Moments, b: &Moments) -> Result<f64> {
    let size = a.size + b.size;
    let covariance = a.covariance() * (size / a.size) + b.covariance() * (size / b.size);
    let difference = Array1::from_shape_fn(FEATURES, |i| a.sums[i] / a.size - b.sums[i] / b.size);
    let found = symmetric::inverse_form(&covariance, difference.view(), ROUNDING)?;
    // apart where neither sample varies at all
    Ok(if found.outside > 1e-6 { f64::INFINITY } else { size * found.form })
}

/// Sums of cosines and sines, of their products, and of how many they are.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    size: f64,
    sums: [f64; FEATURES],
    products: [[f64; FEATURES]; FEATURES],
}

impl Moments {
    fn of(row: &[f64]) -> Self {
        let sums = std::array::from_fn(|i| row[i]);
        let products = std::array::from_fn(|i| {
            std::array::from_fn(|j| if j < i { 0.0 } else { row[i] * row[j] })
        });
        Moments { size: 1.0, sums, products }
    }

    fn with(self, other: Self, sign: f64) -> Self {
        Moments {
            size: self.size + sign * other.size,
            sums: std::array::from_fn(|i| self.sums[i] + sign * other.sums[i]),
            products: std::array::from_fn(|i| {
                std::array::from_fn(|j| self.products[i][j] + sign * other.products[i][j])
            }),
        }
    }

    fn covariance(&self) -> Array2<f64> {
        Array2::from_shape_fn((FEATURES, FEATURES), |(i, j)| {
            self.products[i.min(j)][i.max(j)] / self.size
                - self.sums[i] * self.sums[j] / (self.size * self.size)
        })
    }
}

impl std::ops::Add for Moments {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.with(other, 1.0)
    }
}

impl std::ops::Sub for Moments {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.with(other, -1.0)
    }
}

/// Cosines and sines of a sample at the points, and their mean and covariance (divisor n).
struct Features {
    rows: Vec<f64>,
    mean: Array1<f64>,
    covariance: Array2<f64>,
}

impl Features {
    fn new(sample: &[f64], center: f64, sigma: f64) -> Self {
        let rows = sample.iter().flat_map(|value| {
            // The statistic does not change when all values are moved; near 0 the sines keep their
            // digits.
            let z = (value - center) / sigma;
            let angles = POINTS.map(|t| t * z);
            angles.map(f64::cos).into_iter().chain(angles.map(f64::sin))
        });
        let rows: Vec<f64> = rows.collect();
        let size = sample.len() as f64;
        let mut mean = [0.0; FEATURES];
        for row in rows.chunks_exact(FEATURES) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / size);
        }
        let mut covariance = Array2::zeros((FEATURES, FEATURES));
        for row in rows.chunks_exact(FEATURES) {
            for i in 0..FEATURES {
                for j in 0..FEATURES {
                    covariance[(i, j)] += (row[i] - mean[i]) * (row[j] - mean[j]) / size;
                }
            }
        }
        Features { rows, mean: Array1::from(mean.to_vec()), covariance }
    }

    fn size(&self) -> usize {
        self.rows.len() / FEATURES
    }
}

/// With linear interpolation (Hyndman & Fan 1996, type 7), as numpy has it.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + part * (sorted[high] - sorted[low])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn unequal_and_small_samples_keep_the_level() {
        let mut random = Random(20_261_129);
        for (m, n) in [(30, 300), (60, 20), (40, 40)] {
            let mut rejected = 0;
            for _ in 0..400 {
                let mut sorted = |size: usize| {
                    let mut sample: Vec<f64> = (0..size).map(|_| random.normal()).collect();
                    sample.sort_by(f64::total_cmp);
                    sample
                };
                let by = Permutations { draws: 99, seed: 0 };
                let result = of_sorted(&sorted(m), &sorted(n), Method::Auto, by).unwrap();
                assert_eq!(result.method, Method::Permutation);
                rejected += u32::from(result.p_value <= 0.05);
            }
            // 20, and four standard deviations
            assert!(rejected <= 37, "{rejected} of 400: {m} beside {n}");
        }
    }

    #[test]
    fn a_reassignment_of_the_samples_themselves_is_the_statistic() {
        let mut random = Random(7);
        for (m, n) in [(12, 40), (40, 12), (100, 100)] {
            let sample: Vec<f64> = (0..m + n).map(|_| random.normal()).collect();
            let (a, b) =
                (Features::new(&sample[..m], 0.1, 1.3), Features::new(&sample[m..], 0.1, 1.3));
            let moments = |features: &Features| {
                features
                    .rows
                    .chunks_exact(FEATURES)
                    .map(Moments::of)
                    .fold(Moments::default(), |sum, row| sum + row)
            };
            let covariance = &a.covariance * ((m + n) as f64 / m as f64)
                + &b.covariance * ((m + n) as f64 / n as f64);
            let difference = &a.mean - &b.mean;
            let want = (m + n) as f64
                * symmetric::inverse_form(&covariance, difference.view(), 0.0).unwrap().form;
            let got = distance(&moments(&a), &moments(&b)).unwrap();
            assert!((got / want - 1.0).abs() < 1e-9, "{got} {want}");
        }
    }
}
