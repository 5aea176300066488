//! Control charts of detectors' scores, over windows.

use super::check::{Check, Window};
use crate::alert::{Evidence, Kind, Severity};
use crate::drift::charts::{ChartName, ChartPoint, Cusum, Ewma, FEW, Shewhart};
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
    /// Scores that it saw so far.
    seen: u64,
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
            seen: 0,
            worst: None,
        }
    }

    /// Takes in more scores, one list per detector, in order.
    fn update(&mut self, series: &[Vec<f32>], baseline: &Baseline) {
        let tied = baseline.has_ties(self.detector);
        for score in &series[self.detector] {
            self.came += 1;
            if !self.came.is_multiple_of(self.every) {
                continue;
            }
            let z = baseline.normal_score(self.detector, *score);
            self.points += 1;
            self.seen += 1;
            self.sum += z;
            let point = match self.name {
                ChartName::Shewhart => continue,
                ChartName::Ewma if tied && self.seen < FEW => self.ewma.update(z).of_few(),
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
            ChartName::Shewhart if baseline.has_ties(self.detector) && points < FEW => {
                (self.shewhart.point(sum, points).of_few(), 1)
            }
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
    use crate::profile::{
        BaselineOptions, ConstantFeatures, OutputKind, Profile, ProfileOptions, Scores,
    };
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;

    fn baseline(rows: &[f64], columns: usize) -> Baseline {
        let options = ProfileOptions {
            output: OutputKind::Values,
            constant_features: ConstantFeatures::Allow,
            ..Default::default()
        };
        let mut profile = Profile::new(options).expect("options");
        let rows = Tensor::new(Elements::F64(rows), rows.len() / columns).expect("rows");
        profile.fit(&rows).expect("finite");
        Baseline::new(&profile, &BaselineOptions::default()).expect("a reference")
    }

    /// Of uniform numbers.
    type Values = fn(f64) -> f64;

    /// How many windows of `sizes.1`, each after a reference of its own of `sizes.0`, leave the
    /// limits of each chart at a level of 0.05.
    fn left(values: Values, columns: usize, sizes: (usize, usize), windows: u64) -> [u64; 3] {
        let mut found = [0; 3];
        for seed in 0..windows {
            let mut random = Random(1000 * seed + sizes.1 as u64);
            let mut draw = |n: usize| -> Vec<f64> {
                (0..n * columns).map(|_| values(random.uniform())).collect()
            };
            let (baseline, mut scores) = (baseline(&draw(sizes.0), columns), Scores::default());
            baseline.scorer.score_rows(&draw(sizes.1), &mut scores);
            let names = [ChartName::Shewhart, ChartName::Ewma, ChartName::Cusum];
            for (found, name) in found.iter_mut().zip(names) {
                let mut chart = Chart::new(name, 0, &baseline);
                chart.update(&scores.columns, &baseline);
                // None where a reference looks dependent by chance: of so few no point is left.
                let marks: Vec<ChartMark> = chart.finish(&baseline).into_iter().collect();
                *found += u64::from(finding(&marks, 0.05).is_some());
            }
        }
        found
    }

    /// A mean of scores that is off by a little is so in every large window; so is one that a small
    /// reference is wrong about.
    #[test]
    fn values_that_tie_stay_within_the_limits() {
        let nulls: [(&str, usize, Values); 6] = [
            ("1 in 50, of five", 5, |u| f64::from(u8::from(u < 0.02))),
            ("1 in 10", 1, |u| f64::from(u8::from(u < 0.1))),
            ("1 in 300", 1, |u| f64::from(u8::from(u < 1.0 / 300.0))),
            ("three rare values", 1, |u| match u {
                ..0.01 => 9.0,
                0.01..0.03 => 5.0,
                0.03..0.05 => -2.0,
                _ => 0.0,
            }),
            ("Poisson of 0.3", 2, |u| match u {
                ..0.7408 => 0.0,
                0.7408..0.9631 => 1.0,
                0.9631..0.9964 => 2.0,
                _ => 3.0,
            }),
            ("zeros and others", 1, |u| if u < 0.8 { 0.0 } else { -((1.0 - u) / 0.2).ln() }),
        ];
        for (name, columns, values) in nulls {
            for (sizes, windows) in [((40, 5), 400), ((60, 300), 400), ((8000, 20_000), 40)] {
                let found = left(values, columns, sizes, windows);
                // What a right rate gives once in 30,000 windows of a setting.
                let asked = 0.05 * windows as f64;
                let most = asked + 4.0 * (0.95 * asked).sqrt() + 1.0;
                let within = found.iter().all(|found| *found as f64 <= most);
                assert!(within, "{found:?} of {windows}, at most {most}: {name}, {sizes:?}");
            }
        }
    }

    #[test]
    fn a_rare_value_that_comes_more_often_leaves_the_limits() {
        let rare = |u: f64| f64::from(u8::from(u < 0.02));
        let mut random = Random(3);
        let mut draw = |more: f64, n: usize| -> Vec<f64> {
            (0..n).map(|_| rare(random.uniform() / more)).collect()
        };
        let baseline = baseline(&draw(1.0, 4000), 1);
        for name in [ChartName::Shewhart, ChartName::Ewma, ChartName::Cusum] {
            let mut chart = Chart::new(name, 0, &baseline);
            let mut left = |rows: &[f64]| {
                let mut scores = Scores::default();
                baseline.scorer.score_rows(rows, &mut scores);
                chart.update(&scores.columns, &baseline);
                finding(&[chart.finish(&baseline).expect("points")], 1e-3).is_some()
            };
            assert!(!left(&draw(1.0, 1000)), "{name:?}");
            assert!(left(&draw(15.0, 1000)), "{name:?}");
        }
    }

    /// Scores that are held out are of a half of the reference: limits are wider by that.
    #[test]
    fn limits_are_those_of_as_many_scores_as_there_are() {
        let coins: Vec<f64> =
            Random(7).normals(10 * 300).iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
        let baseline = baseline(&coins, 10);
        assert_eq!(baseline.held_out, Some(150));
        let mut chart = Chart::new(ChartName::Shewhart, 0, &baseline);
        let scores: Vec<f32> = (0..200).map(|i| 0.9 + i as f32 / 1000.0).collect();
        let sum = scores.iter().map(|score| baseline.normal_score(0, *score)).sum();
        chart.update(&[scores], &baseline);
        let point = chart.finish(&baseline).expect("points").point;
        assert_eq!(point.p_value, Shewhart::new(150).point(sum, 200).p_value);
    }
}
