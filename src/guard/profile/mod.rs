//! The baseline: what a model's output looked like when all was well.

mod attached;
mod baseline;
mod calibration;
mod columns;
mod dependent;
mod held_out;
mod normal_scores;
mod options;
mod own_scores;
mod reference;
mod scorer;
mod sketch;

pub use crate::outlier::{OutputKind, OwnScore};
pub use crate::stats::dependence::Order;
pub use attached::Attached;
pub use baseline::{Baseline, BaselineOptions, WassersteinReference};
pub use calibration::Calibration;
pub use dependent::{Dependent, Thinned};
pub use options::{ConstantFeatures, ProfileOptions};
pub use scorer::{Scorer, Scores};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::output::{ClassScores, contents};
use crate::sketch::{Frequencies, Moments, Reservoir};
use crate::sound::Sound;
use crate::tensor::{Elements, Tensor};

/// A baseline in the making: moments and class counts of all reference observations, and a sample
/// of them.
///
/// Fitted in one go or batch by batch; two profiles of disjoint data merge into the profile of both
/// (exactly while all observations fit the capacity, in distribution beyond). Memory: `8 *
/// features * capacity` bytes, and beyond the capacity as much for the first 4096 observations,
/// whose order is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    options: ProfileOptions,
    fitted: Option<Fitted>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fitted {
    moments: Moments,
    classes: Frequencies,
    sample: Reservoir,
    /// The first observations in their order, kept once the sample begins to lose it.
    #[serde(default)]
    opening: Vec<f64>,
}

/// Observations whose order is kept.
const OPENING: usize = 4096;

impl Profile {
    /// An empty profile.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a capacity below 2, or names that repeat.
    pub fn new(options: ProfileOptions) -> Result<Self> {
        if options.capacity < 2 {
            return Err(Error::invalid("capacity", options.capacity, "at least 2 observations"));
        }
        if let Some(names) = &options.names {
            let mut sorted = names.clone();
            sorted.sort();
            if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(Error::invalid(
                    "names",
                    format!("{:?} twice", twice[0]),
                    "a name of its own for each feature",
                ));
            }
        }
        Ok(Profile { options, fitted: None })
    }

    /// Takes in a batch of reference outputs: `features x observations`. On an error nothing was
    /// taken in.
    ///
    /// # Errors
    /// [`Error::NonFiniteBaseline`], [`Error::FeatureMismatch`]; [`Error::InvalidArgument`] for
    /// what cannot be of the kind of output ([`contents::expect_reference`]).
    pub fn fit(&mut self, reference: &Tensor<'_>) -> Result<()> {
        let p = reference.features();
        if let Some(names) = &self.options.names
            && names.len() != p
        {
            let expected = format!("{p}, one per feature");
            return Err(Error::invalid("names", format!("{} names", names.len()), expected));
        }
        if let Some(fitted) = &self.fitted {
            reference.expect_features(fitted.moments.features())?;
        }
        let rows: Cow<'_, [f64]> = match reference.elements() {
            Elements::F16(x) => x.iter().map(|x| x.to_f64()).collect(),
            Elements::F32(x) => x.iter().map(|x| f64::from(*x)).collect(),
            Elements::F64(x) => Cow::Borrowed(x),
        };
        let rows = rows.as_ref();
        refuse_non_finite(rows, p)?;
        if self.options.recognize && self.fitted.is_none() {
            let looks_like = contents::recognized(rows, p);
            self.options.output = looks_like.unwrap_or(self.options.output);
        }
        contents::expect_reference(self.options.output, rows, p)?;
        let output = self.options.output;
        let classes = output.classes(p);
        let capacity = self.options.capacity;
        let fitted = self.fitted.get_or_insert_with(|| Fitted {
            moments: Moments::new(rows[..p].to_vec()),
            classes: Frequencies::new(classes),
            sample: Reservoir::new(p, capacity),
            opening: Vec::new(),
        });
        fitted.moments.update(rows);
        fitted.extend(rows);
        if classes > 0 {
            let mut scores = ClassScores::default();
            scores.from_output(output, rows, p);
            scores.predicted.iter().for_each(|class| fitted.classes.update(*class));
        }
        Ok(())
    }

    /// Takes in what `other` was fitted on.
    ///
    /// # Errors
    /// [`Error::Incompatible`] for another kind of output or other names,
    /// [`Error::FeatureMismatch`].
    pub fn merge(&mut self, other: &Profile) -> Result<()> {
        let differ = |what: &str, was: String, expected: String| {
            Err(Error::Incompatible {
                argument: "profile",
                was: format!("{what} {was}"),
                expected: format!("{what} {expected}"),
            })
        };
        if self.options.output != other.options.output {
            return differ(
                "output",
                format!("{:?}", other.options.output),
                format!("{:?}", self.options.output),
            );
        }
        if self.options.names != other.options.names {
            return differ(
                "names",
                format!("{:?}", other.options.names),
                format!("{:?}", self.options.names),
            );
        }
        if self.options.observation != other.options.observation {
            return differ(
                "observation",
                format!("{:?}", other.options.observation),
                format!("{:?}", self.options.observation),
            );
        }
        let Some(theirs) = &other.fitted else { return Ok(()) };
        let Some(mine) = &mut self.fitted else {
            let mut sample = Reservoir::new(theirs.moments.features(), self.options.capacity);
            sample.merge(&theirs.sample);
            let opening = theirs.in_order().unwrap_or_default().to_vec();
            self.fitted = Some(Fitted { sample, opening, ..theirs.clone() });
            return Ok(());
        };
        let (was, expected) = (theirs.moments.features(), mine.moments.features());
        if was != expected {
            return Err(Error::FeatureMismatch { argument: "profile", was, expected });
        }
        mine.moments.merge(&theirs.moments);
        mine.classes.merge(&theirs.classes);
        mine.merge_sample(theirs);
        Ok(())
    }

    /// Whether a batch of so many numbers may take longer than a person notices; a copy of the
    /// profile is little beside it then.
    pub fn takes_long(&self, numbers: usize) -> bool {
        let kept = self.fitted.as_ref().map_or(0, |fitted| fitted.sample.rows().len());
        numbers >= (kept / 4).max(1 << 18)
    }

    /// How it is fitted.
    #[must_use]
    pub fn options(&self) -> &ProfileOptions {
        &self.options
    }

    /// Reference observations taken in.
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.fitted.as_ref().map_or(0, |f| f.moments.observations())
    }

    /// Features of the output; `None` before the first batch.
    #[must_use]
    pub fn features(&self) -> Option<usize> {
        self.fitted.as_ref().map(|f| f.moments.features())
    }

    /// The name of each feature.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let p = self.features().unwrap_or(0);
        self.options.names.clone().unwrap_or_else(|| (1..=p).map(|k| format!("y{k}")).collect())
    }

    /// Moments and class counts for people and programs.
    #[must_use]
    pub fn describe(&self) -> ProfileDescription {
        let each = |f: fn(&Moments, usize) -> f64| match &self.fitted {
            Some(fitted) => (0..fitted.moments.features()).map(|k| f(&fitted.moments, k)).collect(),
            None => Vec::new(),
        };
        ProfileDescription {
            output: self.options.output,
            recognized: self.options.recognize && self.fitted.is_some(),
            observations: self.observations(),
            features: self.features().unwrap_or(0),
            names: self.names(),
            kept: self.fitted.as_ref().map_or(0, |f| f.sample.kept()),
            mean: each(Moments::mean),
            std: each(Moments::std),
            min: each(Moments::min),
            max: each(Moments::max),
            classes: self.fitted.as_ref().map_or(Vec::new(), |f| f.classes.counts().to_vec()),
            observation: self.options.observation.clone(),
        }
    }
}

