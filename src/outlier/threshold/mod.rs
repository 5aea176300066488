//! From scores to alarms: thresholds that mean something, and how good they are where labels are
//! known. An observation is anomalous where its score is **above** the threshold.

pub mod budget;
pub mod curves;
pub mod feedback;
pub mod gpd;
pub mod live;
pub mod pot;
pub mod spot;

use serde::{Deserialize, Serialize};

use super::support::columns::quantile;
use crate::error::{Error, Result};

/// The names of all methods of a threshold that stays; [`live`] has those that move.
pub const NAMES: &[&str] = &["conformal", "percentile", "pot", "budget"];

/// How a threshold is found from scores of usual observations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// [`percentile`].
    Percentile {
        /// The fraction above it.
        rate: f64,
    },
    /// [`conformal`].
    Conformal {
        /// The most that may lie above it, on average.
        rate: f64,
    },
    /// [`pot::threshold`].
    Pot {
        /// The probability of exceeding it.
        rate: f64,
        /// The quantile from which on the tail is modeled.
        #[serde(default = "pot::default_level")]
        level: f64,
    },
    /// [`budget::threshold`].
    Budget {
        /// Alerts that can be looked at, in some span of time.
        alerts: f64,
        /// Observations in that span.
        observations: f64,
    },
}

/// A threshold, and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// Scores above it are anomalous.
    pub threshold: f64,
    /// The probability with which a usual observation is above it.
    pub rate: f64,
    /// How it was found: `percentile`, `conformal` or `pot`.
    pub method: &'static str,
}

impl Method {
    /// The threshold from scores of usual observations, in rising order and without NaN.
    ///
    /// # Errors
    /// As each method's function.
    pub fn threshold(&self, sorted: &[f64]) -> Result<Threshold> {
        let (threshold, rate, method) = match *self {
            Method::Percentile { rate } => (percentile(sorted, rate)?, rate, "percentile"),
            Method::Conformal { rate } => (conformal(sorted, rate)?, rate, "conformal"),
            Method::Pot { rate, level } => (pot::threshold(sorted, rate, level)?, rate, "pot"),
            Method::Budget { alerts, observations } => {
                return budget::threshold(sorted, alerts, observations);
            }
        };
        Ok(Threshold { threshold, rate, method })
    }
}

/// The quantile of scores that leaves the fraction `rate` above it (type 7 of Hyndman and Fan
/// 1996). It estimates the rate of alarms and guarantees nothing.
///
/// # Errors
/// [`Error::InvalidArgument`] for a rate outside 0 and 1; [`Error::BaselineTooSmall`] without
/// scores.
pub fn percentile(sorted: &[f64], rate: f64) -> Result<f64> {
    check_rate(rate)?;
    expect_scores(sorted, 1, "a quantile takes one")?;
    Ok(quantile(sorted, 1.0 - rate))
}

/// The k-th largest of n scores with `k = floor(rate (n + 1))`: the next usual observation scores
/// above it with a probability of at most k/(n + 1), whatever the detector and the distribution, if
/// the scores are of observations that the detector had not seen (Vovk, Gammerman and Shafer 2005,
/// proposition 2.3). The probability is over the calibration, too.
///
/// # Errors
/// [`Error::InvalidArgument`] for a rate outside 0 and 1; [`Error::BaselineTooSmall`] for fewer
/// than `1/rate - 1` scores.
pub fn conformal(sorted: &[f64], rate: f64) -> Result<f64> {
    check_rate(rate)?;
    let n = sorted.len();
    // A product that is a whole number but for rounding is one.
    let k = (rate * (n + 1) as f64 * (1.0 + 4.0 * f64::EPSILON)) as usize;
    if k == 0 {
        if rate < MIN_RATE {
            return Err(unsupported("rate", rate, n));
        }
        let expected = (1.0 / rate - 1.0 - 1e-9).ceil() as usize;
        let reason = format!(
            "a rate of {rate} cannot be seen with fewer; raise the rate, or use peaks over threshold"
        );
        return Err(Error::BaselineTooSmall { argument: "calibration", was: n, expected, reason });
    }
    Ok(sorted[n - k.min(n)])
}

/// A rate that no reference there is supports: what it would take is not worth saying.
pub const MIN_RATE: f64 = 1e-12;

/// The refusal of a rate below [`MIN_RATE`].
pub fn unsupported(argument: &'static str, rate: f64, observations: usize) -> Error {
    let least = 1.0 / (observations + 1) as f64;
    Error::invalid(
        argument,
        rate,
        format!("at least {least:.2e}, which {observations} observations support"),
    )
}

fn check_rate(rate: f64) -> Result<()> {
    if rate > 0.0 && rate < 1.0 {
        return Ok(());
    }
    Err(Error::invalid("rate", rate, "a fraction between 0 and 1"))
}

fn expect_scores(sorted: &[f64], expected: usize, reason: &str) -> Result<()> {
    if sorted.len() >= expected {
        return Ok(());
    }
    let (was, reason) = (sorted.len(), reason.to_owned());
    Err(Error::BaselineTooSmall { argument: "calibration", was, expected, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn the_conformal_threshold_keeps_its_promise_and_no_more() {
        // The mean rate over calibrations of 39 scores, 0.05: k = 2 of 40 exactly.
        let mut random = Random(11);
        let (runs, mut above) = (20_000, 0);
        for _ in 0..runs {
            let mut scores = random.normals(39);
            scores.sort_by(f64::total_cmp);
            above += usize::from(random.normal() > conformal(&scores, 0.05).expect("enough"));
        }
        // Binomial: 4.5 standard deviations.
        let spread = 4.5 * (0.05f64 * 0.95 / f64::from(runs)).sqrt();
        assert!((above as f64 / f64::from(runs) - 0.05).abs() < spread, "{above}");
    }

    #[test]
    fn too_few_scores_and_bad_rates_are_refused() {
        let scores: Vec<f64> = (0..99).map(f64::from).collect();
        assert_eq!(conformal(&scores, 0.01), Ok(98.0));
        assert_eq!(conformal(&scores[1..], 0.01).map_err(|e| e.code()), Err(203));
        assert_eq!(conformal(&scores, 0.5), Ok(49.0));
        assert_eq!(percentile(&scores, 0.5), Ok(49.0));
        for rate in [0.0, 1.0, -0.5, f64::NAN] {
            assert_eq!(conformal(&scores, rate).map_err(|e| e.code()), Err(100));
            assert_eq!(percentile(&scores, rate).map_err(|e| e.code()), Err(100));
        }
        assert_eq!(percentile(&[], 0.5).map_err(|e| e.code()), Err(203));
        let from = |json: &str| serde_json::from_str::<Method>(json);
        assert_eq!(
            from("{\"method\":\"pot\",\"rate\":0.1}").expect("form"),
            Method::Pot { rate: 0.1, level: 0.98 }
        );
        assert!(from("{\"method\":\"guess\"}").is_err());
    }

    #[test]
    fn a_rate_beyond_all_references_is_said_shortly() {
        for rate in [1e-13, 1e-300, f64::MIN_POSITIVE] {
            let error = conformal(&[1.0; 99], rate).expect_err("too few").to_string();
            assert!(error.starts_with("rate: got 1e-13, ") || error.len() < 100, "{error}");
            assert!(error.contains("at least 1.00e-2, which 99 observations support"), "{error}");
        }
        assert_eq!(conformal(&[1.0; 99], 1e-6).map_err(|e| e.code()), Err(203));
    }
}
