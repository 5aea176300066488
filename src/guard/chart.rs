//! A control chart of one detector's scores, over windows.

use super::monitor::ChartMark;
use crate::drift::charts::{ChartName, ChartPoint, Cusum, Ewma, Shewhart};
use crate::profile::Baseline;

/// Weight of the newest score in the EWMA chart (Montgomery 2013, section 9.2: 0.05 to 0.25 work
/// well).
const EWMA_LAMBDA: f64 = 0.1;
/// Reference value of the CUSUM chart: half of a shift by one standard deviation.
const CUSUM_K: f64 = 0.5;

/// One chart of one detector's scores.
#[derive(Debug)]
pub(super) struct Chart {
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
    pub fn new(name: ChartName, detector: usize, baseline: &Baseline) -> Self {
        let thinned =
            baseline.thinned(baseline.feature_count() + detector, baseline.reference_size());
        let reference_size = thinned.reference.count(baseline.reference_size()).max(1);
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
    pub fn update(&mut self, series: &[Vec<f32>], baseline: &Baseline) {
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
    pub fn finish(&mut self, baseline: &Baseline) -> Option<ChartMark> {
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
