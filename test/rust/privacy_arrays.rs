//! Clipping against the naive sum, the laws of the noise, what a step releases, and what a run
//! saves.

use fluxguard::privacy::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};
use fluxguard::privacy::clip::{
    AdaptiveClip, AdaptiveClipOptions, Clipping, Gradients, clip_sum, effective_noise_multiplier,
};
use fluxguard::privacy::noise::{DiscreteGaussian, NoiseKind, NoiseSource};
use fluxguard::privacy::release::{Lot, MeanOptions, PrivateRun, RunOptions, SumOptions};
use fluxguard::privacy::report::{PrivacyReport, ReportOptions};
use fluxguard::privacy::state::PrivacyState;
use fluxguard::{Error, Result};
use proptest::prelude::*;

/// The sum by its definition, in `f64`, example by example.
fn naive(layers: &[(Vec<f64>, usize)], examples: usize, clipping: &Clipping) -> Vec<Vec<f64>> {
    let mut sums: Vec<Vec<f64>> = layers.iter().map(|(_, features)| vec![0.0; *features]).collect();
    for i in 0..examples {
        let rows: Vec<&[f64]> =
            layers.iter().map(|(data, features)| &data[i * features..(i + 1) * features]).collect();
        if rows.iter().any(|row| row.iter().any(|x| !x.is_finite())) {
            continue;
        }
        let norms: Vec<f64> =
            rows.iter().map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
        let whole = norms.iter().map(|n| n * n).sum::<f64>().sqrt();
        for (layer, row) in rows.iter().enumerate() {
            let (norm, limit) = match clipping {
                Clipping::Flat(limit) => (whole, *limit),
                Clipping::PerLayer(limits) => (norms[layer], limits[layer]),
            };
            let weight = if norm > limit { limit / norm } else { 1.0 };
            sums[layer].iter_mut().zip(*row).for_each(|(sum, x)| *sum += weight * x);
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn clip_sum_is_the_naive_sum(
        examples in 0usize..12,
        features in proptest::collection::vec(1usize..5000, 1..4),
        per_layer in any::<bool>(),
        limit in 0.01f64..100.0,
        seed in any::<u64>(),
        bad in proptest::option::of((0usize..12, 0usize..3)),
    ) {
        let mut source = NoiseSource::seeded(seed);
        let mut layers: Vec<(Vec<f64>, usize)> = features
            .iter()
            .map(|&f| {
                let mut data = vec![0f32; f * examples];
                source.fill_gaussian(&mut data);
                (data.into_iter().map(f64::from).collect(), f)
            })
            .collect();
        if let Some((example, kind)) = bad.filter(|(example, _)| *example < examples) {
            layers[0].0[example * features[0]] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][kind];
        }
        let clipping = if per_layer { Clipping::PerLayer(vec![limit; features.len()]) }
            else { Clipping::Flat(limit) };
        let expected = naive(&layers, examples, &clipping);
        let views: Vec<(&[f64], usize)> = layers.iter().map(|(data, f)| (&data[..], *f)).collect();
        let gradients = Gradients::new(&views, examples).expect("shapes fit");
        let mut sums: Vec<Vec<f64>> = features.iter().map(|&f| vec![7.0; f]).collect();
        let mut out: Vec<&mut [f64]> = sums.iter_mut().map(|sum| &mut sum[..]).collect();
        let report = clip_sum(&gradients, &clipping, &mut out).expect("valid");
        for (sum, expected) in sums.iter().flatten().zip(expected.iter().flatten()) {
            prop_assert!((sum - expected).abs() <= 1e-12 * (1.0 + expected.abs()) * limit.max(1.0));
        }
        let bad: Vec<usize> = bad.map(|b| b.0).filter(|b| *b < examples).into_iter().collect();
        prop_assert_eq!(&report.non_finite, &bad);
        prop_assert_eq!(report.norms.len(), examples);

        // f32 input, the same sums to f32's precision
        let narrow: Vec<(Vec<f32>, usize)> =
            layers.iter().map(|(data, f)| (data.iter().map(|&x| x as f32).collect(), *f)).collect();
        let views: Vec<(&[f32], usize)> = narrow.iter().map(|(data, f)| (&data[..], *f)).collect();
        let mut sums32: Vec<Vec<f32>> = features.iter().map(|&f| vec![0.0; f]).collect();
        let mut out: Vec<&mut [f32]> = sums32.iter_mut().map(|sum| &mut sum[..]).collect();
        clip_sum(&Gradients::new(&views, examples).expect("shapes fit"), &clipping, &mut out).expect("valid");
        for (sum, expected) in sums32.iter().flatten().zip(expected.iter().flatten()) {
            prop_assert!((f64::from(*sum) - expected).abs() <= 1e-5 * (1.0 + expected.abs()));
        }
    }
}

#[test]
fn huge_and_tiny_gradients_are_clipped_and_not_lost() -> Result<()> {
    let data = [3e200, 4e200, 3e-200, 4e-200, 0.0, 0.0];
    let gradients = Gradients::new(&[(&data[..], 2)], 3)?;
    let mut sum = [0.0f64; 2];
    let report = clip_sum(&gradients, &Clipping::Flat(1.0), &mut [&mut sum])?;
    assert!((sum[0] - 0.6).abs() < 1e-12 && (sum[1] - 0.8).abs() < 1e-12);
    assert_eq!((report.clipped, report.non_finite.len()), (1, 0));
    assert!(
        (report.norms[0] / 5e200 - 1.0).abs() < 1e-12
            && (report.norms[1] / 5e-200 - 1.0).abs() < 1e-12
    );
    Ok(())
}

#[test]
fn shapes_and_norms_that_are_wrong_are_named() -> Result<()> {
    let data = [1.0f32; 12];
    assert!(matches!(Gradients::<f32>::new(&[], 3), Err(Error::EmptyTensor { .. })));
    assert!(
        matches!(Gradients::new(&[(&data[..], 5)], 3), Err(Error::InvalidArgument { argument, .. }) if argument == "gradients")
    );
    let gradients = Gradients::new(&[(&data[..], 4)], 3)?;
    let (mut short, mut right) = ([0.0f32; 3], [0.0f32; 4]);
    let named = |result: Result<_>, name: &str| match result {
        Err(Error::InvalidArgument { argument, .. }) => assert_eq!(argument, name),
        other => panic!("{other:?}"),
    };
    named(clip_sum(&gradients, &Clipping::Flat(1.0), &mut [&mut short]), "out");
    for clip in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        named(clip_sum(&gradients, &Clipping::Flat(clip), &mut [&mut right]), "clip");
    }
    named(clip_sum(&gradients, &Clipping::PerLayer(vec![1.0, 1.0]), &mut [&mut right]), "clip");
    let mut options = options(NoiseKind::Discrete, 1.0, 0.0);
    let mut mean = |options: &MeanOptions| {
        seeded(0)?
            .mean(&gradients, options, Lot::Unknown, &mut [&mut right])
            .map(|(report, _)| report)
    };
    named(mean(&options), "expected_lot_size");
    options.expected_lot_size = 3.0;
    options.noise_multiplier = -1.0;
    named(mean(&options), "noise_multiplier");
    Ok(())
}

