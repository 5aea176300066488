//! Every method of every test: what was asked for is what was done, methods agree where both hold,
//! and what a test has not is refused by name.
#![allow(clippy::unwrap_used)]

use fluxguard::drift::two_sample::{Method, Reference, TestName, test};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

fn exponential(random: &mut ChaCha8Rng, size: usize) -> Vec<f64> {
    let unit = |random: &mut ChaCha8Rng| (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (0..size).map(|_| -(-unit(random)).ln_1p()).collect()
}

#[test]
fn the_method_is_the_one_asked_for_and_p_values_agree() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for name in TestName::ALL.into_iter().filter(|name| *name != TestName::Fisher) {
        for (m, n) in [(20, 18), (150, 90)] {
            let (a, b) = (exponential(&mut random, m), exponential(&mut random, n));
            let reference = Reference::new(&a).unwrap();
            let by_default = reference.test(name, &b).unwrap();
            assert_eq!(reference.test_by(name, &b, Method::Auto).unwrap(), by_default);
            let methods = Method::of(name);
            assert!(methods.contains(&by_default.method), "{name}: {:?}", by_default.method);
            for method in methods {
                let result = match reference.test_by(name, &b, *method) {
                    Ok(result) => result,
                    Err(error) => {
                        assert!(
                            *method == Method::Exact
                                && m > 20
                                && error.to_string().starts_with("method: got exact")
                        );
                        continue;
                    }
                };
                assert_eq!(
                    (result.method, result.statistic),
                    (*method, by_default.statistic),
                    "{name}"
                );
                if name.of_bins().is_some() && m <= 20 {
                    continue; // two in a bin: no limit law holds, and who asks for it is obeyed
                }
                // 999 draws: four standard errors; and what a limit law is off by for samples of
                // 20.
                let most = 4.0 * (0.25f64 / 999.0).sqrt() + if m > 20 { 0.03 } else { 0.12 };
                assert!(
                    (result.p_value - by_default.p_value).abs() < most,
                    "{name} {m}: {result:?} {by_default:?}"
                );
            }
        }
    }
}

#[test]
fn with_ties_reassignment_is_not_conservative() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut share = [0.0; 2];
    for _ in 0..400 {
        let few = |random: &mut ChaCha8Rng, n| {
            exponential(random, n).iter().map(|v| v.round()).collect::<Vec<_>>()
        };
        let reference = Reference::new(&few(&mut random, 60)).unwrap();
        let current = few(&mut random, 50);
        for (share, method) in share.iter_mut().zip([Method::Exact, Method::Permutation]) {
            let p = reference.test_by(TestName::Ks, &current, method).unwrap().p_value;
            *share += f64::from(u8::from(p <= 0.2)) / 400.0;
        }
    }
    // The 99.9 % interval of a binomial share of 0.2; D of few values has steps, so that below it
    // is less sure.
    let slack = 3.29 * (0.2f64 * 0.8 / 400.0).sqrt();
    assert!(share[1] <= 0.2 + slack && share[1] >= 0.1, "{share:?}");
    assert!(share[0] < 0.5 * share[1], "{share:?}");
}

#[test]
fn exact_p_values_that_cannot_be_counted_out_are_refused() {
    let (ties, many) = (vec![1.0, 1.0, 2.0, 3.0], (0..300).map(f64::from).collect::<Vec<_>>());
    let refused = |name, sample: &[f64]| {
        let reference = Reference::new(sample).unwrap();
        reference.test_by(name, sample, Method::Exact).unwrap_err().to_string()
    };
    assert!(
        refused(TestName::Cvm, &ties)
            .starts_with("method: got exact for cvm of 4 and 4 values, with ties, expected")
    );
    assert!(
        refused(TestName::MannWhitney, &many)
            .contains("at most 10000 pairs of them; or permutation")
    );
    let few = Reference::new(&[1.0]).unwrap();
    let error = few.test_by(TestName::Ad, &[2.0], Method::Asymptotic).unwrap_err().to_string();
    assert!(error.starts_with("method: got asymptotic for ad of 2 values"), "{error}");
    assert_eq!(few.test_by(TestName::Ad, &[2.0], Method::Permutation).unwrap().p_value, 1.0);
    assert_eq!(test(TestName::Ad, &[1.0], &[2.0]).unwrap().method, Method::Permutation);
}
