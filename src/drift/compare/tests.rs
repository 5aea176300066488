//! Comparisons, and what they do not change with.

use super::*;
use crate::stats::multiple::Correction;
use crate::testing::Random;

/// All but fisher, which is for two values.
fn of_numbers() -> Vec<TestName> {
    TestName::ALL.into_iter().filter(|test| *test != TestName::Fisher).collect()
}

#[test]
fn rows_of_several_epochs_are_compared_once() {
    let (reference, current) = (Random(5).normals(2 * 300), Random(6).normals(2 * 200));
    let options = CompareOptions { tests: of_numbers(), ..Default::default() };
    let of = |rows: &[f64], other: &[f64], options: &CompareOptions| {
        let (a, b) = (
            Tensor::new(Elements::F64(rows), rows.len() / 2),
            Tensor::new(Elements::F64(other), other.len() / 2),
        );
        let (a, b) = (a.expect("shape"), b.expect("shape"));
        let found = compare(&a, &b, options).expect("comparable");
        let prepared = crate::reference::Reference::new(&a).expect("finite");
        assert_eq!(prepared.compare(&b, options).expect("comparable"), found);
        found
    };
    let once = of(&reference, &current, &options);
    assert_eq!(once.copies, None);
    for (before, after) in [(5, 1), (1, 3), (2, 2)] {
        let found = of(&reference.repeat(before), &current.repeat(after), &options);
        assert_eq!(
            found,
            Comparison { copies: Some((before as f64, after as f64)), ..once.clone() }
        );
    }
    let given =
        of(&reference.repeat(5), &current, &CompareOptions { order: Order::Given, ..options });
    assert_eq!((given.copies, given.columns), (Some((5.0, 1.0)), once.columns));
}

#[test]
fn the_column_that_moved_is_named() {
    let (reference, mut current) = (Random(3).normals(3000), Random(103).normals(900));
    current.iter_mut().skip(1).step_by(3).for_each(|x| *x += 1.0);
    let (r, c) =
        (Tensor::new(Elements::F64(&reference), 1000), Tensor::new(Elements::F64(&current), 300));
    let (r, c) = (r.expect("shape"), c.expect("shape"));
    let options = CompareOptions { tests: of_numbers(), alpha: 0.01, ..Default::default() };
    let comparison = compare(&r, &c, &options).expect("comparable");
    let drifted: Vec<bool> = comparison.columns.iter().map(|c| c.drift).collect();
    assert_eq!((comparison.drift, drifted), (true, vec![false, true, false]));
    assert!(comparison.columns[1].tests.iter().all(|t| t.drift));
    let tests = vec![TestName::Hotelling, TestName::Ks, TestName::Mmd];
    let comparison =
        compare(&r, &c, &CompareOptions { tests, ..Default::default() }).expect("comparable");
    let all = comparison.all_columns.clone().expect("asked for");
    assert_eq!(
        all.tests.iter().map(|t| t.result.test).collect::<Vec<_>>(),
        [TestName::Hotelling, TestName::Mmd]
    );
    assert!(
        all.drift && all.tests.iter().all(|t| t.drift && t.adjusted_p_value >= t.result.p_value)
    );
    assert!(comparison.columns.iter().all(|c| c.tests.len() == 1));
    let json = serde_json::to_value(&comparison).expect("JSON");
    assert_eq!(json["all_columns"]["tests"][1]["test"], "mmd");
    assert_eq!(serde_json::from_value::<Comparison>(json).expect("the same"), comparison);
    let few = Tensor::new(Elements::F64(&current[..4]), 2).expect("shape");
    assert_eq!(compare(&r, &few, &options).expect_err("2 features").code(), 103);
    let options = CompareOptions { alpha: 1.0, ..Default::default() };
    assert_eq!(compare(&r, &c, &options).expect_err("alpha").code(), 100);
}

#[test]
fn categories_and_numbers_are_one_comparison() {
    let codes = |seed: u64, n: usize, by: f64| -> Vec<f64> {
        Random(seed).normals(n).iter().map(|x| (x + by).clamp(-1.5, 1.5).round()).collect()
    };
    let numbers = (Random(1).normals(600), Random(2).normals(400));
    let (same, mut moved) =
        ((codes(3, 600, 0.0), codes(4, 400, 0.0)), (codes(5, 600, 0.0), codes(6, 400, 0.8)));
    moved.1[0] = f64::NAN;
    let (before, after) =
        ([&numbers.0[..], &same.0[..], &moved.0[..]], [&numbers.1[..], &same.1[..], &moved.1[..]]);
    let names = ["x", "kind", "place"].map(String::from).to_vec();
    let options = CompareOptions {
        names: Some(names),
        categorical: vec!["kind".into(), "place".into()],
        ..CompareOptions::default()
    };
    let found = compare_columns(&before, &after, &options).expect("comparable");
    let tests: Vec<TestName> =
        found.columns.iter().map(|column| column.tests[0].result.test).collect();
    assert_eq!(tests, [TestName::Ks, TestName::Chi2, TestName::Chi2]);
    assert_eq!(
        found.columns.iter().map(|column| column.drift).collect::<Vec<_>>(),
        [false, false, true]
    );
    assert_eq!(found.columns[2].missing.as_ref().expect("one").current, 1);
    // The same from rows, to the bit, however often each is there; and the numbers together.
    let rows = |columns: &[&[f64]]| -> Vec<f64> {
        (0..columns[0].len()).flat_map(|i| columns.iter().map(move |column| column[i])).collect()
    };
    let tests = vec![TestName::Ks, TestName::G, TestName::Hotelling, TestName::Mmd];
    for options in [options.clone(), CompareOptions { tests, ..options.clone() }] {
        let found = compare_columns(&before, &after, &options).expect("comparable");
        for epochs in [1, 3] {
            let (before, after) = (rows(&before).repeat(epochs), rows(&after));
            let (before, after) = (
                Tensor::new(Elements::F64(&before), before.len() / 3).expect("shape"),
                Tensor::new(Elements::F64(&after), after.len() / 3).expect("shape"),
            );
            let copies = (epochs > 1).then_some((epochs as f64, 1.0));
            let expected = Comparison { copies, ..found.clone() };
            assert_eq!(compare(&before, &after, &options).expect("comparable"), expected);
            let prepared = crate::reference::Reference::new(&before).expect("finite");
            assert_eq!(prepared.compare(&after, &options).expect("comparable"), expected);
        }
    }
    for (options, argument) in [
        (CompareOptions { categorical: vec!["kin".into()], ..options.clone() }, "categorical"),
        (CompareOptions { tests: vec![TestName::Cvm], ..options.clone() }, "tests"),
        (CompareOptions { order: Order::Given, ..options.clone() }, "order"),
    ] {
        let error = compare_columns(&before, &after, &options).expect_err("bad").to_string();
        assert!(error.starts_with(argument), "{error}");
    }
    assert!(
        compare_columns(&before[..2], &after, &options).is_err()
            && compare_columns(&[], &[], &options).is_err()
    );
}

