//! Thresholds from the reference's own scores: a user asks for a rate of false alarms, not for a
//! number on a scale.

use crate::error::{Error, Result};
use crate::outlier::threshold::{MIN_RATE, unsupported};

/// The rate of flagged observations that is aimed at unless the caller says otherwise.
const DEFAULT_RATE: f64 = 1e-3;

/// A threshold for each detector such that together they flag at most the asked share of
/// observations like the reference's.
///
/// One detector alone is split conformal prediction: beyond the `k`-th most extreme of `m`
/// reference scores lies a new one with probability at most `k / (m + 1)`, whatever the
/// distribution (Vovk, Gammerman and Shafer 2005, section 4.2). Several are combined by their
/// smallest tail rank, calibrated on the reference as one statistic, so that agreeing detectors do
/// not pay for each other as they would under Bonferroni.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// One per detector; an observation is anomalous if a score lies strictly beyond.
    pub thresholds: Vec<f32>,
    /// Reference observations at or beyond the common tail rank.
    pub exceedances: u64,
    /// Reference observations scored.
    pub reference_size: u64,
    /// Tail rank of the reference's scores at which all thresholds lie.
    pub rank: usize,
}

impl Calibration {
    /// Thresholds on the scores of a reference, one column per detector, at `rate` (in (0, 1));
    /// without, at 1/1000 or the lowest rate that the reference supports.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a rate out of range, [`Error::BaselineTooSmall`] for one that
    /// the reference cannot support.
    pub fn new(reference: &[Vec<f32>], rate: Option<f64>) -> Result<Self> {
        if let Some(rate) = rate
            && !(rate > 0.0 && rate < 1.0)
        {
            return Err(Error::invalid(
                "anomaly_rate",
                rate,
                "a share of observations between 0 and 1",
            ));
        }
        let m = reference.first().map_or(0, Vec::len);
        let sorted: Vec<Vec<f32>> = reference
            .iter()
            .map(|column| {
                let mut highest = column.clone();
                highest.sort_unstable_by(|a, b| b.total_cmp(a));
                highest
            })
            .collect();
        // Of each observation the smallest tail rank over the detectors: how many are at least as
        // extreme.
        let mut ranks: Vec<usize> = (0..m)
            .map(|i| {
                let rank = |d: usize| sorted[d].partition_point(|x| *x >= reference[d][i]);
                (0..reference.len()).map(rank).min().unwrap_or(m)
            })
            .collect();
        ranks.sort_unstable();
        let asked =
            (rate.unwrap_or(DEFAULT_RATE) * (m as f64 + 1.0) * (1.0 + 1e-12)).floor() as usize;
        let allowed = if rate.is_some() {
            asked
        } else {
            asked.max(ranks.partition_point(|r| *r <= 1)).max(1)
        };
        // The largest rank that no more than the allowed number of observations reach, a new one
        // among them: where it lies before a tie, it is one more.
        let rank =
            if allowed >= m { m } else { (ranks[allowed] - 1).min(ranks[allowed.max(1) - 1]) };
        if rank == 0 || allowed == 0 {
            if let Some(rate) = rate.filter(|rate| *rate < MIN_RATE) {
                return Err(unsupported("anomaly_rate", rate, m));
            }
            let expected = (reference.len() as f64 / rate.unwrap_or(DEFAULT_RATE)).ceil() as usize;
            let reason = format!(
                "an anomaly rate of {} with {} detectors takes about that many; or ask for a higher rate",
                rate.unwrap_or(DEFAULT_RATE),
                reference.len()
            );
            return Err(Error::BaselineTooSmall {
                argument: "anomaly_rate",
                was: m,
                expected,
                reason,
            });
        }
        // With ties at the threshold nothing of the reference may reach it; a new observation still
        // can, and pushes no other down.
        let reached = |rank: usize| ranks.partition_point(|r| *r <= rank);
        let exceedances = reached(rank).max(reached(rank - 1) + 1);
        let thresholds = sorted.iter().map(|highest| highest[rank - 1]).collect();
        Ok(Calibration {
            thresholds,
            exceedances: exceedances as u64,
            reference_size: m as u64,
            rank,
        })
    }

