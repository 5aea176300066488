//! What windows have in common: evidence of drift that adds up from one to the next, so that a
//! change too small for any single window is found all the same.

use serde::{Deserialize, Serialize};

use super::monitor::Finding;
use super::options::GuardOptions;
use super::pane::Pane;
use crate::alert;
use crate::alert::{Kind, Severity};
use crate::drift::anytime::counts::Counts;
use crate::drift::online::StreamName;
use crate::drift::two_sample::TestName;
use crate::profile::Baseline;
use crate::sketch::HistogramCounts;

/// What has come together against one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnEvidence {
    /// The feature, or the score.
    pub name: String,
    /// The e-value: what a unit staked since the last alarm has become. Large values speak for
    /// drift.
    pub e_value: f64,
    /// The capital, which alarms at 1.
    pub capital: f64,
    /// How far the distribution function has moved, over the last windows.
    pub effect: f64,
    /// Whether it is drift: the capital has reached 1, and the effect counts.
    pub drift: bool,
}

/// A martingale for each column, over panes.
#[derive(Debug)]
pub(super) struct Evidence {
    columns: Vec<Counts>,
    /// Counts that no window has tested yet.
    fresh: (HistogramCounts, HistogramCounts),
}

impl Evidence {
    pub fn new(baseline: &Baseline) -> Self {
        let columns = 0..baseline.column_count();
        let p = baseline.feature_count();
        Evidence {
            columns: columns.map(|k| against(baseline, k)).collect(),
            fresh: (HistogramCounts::new(p), HistogramCounts::new(baseline.column_count() - p)),
        }
    }

    /// Takes in a closed pane.
    pub fn add(&mut self, pane: &Pane) {
        self.fresh.0.merge(&pane.features);
        self.fresh.1.merge(&pane.scores);
    }

    /// Bets on what came in since the last window; `level` is what all columns together may stake.
    pub fn test(
        &mut self,
        baseline: &Baseline,
        options: &GuardOptions,
        level: f64,
    ) -> Vec<ColumnEvidence> {
        let (p, stake) = (baseline.feature_count(), level / self.columns.len() as f64);
        let min_effect = options.min_effect(TestName::Ks);
        let mut found = Vec::with_capacity(self.columns.len());
        for (k, column) in self.columns.iter_mut().enumerate() {
            let (counts, at) = if k < p { (&self.fresh.0, k) } else { (&self.fresh.1, k - p) };
            let groups = counts.groups(at, baseline.histogram(k));
            let thinning = baseline.thinned(k, groups.total()).current;
            let capital = column.update_dependent(groups.counts(), stake, thinning);
            let effect = column.effect();
            let drift = capital >= 1.0 && effect >= min_effect && !column.has_gone();
            found.push(ColumnEvidence {
                name: baseline.names[k].clone(),
                e_value: column.e_value(),
                capital,
                effect,
                drift,
            });
            if drift {
                column.alarm();
            } else if column.has_alarmed() {
                // What alarmed has gone: the next alarm is to have evidence of its own.
                column.reset();
            }
        }
        self.fresh.0.clear();
        self.fresh.1.clear();
        found
    }
}

/// Against a column of the reference, whose observations count as as many as are independent.
fn against(baseline: &Baseline, k: usize) -> Counts {
    let histogram = baseline.histogram(k);
    Counts::of_dependent(
        histogram.reference(),
        baseline.thinned(k, histogram.reference_size()).reference,
    )
}

/// The finding of the columns that drifted.
pub(super) fn finding(columns: &[ColumnEvidence], level: f64, min_effect: f64) -> Option<Finding> {
    let mut found: Vec<&ColumnEvidence> = columns.iter().filter(|column| column.drift).collect();
    found.sort_by(|a, b| b.e_value.total_cmp(&a.e_value));
    let strongest = found.first()?;
    let more =
        if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
    let p_value = |column: &ColumnEvidence| (1.0 / column.e_value).min(1.0);
    let evidence = |column: &&ColumnEvidence| alert::Evidence {
        name: column.name.clone(),
        test: StreamName::Martingale.as_str().into(),
        statistic: column.e_value,
        p_value: p_value(column),
        effect: column.effect,
    };
    Some(Finding {
        kind: Kind::Drift,
        severity: if strongest.effect >= 3.0 * min_effect.max(0.1) {
            Severity::Critical
        } else {
            Severity::Warning
        },
        class: None,
        adjusted_p_value: p_value(strongest) * columns.len() as f64,
        threshold: level,
        message: format!(
            "the distribution of {}{more} has changed over the last windows: evidence {:.1e} (effect {:.2})",
            strongest.name, strongest.e_value, strongest.effect
        ),
        evidence: found.iter().map(evidence).collect(),
    })
}
