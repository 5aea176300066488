//! How a column moved, in words and in its own units.

use super::check::Window;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::text::digits;

/// Standard deviations of the reference that a mean moves at least to be called that.
const MOVED: f64 = 0.1;
/// How many times as wide, or as narrow, a spread is at least to be called that.
const WIDER: f64 = 1.1;

/// What has become of the column of this name in the window: `y3 moved up by 1.10 (mean 2.30, in
/// the reference 1.20)`. Of scores only counts between quantiles are kept, so that theirs is a
/// direction alone.
pub(super) fn in_words(window: &Window<'_>, name: &str) -> String {
    let (baseline, pane) = (window.baseline, window.pane);
    let Some(column) = baseline.names.iter().position(|known| known == name) else {
        return format!("{name} has changed");
    };
    if column >= baseline.feature_count() {
        return of_score(baseline, pane, column);
    }
    let (usual, mean) = (baseline.center[column], pane.moments.mean(column));
    let (spread, now) = (baseline.spread[column], pane.moments.std(column));
    let short = |x: f64| digits(x, 3);
    if spread == 0.0 {
        return format!("{name} varies, and was {} in all of the reference", short(usual));
    }
    let (by, times) = (mean - usual, now / spread);
    // What wanders because it is wider has not moved.
    if by.abs() >= spread * MOVED.max(times.ln()) {
        let way = if by > 0.0 { "up" } else { "down" };
        let (by, mean, usual) = (short(by.abs()), short(mean), short(usual));
        return format!("{name} moved {way} by {by} (mean {mean}, in the reference {usual})");
    }
    let (now, spread) = (short(now), short(spread));
    if times >= WIDER {
        format!("{name} spread out (deviation {now}, in the reference {spread})")
    } else if times <= 1.0 / WIDER {
        format!("{name} drew together (deviation {now}, in the reference {spread})")
    } else {
        format!("{name} changed its shape, with about the mean and deviation of the reference")
    }
}

fn of_score(baseline: &Baseline, pane: &Pane, column: usize) -> String {
    let (name, histogram) = (&baseline.names[column], baseline.histogram(column));
    let groups = pane.scores.groups(column - baseline.feature_count(), histogram);
    // Mann and Whitney's: how much more often a score of the window is above one of the reference
    // than below.
    let (mut below, mut above) = (0.0, 0.0);
    for (usual, now) in histogram.reference().iter().zip(groups.counts()) {
        above += *now as f64 * (below + *usual as f64 / 2.0);
        below += *usual as f64;
    }
    let pairs = below * groups.counts().iter().sum::<u64>() as f64;
    let way = match 2.0 * above / pairs - 1.0 {
        more if more > MOVED => "moved up",
        more if more < -MOVED => "moved down",
        _ => "changed its shape",
    };
    format!("the score {name} {way}")
}

#[cfg(test)]
mod tests {
    use crate::alert::{Alert, Kind};
    use crate::drift::two_sample::TestName;
    use crate::profile::{OutputKind, Profile, ProfileOptions};
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;
    use crate::{FalseAlarms, Guard, GuardOptions, Length, Per};

    const NORMAL: usize = 4;

    /// What a guard of normal features and a constant one says of a window in which `change` makes
    /// of each observation's first three features, of which the third is constant, what they are
    /// now.
    fn alert(tests: Vec<TestName>, change: impl Fn([f64; 3]) -> [f64; 3]) -> Alert {
        let rows = |seed: u64, change: &dyn Fn([f64; 3]) -> [f64; 3]| {
            let normal = Random(seed).normals(1000 * NORMAL);
            let of = |x: &[f64]| {
                let changed = change([x[0] + 10.0, 1e-6 * x[1], 4.0]);
                changed.into_iter().chain(x[2..].iter().copied()).collect::<Vec<_>>()
            };
            normal.chunks_exact(NORMAL).flat_map(of).collect::<Vec<_>>()
        };
        let mut profile =
            Profile::new(ProfileOptions { output: OutputKind::Values, ..Default::default() })
                .expect("options");
        let reference = rows(1, &|x| x);
        profile.fit(&Tensor::new(Elements::F64(&reference), 1000).expect("shape")).expect("finite");
        let options = GuardOptions {
            window: Length::Observations(1000),
            false_alarms: FalseAlarms { rate: 0.01, per: Per::Window },
            monitors: Vec::new(),
            tests,
            ..Default::default()
        };
        let guard = Guard::new(&profile, options).expect("options");
        let now = rows(2, &change);
        guard
            .observe(&Tensor::new(Elements::F64(&now), 1000).expect("shape"), 0, false)
            .expect("open");
        guard.close().expect("worker");
        let found = guard.alerts(0).into_iter().find(|alert| alert.kind == Kind::Drift);
        found.expect("it drifts")
    }

    #[test]
    fn an_alert_says_which_way_by_how_much_where_and_what_next() {
        let ks = || vec![TestName::Ks];
        let up = alert(ks(), |[a, b, c]| [a + 2.0, b, c]).message;
        assert!(up.starts_with("y1 moved up by ") && up.contains("in the reference 9.9"), "{up}");
        assert!(
            up.contains("in window 1 (1000 observations") && up.contains("new profile"),
            "{up}"
        );
        // In units of its own, however small they are.
        let down = alert(ks(), |[a, b, c]| [a, b - 3e-6, c]).message;
        assert!(down.starts_with("y2 moved down by ") && down.contains("e-6"), "{down}");
        let wide = alert(ks(), |[a, b, c]| [10.0 + 3.0 * (a - 10.0), b, c]).message;
        assert!(wide.starts_with("y1 spread out (deviation "), "{wide}");
        let narrow = alert(ks(), |[a, b, c]| [10.0 + (a - 10.0) / 4.0, b, c]).message;
        assert!(narrow.starts_with("y1 drew together (deviation 0.2"), "{narrow}");
        let constant = alert(ks(), |[a, b, c]| [a, b, c + b.signum()]).message;
        assert!(constant.starts_with("y3 varies, and was 4.00 in all"), "{constant}");
    }

    #[test]
    fn a_column_counts_once_however_many_tests_find_it() {
        let tests = vec![TestName::Ks, TestName::Wasserstein, TestName::MannWhitney];
        let alert = alert(tests, |[a, b, c]| [a + 3.0, b + 3e-6, c]);
        let mut names: Vec<&str> = alert.features.iter().map(|e| e.name.as_str()).collect();
        assert!(names.len() > alert.found, "each test has its evidence");
        names.sort_unstable();
        names.dedup();
        assert_eq!(alert.found, names.len());
    }
}