fn options(noise: NoiseKind, noise_multiplier: f64, expected_lot_size: f64) -> MeanOptions {
    MeanOptions {
        clipping: Clipping::Flat(2.0),
        noise,
        ..MeanOptions::new(noise_multiplier, expected_lot_size)
    }
}

fn seeded(seed: u64) -> Result<PrivateRun> {
    PrivateRun::new(&RunOptions { seed: Some(seed), ..RunOptions::default() })
}

/// Kolmogorov's distance of `samples`, scaled by the root of their number, from the standard
/// normal.
fn kolmogorov(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    let n = samples.len() as f64;
    let cdf = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let distances = samples.iter().enumerate().map(|(i, &x)| {
        let p = cdf(x);
        (p - i as f64 / n).abs().max((p - (i + 1) as f64 / n).abs())
    });
    distances.fold(0.0, f64::max) * n.sqrt()
}

/// KS (1.95 is passed with probability 0.001), four moments within five standard errors, and tails.
fn assert_standard_normal(samples: &mut [f64], name: &str) {
    let n = samples.len() as f64;
    let moment = |power: i32| samples.iter().map(|x| x.powi(power)).sum::<f64>() / n;
    let close = |got: f64, expected: f64, variance: f64| {
        (got - expected).abs() < 5.0 * (variance / n).sqrt()
    };
    assert!(close(moment(1), 0.0, 1.0), "{name}: mean {}", moment(1));
    assert!(close(moment(2), 1.0, 2.0), "{name}: variance {}", moment(2));
    assert!(close(moment(3), 0.0, 15.0), "{name}: third {}", moment(3));
    assert!(close(moment(4), 3.0, 96.0), "{name}: fourth {}", moment(4));
    for (limit, probability) in [(2.0, 0.045_500_3), (3.0, 0.002_699_8), (4.0, 6.334e-5)] {
        let beyond = samples.iter().filter(|x| x.abs() > limit).count() as f64;
        let expected: f64 = n * probability;
        assert!(
            (beyond - expected).abs() < 5.0 * expected.sqrt() + 1.0,
            "{name}: {beyond} beyond {limit}, {expected}"
        );
    }
    let distance = kolmogorov(samples);
    assert!(distance < 1.95, "{name}: {distance}");
}

