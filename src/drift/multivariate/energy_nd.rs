//! The energy distance in many dimensions.

use super::distances::Pairwise;
use super::rows::Rows;
use crate::Result;
use crate::tensor::Tensor;
use crate::two_sample::{Method, Permutations, TestName, TestResult};

/// D² = 2E‖X-Y‖ - E‖X-X'‖ - E‖Y-Y'‖ over all pairs, a row's with itself included (Székely & Rizzo
/// 2004), on features divided by their standard deviation over both samples. `statistic` is D; 0
/// only where the distributions are equal.
///
/// The effect is √(D²/(2E‖X-Y‖)), the root of the energy coefficient, in [0, 1]. The p-value is by
/// reassignment of the rows, over one matrix of distances. Cost and memory: as
/// [`super::mmd::test`].
///
/// # Errors
/// As [`super::mmd::test`], but for 1 observation, which is enough.
pub fn test(
    reference: &Tensor<'_>,
    current: &Tensor<'_>,
    permutations: Permutations,
) -> Result<TestResult> {
    let mut rows = Rows::new(reference, current, 1)?;
    rows.standardize();
    let mut distances = Pairwise::squared_distances(&rows)?;
    distances.map(4, |squares| {
        squares.iter_mut().flat_map(|lanes| &mut lanes.0).for_each(|x| *x = x.sqrt())
    });
    let (square, p_value, [_, _, between]) =
        distances.test(&rows, permutations, |[within_m, within_n, between], m, n| {
            2.0 * between / (m * n) - within_m / (m * m) - within_n / (n * n)
        });
    let (m, n) = (rows.reference_size as f64, rows.current_size as f64);
    let effect = if between > 0.0 {
        (square.max(0.0) * m * n / (2.0 * between)).sqrt().min(1.0)
    } else {
        0.0
    };
    Ok(TestResult {
        test: TestName::EnergyNd,
        statistic: square.max(0.0).sqrt(),
        p_value,
        effect,
        method: Method::Permutation,
        reference_size: rows.reference_size as u64,
        current_size: rows.current_size as u64,
    })
}
