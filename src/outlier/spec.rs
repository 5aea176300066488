//! What is to be fitted: a method by name, and its options.

use serde_json::{Map, Value};

use super::calibration::Calibration;
use super::family::Family;
use crate::error::{Error, Result};
use crate::options;

/// What is fitted: a family, and what goes before and after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The method.
    pub family: Family,
    /// Whether each feature is centered by its mean and divided by its standard deviation (divisor
    /// n; 1 where that is 0) before the method sees it.
    pub standardize: bool,
    /// Where p-values come from.
    pub calibration: Calibration,
    /// The features' names, in their order, which are kept in the file; empty where nobody tells
    /// them.
    pub names: Vec<String>,
}

impl Spec {
    /// By name and options: those of the family, `standardize` (false), `calibration` (`"cross"`,
    /// `"holdout"`, `"none"`, `{"cross": folds}` or `{"holdout": fraction}`) and `names` (of the
    /// features).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn new(name: &str, mut options: Map<String, Value>) -> Result<Self> {
        options::refuse_nulls(&options)?;
        let calibration = Calibration::parse(options.remove("calibration"))?;
        let standardize = match options.remove("standardize") {
            None => false,
            Some(Value::Bool(yes)) => yes,
            Some(other) => return Err(Error::invalid("standardize", other, "true or false")),
        };
        let names = match options.remove("names") {
            None => Vec::new(),
            Some(names) => serde_json::from_value(names.clone())
                .map_err(|_| Error::invalid("names", names, "a list of texts, one per feature"))?,
        };
        Ok(Spec { family: Family::new(name, options)?, standardize, calibration, names })
    }

    /// By name and a text of JSON, which may be empty.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn from_json(name: &str, options: &str) -> Result<Self> {
        let given = match options.trim() {
            "" => Map::new(),
            text => options::from_text(text)?,
        };
        Spec::new(name, given)
    }
}
