//! Own scores of a guard: the p-values of their drift test, and alarms of a guard that has but one.

use fluxguard::guard::GuardOptions;
use fluxguard::profile::{OutputKind, OwnScore};

use super::Suite;
use super::cell::{SCALES, measure};
use super::draws::{Null, Order, Values};
use super::guards::{Made, alarms};

pub fn run(suite: &mut Suite) {
    few_values(suite);
    for sizes in [(200, 200), (1000, 300), (1000, 1000)] {
        let made = Made::defaults(sizes.1, 0.05);
        let null = Null::Drawn(Values::Normal, Order::Independent);
        score(suite, OwnScore::Distance, &made, &null, 5, sizes);
    }
    // Thresholds at scores that tie: the share of anomalous outputs alone.
    for values in [Values::Binary(0.5), Values::Levels(4), Values::Poisson(0.3)] {
        for (columns, sizes) in [(10, (100, 100)), (5, (300, 300)), (2, (1000, 1000))] {
            let made = Made::bare(sizes.1, 0.05);
            let null = Null::Drawn(values, Order::Independent);
            alarms(suite, "share of anomalous outputs", &made, &null, columns, sizes);
        }
    }
}

/// Own scores that hang on what the scorer has learned of its reference: mostly of features of few
/// values.
fn few_values(suite: &mut Suite) {
    let settings = [
        (1, (100, 1000)),
        (10, (50, 300)),
        (10, (300, 1000)),
        (10, (100, 1000)),
        (10, (2000, 1000)),
        (100, (100, 1000)),
    ];
    let all = [
        Values::Binary(0.5),
        Values::Levels(4),
        Values::FarApart,
        Values::Saturated,
        Values::Lognormal(3.0),
    ];
    for output in [OutputKind::Values, OutputKind::Scores] {
        for detector in OwnScore::of(output) {
            let made = |window, rate| {
                let mut made = Made::bare(window, rate);
                (made.output, made.options.detectors) = (output, Some(vec![detector]));
                made.options.tests = GuardOptions::default().tests;
                made
            };
            for (i, values) in all.into_iter().enumerate() {
                let null = Null::Drawn(values, Order::Independent);
                for (columns, sizes) in settings.into_iter().take(if i < 2 { 6 } else { 3 }) {
                    score(suite, detector, &made(sizes.1, 0.05), &null, columns, sizes);
                    let mut whole = made(sizes.1, 1e-3);
                    whole.options.monitors = GuardOptions::default().monitors;
                    alarms(
                        suite,
                        &format!("{}, few values", detector.as_str()),
                        &whole,
                        &null,
                        columns,
                        sizes,
                    );
                }
            }
            for order in [Order::Auto(0.5), Order::Auto(0.9)] {
                let null = Null::Drawn(Values::Binary(0.5), order);
                score(suite, detector, &made(1000, 0.05), &null, 10, (2000, 1000));
            }
        }
    }
}

/// The p-value of the drift test of an own score.
fn score(
    suite: &mut Suite,
    detector: OwnScore,
    made: &Made,
    null: &Null,
    columns: usize,
    sizes: (usize, usize),
) {
    let what = format!("ks of {}", detector.as_str());
    if !suite.wants(&what) {
        return;
    }
    let about = suite.about(&what, "guard", null, columns, sizes);
    let trial = |seed: u64| {
        let (reference, rows) = null.draw(seed, columns, sizes);
        let reports = made.watch(&reference, &rows, columns)?.windows(0);
        let tests = reports
            .iter()
            .flat_map(|report| &report.tests)
            .filter(|test| test.name == detector.as_str());
        Ok(tests.map(|column| column.test.result.p_value).collect())
    };
    suite.add(measure(about, &SCALES, suite.effort(100_000), trial));
}
