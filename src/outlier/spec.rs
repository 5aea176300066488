//! What is to be fitted: a method, and what goes before and after it.

use serde_json::{Map, Value};

use super::calibration::Calibration;
use crate::error::{Error, Result};
use crate::options;

/// What is fitted: a method, and what goes before and after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec<F> {
    /// The method.
    pub family: F,
    /// Whether each feature is centered by its mean and divided by its standard deviation (divisor
    /// n; 1 where that is 0) before the method sees it.
    pub standardize: bool,
    /// Where p-values come from.
    pub calibration: Calibration,
    /// The features' names, in their order, which are kept in the file; empty where nobody tells
    /// them.
    pub names: Vec<String>,
}

impl<F> Spec<F> {
    /// Of options that are those of a method, which `family` makes of what the others leave,
    /// `standardize` (false), `calibration` (`"cross"`, `"holdout"`, `"none"`, `{"cross": folds}`
    /// or `{"holdout": fraction}`) and `names` (of the features).
    pub(super) fn parse(
        mut options: Map<String, Value>,
        family: impl FnOnce(Map<String, Value>) -> Result<F>,
    ) -> Result<Self> {
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
        Ok(Spec { family: family(options)?, standardize, calibration, names })
    }
}
