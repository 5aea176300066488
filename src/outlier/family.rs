//! Every detector by its name.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Detector, OutputKind, Rows, copod, ecod, ensemble, explain, forest, gmm, hbos, kde, kmeans,
    knn, lof, mahalanobis,
};
use super::{ocsvm, ood, pca, scaled};
use crate::error::{Error, Result};
use crate::options;
use crate::sound::Sound;

/// A name, in a repetition over outputs.
macro_rules! own {
    ($name:literal, $($output:ident)+) => {
        $name
    };
}

/// One list, from which all follows: name, variant, detector; and of what outputs it is a score
/// that a guard has a kernel for, whole batches in single precision, so that it costs a call next
/// to nothing.
macro_rules! families {
    ($($(#[$meta:meta])* $name:literal $variant:ident $detector:ty $(, own score of $($output:ident)+)?;)*
     own scores alone: $($only_name:literal $only:ident of $($only_output:ident)+;)*) => {
        /// The names of all detectors.
        pub const NAMES: &[&str] = &[$($name),*];

        /// A detector's name and options.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Family {
            $($(#[$meta])* $variant(<$detector as Detector>::Options),)*
        }

        /// A fitted detector of any family.
        #[derive(Debug, Serialize, Deserialize)]
        #[allow(clippy::large_enum_variant)] // one a `Fitted`
        pub(super) enum Model {
            $(#[serde(rename = $name)] $variant($detector),)*
        }

        /// A detector that a guard runs at every call unless it is told otherwise, by the name that
        /// it has everywhere. Higher is more anomalous.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum OwnScore {
            $($(
                #[doc = concat!("`", $name, "`, of outputs that are", $(" ", stringify!($output),)+ ".")]
                #[serde(rename = $name)]
                $variant,
            )?)*
            $(
                #[doc = concat!("`", $only_name, "`, of outputs that are", $(" ", stringify!($only_output),)+ ".")]
                #[serde(rename = $only_name)]
                $only,
            )*
        }

        impl OwnScore {
            /// All, with the outputs that have them.
            const ALL: &[(OwnScore, &[OutputKind])] = &[
                $($((OwnScore::$variant, &[$(OutputKind::$output),+]),)?)*
                $((OwnScore::$only, &[$(OutputKind::$only_output),+]),)*
            ];

            /// The name in options, tables and alerts.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(OwnScore::$variant => own!($name, $($output)+),)?)*
                    $(OwnScore::$only => $only_name,)*
                }
            }
        }

        impl Family {
            /// The family of this name with these options, which are the fields of its `Options`.
            ///
            /// # Errors
            /// [`Error::InvalidArgument`] for a name or an option that there is not.
            pub fn new(name: &str, options: Map<String, Value>) -> Result<Self> {
                match name {
                    $($name => parse(options).map(Family::$variant),)*
                    _ => Err(Error::invalid("detector", format!("{name:?}"), format!("one of {}", NAMES.join(", ")))),
                }
            }

            /// Its name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Family::$variant(_) => $name,)* }
            }

            /// As it is fitted where scores of folds are compared with those of the whole: a forest
            /// on samples of one size, that of the smallest rest of `n` observations in so many
            /// folds, for its scores depend on it.
            pub(super) fn for_folds(&self, n: usize, folds: usize) -> Self {
                let mut family = self.clone();
                if let Family::IsolationForest(options) | Family::ExtendedIsolationForest(options) = &mut family {
                    let rest = n - n.div_ceil(folds.clamp(2, n.max(2)));
                    // Of less than two there is no forest; that is said where it is fitted.
                    options.sample_size = options.sample_size.min(rest.max(2));
                }
                family
            }

            /// Its options in JSON.
            pub(super) fn options(&self) -> Value {
                match self { $(Family::$variant(options) => serde_json::to_value(options).unwrap_or_default(),)* }
            }

            pub(super) fn fit(&self, reference: &Rows<'_>) -> Result<Model> {
                match self {
                    $(Family::$variant(options) => <$detector>::fit(reference, options).map(Model::$variant),)*
                }
            }
        }

        impl Model {
            /// Members and their weights, of an ensemble.
            pub fn shares(&self) -> Vec<ensemble::MemberWeight> {
                match self {
                    Model::Ensemble(ensemble) => ensemble.shares(),
                    Model::Ood(ood) => ood.shares(),
                    _ => Vec::new(),
                }
            }

            pub fn features(&self) -> usize {
                match self { $(Model::$variant(detector) => detector.features(),)* }
            }

            pub fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
                match self { $(Model::$variant(detector) => detector.score_rows(rows, scores),)* }
            }

            pub fn is_sound(&self) -> bool {
                match self { $(Model::$variant(detector) => detector.is_sound(),)* }
            }

            pub fn work(&self) -> usize {
                match self { $(Model::$variant(detector) => detector.work(),)* }
            }

            pub fn explain(&self, row: &[f64], typical: &[f64], parts: &mut [f64]) {
                match self { $(Model::$variant(detector) => explain::explain(detector, row, typical, parts),)* }
            }
        }
    };
}