#[test]
fn both_noises_are_normal() -> Result<()> {
    let n = 2_000_001;
    let mut fast = vec![0f32; n];
    NoiseSource::seeded(11).fill_gaussian(&mut fast);
    assert_standard_normal(&mut fast.into_iter().map(f64::from).collect::<Vec<_>>(), "fast");
    let sampler = DiscreteGaussian::default();
    let mut discrete = vec![0i32; n];
    sampler.fill(&mut NoiseSource::seeded(12), &mut discrete);
    let mut scaled: Vec<f64> =
        discrete.iter().map(|&x| f64::from(x) / sampler.deviation()).collect();
    assert_standard_normal(&mut scaled, "discrete");
    // successive samples are unrelated
    let lag: f64 = discrete.windows(2).map(|w| f64::from(w[0]) * f64::from(w[1])).sum::<f64>()
        / sampler.deviation().powi(2);
    assert!((lag / (n as f64).sqrt()).abs() < 5.0);
    // and the law is close to what is accounted for, over a long run of a large model
    let close = sampler.closeness(235_146.0 * 1e4);
    assert!(close.log_ratio < 1e-7 && close.probability < 1e-26);
    Ok(())
}

#[test]
fn a_step_releases_the_mean_with_the_noise_that_was_asked_for() -> Result<()> {
    let (features, examples) = (60_000, 5);
    let data: Vec<f32> =
        (0..features * examples).map(|i| ((i % 97) as f32 - 48.0) * 1e-4).collect();
    let gradients = Gradients::new(&[(&data[..], features)], examples)?;
    let mut sum = vec![0.0f32; features];
    clip_sum(&gradients, &Clipping::Flat(2.0), &mut [&mut sum])?;
    for kind in [NoiseKind::Discrete, NoiseKind::Fast] {
        let options = options(kind, 1.5, 10.0);
        let mut mean = vec![0.0f32; features];
        seeded(3)?.mean(&gradients, &options, Lot::Unknown, &mut [&mut mean])?;
        let standard = |noisy: f64, sum: f64| (noisy - sum) / (1.5 * 2.0);
        let mut noise: Vec<f64> = mean
            .iter()
            .zip(&sum)
            .map(|(&m, &s)| standard(f64::from(m) * 10.0, f64::from(s)))
            .collect();
        assert_standard_normal(&mut noise, &format!("private_mean {kind:?}"));

        let mut noisy = sum.clone();
        let (left, right) = noisy.split_at_mut(20_001);
        let options = SumOptions {
            clip_norm: 2.0,
            expected_lot_size: 1.0,
            noise_multiplier: 1.5,
            noise: kind,
            adaptive: None,
        };
        seeded(4)?.sum(&mut [left, right], &options, Lot::Unknown, &[])?;
        let mut noise: Vec<f64> =
            noisy.iter().zip(&sum).map(|(&x, &s)| standard(f64::from(x), f64::from(s))).collect();
        assert_standard_normal(&mut noise, &format!("add_noise {kind:?}"));
    }
    // an empty lot is noise alone
    let empty = Gradients::new(&[(&data[..0], features)], 0)?;
    let mut mean = vec![0.0f32; features];
    let run = PrivateRun::new(&RunOptions::default())?;
    run.mean(&empty, &options(NoiseKind::Discrete, 1.0, 1.0), Lot::Unknown, &mut [&mut mean])?;
    assert!(mean.iter().all(|x| x.is_finite()) && mean.iter().any(|x| *x != 0.0));
    Ok(())
}