    /// The share of flagged observations that was reached: at most the asked one.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.exceedances as f64 / (self.reference_size as f64 + 1.0)
    }

    /// Whether `score` of detector `index` lies beyond its threshold. NaN does not; such
    /// observations are flagged as not finite.
    #[inline]
    #[must_use]
    pub fn beyond(&self, index: usize, score: f32) -> bool {
        score > self.thresholds[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_detector_is_split_conformal() {
        let reference = vec![(1..=999).map(|i| i as f32).collect()];
        let c = Calibration::new(&reference, Some(0.01)).expect("999 suffice");
        // The 10th largest of 999: a new score is beyond it with probability 10/1000.
        assert_eq!((c.thresholds[0], c.exceedances, c.rate()), (990.0, 10, 0.01));
        assert!(!c.beyond(0, 990.0) && c.beyond(0, 990.5) && !c.beyond(0, f32::NAN));
    }

    #[test]
    fn together_they_flag_no_more_than_asked() {
        let a: Vec<f32> = (0..5000).map(|i| ((i * 7919) % 5003) as f32).collect();
        let b: Vec<f32> = (0..5000).map(|i| ((i * 104_729) % 5003) as f32).collect();
        for columns in [vec![a.clone(), b], vec![a.clone(), a.iter().map(|x| -x).collect()]] {
            let c = Calibration::new(&columns, Some(0.02)).expect("5000 suffice");
            let flagged = (0..5000).filter(|&i| (0..2).any(|d| c.beyond(d, columns[d][i]))).count();
            assert!((90..=100).contains(&flagged), "{flagged}");
            assert!(c.rate() <= 0.02);
        }
    }

    /// Beyond a value that ties lies what is beyond its first, whatever the place of its last.
    #[test]
    fn ties_at_the_threshold_are_counted_from_the_first() {
        let of = |scores: &[f32], rate| {
            let c = Calibration::new(&[scores.to_vec()], rate).expect("enough");
            (c.thresholds[0], c.exceedances)
        };
        let below: Vec<f32> = (0..997).map(|i| i as f32 / 1000.0).collect();
        // Twice the second: a new one beyond it is one of two, where one was asked for.
        assert_eq!(of(&[&below[..], &[2.0, 2.0, 3.0]].concat(), None), (3.0, 1));
        assert_eq!(of(&[&below[..], &[2.0, 2.0, 3.0]].concat(), Some(0.002)), (2.0, 2));
        assert_eq!(of(&[&below[..], &[2.0, 3.0, 3.0]].concat(), None), (3.0, 1));
        // Of all orders of few values the last is beyond the others' threshold as often as said.
        let values: Vec<f32> = (0..40).map(|i| (i * i % 11) as f32).chain([20.0, 21.0]).collect();
        for rate in [0.03, 0.05, 0.1, 0.2, 0.4] {
            let (mut beyond, mut said) = (0.0, 0.0);
            for i in 0..values.len() {
                let mut others = values.clone();
                let new = others.remove(i);
                let c = Calibration::new(&[others], Some(rate)).expect("enough");
                beyond += f64::from(u8::from(c.beyond(0, new)));
                said += c.rate();
                assert!(c.rate() <= rate);
            }
            assert!(beyond <= said + 1e-9, "{beyond} of {said} at {rate}");
        }
    }

    #[test]
    fn too_small_a_reference_is_said_and_the_default_adapts() {
        let reference = vec![(0..50).map(|i| i as f32).collect(); 2];
        let error = Calibration::new(&reference, Some(0.001)).expect_err("50 are too few");
        assert_eq!(error.code(), 203);
        let c = Calibration::new(&reference, None).expect("adapts");
        assert_eq!((c.exceedances, c.rank), (1, 1));
        assert_eq!(Calibration::new(&reference, Some(1.5)).expect_err("rate").code(), 100);
        let tied = vec![vec![1.0; 2000]];
        let c = Calibration::new(&tied, Some(0.01)).expect("ties are sound");
        assert!(
            (c.exceedances, c.thresholds[0]) == (1, 1.0) && !c.beyond(0, 1.0) && c.beyond(0, 1.1)
        );
    }
}
