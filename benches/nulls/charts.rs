//! Control charts of a guard's own score: of every distribution, for scores that tie too, and of
//! windows so large that a mean that is a little off shows.

use fluxguard::drift::charts::ChartName;

use super::Suite;
use super::draws::{Null, Order, Values};
use super::guards::{Made, SIZES, alarms};

/// Where sizes and numbers of columns are looked at.
const TELLING: [Values; 5] = [
    Values::Normal,
    Values::Binary(0.02),
    Values::Binary(0.5),
    Values::Poisson(0.3),
    Values::ZeroInflated,
];

pub fn run(suite: &mut Suite) {
    for chart in [ChartName::Shewhart, ChartName::Ewma, ChartName::Cusum] {
        let mut cell = |null: Null, columns, sizes: (usize, usize)| {
            let mut made = Made::bare(sizes.1, 0.05);
            made.options.charts = vec![chart];
            alarms(suite, chart.as_str(), &made, &null, columns, sizes);
        };
        for values in Values::ALL {
            cell(Null::Drawn(values, Order::Independent), 5, SIZES);
        }
        for values in TELLING {
            for sizes in [(100, 100), (200, 1000), (10_000, 10_000)] {
                cell(Null::Drawn(values, Order::Independent), 5, sizes);
            }
            cell(Null::Drawn(values, Order::Independent), 1, (3000, 3000));
        }
        for order in Order::ALL.into_iter().skip(1) {
            cell(Null::Drawn(Values::Normal, order), 5, (10_000, 1000));
        }
    }
}
