//! The online detectors of [`crate::drift::online`] as monitors of a guard.
//!
//! A guard keeps counts, not values. So a detector sees one value a pane and column (a pane is a
//! window's slide, else the window): the pane's mean rank among the reference, as Mann and
//! Whitney's U of the counts, less its mean under the null and over its standard deviation. While
//! nothing has changed these values are about standard normal, whatever the column's distribution;
//! they move with its middle and not with its spread. Detectors of bounded values see the normal
//! distribution function of it, in [0, 1].
//!
//! A detector that fires counts as drift where the pane's effect, |2U/(mn) - 1|, is at least the
//! smallest effect of mannwhitney.

use super::check::{Check, Window};
use super::moved;
use crate::alert::{Evidence, Kind};
use crate::drift::online::{Domain, OnlineDetector, OnlineName};
use crate::drift::two_sample::{TestName, mannwhitney};
use crate::error::Result;
use crate::finding::{Finding, and_more, severity};
use crate::options::GuardOptions;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::{Detection, WindowReport};
use crate::stats::normal;

/// A detector of every kind for every column.
#[derive(Debug)]
pub(super) struct Streams {
    monitors: Vec<(OnlineName, Vec<OnlineDetector>)>,
    fired: Vec<Detection>,
}

impl Streams {
    /// Those that a guard runs but for the martingale, which has evidence of its own kind; `None`
    /// without any.
    ///
    /// # Errors
    /// Those of [`crate::MonitorSpec::streams`].
    pub fn new(baseline: &Baseline, options: &GuardOptions) -> Result<Option<Self>> {
        let others = options.monitors.iter().filter(|spec| spec.name != OnlineName::Martingale);
        let monitors = others
            .map(|spec| Ok((spec.name, spec.streams(baseline.column_count())?)))
            .collect::<Result<Vec<_>>>()?;
        Ok((!monitors.is_empty()).then_some(Streams { monitors, fired: Vec::new() }))
    }
}

impl Check for Streams {
    /// Other monitors are held to no rate.
    fn spends(&self) -> bool {
        false
    }

    /// A column without a finite value in it is passed over.
    fn add(&mut self, pane: &Pane, baseline: &Baseline) -> Result<()> {
        for k in 0..baseline.column_count() {
            let (reference, current) =
                (baseline.histogram(k).reference(), pane.groups(baseline, k));
            if current.total() == 0 {
                continue;
            }
            let (result, z) = mannwhitney::of_ordered_counts(reference, current.counts())?;
            // The mean of dependent values has a larger deviation.
            let thinned = baseline.thinned(k, current.total());
            let z = z / thinned.current.inflation().sqrt();
            for (monitor, streams) in &mut self.monitors {
                let stream = &mut streams[k];
                let value = if stream.domain() == Domain::Finite { z } else { normal::cdf(z) };
                if !stream.update(&[value])?.is_empty() {
                    self.fired.push(Detection {
                        name: baseline.names[k].clone(),
                        monitor: *monitor,
                        statistic: z,
                        p_value: if thinned.is_none() {
                            result.p_value
                        } else {
                            2.0 * normal::sf(z.abs())
                        },
                        effect: result.effect,
                        drift: false,
                    });
                }
            }
        }
        Ok(())
    }

    /// What fired since the window before.
    fn finish(&mut self, window: &Window<'_>, report: &mut WindowReport) -> Result<Vec<Finding>> {
        let min_effect = window.options.min_effect(TestName::MannWhitney);
        self.fired.iter_mut().for_each(|found| found.drift = found.effect >= min_effect);
        report.detections = std::mem::take(&mut self.fired);
        Ok(finding(&report.detections, window, min_effect).into_iter().collect())
    }
}

/// The finding of the monitors that fired. Its threshold is 1: no rate of false alarms is stated.
fn finding(detections: &[Detection], window: &Window<'_>, min_effect: f64) -> Option<Finding> {
    let mut found: Vec<&Detection> = detections.iter().filter(|found| found.drift).collect();
    found.sort_by(|a, b| b.effect.total_cmp(&a.effect));
    let strongest = found.first()?;
    let more = and_more(found.len() - 1);
    let evidence = |found: &&Detection| Evidence {
        name: found.name.clone(),
        test: found.monitor.as_str().into(),
        statistic: found.statistic,
        p_value: found.p_value,
        effect: found.effect,
    };
    Some(Finding {
        kind: Kind::Drift,
        severity: severity(strongest.effect, min_effect),
        class: None,
        adjusted_p_value: strongest.p_value,
        threshold: 1.0,
        message: format!(
            "{}{more}: {} fired, which states no rate of false alarms (effect {:.2})",
            moved::in_words(window, &strongest.name),
            strongest.monitor,
            strongest.effect
        ),
        evidence: found.iter().map(evidence).collect(),
    })
}
