//! A profile made ready for watching: scorer, thresholds and the histogram of every monitored
//! column.

use std::sync::Arc;

use super::dependent::CHANCE;
use super::held_out;
use super::normal_scores::NormalScores;
use super::reference::{OwnScores, Reference};
use super::{Attached, Calibration, ConstantFeatures, Dependent, Order, OwnScore, Profile, Scorer};
use crate::drift::two_sample::wasserstein::Null as WassersteinNull;
use crate::drift::two_sample::welch::SampleMoments;
use crate::error::{Error, Result};
use crate::outlier::{Fitted as Detector, OutputKind, ood};
use crate::sketch::{Frequencies, Histogram, Histograms, Transport};
use crate::stats::sums;

/// Bins of about equal reference share for tests on categories: scorecard practice is ten.
pub(crate) const BINS: usize = 10;

/// What a guard asks of a baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BaselineOptions {
    /// Detectors; `None`: the default of the output's kind.
    pub detectors: Option<Vec<OwnScore>>,
    /// Share of observations like the reference's that may be flagged; `None`: 1/1000, or the
    /// lowest supported.
    pub anomaly_rate: Option<f64>,
    /// Whether the Wasserstein test is wanted; its null distribution takes half a millisecond a
    /// column.
    pub wasserstein: bool,
    /// Whether Welch's test is wanted.
    pub welch: bool,
}

/// The null distribution and the form of the reference for the Wasserstein test of one column.
#[derive(Debug, Clone)]
pub struct WassersteinReference {
    /// Of what the groups have of the distance.
    pub null: WassersteinNull,
    /// Where the reference lies.
    pub transport: Transport,
}

/// A [`Profile`] made ready. Columns are the features, then the scores in the detectors' order.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Computes scores.
    pub scorer: Scorer,
    /// Says which are anomalous.
    pub calibration: Calibration,
    /// One per feature.
    pub features: Histograms,
    /// One per detector's score.
    pub scores: Histograms,
    /// One per column.
    pub names: Vec<String>,
    /// One per column; empty unless it was asked for.
    pub wasserstein: Vec<WassersteinReference>,
    /// Whether windows keep the moments of the scores, as the Wasserstein test and Welch's need
    /// them.
    pub moments_of_scores: bool,
    /// Size, mean and variance of each column in the reference: of features over all that was
    /// fitted, of scores over those kept.
    pub moments: Vec<SampleMoments>,
    /// Values from which on a mean of each column is taken to be normal; empty unless Welch's test
    /// was asked for.
    pub normal_from: Vec<f64>,
    /// Standard deviation of each column in the reference.
    pub spread: Vec<f64>,
    /// Mean of each column in the reference.
    pub center: Vec<f64>,
    /// Features of which hardly any of the reference differs from the rest.
    pub hardly_vary: usize,
    /// Predicted classes of the reference; empty for values.
    pub classes: Frequencies,
    /// How observations of the reference depend on each other.
    pub dependent: Dependent,
    /// Observations that own scores are compared with, where the scorer was fitted on the others
    /// alone: of features of few values.
    pub held_out: Option<usize>,
    /// Fitted detectors beside the scorer's own, whose columns come after those.
    pub attached: Vec<Attached>,
    /// Whether these score later: [`Baseline::score`] then leaves them out.
    pub deferred: bool,
    normal_scores: Vec<NormalScores>,
}

impl Baseline {
    /// Prepares `profile`. Cost: sorts every column once.
    ///
    /// # Errors
    /// [`Error::BaselineTooSmall`], [`Error::ConstantFeature`], and those of [`Scorer::new`] and
    /// [`Calibration::new`].
    pub fn new(profile: &Profile, options: &BaselineOptions) -> Result<Self> {
        Self::with_detectors(profile, options, &[])
    }

