//! The accountants against dp-accounting and Opacus (test/reference/privacy_accounting.py), exact values, and extremes.

use fluxguard::privacy::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};
use fluxguard::{Error, Result};
use serde_json::Value;

fn reference() -> Value {
    let text = include_str!("../reference/privacy_accounting.json");
    serde_json::from_str(text).expect("the reference file is JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn poisson(noise_multiplier: f64, rate: f64, steps: u64) -> Phase {
    Phase { noise_multiplier, sampling: Sampling::Poisson { rate }, steps }
}

fn accountant(kind: AccountantKind, relation: Relation, phases: &[Phase]) -> Accountant {
    let mut accountant = Accountant::new(kind, relation);
    for phase in phases {
        accountant.push(phase.clone()).expect("a valid phase");
    }
    accountant
}

#[test]
fn pld_agrees_with_dp_accounting_on_the_grid() -> Result<()> {
    let mut failures = Vec::new();
    for row in reference()["pld"].as_array().expect("rows") {
        let phases: Vec<Phase> = row["phases"]
            .as_array()
            .expect("phases")
            .iter()
            .map(|p| poisson(number(&p[0]), number(&p[1]), number(&p[2]) as u64))
            .collect();
        let relation = match row["relation"].as_str() {
            Some("replace_one") => Relation::ReplaceOne,
            _ => Relation::AddRemove,
        };
        let accountant = accountant(AccountantKind::Pld, relation, &phases);
        for pair in row["epsilon"].as_array().expect("pairs") {
            let (delta, expected) = (number(&pair[0]), number(&pair[1]));
            let got = accountant.epsilon(delta)?;
            if (got - expected).abs() > f64::max(1e-4, 1e-3 * expected) {
                failures.push(format!("{phases:?} {delta}: {got} instead of {expected}"));
            }
            if delta == 1e-5 && accountant.delta(got)? > delta * (1.0 + 2e-2) {
                failures.push(format!("{phases:?}: delta({got}) = {} is not {delta}", accountant.delta(got)?));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn rdp_agrees_with_opacus() -> Result<()> {
    for row in reference()["rdp"].as_array().expect("rows") {
        let accountant = accountant(
            AccountantKind::Rdp,
            Relation::AddRemove,
            &[poisson(number(&row["sigma"]), number(&row["q"]), 1)],
        );
        let orders: Vec<f64> = row["orders"].as_array().expect("orders").iter().map(number).collect();
        for ((order, got), expected) in accountant.rdp(&orders)?.into_iter().zip(row["rdp"].as_array().expect("rdp")) {
            let expected = number(expected);
            assert!((got - expected).abs() <= 1e-9 * expected + 1e-11, "{row} {order}: {got} {expected}");
        }
    }
    for row in reference()["rdp_epsilon"].as_array().expect("rows") {
        let phase = poisson(number(&row["sigma"]), number(&row["q"]), number(&row["steps"]) as u64);
        let rdp = accountant(AccountantKind::Rdp, Relation::AddRemove, std::slice::from_ref(&phase)).epsilon(1e-5)?;
        let pld = accountant(AccountantKind::Pld, Relation::AddRemove, &[phase]).epsilon(1e-5)?;
        // more orders can only be better, by little where the optimum was inside
        assert!(rdp <= number(&row["opacus"]) * (1.0 + 1e-9) + 1e-9, "{row}: {rdp}");
        assert!(pld <= rdp + 1e-12, "{row}: pld {pld} rdp {rdp}");
    }
    Ok(())
}

/// `δ(ε)` of one Poisson step under removal and addition, by its definition.
fn one_step(rate: f64, sigma: f64, epsilon: f64) -> f64 {
    let tail = |x: f64| 0.5 * libm::erfc(x / std::f64::consts::SQRT_2);
    let remove = {
        let x = sigma * (epsilon.exp_m1() / rate).ln_1p() + 0.5 / sigma;
        (1.0 - rate) * tail(x) + rate * tail(x - 1.0 / sigma) - epsilon.exp() * tail(x)
    };
    let add = {
        let inside = (-epsilon).exp_m1() / rate;
        if inside <= -1.0 {
            0.0
        } else {
            let x = sigma * inside.ln_1p() + 0.5 / sigma;
            tail(-x) - epsilon.exp() * ((1.0 - rate) * tail(-x) + rate * tail(1.0 / sigma - x))
        }
    };
    remove.max(add)
}

#[test]
fn one_step_is_exact_and_never_understated() -> Result<()> {
    for (rate, sigma) in [(0.01, 1.0), (0.3, 0.7), (0.9, 2.0), (1e-3, 0.4), (0.5, 20.0)] {
        let accountant = accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(sigma, rate, 1)]);
        for delta in [1e-3, 1e-6, 1e-9] {
            let epsilon = accountant.epsilon(delta)?;
            assert!(one_step(rate, sigma, epsilon) <= delta * (1.0 + 1e-9), "{rate} {sigma} {delta}: {epsilon}");
            assert!(epsilon == 0.0 || one_step(rate, sigma, epsilon * 0.999 - 1e-6) > delta, "{rate} {sigma} {delta}");
        }
    }
    Ok(())
}

#[test]
fn without_sampling_it_is_the_gaussian_mechanism_whoever_composes() -> Result<()> {
    // a rate just below one goes through the FFT; the exact value is a lower bound for it up to the rate's own effect
    for (sigma, steps) in [(1.0, 1), (3.0, 50), (10.0, 1000), (100.0, 1_000_000)] {
        let exact = accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(sigma, 1.0, steps)]);
        let near = accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(sigma, 1.0 - 1e-12, steps)]);
        for delta in [1e-2, 1e-5, 1e-10] {
            let (exact, near) = (exact.epsilon(delta)?, near.epsilon(delta)?);
            assert!(near >= exact * (1.0 - 1e-10) && near <= exact * 1.001, "{sigma} {steps} {delta}: {near} {exact}");
        }
    }
    Ok(())
}