/// What [`Profile::describe`] tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ProfileDescription {
    pub output: OutputKind,
    pub recognized: bool,
    pub observations: u64,
    pub features: usize,
    pub names: Vec<String>,
    pub kept: usize,
    pub mean: Vec<f64>,
    pub std: Vec<f64>,
    pub min: Vec<f64>,
    pub max: Vec<f64>,
    pub classes: Vec<u64>,
    pub observation: Option<Vec<u8>>,
}

impl Fitted {
    /// Adds observations to the sample.
    fn extend(&mut self, rows: &[f64]) {
        let (p, room) = (self.sample.features(), self.sample.capacity() - self.sample.kept());
        let (kept, others) = rows.split_at((room * p).min(rows.len()));
        self.sample.extend(kept);
        if !others.is_empty() && self.opening.is_empty() {
            self.opening = self
                .in_order()
                .map(|rows| rows[..rows.len().min(OPENING * p)].to_vec())
                .unwrap_or_default();
        }
        self.sample.extend(others);
    }

    /// Adds the sample of another: where the two are more than is kept, the longer order remains.
    fn merge_sample(&mut self, other: &Fitted) {
        if self.sample.seen() + other.sample.seen() > self.sample.capacity() as u64 {
            let [mine, theirs] =
                [&*self, other].map(|fitted| fitted.in_order().unwrap_or_default());
            let longer = if mine.len() >= theirs.len() { mine } else { theirs };
            self.opening = longer[..longer.len().min(OPENING * self.sample.features())].to_vec();
        }
        self.sample.merge(&other.sample);
    }

    /// Observations one after the other as they came; `None` where the sample has lost their order,
    /// and none was kept.
    fn in_order(&self) -> Option<&[f64]> {
        match (&self.opening[..], self.sample.seen() <= self.sample.capacity() as u64) {
            ([], true) => Some(self.sample.rows()),
            ([], false) => None,
            (opening, _) => Some(opening),
        }
    }
}