families! {
    /// [`scaled::Distance`]
    "distance" Distance scaled::Distance, own score of Values;
    /// [`scaled::ZScore`]
    "zscore" ZScore scaled::ZScore, own score of Values;
    /// [`scaled::RobustZ`]
    "robust-z" RobustZ scaled::RobustZ, own score of Values;
    /// [`scaled::Iqr`]
    "iqr" Iqr scaled::Iqr, own score of Values;
    /// [`forest::IsolationForest`]
    "iforest" IsolationForest forest::IsolationForest;
    /// [`forest::ExtendedIsolationForest`]
    "eif" ExtendedIsolationForest forest::ExtendedIsolationForest;
    /// [`lof::LOF`]
    "lof" Lof lof::LOF;
    /// [`knn::KNN`]
    "knn" Knn knn::KNN;
    /// [`kmeans::KMeansDistance`]
    "kmeans" KMeans kmeans::KMeansDistance;
    /// [`gmm::GaussianMixture`]
    "gmm" GaussianMixture gmm::GaussianMixture;
    /// [`ocsvm::OneClassSVM`]
    "ocsvm" OneClassSvm ocsvm::OneClassSVM;
    /// [`kde::KDE`]
    "kde" Kde kde::KDE;
    /// [`hbos::HBOS`]
    "hbos" Hbos hbos::HBOS;
    /// [`ecod::ECOD`]
    "ecod" Ecod ecod::ECOD;
    /// [`copod::COPOD`]
    "copod" Copod copod::COPOD;
    /// [`pca::PCA`]
    "pca" Pca pca::PCA;
    /// [`mahalanobis::Mahalanobis`]
    "mahalanobis" Mahalanobis mahalanobis::Mahalanobis;
    /// [`ensemble::Ensemble`]
    "ensemble" Ensemble ensemble::Ensemble;
    /// [`ood::msp::Msp`]
    "msp" Msp ood::OnLogits<ood::msp::Msp>, own score of Logits Probabilities;
    /// [`ood::max_logit::MaxLogit`]
    "max-logit" MaxLogit ood::OnLogits<ood::max_logit::MaxLogit>;
    /// [`ood::energy::Energy`]
    "energy" Energy ood::OnLogits<ood::energy::Energy>, own score of Logits;
    /// [`ood::entropy::Entropy`]
    "entropy" Entropy ood::OnLogits<ood::entropy::Entropy>, own score of Logits Probabilities;
    /// [`ood::margin::Margin`]
    "margin" Margin ood::OnLogits<ood::margin::Margin>, own score of Logits Probabilities;
    /// [`ood::generalized_entropy::Generalized`]
    "gen" Generalized ood::OnLogits<ood::generalized_entropy::Generalized>;
    /// [`ood::odin::Odin`]
    "odin" Odin ood::OnLogits<ood::odin::Odin>;
    /// [`ood::class_mahalanobis::ClassMahalanobis`]
    "class-mahalanobis" ClassMahalanobis ood::class_mahalanobis::ClassMahalanobis;
    /// [`ood::relative_mahalanobis::RelativeMahalanobis`]
    "relative-mahalanobis" RelativeMahalanobis ood::relative_mahalanobis::RelativeMahalanobis;
    /// [`ood::deep_knn::DeepKnn`]
    "deep-knn" DeepKnn ood::deep_knn::DeepKnn;
    /// [`ood::vim::Vim`]
    "vim" Vim ood::vim::Vim;
    /// [`ood::she::She`]
    "she" She ood::she::She;
    /// [`ood::react::React`]
    "react" React ood::react::React;
    /// [`ood::ash::Ash`]
    "ash" Ash ood::ash::Ash;
    /// [`ensemble::ood::Ood`]
    "ood" Ood ensemble::ood::Ood;
    // Largest z-score, sign and all: how high the highest of other detectors' scores is.
    own scores alone: "score" Score of Scores;
}

impl OwnScore {
    /// Those that an output of this kind has.
    pub fn of(output: OutputKind) -> impl Iterator<Item = OwnScore> {
        Self::ALL
            .iter()
            .filter(move |(_, outputs)| outputs.contains(&output))
            .map(|(score, _)| *score)
    }

    /// Those that a guard uses unless it is told otherwise: of values the first alone.
    pub fn default_of(output: OutputKind) -> impl Iterator<Item = OwnScore> {
        Self::of(output).take(if output == OutputKind::Values { 1 } else { usize::MAX })
    }
}

fn parse<T: DeserializeOwned>(given: Map<String, Value>) -> Result<T> {
    options::from_value(Value::Object(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_scores_are_detectors_by_the_same_name() {
        let names = |output| OwnScore::of(output).map(OwnScore::as_str).collect::<Vec<_>>();
        assert_eq!(names(OutputKind::Logits), ["msp", "energy", "entropy", "margin"]);
        assert_eq!(names(OutputKind::Probabilities), ["msp", "entropy", "margin"]);
        assert_eq!(names(OutputKind::Values), ["distance", "zscore", "robust-z", "iqr"]);
        assert_eq!(names(OutputKind::Scores), ["score"]);
        assert_eq!(
            OwnScore::default_of(OutputKind::Values).collect::<Vec<_>>(),
            [OwnScore::Distance]
        );
        assert_eq!(OwnScore::default_of(OutputKind::Logits).count(), 4);
        for (score, _) in OwnScore::ALL {
            assert!(NAMES.contains(&score.as_str()) || *score == OwnScore::Score);
            let json = serde_json::to_value(score).expect("a name");
            assert_eq!(json, score.as_str());
        }
    }

    #[test]
    fn every_name_has_defaults_that_come_back_from_json() {
        for name in NAMES {
            let family = Family::new(name, Map::new()).expect("defaults");
            assert_eq!(family.name(), *name);
            let Value::Object(options) = family.options() else { panic!("{name}") };
            assert_eq!(Family::new(name, options).expect("its own"), family);
            let wrong = Map::from_iter([("no-such-option".to_owned(), Value::from(1))]);
            assert_eq!(Family::new(name, wrong).map_err(|e| e.code()), Err(100), "{name}");
        }
        assert_eq!(Family::new("nothing", Map::new()).map_err(|e| e.code()), Err(100));
    }
}
