//! One norm for the whole gradient (Abadi et al., "Deep Learning with Differential Privacy", 2016).

/// `min(1, limit / norm)` for every example, the same in all `layers`.
pub(super) fn weights(norms: &[f64], limit: f64, layers: usize) -> Vec<Vec<f64>> {
    let one: Vec<f64> =
        norms.iter().map(|&norm| if norm > limit { limit / norm } else { 1.0 }).collect();
    vec![one; layers]
}
