//! Many e-values at once.
//!
//! An e-value is a number from 0 whose mean under its hypothesis is at most 1: evidence of E
//! against it, and `1/E` bounds a p-value (Markov). Means of e-values are e-values, whatever their
//! dependence (Vovk & Wang 2021, "E-values: calibration, combination and applications", section 3).

use crate::{Error, Result};

/// e-BH (Wang & Ramdas 2022, "False discovery rate control with e-values", section 4): the
/// hypotheses to reject so that the false discovery rate is at most alpha, **under any
/// dependence**: those with the k largest e-values, for the largest k with `k e_(k) >= K / alpha`.
/// Indices from 0, ascending. Cost: O(K log K).
///
/// # Errors
/// `InvalidArgument` naming the first e-value that is NaN or below 0, or an alpha not in (0, 1).
pub fn benjamini_hochberg(e_values: &[f64], alpha: f64) -> Result<Vec<usize>> {
    check_alpha(alpha)?;
    if let Some((i, e)) = e_values.iter().enumerate().find(|(_, e)| e.is_nan() || **e < 0.0) {
        return Err(Error::invalid(
            "e_values",
            format!("{e} at index {i} (from 0)"),
            "numbers from 0",
        ));
    }
    let mut order: Vec<usize> = (0..e_values.len()).collect();
    order.sort_by(|&a, &b| e_values[b].total_cmp(&e_values[a]));
    let enough = e_values.len() as f64 / alpha;
    let rejected = (0..order.len())
        .rev()
        .find(|k| (k + 1) as f64 * e_values[order[*k]] >= enough)
        .map_or(0, |k| k + 1);
    order.truncate(rejected);
    order.sort_unstable();
    Ok(order)
}

pub(super) fn check_alpha(alpha: f64) -> Result<()> {
    if alpha > 0.0 && alpha < 1.0 {
        return Ok(());
    }
    Err(Error::invalid("alpha", alpha, "a probability between 0 and 1"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stats::multiple::{Correction, adjust};
    use proptest::prelude::*;

    #[test]
    fn an_example_and_bad_input() {
        // K / alpha = 4 / 0.1 = 40: 1 x 50 is enough, 2 x 20 is, 3 x 10 is not.
        assert_eq!(benjamini_hochberg(&[10.0, 50.0, 0.0, 20.0], 0.1).unwrap(), [1, 3]);
        assert!(benjamini_hochberg(&[], 0.1).unwrap().is_empty());
        let error = benjamini_hochberg(&[1.0, -0.5], 0.1).unwrap_err();
        assert!(error.to_string().contains("-0.5 at index 1"));
        assert!(benjamini_hochberg(&[1.0], 1.0).is_err());
    }

    proptest! {
        #[test]
        fn it_is_bh_of_the_reciprocals(e in prop::collection::vec(0.01..500.0f64, 1..30),
            alpha in 0.01..0.5f64) {
            let p: Vec<f64> = e.iter().map(|e| (1.0 / e).min(1.0)).collect();
            let adjusted = adjust(&p, Correction::BenjaminiHochberg).unwrap();
            let near = adjusted.iter().any(|a| (a / alpha - 1.0).abs() < 1e-12);
            let by_p: Vec<usize> = (0..p.len()).filter(|i| adjusted[*i] <= alpha).collect();
            prop_assert!(near || by_p == benjamini_hochberg(&e, alpha).unwrap());
        }
    }
}
