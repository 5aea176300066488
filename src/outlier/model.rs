//! Every detector by its name: a single one, or several as one.

use std::fmt;

use serde::de::{Deserializer, EnumAccess, VariantAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ensemble::{self, Ensemble, MemberWeight, ood};
use super::family::{self, NAMES, Single, SingleModel};
use super::{Detector, Rows, options, spec};
use crate::error::Result;
use crate::sound::Sound;

/// A detector's name and options.
#[derive(Debug, Clone, PartialEq)]
pub enum Family {
    /// One detector.
    Single(Single),
    /// `ensemble`: [`Ensemble`]
    Ensemble(ensemble::Options),
    /// `ood`: [`ensemble::ood`]
    Ood(ood::Options),
}

/// What is fitted: a detector by its name, and what goes before and after it.
pub type Spec = spec::Spec<Family>;

/// A fitted detector by its name. Members of an ensemble are [`SingleModel`]s: there is no ensemble
/// of ensembles.
#[derive(Debug, Serialize)]
#[allow(clippy::large_enum_variant)] // one per `Fitted`
pub(super) enum Model {
    #[serde(rename = "ensemble")]
    Ensemble(Ensemble),
    #[serde(rename = "ood")]
    Ood(Ensemble),
    /// In files by its own name, beside the others.
    #[serde(untagged)]
    Single(SingleModel),
}

impl Family {
    /// The family of this name with these options, which are the fields of its `Options`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] for a name or an option that there is not.
    pub fn new(name: &str, options: Map<String, Value>) -> Result<Self> {
        match name {
            "ensemble" => family::parse(options).map(Family::Ensemble),
            "ood" => family::parse(options).map(Family::Ood),
            _ => Single::new(name, options).map(Family::Single),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Family::Single(single) => single.name(),
            Family::Ensemble(_) => "ensemble",
            Family::Ood(_) => "ood",
        }
    }

    /// Its options in JSON.
    pub(super) fn options(&self) -> Value {
        match self {
            Family::Single(single) => single.options(),
            Family::Ensemble(options) => family::to_json(options),
            Family::Ood(options) => family::to_json(options),
        }
    }

    /// As it is fitted where scores of so many folds are compared with those of the whole:
    /// [`Single::for_folds`].
    pub(super) fn for_folds(&self, n: usize, folds: usize) -> Self {
        match self {
            Family::Single(single) => Family::Single(single.for_folds(n, folds)),
            several => several.clone(),
        }
    }
}

impl Spec {
    /// By name and options: those of the family, `standardize` (false), `calibration` (`"cross"`,
    /// `"holdout"`, `"none"`, `{"cross": folds}` or `{"holdout": fraction}`) and `names` (of the
    /// features).
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`].
    pub fn new(name: &str, options: Map<String, Value>) -> Result<Self> {
        Spec::parse(options, |own| Family::new(name, own))
    }

    /// By name and a text of JSON, which may be empty.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`].
    pub fn from_json(name: &str, options: &str) -> Result<Self> {
        let given = match options.trim() {
            "" => Map::new(),
            text => options::from_text(text)?,
        };
        Spec::new(name, given)
    }
}

/// The same of any model.
macro_rules! each {
    ($model:expr, $detector:ident => $answer:expr) => {
        match $model {
            Model::Single($detector) => $answer,
            Model::Ensemble($detector) | Model::Ood($detector) => $answer,
        }
    };
}

impl Model {
    /// Members and their weights, of an ensemble.
    pub fn shares(&self) -> Vec<MemberWeight> {
        match self {
            Model::Single(_) => Vec::new(),
            Model::Ensemble(ensemble) | Model::Ood(ensemble) => ensemble.shares(),
        }
    }
}

impl Detector for Model {
    type Options = Family;

    fn fit(reference: &Rows<'_>, family: &Family) -> Result<Self> {
        match family {
            Family::Single(single) => SingleModel::fit(reference, single).map(Model::Single),
            Family::Ensemble(options) => Ensemble::fit(reference, options).map(Model::Ensemble),
            Family::Ood(options) => ood::fit(reference, options).map(Model::Ood),
        }
    }

    fn features(&self) -> usize {
        each!(self, detector => detector.features())
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        each!(self, detector => detector.score_rows(rows, scores));
    }

    fn parts(&self, row: &[f64], parts: &mut [f64]) -> bool {
        each!(self, detector => detector.parts(row, parts))
    }

    fn work(&self) -> usize {
        each!(self, detector => detector.work())
    }
}

impl Sound for Model {
    fn is_sound(&self) -> bool {
        each!(self, detector => detector.is_sound())
    }
}

/// By hand, for serde finds an untagged variant by trying: what is wrong with it would be lost, and
/// all of it be copied first.
impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Named;

        impl<'de> Visitor<'de> for Named {
            type Value = Model;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("enum Model")
            }

            fn visit_enum<A: EnumAccess<'de>>(
                self,
                data: A,
            ) -> std::result::Result<Model, A::Error> {
                let (name, held) = data.variant::<String>()?;
                match name.as_str() {
                    "ensemble" => held.newtype_variant().map(Model::Ensemble),
                    "ood" => held.newtype_variant().map(Model::Ood),
                    single => SingleModel::read(single, held).map(Model::Single),
                }
            }
        }

        deserializer.deserialize_enum("Model", NAMES, Named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_defaults_that_come_back_from_json() {
        for name in NAMES {
            let family = Family::new(name, Map::new()).expect("defaults");
            assert_eq!(family.name(), *name);
            assert_eq!(matches!(family, Family::Single(_)), !family::SEVERAL.contains(name));
            let Value::Object(options) = family.options() else { panic!("{name}") };
            assert_eq!(Family::new(name, options).expect("its own"), family);
            let wrong = Map::from_iter([("no-such-option".to_owned(), Value::from(1))]);
            assert_eq!(Family::new(name, wrong).map_err(|e| e.code()), Err(100), "{name}");
        }
        assert_eq!(Family::new("nothing", Map::new()).map_err(|e| e.code()), Err(100));
    }
}
