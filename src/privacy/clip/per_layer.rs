//! A norm for each parameter (McMahan et al., "Learning Differentially Private Recurrent Language
//! Models", 2018).

/// `min(1, limit / norm)` of every layer and example.
pub(super) fn weights(norms: &[Vec<f64>], limits: &[f64]) -> Vec<Vec<f64>> {
    norms
        .iter()
        .zip(limits)
        .flat_map(|(layer, &limit)| super::flat::weights(layer, limit, 1))
        .collect()
}
