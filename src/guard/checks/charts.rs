//! Control charts of detectors' scores, over windows.

use super::check::{Check, Window};
use crate::alert::{Evidence, Kind, Severity};
use crate::drift::charts::{ChartName, ChartPoint, Cusum, Ewma, Shewhart};
use crate::error::Result;
use crate::finding::Finding;
use crate::options::GuardOptions;
use crate::pane::Pane;
use crate::profile::Baseline;
use crate::report::WindowReport;

/// Weight of the newest score in the EWMA chart (Montgomery 2013, section 9.2: 0.05 to 0.25 work
/// well).
const EWMA_LAMBDA: f64 = 0.1;
/// Reference value of the CUSUM chart: half of a shift by one standard deviation.
const CUSUM_K: f64 = 0.5;

/// All charts of a guard.
#[derive(Debug)]
pub(super) struct Charts {
    charts: Vec<Chart>,
    /// The strongest points of the window that is being tested.
    marks: Vec<ChartMark>,
}

impl Charts {
    /// Every chart that is asked for, of every detector; `None` without any.
    pub fn new(baseline: &Baseline, options: &GuardOptions) -> Option<Self> {
        let charts: Vec<Chart> = (0..baseline.detectors().len())
            .flat_map(|d| options.charts.iter().map(move |name| Chart::new(*name, d, baseline)))
            .collect();
        (!charts.is_empty()).then_some(Charts { charts, marks: Vec::new() })
    }
}

impl Check for Charts {
    fn see(&mut self, share: &Pane, baseline: &Baseline) {
        self.charts.iter_mut().for_each(|chart| chart.update(&share.series, baseline));
    }

    fn begin(&mut self, baseline: &Baseline, _: f64) {
        self.marks = self.charts.iter_mut().filter_map(|chart| chart.finish(baseline)).collect();
    }

    fn finish(&mut self, window: &Window<'_>, _: &mut WindowReport) -> Result<Vec<Finding>> {
        let marks = std::mem::take(&mut self.marks);
        Ok(finding(&marks, window.level).into_iter().collect())
    }
}

/// The strongest point of a chart in a window.
#[derive(Debug, Clone, PartialEq)]
struct ChartMark {
    chart: &'static str,
    detector: String,
    point: ChartPoint,
    /// Points of the window, each with a chance of its own of a false alarm.
    points: u64,
}

/// One chart of one detector's scores.
#[derive(Debug)]
struct Chart {
    name: ChartName,
    detector: usize,
    shewhart: Shewhart,
    ewma: Ewma,
    cusum: Cusum,
    sum: f64,
    points: u64,
    /// Of dependent scores it sees every so-many-th, which are about independent; how many came.
    every: u64,
    came: u64,
    /// The most extreme point since the last window.
    worst: Option<ChartPoint>,
}

impl Chart {
    fn new(name: ChartName, detector: usize, baseline: &Baseline) -> Self {
        // Of the scores themselves: held out ones are fewer than the reference's observations.
        let column = baseline.feature_count() + detector;
        let scored = baseline.histogram(column).reference_size();
        let thinned = baseline.thinned(column, scored);
        let reference_size = thinned.reference.count(scored).max(1);
        Chart {
            name,
            detector,
            shewhart: Shewhart::new(reference_size),
            ewma: Ewma::new(EWMA_LAMBDA, reference_size),
            cusum: Cusum::new(CUSUM_K, reference_size),
            sum: 0.0,
            points: 0,
            every: thinned.current.stride(),
            came: 0,
            worst: None,
        }
    }

    /// Takes in more scores, one list a detector, in order.
    fn update(&mut self, series: &[Vec<f32>], baseline: &Baseline) {
        for score in &series[self.detector] {
            self.came += 1;
            if !self.came.is_multiple_of(self.every) {
                continue;
            }
            let z = baseline.normal_score(self.detector, *score);
            self.points += 1;
            self.sum += z;
            let point = match self.name {
                ChartName::Shewhart => continue,
                ChartName::Ewma => self.ewma.update(z),
                ChartName::Cusum => self.cusum.update(z),
            };
            if self.worst.is_none_or(|worst| point.p_value < worst.p_value) {
                self.worst = Some(point);
            }
        }
    }

    /// The window's strongest point; starts the next window.
    fn finish(&mut self, baseline: &Baseline) -> Option<ChartMark> {
        let (points, sum) = (std::mem::take(&mut self.points), std::mem::take(&mut self.sum));
        let worst = std::mem::take(&mut self.worst);
        if points == 0 {
            return None;
        }
        let (point, points) = match self.name {
            ChartName::Shewhart => (self.shewhart.point(sum, points), 1),
            _ => (worst?, points),
        };
        let detector = baseline.detectors()[self.detector].clone();
        Some(ChartMark { chart: self.name.as_str(), detector, point, points })
    }
}

/// Charts that left their limits; every point of every chart has its share of the level.
fn finding(charts: &[ChartMark], level: f64) -> Option<Finding> {
    let adjusted = |mark: &ChartMark| mark.point.p_value * mark.points as f64 * charts.len() as f64;
    let mut found: Vec<&ChartMark> = charts.iter().filter(|mark| adjusted(mark) <= level).collect();
    found.sort_by(|a, b| adjusted(a).total_cmp(&adjusted(b)));
    let worst = found.first()?;
    let evidence = found
        .iter()
        .map(|mark| Evidence {
            name: mark.detector.clone(),
            test: mark.chart.into(),
            statistic: mark.point.statistic,
            p_value: mark.point.p_value,
            effect: mark.point.statistic.abs(),
        })
        .collect();
    Some(Finding {
        kind: Kind::Chart,
        severity: Severity::Warning,
        class: None,
        adjusted_p_value: adjusted(worst),
        threshold: level,
        message: format!(
            "the {} chart of {} reached {:.1}",
            worst.chart, worst.detector, worst.point.statistic
        ),
        evidence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{BaselineOptions, OutputKind, Profile, ProfileOptions};
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;

    /// Scores that are held out are of a half of the reference: limits are wider by that.
    #[test]
    fn limits_are_those_of_as_many_scores_as_there_are() {
        let coins: Vec<f64> =
            Random(7).normals(10 * 300).iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
        let options = ProfileOptions { output: OutputKind::Values, ..Default::default() };
        let mut profile = Profile::new(options).expect("options");
        profile.fit(&Tensor::new(Elements::F64(&coins), 300).expect("rows")).expect("finite");
        let baseline = Baseline::new(&profile, &BaselineOptions::default()).expect("a reference");
        assert_eq!(baseline.held_out, Some(150));
        let mut chart = Chart::new(ChartName::Shewhart, 0, &baseline);
        let scores: Vec<f32> = (0..200).map(|i| 0.9 + i as f32 / 1000.0).collect();
        let sum = scores.iter().map(|score| baseline.normal_score(0, *score)).sum();
        chart.update(&[scores], &baseline);
        let point = chart.finish(&baseline).expect("points").point;
        assert_eq!(point.p_value, Shewhart::new(150).point(sum, 200).p_value);
    }
}
