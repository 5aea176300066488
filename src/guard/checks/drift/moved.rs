//! How a column moved, in words and in its own units.

use crate::pane::Pane;
use crate::profile::Baseline;

/// Standard deviations of the reference that a mean moves at least to be called that.
const MOVED: f64 = 0.1;
/// How many times as wide, or as narrow, a spread is at least to be called that.
const WIDER: f64 = 1.1;

/// What has become of the column of this name: `y3 moved up by 1.1 (mean 2.3, in the reference
/// 1.2)`. Of scores only counts between quantiles are kept, so that theirs is a direction alone.
pub(super) fn words(baseline: &Baseline, pane: &Pane, name: &str) -> String {
    let Some(column) = baseline.names.iter().position(|known| known == name) else {
        return format!("{name} has changed");
    };
    if column >= baseline.feature_count() {
        return of_score(baseline, pane, column);
    }
    let (usual, mean) = (baseline.center[column], pane.moments.mean(column));
    let (spread, now) = (baseline.spread[column], pane.moments.std(column));
    let by = mean - usual;
    if spread == 0.0 {
        return format!("{name} varies, and was {usual:.4} in all of the reference");
    }
    if by.abs() >= MOVED * spread {
        let way = if by > 0.0 { "up" } else { "down" };
        let size = by.abs();
        return format!(
            "{name} moved {way} by {size:.3} (mean {mean:.3}, in the reference {usual:.3})"
        );
    }
    let times = now / spread;
    if times >= WIDER || times <= 1.0 / WIDER {
        let what = if times > 1.0 { "spread out" } else { "drew together" };
        return format!("{name} {what} (deviation {now:.3}, in the reference {spread:.3})");
    }
    format!(
        "{name} changed its shape (mean {mean:.3} and deviation {now:.3} about as in the reference)"
    )
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