#[test]
fn no_configuration_of_the_grid_crashes_or_is_absurd() -> Result<()> {
    for sigma in [0.3, 1.0, 10.0, 100.0] {
        for rate in [1e-6, 1e-4, 1e-2, 0.3, 1.0] {
            for steps in [1, 10, 1000, 1_000_000] {
                let pld = accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(sigma, rate, steps)]);
                let rdp = Accountant::epsilon(
                    &accountant(AccountantKind::Rdp, Relation::AddRemove, &[poisson(sigma, rate, steps)]),
                    1e-5,
                )?;
                let mut last = f64::INFINITY;
                for delta in [1e-12, 1e-5, 0.1] {
                    let epsilon = pld.epsilon(delta)?;
                    let name = format!("sigma {sigma} q {rate} steps {steps} delta {delta}: {epsilon} rdp {rdp}");
                    assert!(epsilon >= 0.0 && epsilon.is_finite(), "{name}");
                    assert!(epsilon <= last * (1.0 + 1e-3) + 1e-6, "not monotone: {name}, {last}");
                    assert!(delta != 1e-5 || epsilon <= rdp * (1.0 + 1e-3) + 1e-6, "worse than RDP: {name}");
                    last = epsilon;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn bad_input_is_named() {
    let mut accountant = Accountant::new(AccountantKind::Pld, Relation::AddRemove);
    for (phase, name) in [
        (poisson(0.0, 0.1, 1), "noise_multiplier"),
        (poisson(-1.0, 0.1, 1), "noise_multiplier"),
        (poisson(f64::NAN, 0.1, 1), "noise_multiplier"),
        (poisson(1.0, 0.0, 1), "sample_rate"),
        (poisson(1.0, 1.1, 1), "sample_rate"),
        (poisson(1.0, f64::NAN, 1), "sample_rate"),
        (poisson(1.0, 0.1, 1_000_000_001), "steps"),
        (
            Phase {
                noise_multiplier: 1.0,
                sampling: Sampling::WithoutReplacement { lot_size: 11, dataset_size: 10 },
                steps: 1,
            },
            "lot_size",
        ),
    ] {
        match accountant.push(phase) {
            Err(Error::InvalidArgument { argument, .. }) => assert_eq!(argument, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    for delta in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(matches!(accountant.epsilon(delta), Err(Error::InvalidArgument { argument: "delta", .. })));
    }
    assert_eq!(accountant.epsilon(1e-5), Ok(0.0));
    assert!(accountant.push(poisson(1.0, 0.1, 0)).is_ok());
    assert_eq!(accountant.epsilon(1e-5), Ok(0.0));
}
