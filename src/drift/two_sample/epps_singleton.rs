//! The Epps-Singleton test.

use ndarray::{Array1, Array2};

use super::{Method, Reference, TestName, TestResult};
use crate::stats::{chi_squared, symmetric};
use crate::{Error, Result};

/// Where the characteristic functions are compared, in units of the pooled semi-interquartile range.
const POINTS: [f64; 2] = [0.4, 0.8];
const FEATURES: usize = 2 * POINTS.len();

/// Fewer values than these in a sample and the statistic means nothing.
const LEAST: usize = 5;

/// W₂, the distance of the empirical characteristic functions at two points, in units of its covariance (Epps & Singleton
/// 1986; Goerg & Kaiser 2009; `scipy.stats.epps_singleton_2samp`). It needs no continuity: ties do no harm.
///
/// The effect is √(W₂ (m+n)/(mn)) (before the correction), the Mahalanobis distance of the mean cosines and sines, on the scale of Cohen's d;
/// by default 0.2 counts. The p-value is asymptotic: chi-squared with as many degrees of freedom as the covariance's rank
/// (4, fewer for data of few values), W₂ corrected for samples below 25 values. Two samples of one value: p = 1.
/// Cost: O((m + n)) sines after sorting.
///
/// # Errors
/// `InvalidArgument` naming `reference` or `current` when it has fewer than 5 values or holds NaN or Inf; naming `test`
/// where half of the pooled values are one value, so that there is no interquartile range.
pub fn test<T: Into<f64> + Copy>(reference: &[T], current: &[T]) -> Result<TestResult> {
    Reference::new(reference)?.test(TestName::EppsSingleton, current)
}

pub(super) fn of_sorted(reference: &[f64], current: &[f64]) -> Result<TestResult> {
    for (argument, sample) in [("reference", reference), ("current", current)] {
        if sample.len() < LEAST {
            let was = format!("{} values", sample.len());
            return Err(Error::invalid(argument, was, "at least 5 for epps-singleton, or another test"));
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
    let (center, sigma) = (quantile(&pooled, 0.5), 0.5 * (quantile(&pooled, 0.75) - quantile(&pooled, 0.25)));
    if sigma == 0.0 {
        let expected = "an interquartile range above 0; use chi2, g or ks for this column";
        return Err(Error::invalid("test", "epps-singleton of samples of which half is one value", expected));
    }
    let (of_reference, of_current) = (Features::new(reference, center, sigma), Features::new(current, center, sigma));
    let size = m + n;
    let covariance = of_reference.covariance * (size / m) + of_current.covariance * (size / n);
    let difference = of_reference.mean - of_current.mean;
    let symmetric::InverseForm { form, rank, .. } = symmetric::inverse_form(&covariance, difference.view(), 0.0)?;
    let w = size * form;
    let correction =
        if m.max(n) < 25.0 { 1.0 / (1.0 + size.powf(-0.45) + 10.1 * (m.powf(-1.7) + n.powf(-1.7))) } else { 1.0 };
    result.statistic = correction * w;
    result.p_value = chi_squared::sf(result.statistic, rank.max(1) as f64)?;
    result.effect = (w * size / (m * n)).sqrt();
    Ok(result)
}

/// Cosines and sines of a sample at the points: their mean and covariance (divisor n).
struct Features {
    mean: Array1<f64>,
    covariance: Array2<f64>,
}

impl Features {
    fn new(sample: &[f64], center: f64, sigma: f64) -> Self {
        let rows = sample.iter().flat_map(|value| {
            // The statistic does not change when all values are moved; near 0 the sines keep their digits.
            let z = (value - center) / sigma;
            let angles = POINTS.map(|t| t * z);
            angles.map(f64::cos).into_iter().chain(angles.map(f64::sin))
        });
        let mut rows: Vec<f64> = rows.collect();
        let size = sample.len() as f64;
        let mut mean = [0.0; FEATURES];
        for row in rows.chunks_exact(FEATURES) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / size);
        }
        let mut covariance = Array2::zeros((FEATURES, FEATURES));
        for row in rows.chunks_exact_mut(FEATURES) {
            row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
            for i in 0..FEATURES {
                for j in 0..FEATURES {
                    covariance[(i, j)] += row[i] * row[j] / size;
                }
            }
        }
        Features { mean: Array1::from(mean.to_vec()), covariance }
    }
}

/// With linear interpolation (Hyndman & Fan 1996, type 7), as numpy has it.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + part * (sorted[high] - sorted[low])
}
