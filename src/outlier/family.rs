//! Every single detector by its name, and the names of those that are several as one, which stand
//! above it, in `model.rs`.

use serde::de::{DeserializeOwned, Error as _, VariantAccess};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Detector, OutputKind, Rows, copod, ecod, forest, gmm, hbos, kde, kmeans, knn, lof, mahalanobis,
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
/// to nothing. What is several detectors as one has its place among the names, and no more.
macro_rules! families {
    ($($(#[$meta:meta])* $name:literal $variant:ident $detector:ty
        $(, own score of $($output:ident)+)?;
       $(several as one: $several:literal;)?)*
     own scores alone: $($only_name:literal $only:ident of $($only_output:ident)+;)*) => {
        /// The names of all detectors.
        pub const NAMES: &[&str] = &[$($name, $($several,)?)*];

        /// The names of those that are several as one, and therefore never one of several.
        pub(super) const SEVERAL: &[&str] = &[$($($several,)?)*];

        /// A single detector's name and options.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Single {
            $($(#[$meta])* $variant(<$detector as Detector>::Options),)*
        }

        /// A fitted single detector of any family.
        #[derive(Debug, Serialize, Deserialize)]
        #[allow(clippy::large_enum_variant)] // one per fitted detector or member
        pub(super) enum SingleModel {
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

        impl Single {
            /// The detector of this name with these options, which are the fields of its
            /// `Options`.
            pub(super) fn new(name: &str, options: Map<String, Value>) -> Result<Self> {
                match name {
                    $($name => parse(options).map(Single::$variant),)*
                    _ => Err(Error::invalid("detector", format!("{name:?}"), format!("one of {}", NAMES.join(", ")))),
                }
            }

            /// Its name.
            pub(super) fn name(&self) -> &'static str {
                match self { $(Single::$variant(_) => $name,)* }
            }

            /// Its options in JSON.
            pub(super) fn options(&self) -> Value {
                match self { $(Single::$variant(options) => to_json(options),)* }
            }
        }

        impl SingleModel {
            /// What a file holds under the name of a single detector.
            pub fn read<'de, A: VariantAccess<'de>>(
                name: &str,
                held: A,
            ) -> std::result::Result<Self, A::Error> {
                match name {
                    $($name => held.newtype_variant().map(SingleModel::$variant),)*
                    _ => Err(A::Error::unknown_variant(name, NAMES)),
                }
            }
        }

        impl Detector for SingleModel {
            type Options = Single;

            fn fit(reference: &Rows<'_>, single: &Single) -> Result<Self> {
                match single {
                    $(Single::$variant(options) => <$detector>::fit(reference, options).map(SingleModel::$variant),)*
                }
            }

            fn features(&self) -> usize {
                match self { $(SingleModel::$variant(detector) => detector.features(),)* }
            }

            fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
                match self {
                    $(SingleModel::$variant(detector) => detector.score_rows(rows, scores),)*
                }
            }

            fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
                match self { $(SingleModel::$variant(detector) => detector.parts(row, parts),)* }
            }

            fn work(&self) -> usize {
                match self { $(SingleModel::$variant(detector) => detector.work(),)* }
            }
        }

        impl Sound for SingleModel {
            fn is_sound(&self) -> bool {
                match self { $(SingleModel::$variant(detector) => detector.is_sound(),)* }
            }
        }
    };
}

families! {
    /// [`scaled::Distance`]
    "distance" Distance scaled::Distance, own score of Values Gaussian Mixture;
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
    several as one: "ensemble";
    /// [`ood::msp::Msp`]
    "msp" Msp ood::OnLogits<ood::msp::Msp>, own score of Logits Probabilities Binary BinaryLogit;
    /// [`ood::max_logit::MaxLogit`]
    "max-logit" MaxLogit ood::OnLogits<ood::max_logit::MaxLogit>;
    /// [`ood::energy::Energy`]
    "energy" Energy ood::OnLogits<ood::energy::Energy>, own score of Logits;
    /// [`ood::entropy::Entropy`]
    "entropy" Entropy ood::OnLogits<ood::entropy::Entropy>,
        own score of Logits Probabilities Multilabel MultilabelLogits Gaussian Mixture;
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
    several as one: "ood";
    // Largest z-score, sign and all: how high the highest of other detectors' scores is; and the
    // energy of labels that may come together.
    own scores alone: "score" Score of Scores;
    "joint-energy" JointEnergy of Multilabel MultilabelLogits;
}

impl Single {
    /// As it is fitted where scores of folds are compared with those of the whole: a forest on
    /// samples of one size, that of the smallest rest of `n` observations in so many folds, for its
    /// scores depend on it.
    pub(super) fn for_folds(&self, n: usize, folds: usize) -> Self {
        let mut single = self.clone();
        if let Single::IsolationForest(options) | Single::ExtendedIsolationForest(options) =
            &mut single
        {
            let rest = n - n.div_ceil(folds.clamp(2, n.max(2)));
            // Of less than two there is no forest; that is said where it is fitted.
            options.sample_size = options.sample_size.min(rest.max(2));
        }
        single
    }
}

impl OwnScore {
    /// Those that an output of this kind has.
    pub fn of(output: OutputKind) -> impl Iterator<Item = OwnScore> {
        Self::ALL
            .iter()
            .filter(move |(_, outputs)| outputs.contains(&output))
            .map(|(score, _)| *score)
    }

    /// Whether it is a distance to what the reference was like; others are read off the output
    /// alone.
    #[must_use]
    pub fn needs_reference(self) -> bool {
        use OwnScore::*;
        matches!(self, Distance | ZScore | RobustZ | Iqr | Score)
    }

    /// Those that a guard uses unless it is told otherwise: of values the first alone.
    pub fn default_of(output: OutputKind) -> impl Iterator<Item = OwnScore> {
        Self::of(output).take(if output == OutputKind::Values { 1 } else { usize::MAX })
    }
}

/// Options of what callers write.
pub(super) fn parse<T: DeserializeOwned>(given: Map<String, Value>) -> Result<T> {
    options::from_value(Value::Object(given))
}

/// Options as callers write them.
pub(super) fn to_json(options: &impl Serialize) -> Value {
    serde_json::to_value(options).unwrap_or_default()
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
        assert_eq!(names(OutputKind::Binary), ["msp"]);
        assert_eq!(names(OutputKind::MultilabelLogits), ["entropy", "joint-energy"]);
        assert_eq!(names(OutputKind::Gaussian), ["distance", "entropy"]);
        assert_eq!(
            OwnScore::default_of(OutputKind::Values).collect::<Vec<_>>(),
            [OwnScore::Distance]
        );
        assert_eq!(OwnScore::default_of(OutputKind::Logits).count(), 4);
        for (score, _) in OwnScore::ALL {
            let alone = [OwnScore::Score, OwnScore::JointEnergy].contains(score);
            assert!(NAMES.contains(&score.as_str()) != alone);
            let json = serde_json::to_value(score).expect("a name");
            assert_eq!(json, score.as_str());
        }
    }
}
