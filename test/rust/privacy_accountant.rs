//! The accountants against dp-accounting and Opacus (test/reference/privacy_accounting.py), exact
//! values, and extremes.

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
                failures.push(format!(
                    "{phases:?}: delta({got}) = {} is not {delta}",
                    accountant.delta(got)?
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// Small rates and small `δ`, where no peer is exact: test/reference/privacy_contour.py.
#[test]
fn pld_agrees_with_a_contour_integral() -> Result<()> {
    let text = include_str!("../reference/privacy_contour.json");
    let reference: Value = serde_json::from_str(text).expect("the reference file is JSON");
    let mut failures = Vec::new();
    for row in reference["rows"].as_array().expect("rows") {
        let of = |name: &str| number(&row[name]);
        let phase = poisson(of("noise_multiplier"), of("sample_rate"), of("steps") as u64);
        let got =
            accountant(AccountantKind::Pld, Relation::AddRemove, &[phase]).epsilon(of("delta"))?;
        let exact = of("epsilon");
        if got < exact * (1.0 - 1e-6) - 2.0 * of("uncertainty")
            || got > exact + f64::max(1e-4, 1e-3 * exact)
        {
            failures.push(format!("{row}: {got}"));
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
        let orders: Vec<f64> =
            row["orders"].as_array().expect("orders").iter().map(number).collect();
        for ((order, got), expected) in
            accountant.rdp(&orders)?.into_iter().zip(row["rdp"].as_array().expect("rdp"))
        {
            let expected = number(expected);
            assert!(
                (got - expected).abs() <= 1e-9 * expected + 1e-11,
                "{row} {order}: {got} {expected}"
            );
        }
    }
    for row in reference()["rdp_epsilon"].as_array().expect("rows") {
        let phase = poisson(number(&row["sigma"]), number(&row["q"]), number(&row["steps"]) as u64);
        let rdp =
            accountant(AccountantKind::Rdp, Relation::AddRemove, std::slice::from_ref(&phase))
                .epsilon(1e-5)?;
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
    for (rate, sigma) in
        [(0.01, 1.0), (0.3, 0.7), (0.9, 2.0), (1e-3, 0.4), (0.5, 20.0), (1e-6, 0.4)]
    {
        let accountant =
            accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(sigma, rate, 1)]);
        for delta in [1e-3, 1e-6, 1e-9] {
            let epsilon = accountant.epsilon(delta)?;
            assert!(
                one_step(rate, sigma, epsilon) <= delta * (1.0 + 1e-9),
                "{rate} {sigma} {delta}: {epsilon}"
            );
            assert!(
                epsilon == 0.0 || one_step(rate, sigma, epsilon * (1.0 - 1e-7)) > delta,
                "{rate} {sigma} {delta}"
            );
        }
    }
    Ok(())
}

#[test]
fn without_sampling_it_is_the_gaussian_mechanism_whoever_composes() -> Result<()> {
    // a rate just below one goes through the FFT; the exact value is a lower bound for it up to the
    // rate's own effect
    for (sigma, steps) in [(1.0, 1), (3.0, 50), (10.0, 1000), (100.0, 1_000_000)] {
        let exact =
            accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(sigma, 1.0, steps)]);
        let near = accountant(
            AccountantKind::Pld,
            Relation::AddRemove,
            &[poisson(sigma, 1.0 - 1e-12, steps)],
        );
        for delta in [1e-2, 1e-5, 1e-10] {
            let (exact, near) = (exact.epsilon(delta)?, near.epsilon(delta)?);
            assert!(
                near >= exact * (1.0 - 1e-10) && near <= exact * 1.001,
                "{sigma} {steps} {delta}: {near} {exact}"
            );
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
        assert!(
            matches!(accountant.epsilon(delta), Err(Error::InvalidArgument { argument, .. }) if argument == "delta")
        );
    }
    assert_eq!(accountant.epsilon(1e-5), Ok(0.0));
    assert!(accountant.push(poisson(1.0, 0.1, 0)).is_ok());
    assert_eq!(accountant.epsilon(1e-5), Ok(0.0));
}

fn sampled(sampling: Sampling, relation: Relation, unit: u32) -> Result<f64> {
    let mut accountant = Accountant::new(AccountantKind::Pld, relation).with_unit_size(unit)?;
    accountant.push(Phase { noise_multiplier: 2.0, sampling, steps: 500 })?;
    let pld = accountant.epsilon(1e-6)?;
    let mut accountant = Accountant::new(AccountantKind::Rdp, relation).with_unit_size(unit)?;
    accountant.push(Phase { noise_multiplier: 2.0, sampling, steps: 500 })?;
    let rdp = accountant.epsilon(1e-6)?;
    assert!(pld <= rdp && pld > 0.4 * rdp, "{sampling:?} {relation:?} {unit}: pld {pld} rdp {rdp}");
    Ok(pld)
}

#[test]
fn samplers_relations_and_units_are_in_their_order() -> Result<()> {
    use Relation::{AddRemove, ReplaceOne};
    let poisson = Sampling::Poisson { rate: 0.02 };
    let fixed = Sampling::WithoutReplacement { lot_size: 200, dataset_size: 10_000 };
    let truncated =
        |max_lot| Sampling::TruncatedPoisson { rate: 0.02, max_lot, dataset_size: 10_000 };
    let base = sampled(poisson, AddRemove, 1)?;
    let replace = sampled(poisson, ReplaceOne, 1)?;
    assert!(base < replace && replace < 2.5 * base);
    // a lot of fixed size: the bound has twice the distance, and never less than Poisson's
    let (fixed_replace, fixed_remove) =
        (sampled(fixed, ReplaceOne, 1)?, sampled(fixed, AddRemove, 1)?);
    let shown = format!("{base} {replace} {fixed_replace} {fixed_remove}");
    assert!(
        fixed_remove > base && fixed_replace >= fixed_remove && fixed_replace < 1.5 * fixed_remove,
        "{shown}"
    );
    // truncation costs nothing where it never happens, and much where it always does
    let never = sampled(truncated(400), AddRemove, 1)?;
    let often = sampled(truncated(200), AddRemove, 1)?;
    let always = sampled(truncated(100), AddRemove, 1)?;
    let shown = format!("{never} {often} {always}");
    assert!((never / base - 1.0).abs() < 1e-3 && often > 1.1 * base && always > often, "{shown}");
    assert!(always <= fixed_remove * 1.01, "{shown} {fixed_remove}");
    // users of two, four examples
    let (two, four) = (sampled(poisson, AddRemove, 2)?, sampled(poisson, AddRemove, 4)?);
    assert!(base < two && two < four && two < 3.0 * base);
    assert!(sampled(fixed, ReplaceOne, 2)? > fixed_replace);
    // at most as much as without any sampling
    assert!(four < sampled(Sampling::FullBatch, AddRemove, 1)?);
    Ok(())
}

#[test]
fn shuffling_is_bounded_from_both_sides_and_not_taken_for_poisson() -> Result<()> {
    let shuffled = Sampling::Shuffled { lot_size: 100, dataset_size: 10_000 };
    let mut accountant = Accountant::new(AccountantKind::Pld, Relation::ReplaceOne);
    accountant.push(Phase { noise_multiplier: 0.8, sampling: shuffled, steps: 100 })?;
    let upper = accountant.epsilon(1e-5)?;
    let lower = fluxguard::privacy::accountant::shuffled_lower_bound(0.8, 100, 1e-5)?;
    assert!(lower > 0.3 * upper && lower < upper, "{lower} {upper}");
    // one epoch is one full batch; a step more begins a second
    let mut full = Accountant::new(AccountantKind::Pld, Relation::ReplaceOne);
    full.push(Phase { noise_multiplier: 0.8, sampling: Sampling::FullBatch, steps: 1 })?;
    assert_eq!(upper, full.epsilon(1e-5)?);
    accountant.push(Phase { noise_multiplier: 0.8, sampling: shuffled, steps: 1 })?;
    assert!(accountant.epsilon(1e-5)? > upper);
    let mut add_remove = Accountant::new(AccountantKind::Pld, Relation::AddRemove);
    let refused = add_remove.push(Phase { noise_multiplier: 0.8, sampling: shuffled, steps: 1 });
    assert!(
        matches!(refused, Err(Error::InvalidArgument { argument, .. }) if argument == "relation")
    );
    Ok(())
}

#[test]
fn curves_and_trade_offs_are_those_of_the_gaussian_mechanism() -> Result<()> {
    let mut accountant = Accountant::new(AccountantKind::Pld, Relation::AddRemove);
    accountant.push(Phase { noise_multiplier: 1.0, sampling: Sampling::FullBatch, steps: 1 })?;
    // Dong, Roth and Su: the trade-off of N(0, 1) and N(1, 1) is Φ(Φ⁻¹(1 - α) - 1)
    for (fpr, tpr) in [(0.01, 0.092_362_3), (0.1, 0.389_142_9), (0.5, 0.841_344_7)] {
        let got = accountant.tpr_at_fpr(fpr)?;
        assert!(got >= tpr - 1e-6 && got < tpr * 1.002, "{fpr}: {got} {tpr}");
        assert!((accountant.trade_off(&[fpr])?[0] - (1.0 - got)).abs() < 1e-15);
    }
    let curve = accountant.curve(&[1e-3, 1e-6])?;
    assert!(curve[0].0 < curve[1].0);
    for (epsilon, delta) in curve {
        assert!((accountant.delta(epsilon)? / delta - 1.0).abs() < 1e-9);
    }
    assert!(accountant.tpr_at_fpr(0.0).is_err() && accountant.delta(-1.0).is_err());
    Ok(())
}

#[test]
fn the_budget_says_when_it_is_exhausted() -> Result<()> {
    let accountant =
        accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(1.0, 0.01, 1000)]);
    let spent = accountant.epsilon(1e-5)?;
    assert!(accountant.check_budget(poisson(1.0, 0.01, 1), spent * 1.01, 1e-5).is_ok());
    let refused = accountant.check_budget(poisson(1.0, 0.01, 500), spent * 1.01, 1e-5);
    assert!(matches!(refused, Err(Error::BudgetExhausted { .. })));
    Ok(())
}

