//! The anytime-valid monitors: false alarms over 10^4 streams of 10^5 observations, detection
//! delays beside the classical detectors, what a fixed calibration set does without its correction,
//! online MMD's run times, and observations a second.
//!
//!     cargo bench --bench anytime                   all of it, some minutes on two cores
//!     cargo bench --bench anytime -- 1000 20000     fewer and shorter streams
//!     cargo bench --bench anytime -- speed alarms   some parts: speed, delays, lengths, alarms

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use fluxguard::drift::anytime::Columns;
use fluxguard::drift::anytime::bets::Bets;
use fluxguard::drift::anytime::betting::{Betting, BettingOptions};
use fluxguard::drift::anytime::conformal::Bag;
use fluxguard::drift::anytime::evidence::{Evidence, Form};
use fluxguard::drift::anytime::monitor::{Calibration, Monitor, MonitorOptions};
use fluxguard::drift::anytime::two_sample::{TwoSample, TwoSampleOptions};
use fluxguard::drift::online::mmd::{Mmd, MmdOptions};
use fluxguard::drift::online::{Online, OnlineDetector, OnlineName, State, Takes};
use fluxguard::stats::random::SplitMix64;
use serde_json::{Value, json};

/// Nearly normal: the sum of four uniforms, of variance 1.
fn normal(random: &mut SplitMix64) -> f64 {
    let bits = random.next_u64();
    let sum: u64 = (0..4).map(|k| (bits >> (16 * k)) & 0xFFFF).sum();
    (sum as f64 / 65_536.0 - 2.0) * 3f64.sqrt()
}

/// The seed of a stream, far from those of the monitors' ties.
fn stream(run: usize) -> SplitMix64 {
    let mut random = SplitMix64::new(0xF1A6_0000 + run as u64);
    SplitMix64::new(random.next_u64())
}

/// `work(run)` for each run, on two threads; the results in order.
fn runs<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let run = next.fetch_add(1, Ordering::Relaxed);
                if run >= count {
                    return done;
                }
                done.push((run, work(run)));
            }
        };
        let handles = [scope.spawn(worker), scope.spawn(worker)];
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_default()).collect()
    });
    all.sort_by_key(|(run, _)| *run);
    all.into_iter().map(|(_, result)| result).collect()
}

/// The share of `hits`, with two binomial standard errors.
fn share(hits: &[bool]) -> String {
    let n = hits.len() as f64;
    let p = hits.iter().filter(|hit| **hit).count() as f64 / n;
    format!("{p:.4} +- {:.4}", 2.0 * (p * (1.0 - p) / n).sqrt())
}