#[test]
fn all_tests_are_one_family() {
    let wave = |n: u64, by: f64| (0..n).map(|i| (i as f64 * by).sin()).collect::<Vec<f64>>();
    let kinds = |n: u64, of: u64| (0..n).map(|i| (i * i % of) as f64).collect::<Vec<f64>>();
    let (before, mut after) = (
        [wave(300, 1.7), wave(300, 0.9), kinds(300, 7)],
        [wave(300, 2.3), wave(300, 0.003), kinds(300, 5)],
    );
    after[0][3] = f64::NAN;
    let (before, after) = (before.each_ref().map(|c| &c[..]), after.each_ref().map(|c| &c[..]));
    for correction in [Correction::Bonferroni, Correction::Holm, Correction::BenjaminiHochberg] {
        let mut tests = of_numbers();
        tests.extend([TestName::Hotelling, TestName::Mmd]);
        let options = CompareOptions {
            tests,
            correction,
            categorical: vec!["y3".into()],
            ..Default::default()
        };
        let found = compare_columns(&before, &after, &options).expect("comparable");
        let joint = found.all_columns.iter().flat_map(|all| &all.tests);
        let tests: Vec<_> =
            found.columns.iter().flat_map(|column| column.all_tests()).chain(joint).collect();
        let p_values: Vec<f64> = tests.iter().map(|test| test.result.p_value).collect();
        let adjusted = crate::stats::multiple::adjust(&p_values, correction).expect("p-values");
        for (test, adjusted) in tests.iter().zip(adjusted) {
            let drift = adjusted <= options.alpha && test.result.effect >= test.min_effect;
            assert_eq!((test.adjusted_p_value, test.drift), (adjusted, drift));
        }
        assert!(found.drift && tests.iter().any(|test| !test.drift), "both verdicts are seen");
        let (first, last) = (&found.columns[0], &found.columns[2]);
        assert!(first.missing.is_some() && !last.tests.is_empty() && found.all_columns.is_some());
    }
}

#[test]
fn what_is_missing_is_left_out_and_its_share_is_tested() {
    let (mut reference, mut current) = (Random(5).normals(2000), Random(6).normals(1000));
    let (whole, now) = (reference.clone(), current.clone());
    reference.iter_mut().step_by(40).for_each(|x| *x = f64::NAN);
    current.iter_mut().step_by(4).for_each(|x| *x = f64::NAN);
    fn of(x: &[f64]) -> Tensor<'_> {
        Tensor::new(Elements::F64(x), x.len() / 2).expect("shape")
    }
    let tests = vec![TestName::Ks, TestName::Hotelling];
    let options = CompareOptions { tests, ..Default::default() };
    let found = compare(&of(&reference), &of(&current), &options).expect("comparable");
    let missing = found.columns[0].missing.as_ref().expect("some are");
    assert_eq!((missing.reference, missing.current), (50, 250));
    assert!(missing.test.drift && found.columns[0].drift && found.drift);
    assert_eq!((found.columns[1].missing.as_ref(), found.columns[1].drift), (None, false));
    let all = found.all_columns.as_ref().expect("asked for");
    assert_eq!((all.complete, all.drift), (Some((950, 250)), false));
    // What is there is compared as if nothing else had ever been.
    let odd = |x: &[f64], by: usize| -> Vec<f64> {
        x.iter()
            .step_by(2)
            .enumerate()
            .filter(|(i, _)| i % (by / 2) != 0)
            .map(|(_, x)| *x)
            .collect()
    };
    let alone =
        super::super::two_sample::ks::test(&odd(&whole, 40), &odd(&now, 4)).expect("comparable");
    assert_eq!(found.columns[0].tests[0].result, alone);
    let prepared = super::super::reference::Reference::new(&of(&reference)).expect("a reference");
    assert_eq!(prepared.compare(&of(&current), &options).expect("comparable"), found);
    let blank = vec![f64::NAN; 40];
    let found =
        compare(&of(&blank), &of(&current), &CompareOptions::default()).expect("comparable");
    assert!(found.columns[0].tests.is_empty() && found.columns[0].missing.is_some());
    let joint = CompareOptions { tests: vec![TestName::Mmd], ..Default::default() };
    assert!(compare(&of(&blank), &of(&current), &joint).is_err());
    let inf = [1.0, f64::INFINITY];
    assert!(compare(&of(&inf), &of(&current), &options).is_err());
}