    /// [`Baseline::new`] with fitted detectors, each of which may flag observations at the asked
    /// rate, too.
    ///
    /// # Errors
    /// As [`Baseline::new`] and [`Attached::new`].
    pub fn with_detectors(
        profile: &Profile,
        options: &BaselineOptions,
        extra: &[Arc<Detector>],
    ) -> Result<Self> {
        let fitted = profile
            .fitted
            .as_ref()
            .filter(|f| f.moments.observations() >= MIN)
            .ok_or_else(|| {
                let reason = "fit it on reference outputs first".to_string();
                let was = profile.observations() as usize;
                Error::BaselineTooSmall { argument: "profile", was, expected: MIN as usize, reason }
            })?;
        let p = fitted.moments.features();
        if profile.options.constant_features == ConstantFeatures::Error
            && let Some(feature) = (0..p).find(|k| fitted.moments.min(*k) == fitted.moments.max(*k))
        {
            let (value, observations) =
                (fitted.moments.min(feature), profile.observations() as usize);
            return Err(Error::ConstantFeature {
                argument: "profile",
                feature,
                value,
                observations,
            });
        }
        let output = profile.options.output;
        let detectors =
            options.detectors.clone().unwrap_or_else(|| OwnScore::default_of(output).collect());
        let rows = fitted.sample.rows();
        let series = if profile.options.order == Order::None { None } else { fitted.in_order() };
        let (moments, is_whole) = (&fitted.moments, fitted.opening.is_empty());
        let reference = Reference { output, moments, rows, series, is_whole };
        let own = OwnScores::new(reference, &detectors, CHANCE / (p + detectors.len()) as f64)?;
        let OwnScores { scorer, columns: own_columns, unseen, copies, held_out } = own;
        let calibration = Calibration::new(&unseen, options.anomaly_rate);
        let calibration = calibration.map_err(|error| match held_out {
            Some(_) => held_out::too_few(error, rows.len() / p),
            None => error,
        })?;
        let sizes = (fitted.sample.seen(), fitted.sample.kept() as u64);
        let copies = if sizes.0 == sizes.1 { copies } else { 1.0 };
        let (mut columns, depend): (Vec<_>, Vec<_>) =
            own_columns.into_iter().map(|column| (column.sorted, column.dependence)).unzip();
        let dependent = Dependent::new(depend, sizes, copies, series.is_some());
        let mut names = profile.names();
        names.extend(detectors.iter().map(|d| d.as_str().to_string()));
        let mut attached = Vec::with_capacity(extra.len());
        for detector in extra {
            let has_logits =
                matches!(output, OutputKind::Logits | OutputKind::Values | OutputKind::Scores);
            if !has_logits && ood::OF_LOGITS.contains(&detector.name()) {
                let was = format!("{}, which reads logits", detector.name());
                let expected = format!(
                    "one that reads {}; or output = \"logits\", and a guard of the logits",
                    output.as_str()
                );
                return Err(Error::Incompatible { argument: "detectors", was, expected });
            }
            let detector = Attached::new(detector.clone(), p, &names)?;
            columns.push(detector.reference().to_vec());
            names.push(detector.name.clone());
            attached.push(detector);
        }
        let histogram = |sorted: &Vec<f64>| Histogram::new(sorted, BINS);
        let features = Histograms::new(columns[..p].iter().map(histogram).collect());
        let scores = Histograms::new(columns[p..].iter().map(histogram).collect());
        let spread: Vec<f64> = columns.iter().map(|c| std(c)).collect();
        let prepare = |(k, sorted): (usize, &Vec<f64>)| {
            let histogram = if k < p { &features.columns()[k] } else { &scores.columns()[k - p] };
            let transport = Transport::new(sorted, histogram);
            WassersteinReference {
                null: WassersteinNull::of_groups(&transport, histogram),
                transport,
            }
        };
        let wasserstein = match options.wasserstein {
            true => columns.iter().enumerate().map(prepare).collect(),
            false => Vec::new(),
        };
        let of_features = (0..p).map(|k| SampleMoments::of(&fitted.moments, k));
        let moments = of_features
            .chain(columns[p..].iter().map(|c| SampleMoments::of_sorted(c, 0.0, 1.0)))
            .collect();
        let normal_from = match options.welch {
            true => columns
                .iter()
                .map(|sorted| sums::least_for_normal(sorted.iter().map(|x| (*x, 1.0))))
                .collect(),
            false => Vec::new(),
        };
        let normal_scores = columns[p..].iter().map(|c| NormalScores::new(c)).collect();
        let mean = |sorted: &Vec<f64>| sorted.iter().sum::<f64>() / sorted.len() as f64;
        let center =
            (0..p).map(|k| fitted.moments.mean(k)).chain(columns[p..].iter().map(mean)).collect();
        let classes = fitted.classes.clone();
        let few = FEW * dependent.copies().ceil() as usize;
        let hardly_vary = columns[..p].iter().filter(|sorted| hardly_varies(sorted, few)).count();
        let mut baseline = Baseline {
            scorer,
            calibration,
            features,
            scores,
            names,
            wasserstein,
            moments_of_scores: options.wasserstein || options.welch,
            moments,
            normal_from,
            spread,
            center,
            hardly_vary,
            classes,
            dependent,
            held_out,
            attached,
            deferred: false,
            normal_scores,
        };
        baseline.calibrate_attached(options.anomaly_rate)?;
        Ok(baseline)
    }

