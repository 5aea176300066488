//! Which features made a score what it is.

use super::Detector;

/// One number per feature, larger for a feature that the score owes more to.
///
/// Where the detector has a decomposition of its own ([`Detector::parts`]; its file says of what),
/// that is it. Else it is by how much the score falls when this feature alone is set to its median
/// in the reference: 0 for a feature that the score does not depend on there, negative for one that
/// makes the observation look more usual. These do not add up to the score.
pub(super) fn explain(detector: &impl Detector, row: &[f64], typical: &[f64], parts: &mut [f64]) {
    if detector.parts(row, parts) {
        return;
    }
    let p = row.len();
    let mut probes = Vec::with_capacity(p * (p + 1));
    probes.extend_from_slice(row);
    for k in 0..p {
        probes.extend_from_slice(row);
        probes[(k + 1) * p + k] = typical[k];
    }
    let mut scores = vec![0.0; p + 1];
    detector.score_rows(&probes, &mut scores);
    parts.iter_mut().zip(&scores[1..]).for_each(|(part, score)| *part = scores[0] - score);
}
