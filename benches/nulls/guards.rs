//! Guards: every test of a window by name, every own score and fitted detector, and the monitor
//! that shares the budget.

use fluxguard::Result;
use fluxguard::drift::two_sample::TestName;
use fluxguard::guard::{FalseAlarms, Guard, GuardOptions, Length, Per};
use fluxguard::outlier::{NAMES, Spec};
use fluxguard::profile::{ConstantFeatures, OutputKind, OwnScore, Profile, ProfileOptions};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::Map;

use super::cell::{SCALES, measure};
use super::draws::{Null, Order, Values};
use super::{Suite, charts, kinds, own_scores, short_references};

pub const SIZES: (usize, usize) = (1000, 1000);

/// Columns that a guard's tests are measured on, independent of each other.
pub const COLUMNS: usize = 16;

/// What a guard is made of.
#[derive(Clone)]
pub struct Made {
    pub output: OutputKind,
    pub options: GuardOptions,
    fitted: Option<&'static str>,
}

impl Made {
    /// No tests, no monitor: what is looked at is put in.
    pub fn bare(window: usize, rate: f64) -> Self {
        let options = GuardOptions {
            false_alarms: FalseAlarms { rate, per: Per::Window },
            window: Length::Observations(window as u64),
            tests: Vec::new(),
            monitors: Vec::new(),
            ..GuardOptions::default()
        };
        Made { output: OutputKind::Values, options, fitted: None }
    }

    /// With the tests and monitors of a guard that was told nothing of them.
    pub fn defaults(window: usize, rate: f64) -> Self {
        let mut made = Made::bare(window, rate);
        let GuardOptions { tests, monitors, .. } = GuardOptions::default();
        (made.options.tests, made.options.monitors) = (tests, monitors);
        made
    }

    /// A guard that has seen `rows`, of windows that are all full.
    pub fn watch(&self, reference: &[f64], rows: &[f64], columns: usize) -> Result<Guard> {
        let shaped = [reference, rows].map(|rows| kinds::shaped(self.output, rows, columns));
        let (reference, rows) = (&shaped[0][..], &shaped[1][..]);
        let options = ProfileOptions {
            output: self.output,
            constant_features: ConstantFeatures::Allow,
            ..Default::default()
        };
        let mut profile = Profile::new(options)?;
        profile.fit(&Tensor::new(Elements::F64(reference), reference.len() / columns)?)?;
        let fitted = match self.fitted {
            Some(name) => {
                vec![std::sync::Arc::new(profile.fit_detector(&Spec::new(name, Map::new())?)?)]
            }
            None => Vec::new(),
        };
        let guard = Guard::with_detectors(&profile, self.options.clone(), &fitted)?;
        guard.observe(&Tensor::new(Elements::F64(rows), rows.len() / columns)?, 0, false)?;
        guard.flush()?;
        Ok(guard)
    }
}

pub fn run(suite: &mut Suite) {
    for test in TestName::of_windows() {
        for values in Values::ALL {
            p_values(suite, test, &Null::Drawn(values, Order::Independent), SIZES);
        }
        for values in [Values::Normal, Values::Lognormal(3.0), Values::Binary(0.02)] {
            for sizes in [(50, 50), (100, 100), (200, 1000), (10_000, 1000), (1000, 10_000)] {
                p_values(suite, test, &Null::Drawn(values, Order::Independent), sizes);
            }
        }
        for order in Order::ALL.into_iter().skip(1) {
            [(1000, 300), (10_000, 1000)].iter().for_each(|sizes| {
                p_values(suite, test, &Null::Drawn(Values::Normal, order), *sizes)
            });
        }
    }
    whole(suite);
    parts(suite);
    own_scores::run(suite);
    charts::run(suite);
    short_references::run(suite);
}

/// A guard with all defaults, and one with all tests: the first window's alarms at each budget.
fn whole(suite: &mut Suite) {
    let all = |window, rate| {
        let mut made = Made::defaults(window, rate);
        made.options.tests = TestName::of_windows().collect();
        made
    };
    for rate in [0.05, 1e-3] {
        for values in Values::ALL {
            let null = Null::Drawn(values, Order::Independent);
            for sizes in [SIZES, (100, 100), (200, 1000)] {
                alarms(suite, "defaults", &Made::defaults(sizes.1, rate), &null, 5, sizes);
            }
            alarms(suite, "all tests", &all(SIZES.1, rate), &null, 5, SIZES);
        }
        for (columns, sizes) in [(300, (60, 300)), (3000, (200, 1000)), (12_288, (500, 500))] {
            alarms(
                suite,
                "defaults",
                &Made::defaults(sizes.1, rate),
                &Null::Drawn(Values::Normal, Order::Independent),
                columns,
                sizes,
            );
        }
        for order in Order::ALL.into_iter().skip(1) {
            for sizes in [(1000, 300), (10_000, 1000)] {
                alarms(
                    suite,
                    "defaults",
                    &Made::defaults(sizes.1, rate),
                    &Null::Drawn(Values::Normal, order),
                    5,
                    sizes,
                );
            }
        }
        for null in suite.real() {
            alarms(suite, "defaults", &Made::defaults(200, rate), &null, 1, (600, 200));
        }
    }
}

