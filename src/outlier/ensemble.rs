//! `ensemble`: several detectors as one, on a common scale.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::calibration::Calibration;
use super::{Detector, Fitted, Rows, Spec};
use crate::error::{Error, Result};

/// What is made of the members' scores. Each member is calibrated by two folds of the reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// The mean of -ln(p-value): Fisher's (1932) combination, divided by the members. Grows with the evidence until the
    /// calibration's scores are exceeded; beyond them a member's standardised score breaks ties.
    #[default]
    Average,
    /// The largest -ln(p-value): Tippett's (1931) smallest p-value. One member that is certain is enough.
    Minimum,
    /// The mean rank among the calibration's scores, in 0..1.
    Rank,
    /// The largest standardised score: minus the mean, over the standard deviation of the calibration's scores (Aggarwal
    /// and Sathe 2015).
    Maximum,
}

/// A member: a detector's name and options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// One of [`super::NAMES`], not `ensemble` nor `ood`.
    pub detector: String,
    /// Its options.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// At least one.
    pub members: Vec<Member>,
    /// What is made of their scores.
    pub combine: Combine,
}

impl Default for Options {
    /// A density, distances to neighbours, and distances to cluster centres of standardised features: the first two follow
    /// groups of any form on the features' own scale, the third does where scales differ.
    fn default() -> Self {
        let member = |detector: &str, options| Member { detector: detector.into(), options };
        let standardized = Map::from_iter([("standardize".to_owned(), Value::from(true))]);
        let members = vec![member("kde", Map::new()), member("knn", Map::new()), member("kmeans", standardized)];
        Options { members, combine: Combine::default() }
    }
}

/// Several detectors as one. `parts` are not given: see [`super::explain`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Ensemble {
    combine: Combine,
    members: Vec<Fitted>,
    /// Mean and standard deviation of each member's calibration scores.
    moments: Vec<(f64, f64)>,
}

impl Detector for Ensemble {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        if options.members.is_empty() {
            return Err(Error::invalid("members", "none", "at least one detector"));
        }
        let mut members = Vec::with_capacity(options.members.len());
        for Member { detector, options } in &options.members {
            if detector == "ensemble" || detector == "ood" {
                return Err(Error::invalid("members", "an ensemble", "detectors that are none"));
            }
            let mut spec = Spec::new(detector, options.clone())?;
            spec.calibration = Calibration::Cross(2);
            members.push(Fitted::fit_rows(&spec, reference)?);
        }
        let moments = members.iter().map(|member| moments(member.calibrated().scores())).collect();
        Ok(Ensemble { combine: options.combine, members, moments })
    }

    fn features(&self) -> usize {
        self.members.first().map_or(0, Fitted::features)
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let mut own = vec![0.0; scores.len()];
        let largest = matches!(self.combine, Combine::Maximum | Combine::Minimum);
        scores.fill(if largest { f64::NEG_INFINITY } else { 0.0 });
        let share = 1.0 / self.members.len() as f64;
        for (member, (mean, deviation)) in self.members.iter().zip(&self.moments) {
            member.score_finite(rows, &mut own);
            let z = |score: f64| (score - mean) / deviation;
            let bounded = |z: f64| if z.is_finite() { z / (1.0 + z.abs()) } else { z.signum() };
            for (score, own) in scores.iter_mut().zip(&own) {
                let p = member.calibrated().p_value(*own);
                // All beyond the calibration have one p-value; less than a rank tells them apart.
                let surprise = -p.ln() + 1e-3 * bounded(z(*own));
                match self.combine {
                    Combine::Average => *score += share * surprise,
                    Combine::Minimum => *score = score.max(surprise),
                    Combine::Rank => *score += share * (1.0 - p),
                    Combine::Maximum => *score = score.max(z(*own)),
                }
            }
        }
    }

    fn work(&self) -> usize {
        self.members.iter().map(Fitted::work).sum()
    }
}

fn moments(scores: &[f64]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / n;
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}