#[test]
fn the_noise_samplers_distance_is_paid_for() -> Result<()> {
    let mut accountant =
        accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(1.0, 0.01, 1000)]);
    let ideal = accountant.epsilon(1e-5)?;
    accountant.add_statistical_distance(1e-7)?;
    let real = accountant.epsilon(1e-5)?;
    assert!(real > ideal && real < 1.05 * ideal);
    assert!(accountant.delta(real)? <= 1e-5 * 1.05);
    accountant.add_statistical_distance(1e-5)?;
    assert!(
        matches!(accountant.epsilon(1e-5), Err(Error::InvalidArgument { argument, .. }) if argument == "delta")
    );
    Ok(())
}

#[test]
fn discrete_noise_costs_next_to_nothing_even_where_epsilon_is_large() -> Result<()> {
    let mut accountant =
        accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(0.6, 0.004267, 14_000)]);
    let (ideal, ideal_delta) = (accountant.epsilon(1e-5)?, accountant.delta(8.0)?);
    accountant.add_noise_samples(235_146 * 14_000);
    for (got, bound) in [(accountant.epsilon(1e-5)?, ideal), (accountant.delta(8.0)?, ideal_delta)]
    {
        assert!(ideal > 8.0 && got > bound && got < bound * (1.0 + 1e-5), "{got} {bound}");
    }
    assert!(accountant.delta(0.0)? <= 1.0);
    Ok(())
}