#[test]
fn the_adaptive_norm_finds_the_quantile() -> Result<()> {
    let examples = 400;
    let data: Vec<f64> = (0..examples).map(|i| 0.01 * f64::from(i + 1)).collect();
    let gradients = Gradients::new(&[(&data[..], 1)], examples as usize)?;
    let run = seeded(9)?;
    let options = AdaptiveClipOptions {
        initial: 0.05,
        quantile: 0.5,
        learning_rate: 0.2,
        count_noise: 20.0,
        bounds: (1e-3, 1e3),
    };
    let mut clip = AdaptiveClip::new(options.clone())?;
    let mut last = Vec::new();
    for step in 0..200 {
        let mut sum = [0.0];
        let report = clip_sum(&gradients, &Clipping::Flat(clip.norm()), &mut [&mut sum])?;
        let adapted = run.count(&clip, &report.norms, f64::from(examples), Lot::Unknown)?;
        let moved = adapted.step;
        clip = adapted.clip;
        if step >= 100 {
            last.push(moved.norm);
        }
    }
    let mean = last.iter().sum::<f64>() / last.len() as f64;
    assert!((mean - 2.0).abs() < 0.1, "{mean}");
    assert!(AdaptiveClip::new(AdaptiveClipOptions { quantile: 1.0, ..options }).is_err());
    let both = effective_noise_multiplier(1.0, 10.0)?;
    assert!((both.powi(-2) - 1.0 - 1.0 / 400.0).abs() < 1e-15);
    Ok(())
}

fn state() -> Result<PrivacyState> {
    let mut accountant = Accountant::new(AccountantKind::Pld, Relation::AddRemove);
    let phase =
        Phase { noise_multiplier: 1.1, sampling: Sampling::Poisson { rate: 0.01 }, steps: 300 };
    accountant.push(phase.clone())?;
    accountant.push(Phase { noise_multiplier: 1.3, sampling: Sampling::FullBatch, steps: 2 })?;
    let options = AdaptiveClipOptions {
        initial: 1.0,
        quantile: 0.5,
        learning_rate: 0.2,
        count_noise: 10.0,
        bounds: (0.1, 10.0),
    };
    Ok(PrivacyState {
        accountant,
        clipping: Clipping::PerLayer(vec![0.5, 1.5]),
        adaptive: Some(AdaptiveClip::new(options)?),
        schedule: vec![Phase { steps: 1000, ..phase }],
        private_randomness: true,
    })
}

#[test]
fn a_saved_run_goes_on_where_it_was() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("fluxguard-privacy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join("run.fgdp");
    let state = state()?;
    state.save(&path)?;
    state.save(&path)?;
    let mut back = PrivacyState::load(&path)?;
    assert_eq!(back, state);
    assert_eq!(back.accountant.epsilon(1e-5)?, state.accountant.epsilon(1e-5)?);
    let next =
        Phase { noise_multiplier: 1.1, sampling: Sampling::Poisson { rate: 0.01 }, steps: 1 };
    back.accountant.push(next)?;
    assert_eq!((state.accountant.steps(), back.accountant.steps()), (302, 303));

    let bytes = std::fs::read(&path).expect("the file");
    for position in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[position] ^= 0x10;
        std::fs::write(&path, &wrong).expect("written");
        let refused = PrivacyState::load(&path);
        match position {
            4..8 => assert!(matches!(refused, Err(Error::FileVersion { .. })), "{position}"),
            _ => assert!(matches!(refused, Err(Error::FileDamaged { .. })), "{position}"),
        }
    }
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).expect("written");
        assert!(matches!(PrivacyState::load(&path), Err(Error::FileDamaged { .. })));
    }
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(matches!(PrivacyState::load(&path), Err(Error::PathUnusable { .. })));
    assert!(matches!(state.save(&path), Err(Error::PathUnusable { .. })));
    Ok(())
}

#[test]
fn a_report_names_what_its_numbers_mean() -> Result<()> {
    let state = state()?;
    let options = ReportOptions {
        tuning_runs: Some(3),
        private_randomness: true,
        ..ReportOptions::default()
    };
    let report = PrivacyReport::new(&state.accountant, 1e-5, &options)?;
    assert_eq!((report.unit.as_str(), report.steps, report.samplers.len()), ("example", 302, 2));
    let (one, four) = (report.epsilon.unwrap_or(0.0), report.epsilon_with_tuning.unwrap_or(0.0));
    assert!(four > one && one > 0.0 && report.epsilon_lower_bound.is_none());
    let text = serde_json::to_string(&report).expect("JSON");
    assert_eq!(serde_json::from_str::<PrivacyReport>(&text).expect("the same"), report);
    for word in [
        "\"relation\":\"add_remove\"",
        "\"accountant\":\"pld\"",
        "\"sampler\":\"poisson\"",
        "\"sample_rate\":0.01",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let seeded = PrivacyReport::new(&state.accountant, 1e-5, &ReportOptions::default())?;
    assert!(!seeded.private && seeded.epsilon.is_none());
    Ok(())
}
