//! Every test by name, as `compare` runs it on two samples: where observations depend on each
//! other, with `order = given`.

use fluxguard::drift::compare::{CompareOptions, compare};
use fluxguard::drift::two_sample::TestName;
use fluxguard::profile::Order as RowOrder;
use fluxguard::tensor::{Elements, Tensor};

use super::Suite;
use super::cell::{SCALES, measure};
use super::draws::{Null, Order, Values};

/// Reference and window where other sizes are not looked at.
pub const SIZES: (usize, usize) = (1000, 300);

const OTHER_SIZES: [(usize, usize); 5] =
    [(50, 30), (60, 300), (300, 60), (1000, 30), (20_000, 10_000)];

/// Where sizes and orders are looked at.
const TELLING: [Values; 3] = [Values::Normal, Values::Lognormal(3.0), Values::Binary(0.02)];

pub fn run(suite: &mut Suite) {
    for test in TestName::ALL {
        for values in Values::ALL {
            cell(suite, test, &Null::Drawn(values, Order::Independent), 1, SIZES);
        }
        for values in TELLING {
            OTHER_SIZES.iter().for_each(|sizes| {
                cell(suite, test, &Null::Drawn(values, Order::Independent), 1, *sizes)
            });
        }
        for order in Order::ALL.into_iter().skip(1) {
            cell(suite, test, &Null::Drawn(Values::Normal, order), 1, SIZES);
        }
        suite.real().iter().for_each(|null| cell(suite, test, null, 1, (600, 200)));
    }
    for test in TestName::OF_ALL_COLUMNS {
        for values in Values::ALL {
            cell(suite, test, &Null::Drawn(values, Order::Independent), 5, (200, 200));
        }
        for (columns, sizes) in [(1, (50, 30)), (5, (300, 60)), (50, (60, 300)), (300, (200, 100))]
        {
            cell(suite, test, &Null::Drawn(Values::Normal, Order::Independent), columns, sizes);
        }
        for order in Order::ALL.into_iter().skip(1) {
            cell(suite, test, &Null::Drawn(Values::Normal, order), 5, (200, 200));
        }
        suite.real().iter().for_each(|null| cell(suite, test, null, 1, (600, 200)));
    }
}

fn cell(suite: &mut Suite, test: TestName, null: &Null, columns: usize, sizes: (usize, usize)) {
    if !suite.wants(test.as_str()) {
        return;
    }
    let about = suite.about(test.as_str(), "compare", null, columns, sizes);
    let order = if about.order == "independent" { RowOrder::None } else { RowOrder::Given };
    let options = CompareOptions { tests: vec![test], order, ..CompareOptions::default() };
    let trial = |seed: u64| {
        let (reference, window) = null.draw(seed, columns, sizes);
        let width = about.columns;
        let reference = Tensor::new(Elements::F64(&reference), reference.len() / width)?;
        let window = Tensor::new(Elements::F64(&window), window.len() / width)?;
        let found = compare(&reference, &window, &options)?;
        let of_columns = found.columns.iter().flat_map(|column| &column.tests);
        let all = found.all_columns.iter().flat_map(|all| &all.tests);
        // One column of a real file: they depend on each other.
        Ok(of_columns.chain(all).map(|test| test.result.p_value).take(1).collect())
    };
    suite.add(measure(about.clone(), &SCALES, suite.effort(100_000), trial));
}
