//! Options as callers write them, in JSON: what is wrong is said of the option that is wrong.
//!
//! JSON has no NaN and no Inf. Writers turn them into `null` (JavaScript's does), so a `null` may
//! be a number that went wrong and is never taken for "not given": who does not give an option
//! leaves it out.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

const EXPECTED: &str = "options by the documented names and values";

/// Options of a text of JSON, in which no `null` stands.
///
/// # Errors
/// [`Error::InvalidArgument`] naming the option.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T> {
    from_value(value(text)?)
}

fn value(text: &str) -> Result<Value> {
    let Once(value) =
        serde_json::from_str(text).map_err(|e| Error::invalid("options", e, EXPECTED))?;
    refuse_null(&value)?;
    Ok(value)
}

/// A value in which no option is given twice. Options are read from values alone, not from texts as
/// well: the compiler would make each type's reader twice.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_any(OnceVisitor).map(Once)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, x: bool) -> std::result::Result<Value, E> {
        Ok(x.into())
    }

    fn visit_u64<E>(self, x: u64) -> std::result::Result<Value, E> {
        Ok(x.into())
    }

    fn visit_i64<E>(self, x: i64) -> std::result::Result<Value, E> {
        Ok(x.into())
    }

    fn visit_f64<E>(self, x: f64) -> std::result::Result<Value, E> {
        Ok(x.into())
    }

    fn visit_str<E>(self, x: &str) -> std::result::Result<Value, E> {
        Ok(x.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> std::result::Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = from.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> std::result::Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Once(value))) = from.next_entry::<String, Once>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

/// Options of a value, where `null` stands for what an option without a value is.
///
/// # Errors
/// As [`from_text`].
pub fn from_value<T: DeserializeOwned>(options: Value) -> Result<T> {
    let mut read = None;
    let fault = &mut |options: &Value| match serde_path_to_error::deserialize(options) {
        Ok(value) => {
            read = Some(value);
            None
        }
        // Of a name that is no option's, serde's path ends in a question mark.
        Err(error) => Some((error.inner().to_string(), error.path().to_string().replace(".?", ""))),
    };
    match fault(&options) {
        Some((said, path)) => Err(named(&said, path, &options, fault)),
        None => read.ok_or_else(|| Error::invalid("options", "none", EXPECTED)),
    }
}

/// What serde says of options, and the path of the one that it read; `None` if they are right.
type Fault<'a> = &'a mut dyn FnMut(&Value) -> Option<(String, String)>;

/// The option without which something else, or nothing, is wrong: of options that a `method` among
/// them chooses, serde does not say where it was.
fn culprit(options: &Value, said: &str, fault: Fault<'_>) -> Option<String> {
    let Value::Object(members) = options else { return None };
    let mut changed = |name: &str, value: Option<Value>| {
        let mut members = members.clone();
        members.remove(name);
        members.extend(value.map(|value| (name.to_owned(), value)));
        fault(&Value::Object(members)).map(|(said, _)| said)
    };
    // What chooses decides about all others; it is to blame for a choice that there is not alone.
    let unknown = |said: &str| said.contains("unknown variant");
    let mut is_wrong = |name: &&String| {
        changed(name, None).as_deref() != Some(said)
            && (unknown(said)
                || !changed(name, Some("\u{1}".into())).is_some_and(|said| unknown(&said)))
    };
    members.keys().find(|name| is_wrong(name)).cloned()
}

/// Demands that no option is `null`.
///
/// # Errors
/// [`Error::InvalidArgument`] naming the option.
pub fn refuse_nulls(options: &Map<String, Value>) -> Result<()> {
    options.iter().try_for_each(|(name, value)| refuse(name, value))
}

fn refuse_null(value: &Value) -> Result<()> {
    match value {
        Value::Object(options) => refuse_nulls(options),
        other => refuse("options", other),
    }
}

fn refuse(name: &str, value: &Value) -> Result<()> {
    match value {
        Value::Null => {
            let expected =
                "a value (JSON has no NaN and no Inf); leave the option out for its default";
            Err(Error::invalid(name.to_owned(), "null", expected))
        }
        Value::Array(values) => values.iter().try_for_each(|value| refuse(name, value)),
        Value::Object(options) => refuse_nulls(options).map_err(|error| within(name, error)),
        _ => Ok(()),
    }
}

fn within(outer: &str, error: Error) -> Error {
    match error {
        Error::InvalidArgument { argument, was, expected } => {
            Error::InvalidArgument { argument: format!("{outer}.{argument}").into(), was, expected }
        }
        other => other,
    }
}

/// What a reader of a name says of one that it does not know, so that the caller is told those that
/// may stand there.
pub fn unknown<E: serde::de::Error>(was: &Value, known: impl Iterator<Item = &'static str>) -> E {
    let was = was.as_str().map_or_else(|| was.to_string(), str::to_owned);
    let known = known.collect::<Vec<_>>().join(", ");
    E::custom(format_args!("unknown variant `{was}`, expected one of {known}"))
}

