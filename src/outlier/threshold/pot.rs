//! Peaks over threshold: a threshold beyond what was seen, from the tail's form (Pickands 1975;
//! Balkema and de Haan 1974).

use super::super::support::columns::quantile;
use super::gpd::Gpd;
use super::{check_rate, expect_scores};
use crate::error::{Error, Result};

/// The quantile from which on the tail is modeled, where nothing else is said: that of Siffer and
/// others (2017).
#[must_use]
pub fn default_level() -> f64 {
    0.98
}

/// Excesses that a fit takes at least.
pub(super) const MIN: usize = 10;

/// The score that is exceeded with probability `rate`: above the quantile `level` excesses follow a
/// generalized Pareto distribution, `z = t + scale/shape ((rate n/excesses)^-shape - 1)` (Siffer,
/// Fouque, Termier and Largouet 2017, equation 1). An extrapolation: it is as good as the tail is
/// regular.
///
/// # Errors
/// [`Error::InvalidArgument`] for a rate that is not below `1 - level`; [`Error::BaselineTooSmall`]
/// for fewer than 10 excesses.
pub fn threshold(sorted: &[f64], rate: f64, level: f64) -> Result<f64> {
    let (start, excesses) = peaks(sorted, rate, level)?;
    Ok(start + beyond(&excesses, rate, sorted.len()))
}

/// The tail's start, and what is beyond it.
pub(super) fn peaks(sorted: &[f64], rate: f64, level: f64) -> Result<(f64, Vec<f64>)> {
    check_rate(rate)?;
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::invalid("level", level, "a quantile between 0 and 1"));
    }
    if rate >= 1.0 - level {
        let expected =
            format!("below {:.3}: the part of the scores whose tail is modeled", 1.0 - level);
        return Err(Error::invalid("rate", rate, expected));
    }
    let needed = (MIN as f64 / (1.0 - level)).ceil() as usize;
    expect_scores(sorted, needed, "a tail takes 10 excesses")?;
    let start = quantile(sorted, level);
    let excesses: Vec<f64> = sorted.iter().filter(|s| **s > start).map(|s| s - start).collect();
    if excesses.len() < MIN {
        let was = format!("{} scores above their quantile {level}", excesses.len());
        return Err(Error::invalid(
            "calibration",
            was,
            format!("at least {MIN}: too many scores are equal"),
        ));
    }
    Ok((start, excesses))
}

/// How far beyond the tail's start.
pub(super) fn beyond(excesses: &[f64], rate: f64, n: usize) -> f64 {
    Gpd::fit(excesses).exceeded((rate * n as f64 / excesses.len() as f64).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_without_enough_is_refused() {
        let scores: Vec<f64> = (0..1000).map(f64::from).collect();
        assert!(threshold(&scores, 0.001, 0.98).is_ok_and(|z| (980.0..1100.0).contains(&z)));
        assert_eq!(threshold(&scores[..400], 0.001, 0.98).map_err(|e| e.code()), Err(203));
        assert_eq!(threshold(&scores, 0.05, 0.98).map_err(|e| e.code()), Err(100));
        assert_eq!(threshold(&scores, 0.001, 1.0).map_err(|e| e.code()), Err(100));
        assert_eq!(threshold(&[1.0; 1000], 0.001, 0.98).map_err(|e| e.code()), Err(100));
    }
}
