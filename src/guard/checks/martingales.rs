//! What windows have in common: evidence of drift that adds up from one to the next, so that a
//! change too small for any single window is found all the same.

use super::check::{Check, Window};
use super::moved;
use crate::alert;
use crate::alert::Kind;
use crate::drift::anytime::grouped_martingale::GroupedMartingale;
use crate::drift::online::OnlineName;
use crate::drift::two_sample::TestName;
use crate::error::Result;
use crate::finding::{Finding, and_more, severity};
use crate::options::GuardOptions;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::{ColumnEvidence, WindowReport};
use crate::sketch::HistogramCounts;

/// A martingale for each column, over panes.
#[derive(Debug)]
pub(super) struct Martingales {
    columns: Vec<GroupedMartingale>,
    /// GroupedMartingale that no window has tested yet.
    fresh: (HistogramCounts, HistogramCounts),
}

impl Martingales {
    /// `None` where the guard does not run them.
    pub fn new(baseline: &Baseline, options: &GuardOptions) -> Option<Self> {
        let columns = 0..baseline.column_count();
        let p = baseline.feature_count();
        options.runs(OnlineName::Martingale).then(|| Martingales {
            columns: columns.map(|k| against(baseline, k)).collect(),
            fresh: (HistogramCounts::new(p), HistogramCounts::new(baseline.column_count() - p)),
        })
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

impl Check for Martingales {
    fn add(&mut self, pane: &Pane, _: &Baseline) -> Result<()> {
        self.fresh.0.merge(&pane.features);
        self.fresh.1.merge(&pane.scores);
        Ok(())
    }

    fn finish(&mut self, window: &Window<'_>, report: &mut WindowReport) -> Result<Vec<Finding>> {
        report.evidence = self.test(window.baseline, window.options, window.level);
        let min_effect = window.options.min_effect(TestName::Ks);
        Ok(finding(&report.evidence, window, min_effect).into_iter().collect())
    }
}

/// Against a column of the reference, whose observations count as as many as are independent.
fn against(baseline: &Baseline, k: usize) -> GroupedMartingale {
    let histogram = baseline.histogram(k);
    GroupedMartingale::of_dependent(
        histogram.reference(),
        baseline.thinned(k, histogram.reference_size()).reference,
    )
}

/// The finding of the columns that drifted.
fn finding(columns: &[ColumnEvidence], window: &Window<'_>, min_effect: f64) -> Option<Finding> {
    let mut found: Vec<&ColumnEvidence> = columns.iter().filter(|column| column.drift).collect();
    found.sort_by(|a, b| b.e_value.total_cmp(&a.e_value));
    let strongest = found.first()?;
    let more = and_more(found.len() - 1);
    let p_value = |column: &ColumnEvidence| (1.0 / column.e_value).min(1.0);
    let evidence = |column: &&ColumnEvidence| alert::Evidence {
        name: column.name.clone(),
        test: OnlineName::Martingale.as_str().into(),
        statistic: column.e_value,
        p_value: p_value(column),
        effect: column.effect,
    };
    Some(Finding {
        kind: Kind::Drift,
        severity: severity(strongest.effect, min_effect),
        class: None,
        adjusted_p_value: p_value(strongest) * columns.len() as f64,
        threshold: window.level,
        message: format!(
            "{}{more}: evidence {:.1e} over the last windows (effect {:.2})",
            moved::in_words(window, &strongest.name),
            strongest.e_value,
            strongest.effect
        ),
        evidence: found.iter().map(evidence).collect(),
    })
}
