//! Every fitted detector by name: the p-value of one new observation, by each calibration.

use fluxguard::outlier::ood::Head;
use fluxguard::outlier::{Fitted, NAMES, Spec};
use fluxguard::tensor::{Elements, Tensor};
use serde_json::{Map, Value};

use super::Suite;
use super::cell::measure;
use super::draws::{Null, Order, Values};

const COLUMNS: usize = 5;

pub fn run(suite: &mut Suite) {
    for name in NAMES {
        for calibration in ["cross", "holdout"] {
            for values in
                [Values::Normal, Values::Lognormal(3.0), Values::Cauchy, Values::ZeroInflated]
            {
                cell(suite, name, calibration, &Null::Drawn(values, Order::Independent), 200);
            }
            for m in [50, 1000] {
                cell(suite, name, calibration, &Null::Drawn(Values::Normal, Order::Independent), m);
            }
        }
    }
}

/// A trial is a fit and one new observation: those of one fit depend on each other.
fn cell(suite: &mut Suite, name: &str, calibration: &str, null: &Null, m: usize) {
    if !suite.wants(name) {
        return;
    }
    // What is promised of cross-fitting is that a p-value is at most twice too small.
    let (what, times) = if calibration == "cross" {
        (format!("{name}, cross, doubled"), 2.0)
    } else {
        (format!("{name}, {calibration}"), 1.0)
    };
    let about = suite.about(&what, "p-values", null, COLUMNS, (m, 1));
    let options = Map::from_iter([("calibration".to_owned(), Value::from(calibration))]);
    let trial = |seed: u64| {
        let (reference, new) = null.draw(seed, COLUMNS, (m, 1));
        let spec = Spec::new(name, options.clone())?;
        let (rows, new) =
            (Tensor::new(Elements::F64(&reference), m)?, Tensor::new(Elements::F64(&new), 1)?);
        // Detectors of classifiers: the features are the logits, the classes their largest.
        let labels: Vec<u32> = reference.chunks_exact(COLUMNS).map(largest).collect();
        let identity =
            (0..COLUMNS * COLUMNS).map(|i| f64::from(u8::from(i % (COLUMNS + 1) == 0))).collect();
        let head = Head::new(identity, vec![0.0; COLUMNS])?;
        let fitted = Fitted::fit(&spec, &rows)
            .or_else(|_| Fitted::fit_classifier(&spec, &rows, Some(&labels), None))
            .or_else(|_| Fitted::fit_classifier(&spec, &rows, None, Some(&head)))
            .or_else(|_| Fitted::fit_classifier(&spec, &rows, Some(&labels), Some(&head)))?;
        Ok(fitted.p_values(&new)?.iter().map(|p| times * p).collect())
    };
    suite.add(measure(about.clone(), &[0.05, 0.02], suite.effort(20_000), trial));
}

fn largest(row: &[f64]) -> u32 {
    (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0) as u32
}
