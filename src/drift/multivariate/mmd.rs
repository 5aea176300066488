//! Maximum mean discrepancy.

mod linear;
mod random_features;

use super::distances::Pairwise;
use super::rows::Rows;
use crate::Result;
use crate::simd::{Lanes, Real, multiversion};
use crate::tensor::Tensor;
use crate::two_sample::{Method, Permutations, TestName, TestResult};

/// The unbiased MMD² (Gretton et al. 2012, "A kernel two-sample test", eq. 3) with the kernel
/// exp(-‖x - y‖²/(2σ²)) on features divided by their standard deviation over both samples, σ² half
/// the median squared distance of two rows (the median heuristic, section 8; not by `permutation`,
/// of 1000 rows where there are more); it can be negative.
///
/// The effect is √(MMD²) (0 where it is negative), the distance of the mean embeddings, in [0, √2].
///
/// | method | statistic | p-value | cost for N = m + n rows | memory |
/// |---|---|---|---|---|
/// | `permutation` (default) | over all pairs of rows | by reassignment, over one kernel matrix, 1024 at a time | N² d + draws · N²/128, or draws · k²/2 for k = min(m, n) < N/8 | 4 N² bytes, at most 1 GiB |
/// | `random-features` | unbiased for the same MMD², off by the draw of 128 random frequencies (Rahimi & Recht 2007, section 3) | by reassignment of blocks of rows, exact | N d · 128, and draws · 256 · min(m, n, 1000) | 8 N d bytes |
/// | `linear` | over min(m, n)/2 pairs of rows (section 6) | normal, for large samples | N d | 8 N d bytes |
///
/// `random-features`: over the draw of frequencies a kernel value has a standard error of at most
/// 1/√256 = 0.06, and MMD² one of at most 2 MMD/√128 = 0.18 MMD; p-values are exact whatever the
/// draw, which is always the same. `linear`: rows are ordered by what is in them, in each sample
/// and one is thinned to the smaller; the statistic varies far more than the others, so it is for
/// samples that are too large for these.
///
/// # Errors
/// `FeatureMismatch`; `InvalidArgument` naming `method` for one that mmd has not; naming
/// `reference` or `current` for NaN or Inf, fewer than 2 observations (`linear`: 100), or more than
/// fit into memory (`permutation`: 16376 in both together).
pub fn test(
    reference: &Tensor<'_>,
    current: &Tensor<'_>,
    method: Method,
    permutations: Permutations,
) -> Result<TestResult> {
    method.expect_of(TestName::Mmd)?;
    let least = if method == Method::Linear { linear::MIN } else { 2 };
    let mut rows = Rows::new(reference, current, least)?;
    rows.order_by_content();
    rows.standardize();
    let (statistic, p_value) = match method {
        Method::Linear => linear::test(&rows),
        Method::RandomFeatures => random_features::test(&rows, permutations)?,
        _ => over_all_pairs(&rows, permutations)?,
    };
    Ok(TestResult {
        test: TestName::Mmd,
        statistic,
        p_value,
        effect: statistic.max(0.0).sqrt(),
        method: if method == Method::Auto { Method::Permutation } else { method },
        reference_size: rows.reference_size as u64,
        current_size: rows.current_size as u64,
    })
}

fn over_all_pairs(rows: &Rows, permutations: Permutations) -> Result<(f64, f64)> {
    let mut kernel = Pairwise::squared_distances(rows)?;
    let median = match kernel.median() {
        // Half of the pairs or more are equal: any width serves to tell equal from different.
        0.0 => 1.0,
        median => median,
    };
    kernel.map(16, |squares| gaussian::<f64>(squares, median));
    let (statistic, p_value, _) =
        kernel.test(rows, permutations, |[within_m, within_n, between], m, n| {
            within_m / (m * (m - 1.0)) + within_n / (n * (n - 1.0)) - 2.0 * between / (m * n)
        });
    Ok((statistic, p_value))
}

multiversion! {
    fn gaussian(squares: &mut [Lanes], median: f64) -> () = gaussian_body
}

// Without fused multiplication, so that all machines find the same: the statistic seeds the
// reassignments.
#[allow(clippy::extra_unused_type_parameters, reason = "the form that `multiversion!` calls")]
#[inline(always)]
fn gaussian_body<T: Real, const FMA: bool>(squares: &mut [Lanes], median: f64) {
    for lanes in squares {
        lanes.0.iter_mut().for_each(|x| *x = (-*x / median).exp_nonpositive::<false>());
    }
}
