//! Which monitors a guard runs, and with which options.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::drift::online::{Domain, OnlineDetector, OnlineName, Takes};
use crate::error::{Error, Result};
use crate::stats::normal;
use fluxguard_core::options;

/// Values that stand for the standard normal distribution, where a detector needs its reference
/// before the first pane.
const REFERENCE: usize = 500;

/// A monitor of a guard: its name and, where they are not to be the defaults, its options. In JSON
/// `"adwin"` or `{"adwin": {"delta": 0.01}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorSpec {
    /// Which.
    pub name: OnlineName,
    /// By the names of the detector's options; those that are not here are the guard's defaults.
    pub options: Map<String, Value>,
}

impl From<OnlineName> for MonitorSpec {
    fn from(name: OnlineName) -> Self {
        MonitorSpec { name, options: Map::new() }
    }
}

impl Serialize for MonitorSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if self.options.is_empty() {
            return self.name.serialize(serializer);
        }
        let options = Value::Object(self.options.clone());
        Map::from_iter([(self.name.as_str().to_owned(), options)]).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MonitorSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let wrong = |was: &Value| {
            D::Error::custom(format!(
                "a monitor is a name, or a name with options such as {{\"adwin\": {{\"delta\": 0.01}}}}; got {was}"
            ))
        };
        let named = |name: Value| {
            let unknown = |_| options::unknown(&name, of_outputs());
            OnlineName::deserialize(&name).map_err(unknown)
        };
        match Value::deserialize(deserializer)? {
            Value::Object(one) if one.len() == 1 => {
                let (name, options) = one.into_iter().next().unwrap_or_default();
                let name = named(Value::String(name))?;
                match options {
                    Value::Null => Ok(name.into()),
                    Value::Object(options) => Ok(MonitorSpec { name, options }),
                    other => Err(wrong(&json!({ name.as_str(): other }))),
                }
            }
            name @ Value::String(_) => Ok(named(name)?.into()),
            other => Err(wrong(&other)),
        }
    }
}

/// Those that can watch what a guard sees.
fn of_outputs() -> impl Iterator<Item = &'static str> {
    let takes_values = |name: &OnlineName| name.takes() == Takes::Values;
    OnlineName::ALL.into_iter().filter(takes_values).map(OnlineName::as_str)
}

impl MonitorSpec {
    /// # Errors
    /// `InvalidArgument` naming `monitors` for a detector of what a guard does not see, and for
    /// options of the martingale.
    pub(super) fn check(&self) -> Result<()> {
        let name = self.name;
        let why = match name.takes() {
            Takes::Values if name == OnlineName::Martingale && !self.options.is_empty() => {
                let was = format!("martingale with {}", Value::Object(self.options.clone()));
                let expected = "no options: its level is a part of false_alarms, and it bets on counts between quantiles";
                return Err(Error::invalid("monitors", was, expected));
            }
            Takes::Values => return Ok(()),
            Takes::Outcomes => {
                "takes outcomes, right or wrong, which a guard does not see: give them to a stream of it"
            }
            Takes::Pairs => {
                "takes two streams side by side, and a guard has one: give both to a stream of it"
            }
            Takes::PValues => {
                "takes p-values, and a guard sees outputs: give p-values to a stream of it"
            }
        };
        let known = of_outputs().collect::<Vec<_>>().join(", ");
        Err(Error::invalid("monitors", name, format!("one of {known}; {name} {why}")))
    }

    /// The detector for each of so many columns. A threshold that is simulated is simulated once.
    ///
    /// # Errors
    /// Those of [`MonitorSpec::check`]; `InvalidArgument` naming `monitors`, the detector and the
    /// option that it has not, or that is out of range.
    pub(super) fn streams(&self, columns: usize) -> Result<Vec<OnlineDetector>> {
        self.check()?;
        let mut options = defaults(self.name, columns)?;
        options.extend(self.options.clone());
        let stream =
            OnlineDetector::new(self.name, Value::Object(options)).map_err(
                |error| match error {
                    Error::InvalidArgument { argument, was, expected } => Error::invalid(
                        "monitors",
                        format!("{} with {argument}: {was}", self.name),
                        expected,
                    ),
                    other => other,
                },
            )?;
        match stream.domain() {
            Domain::Within(low, high) if low > 0.0 || high < 1.0 => {
                let was = format!("{} with bounds {low} and {high}", self.name);
                Err(Error::invalid(
                    "monitors",
                    was,
                    "bounds with 0 to 1 between them: that is what a guard gives it",
                ))
            }
            _ => Ok(vec![stream; columns]),
        }
    }
}