/// What serde says, in the caller's words.
fn named(said: &str, path: String, options: &Value, fault: Fault<'_>) -> Error {
    let quoted = |rest: &str| rest.split('`').nth(1).unwrap_or(rest).to_owned();
    if let Some(rest) = said.strip_prefix("unknown field ") {
        let known =
            rest.split_once(", expected ").map_or("none: there are no options", |(_, known)| known);
        return Error::invalid(quoted(rest), "an option that there is not", known.replace('`', ""));
    }
    if let Some(rest) = said.strip_prefix("missing field ") {
        return Error::invalid(quoted(rest), "nothing", "a value");
    }
    let argument = if path == "." { culprit(options, said, fault) } else { Some(path) };
    let argument = argument.unwrap_or_else(|| "options".into());
    let wrong =
        said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: "));
    let wrong = wrong.or_else(|| said.strip_prefix("unknown variant "));
    match wrong.and_then(|rest| rest.split_once(", expected ")) {
        Some((was, expected)) => Error::invalid(
            argument,
            if was.contains('`') { quoted(was) } else { was.to_owned() },
            kind(expected),
        ),
        None => Error::invalid(argument, said, EXPECTED),
    }
}

/// A type of Rust, in the caller's words.
fn kind(expected: &str) -> String {
    match expected {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, 0 or more".into(),
        "isize" | "i64" | "i32" | "i128" => "a whole number".into(),
        "f64" | "f32" => "a number".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        other => other.replace('`', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        rate: f64,
        bandwidth: Option<f64>,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        neighbors: usize,
        gamma: Option<f64>,
        names: Vec<String>,
        inner: Inner,
        yes: bool,
    }

    fn fault(text: &str) -> String {
        from_text::<Outer>(text).expect_err(text).to_string()
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(from_text::<Outer>("{}").expect("none"), Outer::default());
        for (text, said) in [
            (r#"{"gamma": null}"#, "gamma: got null, expected a value"),
            (r#"{"inner": {"bandwidth": null}}"#, "inner.bandwidth: got null, expected a value"),
            (r#"{"names": [null]}"#, "names: got null"),
            ("null", "options: got null"),
            (
                r#"{"neighbors": "x"}"#,
                "neighbors: got string \"x\", expected a whole number, 0 or more",
            ),
            (r#"{"neighbors": 2.5}"#, "neighbors: got 2.5, expected a whole number, 0 or more"),
            (r#"{"neighbors": -1}"#, "neighbors: got -1, expected a whole number, 0 or more"),
            (r#"{"inner": {"rate": "x"}}"#, "inner.rate: got string \"x\", expected a number"),
            (r#"{"gamma": [1]}"#, "gamma: got sequence, expected a number"),
            (r#"{"yes": 1}"#, "yes: got 1, expected true or false"),
            (r#"{"names": ["a", "b", 3], "yes": true}"#, "names[2]: got 3"),
            // Several that are wrong: the first.
            (r#"{"inner": {"bandwidth": "x", "rate": "x"}}"#, "inner.bandwidth: got string"),
            (r#"{"gamma": "x", "inner": {"rate": "x"}}"#, "gamma: got string"),
            (
                r#"{"none": 1}"#,
                "none: got an option that there is not, expected one of neighbors, gamma",
            ),
            (r#"{"yes": true, "yes": true}"#, "duplicate field"),
            ("{", "options: got EOF"),
        ] {
            let got = fault(text);
            assert!(got.contains(said), "{text}: {got}");
        }
    }

    #[test]
    fn of_a_choice_the_option_is_named_too() {
        #[derive(Debug, Deserialize)]
        #[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
        #[allow(dead_code)] // only read
        enum Choice {
            First { rate: f64, depth: usize },
            Second { alerts: f64 },
        }
        for (text, said) in [
            (r#"{"method": "first", "rate": "x", "depth": 2}"#, "rate: got string"),
            (
                r#"{"method": "first", "rate": 1, "depth": 2.5}"#,
                "depth: got 2.5, expected a whole number",
            ),
            (
                r#"{"method": "first", "rate": 1, "depth": 2, "alerts": 1}"#,
                "alerts: got an option that there is not",
            ),
            (r#"{"method": "third", "rate": 1}"#, "method: got third, expected"),
            (r#"{"method": "second"}"#, "alerts: got nothing"),
        ] {
            let got = from_text::<Choice>(text).expect_err(text).to_string();
            assert!(got.starts_with(said), "{text}: {got}");
        }
    }

    #[test]
    fn a_number_beyond_all_doubles_is_named_shortly() {
        let got = fault(&format!("{{\"neighbors\": 1{}}}", "0".repeat(300)));
        assert!(got.starts_with("neighbors: got 1e+300,") && got.len() < 100, "{got}");
    }
}
