//! The monitors of a guard, by name, at their defaults: how often each raises an alert while
//! nothing changes, and how many panes it needs after a shift. Beside them what never, always and
//! at random fires.
//!
//!     cargo bench --bench guard_monitors               10,000 panes, 20 shifts, under two minutes
//!     cargo bench --bench guard_monitors -- 2000 5     fewer panes, fewer shifts

use fluxguard::alert::Kind;
use fluxguard::drift::online::{OnlineName, Takes};
use fluxguard::drift::two_sample::TestName;
use fluxguard::guard::{FalseAlarms, Guard, GuardOptions, Length, MonitorSpec, Per};
use fluxguard::profile::{Profile, ProfileOptions};
use fluxguard::stats::normal;
use fluxguard::stats::random::SplitMix64;
use fluxguard::tensor::{Elements, Tensor};
use fluxguard::{Error, Result};

/// Observations of a pane, which is a window here.
const PANE: usize = 100;
/// Observations of the reference.
const REFERENCE: usize = 5_000;
/// Panes before a shift, and after it.
const BEFORE: usize = 300;
const AFTER: usize = 300;
/// Panes between two looks at the reports, of which a guard keeps 256.
const LOOK: usize = 100;

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Normal,
    Lognormal,
}

impl Shape {
    fn as_str(self) -> &'static str {
        match self {
            Shape::Normal => "normal",
            Shape::Lognormal => "lognormal",
        }
    }

    fn standard_deviation(self) -> f64 {
        match self {
            Shape::Normal => 1.0,
            Shape::Lognormal => ((1f64.exp() - 1.0) * 1f64.exp()).sqrt(),
        }
    }

    /// Rows of so many features, one after the other.
    fn rows(self, random: &mut SplitMix64, features: usize, count: usize) -> Result<Vec<f64>> {
        let draw = |_| {
            let z = normal::quantile(random.uniform())?;
            Ok(if self == Shape::Normal { z } else { z.exp() })
        };
        (0..features * count).map(draw).collect()
    }
}

/// What watches: a monitor alone, or a test of every window.
#[derive(Clone, Copy)]
enum Watch {
    Monitor(OnlineName),
    Test(TestName),
}

impl Watch {
    fn as_str(self) -> &'static str {
        match self {
            Watch::Monitor(name) => name.as_str(),
            Watch::Test(name) => name.as_str(),
        }
    }

    fn guard(self, reference: &[f64], features: usize) -> Result<Guard> {
        let mut profile = Profile::new(ProfileOptions::default())?;
        profile.fit(&Tensor::new(Elements::F64(reference), reference.len() / features)?)?;
        let (tests, monitors) = match self {
            Watch::Monitor(name) => (Vec::new(), vec![MonitorSpec::from(name)]),
            Watch::Test(name) => (vec![name], Vec::new()),
        };
        // Those that state a rate of false alarms are asked for one in a thousand panes.
        let false_alarms = FalseAlarms { rate: 1e-3, per: Per::Window };
        let window = Length::Observations(PANE as u64);
        Guard::new(
            &profile,
            GuardOptions { tests, monitors, false_alarms, window, ..Default::default() },
        )
    }

    /// Panes (from 0) at which it fired, and those of which there was an alert.
    fn run(self, guard: &Guard, rows: &[f64], features: usize) -> Result<(Vec<u64>, Vec<u64>)> {
        let mut fired = Vec::new();
        let mut seen = 0;
        for batch in rows.chunks(LOOK * PANE * features) {
            guard.observe(&Tensor::new(Elements::F64(batch), batch.len() / features)?, 0, false)?;
            guard.flush()?;
            for report in guard.windows(seen) {
                seen = report.window.index;
                let capital = report.evidence.iter().any(|column| column.capital >= 1.0);
                if capital
                    || !report.detections.is_empty()
                    || report
                        .tests
                        .iter()
                        .any(|test| test.test.adjusted_p_value <= report.level / 2.0)
                {
                    fired.push(seen - 1);
                }
            }
        }
        if guard.counters().merged > 0 {
            return Err(Error::invalid("panes", "some were merged", "a worker that is not behind"));
        }
        let of_drift = guard.alerts(0).into_iter().filter(|alert| alert.kind == Kind::Drift);
        Ok((fired, of_drift.map(|alert| alert.window.index - 1).collect()))
    }
}