/// Both directions where a detector has a choice, an alpha over all columns, and a reference where
/// one can be given.
fn defaults(name: OnlineName, columns: usize) -> Result<Map<String, Value>> {
    let options = match name {
        OnlineName::HddmA | OnlineName::HddmW => json!({ "two_sided_test": true }),
        OnlineName::Cusum | OnlineName::Gma => json!({ "mode": "both" }),
        OnlineName::Betting => json!({ "alpha": 0.01 / columns as f64 }),
        OnlineName::Mmd => {
            let quantile = |k| normal::quantile((f64::from(k) + 0.5) / REFERENCE as f64);
            json!({ "reference": (0..REFERENCE as u32).map(quantile).collect::<Result<Vec<f64>>>()? })
        }
        _ => json!({}),
    };
    match options {
        Value::Object(options) => Ok(options),
        _ => Ok(Map::new()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn spec(json: &str) -> MonitorSpec {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn all_detectors_of_values_are_monitors() {
        for name in OnlineName::ALL {
            let made = if name == OnlineName::Martingale {
                Ok(())
            } else {
                MonitorSpec::from(name).streams(3).map(|_| ())
            };
            assert_eq!(made.is_ok(), name.takes() == Takes::Values, "{name}");
        }
        for (name, why) in
            [("ddm", "takes outcomes"), ("two-sample", "two streams"), ("lord", "p-values")]
        {
            let error = spec(&format!("\"{name}\"")).check().unwrap_err().to_string();
            let start =
                format!("monitors: got {name}, expected one of adwin, page-hinkley, hddm-a, ");
            assert!(error.starts_with(&start) && error.contains(why), "{error}");
        }
    }

    #[test]
    fn options_are_the_detectors_and_there_and_back() {
        for json in ["\"adwin\"", "{\"adwin\":{\"delta\":0.01}}"] {
            assert_eq!(serde_json::to_string(&spec(json)).unwrap(), json);
        }
        assert_eq!(spec("{\"adwin\": {}}"), spec("\"adwin\""));
        assert_eq!(spec("{\"kswin\": null}"), OnlineName::Kswin.into());
        // The guard's own defaults stay where nothing else was said.
        let own = spec("{\"cusum\": {\"threshold\": 20}}").streams(1).unwrap();
        let said =
            OnlineDetector::new(OnlineName::Cusum, json!({ "mode": "both", "threshold": 20 }))
                .unwrap();
        assert_eq!(own, [said]);
        let refused = |json| spec(json).streams(2).unwrap_err().to_string();
        for (json, words) in [
            (
                "{\"adwin\": {\"deltas\": 1}}",
                "monitors: got adwin with deltas: an option that there is not, expected one of delta, clock",
            ),
            (
                "{\"adwin\": {\"delta\": 2}}",
                "monitors: got adwin with delta: 2, expected a probability",
            ),
            ("{\"page-hinkley\": {\"threshold\": -1}}", "page-hinkley with threshold: -1"),
            ("{\"betting\": {\"lower\": 0.5}}", "betting with bounds 0.5 and 1"),
            (
                "{\"martingale\": {\"alpha\": 0.1}}",
                "martingale with {\"alpha\":0.1}, expected no options",
            ),
        ] {
            assert!(refused(json).contains(words), "{}", refused(json));
        }
        for json in
            ["3", "{\"adwin\": 3}", "{\"adwin\": {}, \"kswin\": {}}", "{}", "{\"adwinn\": {}}"]
        {
            let error = serde_json::from_str::<MonitorSpec>(json).unwrap_err().to_string();
            assert!(
                error.contains("a monitor is a name") || error.contains("page-hinkley"),
                "{error}"
            );
        }
    }
}
