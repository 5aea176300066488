//! Every monitor of a stream that claims a budget: whether it ever alarms.

use fluxguard::drift::online::{OnlineDetector, OnlineName, Takes};
use serde_json::json;

use super::Suite;
use super::cell::measure;
use super::draws::{Null, Order, Values};

const LENGTH: usize = 10_000;
const ALPHA: f64 = 0.05;

/// The classical detectors, which match river's detections, claim no rate; mmd claims a mean time,
/// not a probability (`evaluate/anytime.sh` measures it). Whatever else there is claims P(ever a
/// false alarm) <= alpha.
fn claims(name: OnlineName) -> bool {
    use OnlineName as N;
    !matches!(
        name,
        N::Adwin
            | N::PageHinkley
            | N::Ddm
            | N::Eddm
            | N::HddmA
            | N::HddmW
            | N::Kswin
            | N::Cusum
            | N::Gma
            | N::Mmd
    )
}

pub fn run(suite: &mut Suite) {
    for name in OnlineName::ALL.into_iter().filter(|name| claims(*name)) {
        for values in [
            Values::Normal,
            Values::Lognormal(3.0),
            Values::Cauchy,
            Values::Binary(0.02),
            Values::ZeroInflated,
        ] {
            cell(suite, name, &Null::Drawn(values, Order::Independent));
        }
        for order in Order::ALL
            .into_iter()
            .filter(|order| !matches!(order, Order::Independent | Order::Sorted))
        {
            cell(suite, name, &Null::Drawn(Values::Normal, order));
        }
    }
}

fn cell(suite: &mut Suite, name: OnlineName, null: &Null) {
    if !suite.wants(name.as_str()) {
        return;
    }
    let reference = 1000;
    let about = suite.about(name.as_str(), "stream", null, 1, (reference, LENGTH));
    let trial = |seed: u64| {
        let (before, mut now) = null.draw(seed, 1, (reference, LENGTH));
        let options = match name {
            OnlineName::Martingale => json!({ "alpha": ALPHA, "reference": before, "seed": seed }),
            _ => json!({ "alpha": ALPHA }),
        };
        let mut stream = OnlineDetector::new(name, options)?;
        match name.takes() {
            // The ranks among the reference: conformal p-values.
            Takes::PValues => {
                let mut sorted = before.clone();
                sorted.sort_by(f64::total_cmp);
                let above = |x: f64| sorted.len() - sorted.partition_point(|y| *y < x);
                now.iter_mut()
                    .for_each(|x| *x = (1 + above(*x)) as f64 / (sorted.len() + 1) as f64);
            }
            // Two streams of the same.
            Takes::Pairs => now.truncate(LENGTH / 2 * 2),
            _ if stream.domain() != fluxguard::drift::online::Domain::Finite => {
                now.iter_mut().for_each(|x| *x = x.atan() / std::f64::consts::PI + 0.5);
            }
            _ => {}
        }
        Ok(vec![if stream.update(&now)?.is_empty() { 1.0 } else { 0.0 }])
    };
    suite.add(measure(about.clone(), &[ALPHA], suite.effort(20_000), trial));
}