fn false_alarms(count: usize, length: usize) -> fluxguard::Result<()> {
    println!(
        "P(ever a false alarm) over {count} streams of {length} observations, nothing changes"
    );
    println!("  {:<46} {:>6}  {:<18} seconds", "monitor", "alpha", "measured");
    let line = |name: &str, alpha: f64, alarmed: &(dyn Fn(usize) -> bool + Sync)| {
        let start = Instant::now();
        let hits = runs(count, alarmed);
        println!(
            "  {name:<46} {alpha:>6}  {:<18} {:.0}",
            share(&hits),
            start.elapsed().as_secs_f64()
        );
    };
    let reference = |random: &mut SplitMix64, n: usize| -> Vec<f64> {
        (0..n).map(|_| normal(random)).collect()
    };
    let of_column = |options: MonitorOptions, n: usize| {
        move |run: usize| {
            let mut random = stream(run);
            let options = MonitorOptions { seed: run as u64, ..options.clone() };
            let Ok(mut monitor) = Monitor::new(&reference(&mut random, n), options) else {
                return true;
            };
            (0..length).any(|_| monitor.update(normal(&mut random)).is_some())
        }
    };
    for alpha in [0.01, 0.05] {
        let options = MonitorOptions { alpha, ..Default::default() };
        line("monitor (full, composite), reference 1000", alpha, &of_column(options, 1000));
    }
    let options = MonitorOptions { alpha: 0.05, ..Default::default() };
    line("monitor (full, composite), reference 100", 0.05, &of_column(options.clone(), 100));
    for bets in [Bets::Jumper, Bets::Mixture, Bets::Power] {
        let options = MonitorOptions { bets, ..options.clone() };
        line(
            &format!("monitor (full, {bets:?}), reference 1000").to_lowercase(),
            0.05,
            &of_column(options, 1000),
        );
    }
    let inductive = MonitorOptions { calibration: Calibration::Inductive, ..options.clone() };
    line("monitor (inductive, composite), reference 1000", 0.05, &of_column(inductive, 1000));
    line("  the same without its correction", 0.05, &|run| {
        let mut random = stream(run);
        let mut bag = Bag::new(&reference(&mut random, 1000), 1023, run as u64);
        let mut evidence = Evidence::new(Form::Ever, Bets::Composite);
        (0..length)
            .any(|_| evidence.update(bag.inductive_p_value(normal(&mut random)), 0.0) >= 20.0)
    });
    line("10 columns (correlated), reference 1000", 0.05, &|run| {
        // A tenth of the length each: as many observations in all.
        let mut random = stream(run);
        let row = |random: &mut SplitMix64| {
            let common = normal(random);
            (0..10).map(|_| normal(random) + common).collect::<Vec<f64>>()
        };
        let rows: Vec<Vec<f64>> = (0..1000).map(|_| row(&mut random)).collect();
        let references: Vec<Vec<f64>> =
            (0..10).map(|j| rows.iter().map(|row| row[j]).collect()).collect();
        let options = MonitorOptions { alpha: 0.05, seed: run as u64, ..Default::default() };
        let Ok(mut columns) = Columns::new(&references, options) else { return true };
        (0..length / 10)
            .any(|_| columns.extend(&row(&mut random)).is_ok_and(|alarms| !alarms.is_empty()))
    });
    let outcome = |random: &mut SplitMix64| f64::from(u8::from(random.uniform() < 0.1));
    line("betting, mean unknown, outcomes of rate 0.1", 0.05, &|run| {
        let mut random = stream(run);
        let Ok(mut betting) = Betting::new(BettingOptions { alpha: 0.05, ..Default::default() })
        else {
            return true;
        };
        (0..length).any(|_| betting.update(outcome(&mut random)) == State::Drift)
    });
    line("betting, mean 0.1 given, outcomes of rate 0.1", 0.05, &|run| {
        let mut random = stream(run);
        let options = BettingOptions { alpha: 0.05, mean: Some(0.1), ..Default::default() };
        let Ok(mut betting) = Betting::new(options) else { return true };
        (0..length).any(|_| betting.update(outcome(&mut random)) == State::Drift)
    });
    line("two-sample betting, a tenth of the length", 0.05, &|run| {
        let mut random = stream(run);
        let Ok(mut test) = TwoSample::new(TwoSampleOptions { alpha: 0.05, ..Default::default() })
        else {
            return true;
        };
        (0..length / 10)
            .any(|_| test.update_pair(normal(&mut random), normal(&mut random)) == Ok(State::Drift))
    });
    Ok(())
}