fn median(delays: &mut [u64], of: usize) -> String {
    delays.sort_unstable();
    delays.get(of / 2).map_or_else(|| "-".into(), ToString::to_string)
}

fn line(name: &str, fired: f64, alerts: f64, delays: &mut [u64], of: usize) {
    let missed = of - delays.len();
    println!(
        "  {name:<26} {fired:>10.2} {alerts:>10.2} {:>10} {missed:>8} of {of}",
        median(delays, of)
    );
}

fn table(shape: Shape, features: usize, panes: usize, shifts: usize) -> Result<()> {
    let plural = if features == 1 { "" } else { "s" };
    println!("{features} {} feature{plural}", shape.as_str());
    println!("  {:<26} {:>10} {:>10} {:>10} {:>14}", "", "fired", "alerts", "delay", "missed");
    let mut random = SplitMix64::new(20_261_121);
    let mut random = SplitMix64::new(random.next_u64() ^ features as u64);
    let reference = shape.rows(&mut random, features, REFERENCE)?;
    let still = shape.rows(&mut random, features, panes * PANE)?;
    let mut shifted = Vec::with_capacity(shifts);
    for _ in 0..shifts {
        let reference = shape.rows(&mut random, features, REFERENCE)?;
        let mut rows = shape.rows(&mut random, features, (BEFORE + AFTER) * PANE)?;
        let after = rows[BEFORE * PANE * features..].iter_mut().step_by(features);
        after.for_each(|x| *x += 0.3 * shape.standard_deviation());
        shifted.push((reference, rows));
    }
    let monitors = OnlineName::ALL
        .into_iter()
        .filter(|name| name.takes() == Takes::Values)
        .map(Watch::Monitor);
    let mut all: Vec<Watch> = monitors.chain([Watch::Test(TestName::Ks)]).collect();
    all.sort_by_key(|watch| !matches!(watch, Watch::Monitor(OnlineName::Martingale)));
    let a_thousand = 1000.0 / panes as f64;
    for watch in all {
        let (fired, alerts) = watch.run(&watch.guard(&reference, features)?, &still, features)?;
        let mut delays = Vec::new();
        for (reference, rows) in &shifted {
            let (_, alerts) = watch.run(&watch.guard(reference, features)?, rows, features)?;
            delays.extend(
                alerts
                    .into_iter()
                    .find(|pane| *pane >= BEFORE as u64)
                    .map(|pane| pane - BEFORE as u64),
            );
        }
        let name = if matches!(watch, Watch::Test(_)) {
            format!("{} of every pane", watch.as_str())
        } else {
            watch.as_str().to_owned()
        };
        line(
            &name,
            fired.len() as f64 * a_thousand,
            alerts.len() as f64 * a_thousand,
            &mut delays,
            shifts,
        );
    }
    line("never fires", 0.0, 0.0, &mut [], shifts);
    line("always fires", 1000.0, 1000.0, &mut vec![0; shifts], shifts);
    let mut fires = || random.uniform() < 0.01;
    let alerts = (0..panes).filter(|_| fires()).count() as f64 * a_thousand;
    let mut delays: Vec<u64> =
        (0..shifts).filter_map(|_| (0..AFTER as u64).find(|_| fires())).collect();
    line("at random, one pane of 100", alerts, alerts, &mut delays, shifts);
    println!();
    Ok(())
}

fn main() -> Result<()> {
    let numbers: Vec<usize> =
        std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (panes, shifts) =
        (numbers.first().copied().unwrap_or(10_000), numbers.get(1).copied().unwrap_or(20));
    println!(
        "Monitors of a guard at their defaults; panes of {PANE} observations, references of {REFERENCE}."
    );
    println!(
        "fired, alerts: of 1,000 panes, over {panes} in which nothing changes; an alert is an episode whose effect counts."
    );
    println!(
        "delay: panes to the first alert after one feature moved by 0.3 standard deviations at pane {BEFORE}, median of {shifts};"
    );
    println!(
        "missed: none within {AFTER} panes. martingale and ks are asked for one false alarm in 1,000 panes; others state no rate.\n"
    );
    for shape in [Shape::Normal, Shape::Lognormal] {
        for features in [1, 10] {
            table(shape, features, panes, shifts)?;
        }
    }
    Ok(())
}
