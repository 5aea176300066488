//! Guards of references that are short, or worth few observations: what a reference does not show
//! must not come back as an alarm.

use fluxguard::drift::two_sample::TestName;

use super::Suite;
use super::draws::{Null, Order, Values};
use super::guards::{Made, alarms};

pub fn run(suite: &mut Suite) {
    few(suite);
    early(suite);
}

/// The first window, and the first twenty, against references of 20 to 50 independent observations,
/// in which a value that is rare may not have come at all.
fn few(suite: &mut Suite) {
    let all = [
        Values::Normal,
        Values::Binary(0.1),
        Values::Binary(0.02),
        Values::Binary(0.5),
        Values::Poisson(0.3),
        Values::ZeroInflated,
        Values::Spikes,
        Values::Lognormal(3.0),
        Values::Cauchy,
        Values::Levels(4),
    ];
    for values in all {
        let null = Null::Drawn(values, Order::Independent);
        for (columns, reference, window) in
            [(4, 20, 200), (4, 30, 200), (16, 30, 1000), (1, 50, 50), (4, 50, 300)]
        {
            for rate in [1e-3, 1e-5] {
                let made = Made::defaults(window, rate);
                alarms(suite, "defaults, few", &made, &null, columns, (reference, window));
                if rate > 1e-4 {
                    let mut every = made.clone();
                    every.options.tests = TestName::of_windows().collect();
                    alarms(suite, "all tests, few", &every, &null, columns, (reference, window));
                }
            }
            let made = Made::defaults(window, 1e-3);
            alarms(
                suite,
                "defaults, few, 20 windows",
                &made,
                &null,
                columns,
                (reference, 20 * window),
            );
        }
    }
}

/// The first twenty windows of outputs that depend on each other, against references that are worth
/// few independent ones.
fn early(suite: &mut Suite) {
    let short = [
        (0.3, 2, 50, 300),
        (0.5, 2, 50, 300),
        (0.6, 3, 50, 300),
        (0.3, 2, 100, 300),
        (0.5, 2, 100, 300),
        (0.8, 2, 100, 1000),
        (0.2, 2, 200, 300),
        (0.3, 2, 200, 300),
    ];
    let long = [
        (0.2, 2, 300, 300),
        (0.5, 2, 300, 300),
        (0.8, 3, 300, 1000),
        (0.9, 2, 300, 2000),
        (0.9, 2, 1000, 2000),
    ];
    let users = [50, 100, 200].map(|reference| (Order::Users, 2, reference, 300));
    let auto = short.into_iter().chain(long);
    let auto =
        auto.map(|(by, columns, reference, window)| (Order::Auto(by), columns, reference, window));
    for (order, columns, reference, window) in auto.chain(users) {
        for rate in [0.01, 1e-3, 1e-4] {
            let made = Made::defaults(window, rate);
            let null = Null::Drawn(Values::Normal, order);
            alarms(suite, "defaults, 20 windows", &made, &null, columns, (reference, 20 * window));
        }
    }
}
