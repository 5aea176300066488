//! LORD++ and SAFFRON decide, at the levels, as online-fdr does: `test/reference/lord_saffron.py`.
#![allow(clippy::unwrap_used)]

use fluxguard::stats::online_fdr::{Lord, OnlineFdr, Saffron};
use serde_json::Value;

#[test]
fn levels_and_decisions_are_online_fdrs() {
    let all: Value = serde_json::from_str(include_str!("../reference/lord_saffron.json")).unwrap();
    let numbers = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
    let p_values = numbers(&all["p_values"]);
    let mut rejected = 0;
    for case in all["cases"].as_array().unwrap() {
        let (alpha, wealth) = (case["alpha"].as_f64().unwrap(), case["wealth"].as_f64());
        let mut procedure: Box<dyn OnlineFdr> = match case["lambda"].as_f64() {
            None => Box::new(Lord::new(alpha, wealth).unwrap()),
            Some(lambda) => Box::new(Saffron::new(alpha, wealth, lambda).unwrap()),
        };
        let decisions: Vec<bool> = serde_json::from_value(case["decisions"].clone()).unwrap();
        for ((p, level), decision) in p_values.iter().zip(numbers(&case["levels"])).zip(decisions) {
            assert!(
                (procedure.level() / level - 1.0).abs() < 1e-9,
                "{} {}: {level}",
                case["procedure"],
                case["alpha"]
            );
            assert_eq!(procedure.test(*p).unwrap(), decision);
            rejected += usize::from(decision);
        }
    }
    assert!(rejected > 100);
}
