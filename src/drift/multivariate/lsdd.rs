//! Least-squares density difference.

use ndarray::{Array1, Array2};

use super::features::Sums;
use super::rows::{Rows, squared_distance};
use crate::Result;
use crate::stats::symmetric;
use crate::tensor::Tensor;
use crate::two_sample::{Method, Permutations, TestName, TestResult};

/// Kernels of the model, at most.
const KERNELS: usize = 100;

/// The strongest regularization under which two estimates of the distance differ by less than this
/// is taken (the rule of Bu, Alippi & Zhao 2018, "A pdf-free change detection test based on density
/// difference estimation").
const MAX_DIFFERENCE: f64 = 0.2;

/// ∫(p - q)² of the two densities, estimated without estimating either (Sugiyama et al. 2013,
/// "Density-difference estimation", eq. 9): p - q is modeled by Gaussian kernels at c₁ ... c_b and
/// fitted by least squares, θ = (H + λI)⁻¹h, and the distance is 2h'θ - θ'Hθ. Here h is the
/// difference of the samples' mean kernels (current less reference), H_kl = exp(-‖c_k -
/// c_l‖²/(4σ²)).
///
/// Features are divided by their standard deviation over both samples. The centers are all rows, or
/// 100 drawn from both samples as if they were one; σ² is half the median squared distance (of 1000
/// rows). λ is the largest of 1, 1/4, 1/16 ... 4⁻⁹ for which 1 - E[θ'Hθ]/E[h'θ], over all
/// reassignments, is below 0.2. `statistic` is the distance times (πσ²)^(d/2), the constant that H
/// is left without: it has no unit, and does not overflow in many dimensions.
///
/// alibi-detect's `LSDDDrift` has the same statistic for the same centers, σ and λ (agreement to
/// 1e-9: `test/reference/alibi.py`) and chooses them otherwise: its centers are a twentieth of the
/// reference's rows, which it then leaves out of the test; it standardizes and takes σ by the
/// reference alone; its λ goes by the mean of the ratios θ'Hθ/h'θ over the reassignments drawn, not
/// by the ratio of their means; and its p-value is the share of draws at least as large, which can
/// be 0.
///
/// The effect is √(∫(p - q)²/(∫p² + ∫q²)), all three by the same kernels and the first less what
/// chance makes of it, in [0, 1]: 0.1 is about a shift of one normal feature by 0.2 standard
/// deviations. The p-value is by reassignment; neither centers nor λ know which row is whose, so it
/// is exact. Cost: O(N b (d + b)) for b <= 100 kernels, and draws · b · min(m, n, 1000); rows of
/// larger samples are reassigned in blocks. Memory: 8 N d bytes.
///
/// # Errors
/// `FeatureMismatch`; `InvalidArgument` naming `reference` or `current` for NaN or Inf, fewer than
/// 2 observations, or a table of more than 1 GiB (more than a million rows beside a small sample).
pub fn test(
    reference: &Tensor<'_>,
    current: &Tensor<'_>,
    permutations: Permutations,
) -> Result<TestResult> {
    let mut rows = Rows::new(reference, current, 2)?;
    rows.standardize();
    let median = rows.median_square();
    let centers: Vec<&[f64]> = rows.picked(KERNELS, 1).into_iter().map(|k| rows.row(k)).collect();
    let b = centers.len();
    let h = Array2::from_shape_fn((b, b), |(k, l)| {
        (-squared_distance(centers[k], centers[l]) / (2.0 * median)).exp()
    });
    let (values, vectors) = symmetric::principal(&h)?;
    // In the basis of H's eigenvectors every kernel counts by itself.
    let mut kernels = vec![0.0; b];
    let mut project = |row: &[f64], out: &mut [f64]| {
        for (kernel, center) in kernels.iter_mut().zip(&centers) {
            *kernel = (-squared_distance(row, center) / median).exp();
        }
        let projected = vectors.t().dot(&ndarray::ArrayView1::from(&kernels));
        out.iter_mut().zip(&projected).for_each(|(out, x)| *out = *x);
    };
    let mut spread = Spread::new(b);
    let sums = Sums::new(&rows, b, |row, out| {
        project(row, out);
        spread.add(out);
    })?;
    let variances = spread.variances();
    let values = values.mapv(|value| value.max(0.0));
    let lambda = regularization(&values, &variances);
    // 2 h'θ - θ'Hθ is the sum of these times the squares of h.
    let weights = values.mapv(|value| (value + 2.0 * lambda) / (value + lambda).powi(2));
    let (m, n) = (rows.reference_size as f64, rows.current_size as f64);
    let square = |sum: &[f64], size: f64| {
        weights.iter().zip(sum).map(|(w, x)| w * (x / size).powi(2)).sum::<f64>()
    };
    let (statistic, p_value) = sums.test(permutations, |reference, current| {
        let difference = reference.iter().zip(current).map(|(r, c)| c / n - r / m);
        weights.iter().zip(difference).map(|(w, x)| w * x * x).sum()
    });
    let [of_reference, of_current] = sums.of_samples();
    let densities = square(&of_reference, m) + square(&of_current, n);
    let by_chance =
        (1.0 / m + 1.0 / n) * weights.iter().zip(&variances).map(|(w, v)| w * v).sum::<f64>();
    let share = (statistic - by_chance) / densities;
    // What is far below 1 is rounding.
    let effect = if share > 1e-12 { share.sqrt().min(1.0) } else { 0.0 };
    Ok(TestResult {
        test: TestName::Lsdd,
        statistic,
        p_value,
        effect,
        method: Method::Permutation,
        reference_size: rows.reference_size as u64,
        current_size: rows.current_size as u64,
    })
}

/// λ: see [`test`]. h has these variances under reassignment, but for a factor.
fn regularization(values: &Array1<f64>, variances: &[f64]) -> f64 {
    let candidates = (0..10).map(|power| 0.25f64.powi(power));
    let difference = |lambda: f64| {
        let each = || values.iter().zip(variances);
        let (missing, all) = each().fold((0.0, 0.0), |(missing, all), (value, variance)| {
            let of = variance / (value + lambda);
            (missing + of * lambda / (value + lambda), all + of)
        });
        if all > 0.0 { missing / all } else { 0.0 }
    };
    candidates
        .clone()
        .find(|lambda| difference(*lambda) < MAX_DIFFERENCE)
        .unwrap_or(0.25f64.powi(9))
}

/// Variances of features over all rows (divisor N - 1), by sums about the first row.
struct Spread {
    first: Option<Vec<f64>>,
    sums: Vec<(f64, f64)>,
    count: f64,
}

impl Spread {
    fn new(width: usize) -> Self {
        Spread { first: None, sums: vec![(0.0, 0.0); width], count: 0.0 }
    }

    fn add(&mut self, row: &[f64]) {
        let first = self.first.get_or_insert_with(|| row.to_vec());
        for ((sum, squares), (x, first)) in self.sums.iter_mut().zip(row.iter().zip(first.iter())) {
            let x = x - first;
            *sum += x;
            *squares += x * x;
        }
        self.count += 1.0;
    }

    fn variances(&self) -> Vec<f64> {
        let n = self.count;
        self.sums
            .iter()
            .map(|(sum, squares)| ((squares - sum * sum / n) / (n - 1.0)).max(0.0))
            .collect()
    }
}