#[test]
fn extremes_of_units_and_losses_are_errors_or_bounds() -> Result<()> {
    // losses beyond what exp can hold, beside small ones
    let loud = Phase { noise_multiplier: 0.005, sampling: Sampling::FullBatch, steps: 50 };
    let alone = accountant(AccountantKind::Pld, Relation::AddRemove, std::slice::from_ref(&loud))
        .epsilon(1e-5)?;
    let both =
        accountant(AccountantKind::Pld, Relation::AddRemove, &[loud, poisson(1.0, 0.01, 100)])
            .epsilon(1e-5)?;
    assert!(both >= alone && both < 1.001 * alone, "{both} {alone}");
    let quiet = accountant(AccountantKind::Pld, Relation::AddRemove, &[poisson(0.01, 0.5, 20)])
        .epsilon(1e-5)?;
    assert!(quiet.is_finite() && quiet > 1e4, "{quiet}");
    // the most steps that there may be
    let long = accountant(
        AccountantKind::Pld,
        Relation::AddRemove,
        &[poisson(100.0, 1e-4, 1_000_000_000)],
    );
    let exact = accountant(
        AccountantKind::Rdp,
        Relation::AddRemove,
        &[poisson(100.0, 1e-4, 1_000_000_000)],
    );
    assert!(
        long.epsilon(1e-5)? <= exact.epsilon(1e-5)?
            && long.epsilon(1e-5)? > 0.5 * exact.epsilon(1e-5)?
    );
    // a unit larger than the lot, or than what is left beside it
    let mut users = Accountant::new(AccountantKind::Pld, Relation::AddRemove).with_unit_size(8)?;
    let small = Sampling::WithoutReplacement { lot_size: 5, dataset_size: 6 };
    assert!(users.push(Phase { noise_multiplier: 1.0, sampling: small, steps: 1 }).is_err());
    let most = Sampling::TruncatedPoisson { rate: 0.1, max_lot: 4, dataset_size: 100 };
    users.push(Phase { noise_multiplier: 1.0, sampling: most, steps: 1 })?;
    let mut poisson_users =
        Accountant::new(AccountantKind::Pld, Relation::AddRemove).with_unit_size(8)?;
    poisson_users.push(Phase {
        noise_multiplier: 1.0,
        sampling: Sampling::Poisson { rate: 0.1 },
        steps: 1,
    })?;
    assert!(users.epsilon(1e-5)? > poisson_users.epsilon(1e-5)?);
    assert!(Accountant::new(AccountantKind::Pld, Relation::AddRemove).with_unit_size(0).is_err());
    Ok(())
}