fn run_lengths(count: usize) {
    let (asked, length) = (2000.0, 20_000usize);
    println!(
        "\nRun lengths of the other forms: asked for {asked} at least; {count} streams of {length} observations"
    );
    for form in [Form::ShiryaevRoberts, Form::Cusum] {
        let alarms: Vec<u64> = runs(count, |run| {
            let mut random = stream(run);
            let reference: Vec<f64> = (0..1000).map(|_| normal(&mut random)).collect();
            let options =
                MonitorOptions { form, run_length: asked, seed: run as u64, ..Default::default() };
            let Ok(mut monitor) = Monitor::new(&reference, options) else { return 0 };
            for _ in 0..length {
                monitor.update(normal(&mut random));
            }
            monitor.alarms()
        });
        let total = alarms.iter().sum::<u64>() as f64;
        println!(
            "  {:<18} {:.0} observations an alarm",
            form.as_str(),
            count as f64 * length as f64 / total
        );
    }
    const REFERENCES: usize = 200;
    const RUNS: u32 = 10;
    println!(
        "\nRun time of online MMD over that asked for (mean of {REFERENCES} references, {RUNS} runs each), window 20"
    );
    for (reference_size, times) in [
        (200, [200.0, 1000.0]),
        (250, [200.0, 1250.0]),
        (500, [200.0, 2500.0]),
        (1000, [1000.0, 5000.0]),
    ] {
        for asked in times {
            let found = runs(REFERENCES, |run| {
                let mut random = stream(run);
                let reference = Some((0..reference_size).map(|_| normal(&mut random)).collect());
                let options = MmdOptions {
                    reference,
                    expected_run_time: asked,
                    seed: run as u64,
                    ..Default::default()
                };
                let Ok(mut mmd) = Mmd::new(options) else { return 0.0 };
                let (mut total, mut left) = (0.0, RUNS);
                while left > 0 {
                    total += 1.0;
                    left -= u32::from(mmd.update(normal(&mut random)) == State::Drift);
                }
                total / f64::from(RUNS) / asked
            });
            let n = REFERENCES as f64;
            let mean = found.iter().sum::<f64>() / n;
            let error =
                (found.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
            println!("  reference {reference_size:>5}, asked {asked:>5}: {mean:.3} +- {error:.3}");
        }
    }
}

/// Which detectors, with which options.
fn detectors() -> Vec<(&'static str, OnlineName, Value)> {
    use OnlineName as N;
    let ever =
        |bets: &str, alpha: f64| json!({ "bets": bets, "alpha": alpha, "reference_size": 1000 });
    vec![
        ("martingale, composite, alpha 0.01", N::Martingale, ever("composite", 0.01)),
        ("martingale, jumper, alpha 0.01", N::Martingale, ever("jumper", 0.01)),
        ("martingale, mixture, alpha 0.01", N::Martingale, ever("mixture", 0.01)),
        (
            "martingale, composite, SR, run length 10^5",
            N::Martingale,
            json!({ "form": "shiryaev-roberts", "run_length": 1e5, "reference_size": 1000 }),
        ),
        ("betting in [-6, 6], alpha 0.01", N::Betting, json!({ "lower": -6, "upper": 6 })),
        ("mmd, expected run time 1000", N::Mmd, json!({ "reference_size": 1000 })),
        ("adwin, delta 0.002", N::Adwin, Value::Null),
        ("page-hinkley, threshold 50", N::PageHinkley, Value::Null),
        ("kswin, alpha 0.005", N::Kswin, Value::Null),
        ("cusum, both sides, threshold 50", N::Cusum, json!({ "mode": "both" })),
        ("gma, both sides, threshold 1", N::Gma, json!({ "mode": "both" })),
    ]
}

type Change = fn(f64) -> f64;

fn delays(count: usize) {
    println!(
        "\nMedian delay of the first detection after a change (share found within 5,000; share of streams with a false alarm"
    );
    println!(
        "before it), {count} normal streams that change at 10,000 and at 50,000, the first 1,000 are the reference"
    );
    let changes: [(&str, Change); 4] = [
        ("mean + 0.25", |z| z + 0.25),
        ("mean + 0.5", |z| z + 0.5),
        ("mean + 1", |z| z + 1.0),
        ("2 x spread", |z| 2.0 * z),
    ];
    print!("  {:<44}", "detector");
    changes.iter().for_each(|(name, _)| print!("{name:>20}"));
    println!("{:>20}", "mean + 1 at 50,000");
    for (name, detector, options) in detectors() {
        // Its threshold is simulated anew for each stream.
        let count = if detector == OnlineName::Mmd { count.div_ceil(5) } else { count };
        print!("  {name:<44}");
        let late = (changes[2].1, 50_000usize);
        for (change, at) in changes.iter().map(|(_, change)| (*change, 10_000usize)).chain([late]) {
            let found: Vec<(Option<u64>, bool)> = runs(count, |run| {
                let mut random = stream(run);
                let mut x: Vec<f64> = (0..at + 5000).map(|_| normal(&mut random)).collect();
                x[at..].iter_mut().for_each(|x| *x = change(*x));
                let Ok(mut stream) = OnlineDetector::new(detector, options.clone()) else {
                    return (None, true);
                };
                let fired = stream.update(&x).unwrap_or_default();
                let first = fired.iter().find(|i| **i >= at as u64).map(|i| i - at as u64);
                (first, fired.first().is_some_and(|i| *i < at as u64))
            });
            let mut delays: Vec<u64> = found.iter().filter_map(|(delay, _)| *delay).collect();
            delays.sort_unstable();
            let n = count as f64;
            let median = delays.get(count / 2).map_or_else(|| "-".into(), ToString::to_string);
            let wrong = found.iter().filter(|(_, wrong)| *wrong).count() as f64 / n;
            print!("{:>20}", format!("{median} ({:.2}, {wrong:.2})", delays.len() as f64 / n));
        }
        println!();
    }
}

fn speed() -> fluxguard::Result<()> {
    println!("\nOne core: median of 15 passes over a million observations");
    let mut random = stream(0);
    let x: Vec<f64> = (0..1_000_000).map(|_| normal(&mut random)).collect();
    let x32: Vec<f32> = x.iter().map(|x| *x as f32).collect();
    let outcomes: Vec<f64> = x.iter().map(|x| f64::from(u8::from(*x > 1.3))).collect();
    let report = |name: &str, pass: &mut dyn FnMut()| {
        let mut times: Vec<f64> = (0..15)
            .map(|_| {
                let start = Instant::now();
                pass();
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "  {name:<44} {:>7.1} ns an observation, {:>6.1} million a second",
            1e3 * times[7],
            1.0 / times[7]
        );
    };
    for bets in [Bets::Composite, Bets::Jumper, Bets::Mixture] {
        let options = MonitorOptions { bets, alpha: 1e-9, ..Default::default() };
        let mut monitor = Monitor::new(&x[..10_000], options)?;
        let name = format!("monitor, {bets:?}, reference 10,000").to_lowercase();
        report(&name, &mut || drop(black_box(monitor.extend(x.iter().copied()))));
    }
    let mut monitor =
        Monitor::new(&x[..10_000], MonitorOptions { alpha: 1e-9, ..Default::default() })?;
    report("monitor, composite, Float32", &mut || {
        drop(black_box(monitor.extend(x32.iter().copied())))
    });
    let references: Vec<&[f64]> = (0..10).map(|j| &x[j * 10_000..(j + 1) * 10_000]).collect();
    let mut columns =
        Columns::new(&references, MonitorOptions { alpha: 1e-9, ..Default::default() })?;
    report("10 columns x 100,000, rows as they come", &mut || drop(black_box(columns.extend(&x))));
    for name in OnlineName::ALL {
        // The one simulates first; the others' levels are those of p-values.
        if name == OnlineName::Mmd || name.takes() == Takes::PValues {
            continue;
        }
        let bounded = matches!(
            name,
            OnlineName::Ddm | OnlineName::Eddm | OnlineName::HddmA | OnlineName::HddmW
        );
        let values = if bounded || name == OnlineName::Betting { &outcomes } else { &x };
        let mut stream = OnlineDetector::new(name, Value::Null)?;
        report(name.as_str(), &mut || drop(black_box(stream.update(values))));
    }
    Ok(())
}

fn main() -> fluxguard::Result<()> {
    let numbers: Vec<usize> =
        std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (count, length) =
        (numbers.first().copied().unwrap_or(10_000), numbers.get(1).copied().unwrap_or(100_000));
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| word.chars().all(char::is_alphabetic)).collect();
    let chosen = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    if chosen("speed") {
        speed()?;
    }
    if chosen("delays") {
        delays(count.min(200));
    }
    if chosen("lengths") {
        run_lengths(count.min(2000));
    }
    if chosen("alarms") {
        println!();
        false_alarms(count, length)?;
    }
    Ok(())
}
