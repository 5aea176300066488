//! What the flags of a comparison take.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use fluxguard::drift::compare::CompareOptions;
use fluxguard::drift::two_sample::{Method, TestName};
use fluxguard::stats::dependence::Order;
use fluxguard::stats::multiple::Correction;

/// By the names that they have in JSON, and the short ones.
pub const CORRECTIONS: [(&str, Option<&str>, Correction); 4] = [
    ("bonferroni", None, Correction::Bonferroni),
    ("holm", None, Correction::Holm),
    ("benjamini-hochberg", Some("bh"), Correction::BenjaminiHochberg),
    ("benjamini-yekutieli", Some("by"), Correction::BenjaminiYekutieli),
];

pub fn test_name() -> impl TypedValueParser<Value = TestName> {
    PossibleValuesParser::new(TestName::names().map(TestName::as_str))
        .try_map(|name| name.parse::<TestName>())
}

pub fn correction() -> impl TypedValueParser<Value = Correction> {
    let names = CORRECTIONS.map(|(name, short, _)| PossibleValue::new(name).aliases(short));
    PossibleValuesParser::new(names).map(|name| {
        let known = CORRECTIONS
            .iter()
            .find(|(long, short, _)| *long == name || *short == Some(name.as_str()));
        known.map_or(CompareOptions::default().correction, |(_, _, correction)| *correction)
    })
}

pub fn order() -> impl TypedValueParser<Value = Order> {
    PossibleValuesParser::new(["given", "none"])
        .map(|name| if name == "given" { Order::Given } else { Order::None })
}

pub fn probability(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|p| *p > 0.0 && *p < 1.0);
    value.ok_or_else(|| "expected a probability between 0 and 1".into())
}

/// `TEST=VALUE`, or a value for all tests.
fn of_test(text: &str) -> Result<(Option<TestName>, &str), String> {
    match text.split_once('=') {
        Some((test, value)) => {
            Ok((Some(test.parse::<TestName>().map_err(|e| e.to_string())?), value))
        }
        None => Ok((None, text)),
    }
}

pub fn method(text: &str) -> Result<(Option<TestName>, Method), String> {
    let (test, name) = of_test(text)?;
    let method = name.parse::<Method>().map_err(|e| e.to_string())?;
    test.map_or(Ok(()), |test| method.expect_of(test)).map_err(|e| e.to_string())?;
    Ok((test, method))
}

pub fn min_effect(text: &str) -> Result<(Option<TestName>, f64), String> {
    let (test, number) = of_test(text)?;
    let value = number.parse::<f64>().ok().filter(|x| x.is_finite() && *x >= 0.0);
    value.map(|x| (test, x)).ok_or_else(|| "expected a number, 0 or more, or TEST=NUMBER".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_have_the_names_of_json() -> Result<(), serde_json::Error> {
        for (name, short, correction) in CORRECTIONS {
            assert_eq!(serde_json::to_value(correction)?, name);
            if let Some(alias) = short {
                assert_eq!(serde_json::from_value::<Correction>(alias.into())?, correction);
            }
        }
        assert_eq!(CORRECTIONS[2].2, CompareOptions::default().correction);
        Ok(())
    }
}