/// One part at a time: own scores, fitted detectors, the martingale over many windows.
fn parts(suite: &mut Suite) {
    let of_scores = [
        Values::Normal,
        Values::Lognormal(3.0),
        Values::Cauchy,
        Values::ZeroInflated,
        Values::Binary(0.02),
    ];
    for output in [OutputKind::Values, OutputKind::Logits, OutputKind::Scores] {
        for detector in OwnScore::of(output) {
            for values in of_scores {
                for sizes in [(100, 100), (200, 1000), SIZES] {
                    let mut made = Made::bare(sizes.1, 0.05);
                    (made.output, made.options.detectors) = (output, Some(vec![detector]));
                    alarms(
                        suite,
                        detector.as_str(),
                        &made,
                        &Null::Drawn(values, Order::Independent),
                        5,
                        sizes,
                    );
                }
            }
        }
    }
    for (output, columns) in kinds::ALL {
        for values in [Values::Normal, Values::Lognormal(3.0), Values::Cauchy, Values::Rounded] {
            for sizes in [(100, 100), (200, 1000), SIZES] {
                let made = Made { output, ..Made::defaults(sizes.1, 0.05) };
                let null = Null::Drawn(values, Order::Independent);
                alarms(suite, output.as_str(), &made, &null, columns, sizes);
            }
        }
    }
    for name in NAMES {
        for values in of_scores {
            let mut made = Made::bare(200, 0.05);
            made.fitted = Some(name);
            if matches!(values, Values::Binary(_)) {
                made.options.tests = vec![TestName::Ks];
            }
            alarms(suite, name, &made, &Null::Drawn(values, Order::Independent), 5, (400, 200));
        }
    }
    for order in Order::ALL {
        let made = |rate| Made {
            options: GuardOptions {
                monitors: GuardOptions::default().monitors,
                ..Made::bare(100, rate).options
            },
            ..Made::bare(100, rate)
        };
        // Twenty windows: what may be spent is twenty times a window's.
        for values in [Values::Normal, Values::Lognormal(3.0), Values::Binary(0.02)] {
            alarms(
                suite,
                "martingale, 20 windows",
                &made(0.0025),
                &Null::Drawn(values, order),
                5,
                (1000, 2000),
            );
        }
    }
}

/// P-values as they are told, of columns that are independent of each other.
fn p_values(suite: &mut Suite, test: TestName, null: &Null, sizes: (usize, usize)) {
    if !suite.wants(test.as_str()) {
        return;
    }
    let about = suite.about(test.as_str(), "guard", null, COLUMNS, sizes);
    let trial = |seed: u64| {
        let (reference, window) = null.draw(seed, COLUMNS, sizes);
        told(test, &reference, &window, sizes.1)
    };
    suite.add(measure(about, &SCALES, suite.effort(1_000_000), trial));
}

/// The p-value of each of [`COLUMNS`] features in a window.
pub fn told(test: TestName, reference: &[f64], rows: &[f64], window: usize) -> Result<Vec<f64>> {
    let mut made = Made::bare(window, 0.05);
    made.options.tests = vec![test];
    let reports = made.watch(reference, rows, COLUMNS)?.windows(0);
    let tests = reports
        .iter()
        .flat_map(|report| &report.tests)
        .filter(|column| column.name.starts_with('y'));
    Ok(tests.map(|column| column.test.result.p_value).collect())
}

/// Whether there was any alarm: in one window at its budget, in several at the sum of theirs.
pub fn alarms(
    suite: &mut Suite,
    what: &str,
    made: &Made,
    null: &Null,
    columns: usize,
    sizes: (usize, usize),
) {
    if !suite.wants(what) {
        return;
    }
    let about = suite.about(what, "alarms", null, columns, sizes);
    let width = about.columns;
    let Length::Observations(window) = made.options.window else { return };
    let asked = made.options.false_alarms.rate * (sizes.1 as u64 / window).max(1) as f64;
    let trial = |seed: u64| {
        let (reference, rows) = null.draw(seed, columns, sizes);
        let guard = made.watch(&reference, &rows, width)?;
        Ok(vec![if guard.alerts(0).is_empty() { 1.0 } else { 0.0 }])
    };
    suite.add(measure(about.clone(), &[asked], suite.effort(100_000), trial));
}