fn refuse_non_finite(rows: &[f64], p: usize) -> Result<()> {
    let Some(first) = rows.iter().position(|x| !x.is_finite()) else { return Ok(()) };
    let count = rows.iter().filter(|x| !x.is_finite()).count();
    Err(Error::NonFiniteBaseline {
        argument: "reference",
        count,
        feature: first % p,
        observation: first / p,
    })
}

impl Sound for Profile {
    fn is_sound(&self) -> bool {
        let Some(Fitted { moments, classes, sample, opening }) = &self.fitted else {
            return Profile::new(self.options.clone()).is_ok();
        };
        let (p, names) = (moments.features(), self.options.names.as_ref());
        let counted = self.options.output.classes(p);
        let sampled = sample.features() == p
            && sample.capacity() == self.options.capacity
            && sample.kept() > 0;
        Profile::new(self.options.clone()).is_ok()
            && names.is_none_or(|names| names.len() == p)
            && moments.is_sound()
            && classes.is_sound()
            && classes.counts().len() == counted
            && sample.is_sound()
            && sampled
            && refuse_non_finite(sample.rows(), p).is_ok()
            && sample.seen() == moments.observations()
            && opening.len().is_multiple_of(p)
            && opening.len() / p <= sample.capacity().min(OPENING)
            && refuse_non_finite(opening, p).is_ok()
    }
}

crate::store::stored_as_cbor!(Profile = "profile", 1);

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[f64], p: usize, output: OutputKind) -> Profile {
        let mut profile =
            Profile::new(ProfileOptions { output, ..Default::default() }).expect("options");
        profile
            .fit(&Tensor::new(Elements::F64(rows), rows.len() / p).expect("shape"))
            .expect("finite");
        profile
    }

    #[test]
    fn merged_is_single_pass() {
        let rows: Vec<f64> = (0..600).map(|i| f64::from((i * 7919) % 101)).collect();
        let whole = fit(&rows, 3, OutputKind::Logits);
        let mut merged = fit(&rows[..150], 3, OutputKind::Logits);
        merged.merge(&fit(&rows[150..], 3, OutputKind::Logits)).expect("same kind");
        let (a, b) = (whole.describe(), merged.describe());
        assert_eq!(
            (a.observations, &a.classes, &a.min, &a.max),
            (b.observations, &b.classes, &b.min, &b.max)
        );
        for k in 0..3 {
            assert!((a.mean[k] - b.mean[k]).abs() < 1e-9 && (a.std[k] - b.std[k]).abs() < 1e-9);
        }
        assert_eq!(whole.fitted.map(|f| f.sample), merged.fitted.map(|f| f.sample));
    }

    #[test]
    fn a_bad_batch_is_refused_whole() {
        let mut profile = fit(&[1.0, 2.0, 3.0, 4.0], 2, OutputKind::Values);
        let before = profile.clone();
        let bad = [1.0, f64::NAN, 3.0, f64::INFINITY];
        let error =
            profile.fit(&Tensor::new(Elements::F64(&bad), 2).expect("shape")).expect_err("NaN");
        assert_eq!(
            error,
            Error::NonFiniteBaseline {
                argument: "reference",
                count: 2,
                feature: 1,
                observation: 0
            }
        );
        let error = profile
            .fit(&Tensor::new(Elements::F64(&bad), 1).expect("shape"))
            .expect_err("4 features");
        assert_eq!(error.code(), 103);
        assert_eq!(profile, before);
        let other = fit(&[1.0, 2.0], 2, OutputKind::Logits);
        assert_eq!(profile.merge(&other).expect_err("other kind").code(), 204);
    }

    #[test]
    fn contents_are_what_was_declared() {
        let fitted = |rows: &[f64], p: usize, output: OutputKind| {
            let mut profile =
                Profile::new(ProfileOptions { output, ..Default::default() }).expect("options");
            let fitted =
                profile.fit(&Tensor::new(Elements::F64(rows), rows.len() / p).expect("shape"));
            assert!(fitted.is_ok() || profile.observations() == 0);
            fitted.map_err(|e| e.to_string())
        };
        fitted(&[0.25, 0.75, 1.0, 0.0], 2, OutputKind::Probabilities).expect("they are");
        let error =
            fitted(&[0.25, 0.75, 3.0, -2.5], 2, OutputKind::Probabilities).expect_err("logits");
        assert!(error.starts_with("reference: got observation 1"), "{error}");
        for output in [OutputKind::Probabilities, OutputKind::Logits] {
            let error = fitted(&[0.25, 0.75], 1, output).expect_err("one class");
            assert!(error.starts_with("output: got") && error.contains("binary-logit"), "{error}");
        }
        fitted(&[0.25, 0.75], 1, OutputKind::Values).expect("any");
    }

    #[test]
    fn serde_brings_it_back() {
        let profile = fit(&[0.1, 0.9, 0.6, 0.4], 2, OutputKind::Probabilities);
        let text = serde_json::to_string(&profile).expect("serializes");
        assert_eq!(serde_json::from_str::<Profile>(&text).expect("parses"), profile);
    }
}
