//! What is found where something did change: so that a law is not bought with blindness.

use fluxguard::drift::compare::{CompareOptions, compare};
use fluxguard::drift::two_sample::TestName;
use fluxguard::tensor::{Elements, Tensor};

use super::Suite;
use super::cell::measure;
use super::draws::{Null, Order, Values};
use super::guards::{self, Made};
use super::tests::SIZES;

/// What happens to a window.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// By so many standard deviations of the reference.
    Moved(f64),
    /// So many times as far from the mean.
    Spread(f64),
    /// The largest of the reference's values does not come any more.
    Lost,
}

impl Change {
    pub fn name(self) -> String {
        match self {
            Change::Moved(by) => format!("moved by {by} sd"),
            Change::Spread(by) => format!("spread {by} times"),
            Change::Lost => "a class lost".into(),
        }
    }

    pub fn all() -> Vec<(Values, Change)> {
        let moved = [0.1, 0.2, 0.3, 0.5, 1.0].map(Change::Moved);
        let mut all: Vec<(Values, Change)> = moved.map(|change| (Values::Normal, change)).into();
        all.push((Values::Normal, Change::Spread(1.5)));
        all.push((Values::Lognormal(1.0), Change::Moved(0.3)));
        all.push((Values::StudentT(3.0), Change::Moved(0.3)));
        all.push((Values::Classes, Change::Lost));
        all
    }

    pub fn to(self, reference: &[f64], window: &mut [f64]) {
        let n = reference.len() as f64;
        let mean = reference.iter().sum::<f64>() / n;
        let sd = (reference.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let largest = reference.iter().copied().fold(f64::MIN, f64::max);
        window.iter_mut().for_each(|x| match self {
            Change::Moved(by) => *x += by * sd,
            Change::Spread(by) => *x = mean + by * (*x - mean),
            Change::Lost if *x == largest => *x = reference[0],
            Change::Lost => {}
        });
    }
}

pub fn run(suite: &mut Suite) {
    whole(suite);
    for (values, change) in Change::all() {
        let null = Null::Drawn(values, Order::Independent);
        for test in TestName::ALL {
            if !suite.wants(test.as_str()) {
                continue;
            }
            let mut about = suite.about(test.as_str(), "detections", &null, 1, SIZES);
            about.order = change.name();
            let options = CompareOptions { tests: vec![test], ..CompareOptions::default() };
            let trial = |seed: u64| {
                let (reference, mut window) = null.draw(seed, 1, SIZES);
                change.to(&reference, &mut window);
                let reference = Tensor::new(Elements::F64(&reference), SIZES.0)?;
                let found =
                    compare(&reference, &Tensor::new(Elements::F64(&window), SIZES.1)?, &options)?;
                Ok(found
                    .columns
                    .iter()
                    .flat_map(|column| &column.tests)
                    .map(|test| test.result.p_value)
                    .collect())
            };
            suite.add(measure(about, &[0.05, 1e-3], suite.effort(2000), trial));
        }
        for test in TestName::of_windows() {
            if !suite.wants(test.as_str()) {
                continue;
            }
            let sizes = (1000, 1000);
            let mut about =
                suite.about(test.as_str(), "detections of a guard", &null, guards::COLUMNS, sizes);
            about.order = change.name();
            let trial = |seed: u64| {
                let (reference, mut window) = null.draw(seed, guards::COLUMNS, sizes);
                change.to(&reference, &mut window);
                guards::told(test, &reference, &window, sizes.1)
            };
            suite.add(measure(about, &[0.05, 1e-3, 1e-6], suite.effort(2000), trial));
        }
    }
}

/// What a guard with all defaults finds where one of its five columns changes. The own score is of
/// all: what makes it surer of a change to one side makes it less sure of one to the other.
fn whole(suite: &mut Suite) {
    let what = "defaults";
    if !suite.wants(what) {
        return;
    }
    let columns = 5;
    for sizes in [(200, 200), (1000, 300), (1000, 1000)] {
        for change in [Change::Spread(1.5), Change::Spread(1.2), Change::Spread(0.8)] {
            let null = Null::Drawn(Values::Normal, Order::Independent);
            let mut about = suite.about(what, "detections of a whole guard", &null, columns, sizes);
            about.order = format!("one {}", change.name());
            let made = Made::defaults(sizes.1, 0.05);
            let trial = |seed: u64| {
                let (reference, mut window) = null.draw(seed, columns, sizes);
                let first =
                    |rows: &[f64]| -> Vec<f64> { rows.iter().step_by(columns).copied().collect() };
                let mut changed = first(&window);
                change.to(&first(&reference), &mut changed);
                window.iter_mut().step_by(columns).zip(changed).for_each(|(x, to)| *x = to);
                let guard = made.watch(&reference, &window, columns)?;
                Ok(vec![if guard.alerts(0).is_empty() { 1.0 } else { 0.0 }])
            };
            suite.add(measure(about, &[0.05], suite.effort(8000), trial));
        }
    }
}
