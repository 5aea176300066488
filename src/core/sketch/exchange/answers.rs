//! What sketches are asked.

use datasketches::common::{NumStdDev, SearchCriteria};
use datasketches::frequencies::{ErrorType, FrequentItemsSketch, Row};
use datasketches::kll::KllFloat;
use serde::Serialize;

use super::{Sketch, SketchKind, State, damaged};
use crate::{Error, Result};

/// A number between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// What the sketch says.
    pub estimate: f64,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
}

/// An item and how often it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frequent {
    /// The item; a whole number in decimals.
    pub item: String,
    /// At most so often.
    pub estimate: u64,
    /// At least so often.
    pub lower: u64,
    /// At most so often.
    pub upper: u64,
}

/// What a sketch has to say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SketchDescription {
    /// Which sketch.
    pub kind: SketchKind,
    /// k, lg_k or the size of the map.
    pub size: u32,
    /// Items taken in; none where the sketch does not count them (hll, theta).
    pub observations: Option<u64>,
    /// The error that holds with a probability of 99% at one rank (kll), or that is certain for a
    /// count, as a share of all (frequent-items).
    pub error: Option<f64>,
    /// Smallest and largest (kll, tdigest).
    pub range: Option<(f64, f64)>,
    /// Distinct items, with bounds at two standard errors (hll, theta).
    pub distinct: Option<Interval>,
    /// As [`Sketch::to_bytes`] gives.
    pub bytes: usize,
}

impl Sketch {
    /// The value below or at which a share `rank` in [0, 1] of the numbers lies; none where there
    /// are no numbers.
    ///
    /// # Errors
    /// `Incompatible` for a sketch that knows no quantiles, `InvalidArgument` for a rank out of
    /// range.
    pub fn quantile(&self, rank: f64) -> Result<Option<f64>> {
        if !(0.0..=1.0).contains(&rank) {
            return Err(Error::invalid("rank", rank, "a share from 0 to 1"));
        }
        let refused = |e| damaged(self.kind(), e);
        match &self.state {
            State::Kll(sketch) => {
                let found = sketch.quantile(rank, SearchCriteria::Inclusive).map_err(refused)?;
                Ok(found.map(KllFloat::into_inner))
            }
            State::Tdigest(sketch) => sketch.clone().quantile(rank).map_err(refused),
            _ => Err(self.cannot("quantiles", "kll or tdigest")),
        }
    }

    /// The items that may be among the most frequent, the most frequent first: none that came more
    /// often than the sketch's error is missing.
    ///
    /// # Errors
    /// `Incompatible` for a sketch that counts no items.
    pub fn frequent(&self) -> Result<Vec<Frequent>> {
        fn rows<T: Eq + std::hash::Hash + Clone + ToString>(
            sketch: &FrequentItemsSketch<T>,
        ) -> Vec<Frequent> {
            let row = |row: &Row<T>| Frequent {
                item: row.item().to_string(),
                estimate: row.estimate(),
                lower: row.lower_bound(),
                upper: row.upper_bound(),
            };
            sketch.frequent_items(ErrorType::NoFalseNegatives).iter().map(row).collect()
        }
        let mut rows = match &self.state {
            State::FrequentItems(sketch) => rows(sketch),
            State::FrequentLongs(sketch) => rows(sketch),
            _ => return Err(self.cannot("frequent items", "frequent-items or frequent-longs")),
        };
        rows.sort_by(|a, b| b.estimate.cmp(&a.estimate).then_with(|| a.item.cmp(&b.item)));
        Ok(rows)
    }

    /// What the sketch has to say.
    ///
    /// # Errors
    /// As [`Sketch::to_bytes`].
    pub fn describe(&self) -> Result<SketchDescription> {
        let (mut observations, mut error, mut range, mut distinct) = (None, None, None, None);
        let two = NumStdDev::Two;
        match &self.state {
            State::Kll(sketch) => {
                observations = Some(sketch.n());
                error = Some(sketch.normalized_rank_error());
                range = sketch
                    .min_item()
                    .zip(sketch.max_item())
                    .map(|(a, b)| (a.into_inner(), b.into_inner()));
            }
            State::Tdigest(sketch) => {
                observations = Some(sketch.total_weight());
                range = sketch.min_value().zip(sketch.max_value());
            }
            State::Hll(sketch) => {
                let (lower, upper) = (sketch.lower_bound(two), sketch.upper_bound(two));
                distinct = Some(Interval { estimate: sketch.estimate(), lower, upper });
            }
            State::Theta(..) => {
                let all = self.theta()?;
                let (lower, upper) = (all.lower_bound(two), all.upper_bound(two));
                distinct = Some(Interval { estimate: all.estimate(), lower, upper });
            }
            State::FrequentItems(sketch) => {
                observations = Some(sketch.total_weight());
                error = Some(sketch.maximum_error() as f64 / sketch.total_weight().max(1) as f64);
            }
            State::FrequentLongs(sketch) => {
                observations = Some(sketch.total_weight());
                error = Some(sketch.maximum_error() as f64 / sketch.total_weight().max(1) as f64);
            }
        }
        let bytes = self.to_bytes()?.len();
        Ok(SketchDescription {
            kind: self.kind(),
            size: self.size,
            observations,
            error,
            range,
            distinct,
            bytes,
        })
    }
}
