//! Adjusted p-values of many tests at once.
//!
//! An adjusted p-value at or below alpha is a rejection with the family-wise error rate
//! (Bonferroni, Holm) or the false discovery rate (Benjamini-Hochberg, Benjamini-Yekutieli) held at
//! alpha.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Which error rate is held, and under which dependence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// Family-wise error rate, any dependence: `min(1, k p)`.
    Bonferroni,
    /// Family-wise error rate, any dependence, never weaker than Bonferroni (Holm 1979).
    Holm,
    /// False discovery rate, independent or positively dependent tests (Benjamini & Hochberg 1995).
    #[serde(alias = "bh")]
    BenjaminiHochberg,
    /// False discovery rate, any dependence (Benjamini & Yekutieli 2001).
    #[serde(alias = "by")]
    BenjaminiYekutieli,
}

/// The adjusted p-values, in the order of `p_values`. Cost: O(k log k).
///
/// # Errors
/// `InvalidArgument` naming the first p-value that is NaN or not in [0, 1].
pub fn adjust(p_values: &[f64], correction: Correction) -> Result<Vec<f64>> {
    if let Some((i, p)) = p_values.iter().enumerate().find(|(_, p)| !(0.0..=1.0).contains(*p)) {
        return Err(Error::invalid(
            "p_values",
            format!("{p} at index {i} (from 0)"),
            "probabilities in [0, 1]",
        ));
    }
    let k = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let step_up = |adjusted: &mut [f64], factor: f64| {
        let mut least = 1.0f64;
        for (rank, &i) in order.iter().enumerate().rev() {
            least = least.min(p_values[i] * factor / (rank + 1) as f64);
            adjusted[i] = least;
        }
    };
    match correction {
        Correction::Bonferroni => {
            adjusted.iter_mut().zip(p_values).for_each(|(a, p)| *a = (p * k).min(1.0))
        }
        Correction::Holm => {
            let mut most = 0.0f64;
            for (rank, &i) in order.iter().enumerate() {
                most = most.max(p_values[i] * (k - rank as f64)).min(1.0);
                adjusted[i] = most;
            }
        }
        Correction::BenjaminiHochberg => step_up(&mut adjusted, k),
        Correction::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=p_values.len()).rev().map(|i| 1.0 / i as f64).sum();
            step_up(&mut adjusted, k * harmonic);
        }
    }
    Ok(adjusted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Correction; 4] = [
        Correction::Bonferroni,
        Correction::Holm,
        Correction::BenjaminiHochberg,
        Correction::BenjaminiYekutieli,
    ];

    #[test]
    fn bad_p_values_are_named() {
        for bad in [f64::NAN, -0.1, 1.5, f64::INFINITY] {
            let error = adjust(&[0.1, bad], Correction::Holm).unwrap_err();
            assert!(
                error.to_string().contains("p_values") && error.to_string().contains("index 1"),
                "{error}"
            );
        }
        ALL.iter().for_each(|c| assert!(adjust(&[], *c).unwrap().is_empty()));
    }

    proptest! {
        #[test]
        fn adjusted_values_keep_the_order_and_are_never_smaller(
            p in prop::collection::vec(0.0..=1.0f64, 1..40),
        ) {
            for correction in ALL {
                let adjusted = adjust(&p, correction).unwrap();
                for i in 0..p.len() {
                    prop_assert!(adjusted[i] >= p[i] * (1.0 - 1e-15) && adjusted[i] <= 1.0);
                    for j in 0..p.len() {
                        prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                    }
                }
            }
            let [bonferroni, holm, hochberg, yekutieli] = ALL.map(|c| adjust(&p, c).unwrap());
            for i in 0..p.len() {
                prop_assert!(holm[i] <= bonferroni[i] && hochberg[i] <= holm[i] * (1.0 + 1e-12));
                prop_assert!(hochberg[i] <= yekutieli[i] * (1.0 + 1e-12));
            }
        }
    }
}
