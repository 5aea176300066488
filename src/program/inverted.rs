//! Scores that tell two kinds apart the wrong way round.

use super::text_table::number;

/// A hint where anomalies have the lower scores, by more than chance: the AUROC is below 0.4, and by three standard errors of one of
/// scores that tell nothing (Mann and Whitney) below 0.5.
pub fn hint(auroc: f64, anomalies: usize, usual: usize) -> Option<String> {
    let (p, n) = (anomalies as f64, usual as f64);
    let error = ((p + n + 1.0) / (12.0 * p * n)).sqrt();
    (auroc < 0.4 && auroc < 0.5 - 3.0 * error).then(|| {
        format!(
            "an AUROC of {} is far below 0.5: anomalies have lower scores than usual observations; look whether labels (1 is an anomaly) or \
             scores (a higher one is more anomalous) are the wrong way round",
            number(auroc)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_chance_does_not_bring_about_gets_a_hint() {
        assert!(hint(0.009, 20, 200).is_some_and(|text| text.contains("0.009")));
        for (auroc, anomalies, usual) in
            [(0.5, 100, 100), (0.45, 10_000, 10_000), (0.2, 3, 3), (0.99, 20, 200), (f64::NAN, 9, 9)]
        {
            assert_eq!(hint(auroc, anomalies, usual), None);
        }
    }
}
