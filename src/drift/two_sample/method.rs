//! How a p-value is computed, and which ways each test has.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::TestName;
use crate::named::named;
use crate::{Error, Result};

/// How a p-value is computed, by its name in JSON, flags and Julia.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// The test chooses. Asked for, never told: a result names the method that was chosen.
    #[default]
    Auto,
    /// The exact null distribution.
    Exact,
    /// The null distribution for large samples.
    Asymptotic,
    /// Random reassignments of the pooled observations: (1 + as extreme) / (1 + draws).
    Permutation,
    /// MMD in linear time, with the normal distribution for large samples.
    Linear,
    /// MMD with random Fourier features, and reassignments of these.
    RandomFeatures,
    /// A logistic regression tells the samples apart; the null distribution for large samples.
    Logistic,
    /// A forest of random trees tells the samples apart; the null distribution for large samples.
    Forest,
    /// The raw values were gone: computed from counts in bins, a bound. Told, never asked for.
    Grouped,
}

impl Method {
    /// All names.
    pub const ALL: [Method; 9] = [
        Method::Auto,
        Method::Exact,
        Method::Asymptotic,
        Method::Permutation,
        Method::Linear,
        Method::RandomFeatures,
        Method::Logistic,
        Method::Forest,
        Method::Grouped,
    ];

    /// The methods of a test that can be asked for, besides [`Method::Auto`].
    #[must_use]
    pub fn of(test: TestName) -> &'static [Method] {
        test.methods()
    }

    /// # Errors
    /// `InvalidArgument` naming `method` where `test` has not this method; it lists those that the
    /// test has.
    pub fn expect_of(self, test: TestName) -> Result<()> {
        if self == Method::Auto || Self::of(test).contains(&self) {
            return Ok(());
        }
        let has: Vec<&str> = Self::of(test).iter().map(|method| method.as_str()).collect();
        Err(Error::invalid(
            "method",
            format!("{self} for {test}"),
            format!("a method of {test}: {}", has.join(", ")),
        ))
    }

    /// Whether the limit law is to be used: as was asked, else where it `holds`.
    pub(super) fn takes_limit(self, holds: impl FnOnce() -> bool) -> bool {
        match self {
            Method::Asymptotic => true,
            Method::Permutation => false,
            _ => holds(),
        }
    }

    /// The name, as it is written everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Auto => "auto",
            Method::Exact => "exact",
            Method::Asymptotic => "asymptotic",
            Method::Permutation => "permutation",
            Method::Linear => "linear",
            Method::RandomFeatures => "random-features",
            Method::Logistic => "logistic",
            Method::Forest => "forest",
            Method::Grouped => "grouped",
        }
    }
}

// What is only told cannot be asked for.
named!(Method, "method", Self::ALL.into_iter().filter(|method| *method != Method::Grouped));

/// The methods of several tests: in JSON a name, for all of them, or an object of names by test.
/// What is not named is [`Method::Auto`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Methods {
    /// One for all tests.
    All(Method),
    /// One for each.
    ByTest(BTreeMap<TestName, Method>),
}

impl Default for Methods {
    fn default() -> Self {
        Methods::All(Method::Auto)
    }
}

impl Methods {
    /// The method of `test`.
    #[must_use]
    pub fn of(&self, test: TestName) -> Method {
        match self {
            Methods::All(method) => *method,
            Methods::ByTest(by_test) => by_test.get(&test).copied().unwrap_or_default(),
        }
    }

    /// # Errors
    /// As [`Method::expect_of`], of the first of `tests` that has not its method.
    pub fn expect_of(&self, tests: &[TestName]) -> Result<()> {
        tests.iter().try_for_each(|test| self.of(*test).expect_of(*test))
    }
}

impl<'de> Deserialize<'de> for Methods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let methods = match value {
            serde_json::Value::Null => Ok(Methods::default()),
            name @ serde_json::Value::String(_) => Method::deserialize(name).map(Methods::All),
            by_test => BTreeMap::deserialize(by_test).map(Methods::ByTest),
        };
        methods.map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use fluxguard_core::options;
    use serde_json::json;

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
            assert_eq!(method.as_str().parse::<Method>().is_ok(), method != Method::Grouped);
        }
        let error = "exakt".parse::<Method>().unwrap_err().to_string();
        assert!(
            error.starts_with("method: got \"exakt\", expected one of auto, exact, "),
            "{error}"
        );
    }

    #[test]
    fn a_method_that_a_test_has_not_is_refused_with_those_it_has() {
        let error = Method::Linear.expect_of(TestName::Ks).unwrap_err().to_string();
        let expected =
            "method: got linear for ks, expected a method of ks: exact, asymptotic, permutation";
        assert_eq!(error, expected);
        for test in TestName::names() {
            assert!(!Method::of(test).is_empty() && Method::Auto.expect_of(test).is_ok());
            assert!(Method::Grouped.expect_of(test).is_err());
        }
    }

    #[test]
    fn methods_are_one_for_all_or_by_test() {
        let read = |value| serde_json::from_value::<Methods>(value);
        assert_eq!(read(json!(null)).unwrap(), Methods::default());
        assert_eq!(read(json!("exact")).unwrap().of(TestName::Cvm), Method::Exact);
        let by_test = read(json!({ "mmd": "random-features" })).unwrap();
        assert_eq!(
            (by_test.of(TestName::Mmd), by_test.of(TestName::Ks)),
            (Method::RandomFeatures, Method::Auto)
        );
        assert!(by_test.expect_of(&[TestName::Ks, TestName::Mmd]).is_ok());
        assert_eq!(serde_json::to_value(&by_test).unwrap(), json!({ "mmd": "random-features" }));
        assert!(read(json!("linear")).unwrap().expect_of(&[TestName::Mmd, TestName::Ks]).is_err());
        // As options are read, so that the argument has its name.
        #[derive(Debug, Deserialize)]
        struct Options {
            #[allow(dead_code)]
            method: Methods,
        }
        for method in [json!({ "mmd": "fast" }), json!("fast")] {
            let read = options::from_value::<Options>(json!({ "method": method }));
            let error = read.unwrap_err().to_string();
            assert!(error.starts_with("method: got fast, expected one of auto, exact"), "{error}");
        }
    }
}
