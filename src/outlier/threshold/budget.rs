//! So many alerts as can be looked at.

use super::{Method, Threshold, pot};
use crate::error::{Error, Result};

/// The threshold that usual observations exceed `alerts` times in `observations`: 10 alerts a day
/// of 100,000 observations a day. Conformal where there are enough scores for that rate; else by
/// peaks over threshold, which extrapolates.
///
/// # Errors
/// [`Error::InvalidArgument`] unless `0 < alerts < observations`; as [`super::conformal`] and
/// [`pot::threshold`].
pub fn threshold(sorted: &[f64], alerts: f64, observations: f64) -> Result<Threshold> {
    if !(alerts > 0.0 && alerts.is_finite()) {
        return Err(Error::invalid("alerts", alerts, "a positive number"));
    }
    if !(observations > alerts && observations.is_finite()) {
        return Err(Error::invalid(
            "observations",
            observations,
            format!("more than the {alerts} alerts"),
        ));
    }
    let rate = alerts / observations;
    if rate * (sorted.len() + 1) as f64 >= 1.0 {
        return Method::Conformal { rate }.threshold(sorted);
    }
    Method::Pot { rate, level: pot::default_level() }.threshold(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn few_scores_are_extrapolated_and_many_counted() {
        let mut scores = Random(12).normals(5000);
        scores.sort_by(f64::total_cmp);
        let counted = threshold(&scores, 10.0, 1000.0).expect("enough");
        assert_eq!((counted.method, counted.rate), ("conformal", 0.01));
        // A normal exceeds 4.265 once in 100,000 times.
        let beyond = threshold(&scores, 1.0, 100_000.0).expect("a tail");
        assert!(beyond.method == "pot" && (3.6..5.2).contains(&beyond.threshold), "{beyond:?}");
        for (alerts, observations) in
            [(0.0, 10.0), (5.0, 5.0), (1.0, f64::INFINITY), (f64::NAN, 9.0)]
        {
            assert_eq!(threshold(&scores, alerts, observations).map_err(|e| e.code()), Err(100));
        }
    }
}