    /// Features of the output.
    #[must_use]
    pub fn feature_count(&self) -> usize {
        self.scorer.features()
    }

    /// The names of the features that never varied in the reference.
    #[must_use]
    pub fn constant(&self) -> Vec<String> {
        let features = self.names.iter().zip(&self.spread).take(self.feature_count());
        features.filter(|(_, spread)| **spread == 0.0).map(|(name, _)| name.clone()).collect()
    }

    /// Columns: features and scores.
    #[must_use]
    pub fn column_count(&self) -> usize {
        self.names.len()
    }

    /// The histogram of a column.
    #[must_use]
    pub fn histogram(&self, column: usize) -> &Histogram {
        let p = self.feature_count();
        if column < p {
            &self.features.columns()[column]
        } else {
            &self.scores.columns()[column - p]
        }
    }

    /// Reference observations behind the histograms.
    #[must_use]
    pub fn reference_size(&self) -> u64 {
        self.histogram(0).reference_size()
    }

    /// The normal score at the place of `score` among the reference's scores of detector `index`:
    /// standard normal under the null, whatever the score's distribution; of ties the mean over
    /// their places, which varies less.
    #[must_use]
    pub fn normal_score(&self, index: usize, score: f32) -> f64 {
        self.normal_scores[index].of(f64::from(score))
    }

    /// Whether the reference's scores of detector `index` tie.
    #[must_use]
    pub fn has_ties(&self, index: usize) -> bool {
        self.normal_scores[index].is_tied()
    }
}

/// Observations of a reference: of two every score is the same.
const MIN: u64 = 3;

/// Reference values, each counted once, below which how rare they are is hardly known.
const FEW: usize = 10;

/// Whether fewer than `few` of a feature's reference values differ from the rest: how rare those
/// are is then hardly known.
fn hardly_varies(sorted: &[f64], few: usize) -> bool {
    let Some(usual) = sorted.get(sorted.len() / 2) else { return false };
    let (from, to) =
        (sorted.partition_point(|x| x < usual), sorted.partition_point(|x| x <= usual));
    sorted.len() - (to - from) < few.min(sorted.len() / 2)
}

/// Population standard deviation, as the tests' effect sizes take it.
fn std(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{OutputKind, ProfileOptions, Scores};
    use crate::tensor::{Elements, Tensor};

    fn profile(
        rows: &[f64],
        p: usize,
        output: OutputKind,
        constant_features: ConstantFeatures,
    ) -> Profile {
        let options = ProfileOptions { output, constant_features, ..Default::default() };
        let mut profile = Profile::new(options).expect("options");
        profile
            .fit(&Tensor::new(Elements::F64(rows), rows.len() / p).expect("shape"))
            .expect("finite");
        profile
    }

    #[test]
    fn constants_and_empty_profiles_are_refused() {
        let rows: Vec<f64> =
            (0..200).map(|i| if i % 2 == 0 { f64::from(i) } else { 3.0 }).collect();
        let strict = profile(&rows, 2, OutputKind::Values, ConstantFeatures::Error);
        let error =
            Baseline::new(&strict, &BaselineOptions::default()).expect_err("feature 1 is constant");
        assert_eq!(
            error,
            Error::ConstantFeature {
                argument: "profile",
                feature: 1,
                value: 3.0,
                observations: 100
            }
        );
        let watched = profile(&rows, 2, OutputKind::Values, ConstantFeatures::Allow);
        let b = Baseline::new(&watched, &BaselineOptions::default()).expect("allowed");
        let mut scores = Scores::default();
        b.scorer.score_rows(&[50.0, 3.0, 50.0, 3.0000001], &mut scores);
        assert!(
            !b.calibration.beyond(0, scores.columns[0][0])
                && b.calibration.beyond(0, scores.columns[0][1])
        );
        let empty = Profile::new(ProfileOptions::default()).expect("options");
        assert_eq!(
            Baseline::new(&empty, &BaselineOptions::default()).expect_err("empty").code(),
            203
        );
    }

    #[test]
    fn detectors_must_fit_the_output() {
        let rows: Vec<f64> = (0..200).map(f64::from).collect();
        let options =
            BaselineOptions { detectors: Some(vec![OwnScore::Energy]), ..Default::default() };
        let p = profile(&rows, 2, OutputKind::Values, ConstantFeatures::Error);
        assert_eq!(Baseline::new(&p, &options).expect_err("values have no energy").code(), 100);
    }
}
