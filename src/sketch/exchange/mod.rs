//! Sketches that leave the machine: Apache DataSketches' formats, which Spark, Druid, PostgreSQL, DuckDB and the libraries
//! for Java, C++, Python and Go read, merge and write.
//!
//! Numbers are taken in as doubles and text as its UTF-8 bytes, hashed as those libraries hash them: workers in several languages that
//! count the same doubles, or the same text, count them as the same items. (An integer of theirs that was taken in as an integer
//! is another item.) As there, empty text is left out by the sketches of distinct items.

mod kind;

use std::panic::{AssertUnwindSafe, catch_unwind};

use datasketches::common::{NumStdDev, SearchCriteria};
use datasketches::frequencies::{ErrorType, FrequentItemsSketch};
use datasketches::hash::value::{canonical_float, raw_bytes};
use datasketches::hll::{HllSketch, HllType, HllUnion};
use datasketches::kll::{KllFloat, KllSketch};
use datasketches::tdigest::TDigestMut;
use datasketches::theta::{CompactThetaSketch, ThetaSketch, ThetaSketchBuilder, ThetaUnionBuilder};
use serde::Serialize;

use super::{Frequencies, Reservoir};
use crate::{Error, Result};

pub use kind::SketchKind;

/// A sketch in one of the formats. Two merge where they are of one kind.
#[derive(Debug)]
pub struct Sketch {
    size: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Kll(KllSketch<KllFloat<f64>>),
    Tdigest(TDigestMut),
    Hll(HllSketch),
    /// What was taken in here, and what came from others.
    Theta(ThetaSketch, Option<CompactThetaSketch>),
    FrequentItems(FrequentItemsSketch<String>),
}

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
    /// The item.
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
pub struct Description {
    /// Which sketch.
    pub kind: SketchKind,
    /// k, lg_k or the size of the map.
    pub size: u32,
    /// Items taken in; none where the sketch does not count them (hll, theta).
    pub observations: Option<u64>,
    /// The error that holds with a probability of 99% at one rank (kll), or that is certain for a count, as a share of all
    /// (frequent-items).
    pub error: Option<f64>,
    /// Smallest and largest (kll, tdigest).
    pub range: Option<(f64, f64)>,
    /// Distinct items, with bounds at two standard errors (hll, theta).
    pub distinct: Option<Interval>,
    /// As [`Sketch::to_bytes`] gives.
    pub bytes: usize,
}

impl Sketch {
    /// An empty sketch. `size` is the families' own parameter (k, lg_k, map size); theirs where none is given.
    ///
    /// # Errors
    /// `InvalidArgument` naming `size`.
    pub fn new(kind: SketchKind, size: Option<u32>) -> Result<Self> {
        let size = size.unwrap_or(kind.default_size());
        let refused = |_| Error::invalid("size", size, kind.sizes());
        let k = || u16::try_from(size).map_err(|_| Error::invalid("size", size, kind.sizes()));
        let lg_k = || u8::try_from(size).map_err(|_| Error::invalid("size", size, kind.sizes()));
        let state = match kind {
            SketchKind::Kll => State::Kll(KllSketch::new(k()?).map_err(refused)?),
            SketchKind::Tdigest => State::Tdigest(TDigestMut::new(k()?).map_err(refused)?),
            SketchKind::Hll => State::Hll(HllSketch::new(lg_k()?, HllType::Hll4).map_err(refused)?),
            SketchKind::Theta => {
                State::Theta(ThetaSketchBuilder::default().lg_k(lg_k()?).build().map_err(refused)?, None)
            }
            SketchKind::FrequentItems if size > MOST_ITEMS => {
                return Err(Error::invalid("size", size, kind.sizes()));
            }
            SketchKind::FrequentItems => {
                State::FrequentItems(FrequentItemsSketch::new(size as usize).map_err(refused)?)
            }
        };
        Ok(Sketch { size, state })
    }

    /// Which sketch it is.
    #[must_use]
    pub fn kind(&self) -> SketchKind {
        match self.state {
            State::Kll(_) => SketchKind::Kll,
            State::Tdigest(_) => SketchKind::Tdigest,
            State::Hll(_) => SketchKind::Hll,
            State::Theta(..) => SketchKind::Theta,
            State::FrequentItems(_) => SketchKind::FrequentItems,
        }
    }

    /// Takes in numbers; as frequent items, their shortest decimal text. All or none.
    ///
    /// # Errors
    /// `InvalidArgument` for NaN, and for Inf in a t-digest.
    pub fn update(&mut self, values: &[f64]) -> Result<()> {
        let infinite = !matches!(self.state, State::Tdigest(_));
        if let Some(i) = values.iter().position(|x| x.is_nan() || (x.is_infinite() && !infinite)) {
            let expected = if infinite { "numbers" } else { "finite numbers" };
            return Err(Error::invalid("values", format!("{} at index {i}", values[i]), expected));
        }
        match &mut self.state {
            State::Kll(sketch) => {
                values.iter().filter_map(|x| KllFloat::<f64>::new(*x).ok()).for_each(|x| sketch.update(x))
            }
            State::Tdigest(sketch) => values.iter().for_each(|x| sketch.update(*x)),
            State::Hll(sketch) => values.iter().for_each(|x| sketch.update(canonical_float::from_f64(*x))),
            State::Theta(sketch, _) => values.iter().for_each(|x| sketch.update(canonical_float::from_f64(*x))),
            State::FrequentItems(sketch) => values.iter().for_each(|x| sketch.update(x.to_string())),
        }
        Ok(())
    }

    /// Takes in words, each `count` times.
    ///
    /// # Errors
    /// `Incompatible` for a sketch of numbers.
    pub fn update_words<'a>(&mut self, words: impl IntoIterator<Item = (&'a str, u64)>) -> Result<()> {
        for (word, count) in words {
            match &mut self.state {
                State::Kll(_) | State::Tdigest(_) => {
                    let expected = format!("a sketch of kind {}, which takes numbers", self.kind());
                    return Err(Error::Incompatible { argument: "values", was: "text".into(), expected });
                }
                State::Hll(sketch) if count > 0 && !word.is_empty() => sketch.update(raw_bytes::from_str(word)),
                State::Theta(sketch, _) if count > 0 && !word.is_empty() => sketch.update(raw_bytes::from_str(word)),
                State::FrequentItems(sketch) => sketch.update_with_count(word.to_owned(), count),
                State::Hll(_) | State::Theta(..) => {}
            }
        }
        Ok(())
    }

    /// Takes in what `other` has seen. The result is within the stated error of a single pass over both; its size is the smaller of
    /// the two (kll, hll, theta).
    ///
    /// # Errors
    /// `Incompatible` for another kind.
    pub fn merge(&mut self, other: &Sketch) -> Result<()> {
        let damaged = |e: datasketches::error::Error| damaged(other.kind(), e);
        match (&mut self.state, &other.state) {
            (State::Kll(mine), State::Kll(theirs)) => {
                mine.merge(theirs).map_err(damaged)?;
                self.size = u32::from(mine.min_k());
            }
            (State::Tdigest(mine), State::Tdigest(theirs)) => mine.merge(theirs),
            (State::Hll(mine), State::Hll(theirs)) => {
                let mut union = HllUnion::new(mine.lg_config_k().min(theirs.lg_config_k())).map_err(damaged)?;
                union.update(mine);
                union.update(theirs);
                *mine = union.to_sketch(mine.target_type());
                self.size = u32::from(mine.lg_config_k());
            }
            (State::Theta(_, others), State::Theta(..)) => {
                let theirs = other.theta()?;
                let size = self.size.min(other.size);
                *others = Some(match others.take() {
                    Some(others) => union(size, &[&others, &theirs])?,
                    None => theirs,
                });
                self.size = size;
            }
            (State::FrequentItems(mine), State::FrequentItems(theirs)) => mine.merge(theirs),
            _ => {
                let (was, expected) = (format!("a sketch of kind {}", other.kind()), format!("kind {}", self.kind()));
                return Err(Error::Incompatible { argument: "other", was, expected });
            }
        }
        Ok(())
    }

    /// The bytes that every DataSketches library reads: KLL and t-digest of doubles, HLL, compact Theta (ordered), frequent
    /// items of strings.
    ///
    /// # Errors
    /// `FileDamaged` where the parts of a Theta sketch that was read do not go together.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(match &self.state {
            State::Kll(sketch) => sketch.serialize(),
            State::Tdigest(sketch) => sketch.clone().serialize(),
            State::Hll(sketch) => sketch.serialize(),
            State::Theta(..) => self.theta()?.serialize(),
            State::FrequentItems(sketch) => sketch.serialize(),
        })
    }

    /// Reads what any DataSketches library wrote. The formats have no checksum: bytes that were changed into those of another whole
    /// sketch are not noticed.
    ///
    /// # Errors
    /// `FileDamaged` for bytes that are not a sketch of this kind; frequent items with a map above 2^20 count as such.
    pub fn from_bytes(kind: SketchKind, bytes: &[u8]) -> Result<Self> {
        if kind == SketchKind::FrequentItems
            && bytes.get(3..5).is_some_and(|lg| lg.iter().any(|lg| *lg > LG_MOST_ITEMS))
        {
            return Err(damaged(kind, format!("its map is larger than 2^{LG_MOST_ITEMS}")));
        }
        // The crate's readers give errors; should one of them panic all the same, that is the bytes' fault, too.
        catch_unwind(AssertUnwindSafe(|| Self::read(kind, bytes)))
            .unwrap_or_else(|panic| Err(damaged(kind, crate::error::panic_message(panic.as_ref()))))
    }

    fn read(kind: SketchKind, bytes: &[u8]) -> Result<Self> {
        let refused = |e: datasketches::error::Error| damaged(kind, e);
        let (size, state) = match kind {
            SketchKind::Kll => {
                let sketch = KllSketch::<KllFloat<f64>>::deserialize(bytes).map_err(refused)?;
                (u32::from(sketch.k()), State::Kll(sketch))
            }
            SketchKind::Tdigest => {
                let sketch = TDigestMut::deserialize(bytes).map_err(refused)?;
                (u32::from(sketch.k()), State::Tdigest(sketch))
            }
            SketchKind::Hll => {
                let sketch = HllSketch::deserialize(bytes).map_err(refused)?;
                (u32::from(sketch.lg_config_k()), State::Hll(sketch))
            }
            SketchKind::Theta => {
                let read = CompactThetaSketch::deserialize(bytes).map_err(refused)?;
                // The format does not say k: the smallest that holds so many.
                let fits = usize::BITS - read.num_retained().saturating_sub(1).leading_zeros();
                let size = fits.clamp(SketchKind::Theta.default_size(), 26);
                let mut sketch = Sketch::new(SketchKind::Theta, Some(size))?;
                if let State::Theta(_, others) = &mut sketch.state {
                    *others = Some(read);
                }
                return Ok(sketch);
            }
            SketchKind::FrequentItems => {
                let sketch = FrequentItemsSketch::<String>::deserialize(bytes).map_err(refused)?;
                (1 << sketch.lg_max_map_size(), State::FrequentItems(sketch))
            }
        };
        Ok(Sketch { size, state })
    }

    /// The value below or at which a share `rank` in [0, 1] of the numbers lies; none where there are no numbers.
    ///
    /// # Errors
    /// `Incompatible` for a sketch that knows no quantiles, `InvalidArgument` for a rank out of range.
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

    /// The items that may be among the most frequent, the most frequent first: none that came more often than
    /// the sketch's error is missing.
    ///
    /// # Errors
    /// `Incompatible` for a sketch that counts no items.
    pub fn frequent(&self) -> Result<Vec<Frequent>> {
        let State::FrequentItems(sketch) = &self.state else {
            return Err(self.cannot("frequent items", "frequent-items"));
        };
        let row = |row: &datasketches::frequencies::Row<String>| Frequent {
            item: row.item().clone(),
            estimate: row.estimate(),
            lower: row.lower_bound(),
            upper: row.upper_bound(),
        };
        let mut rows: Vec<Frequent> = sketch.frequent_items(ErrorType::NoFalseNegatives).iter().map(row).collect();
        rows.sort_by(|a, b| b.estimate.cmp(&a.estimate).then_with(|| a.item.cmp(&b.item)));
        Ok(rows)
    }

    /// What the sketch has to say.
    ///
    /// # Errors
    /// As [`Sketch::to_bytes`].
    pub fn describe(&self) -> Result<Description> {
        let (mut observations, mut error, mut range, mut distinct) = (None, None, None, None);
        let two = NumStdDev::Two;
        match &self.state {
            State::Kll(sketch) => {
                observations = Some(sketch.n());
                error = Some(sketch.normalized_rank_error());
                range = sketch.min_item().zip(sketch.max_item()).map(|(a, b)| (a.into_inner(), b.into_inner()));
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
        }
        let bytes = self.to_bytes()?.len();
        Ok(Description { kind: self.kind(), size: self.size, observations, error, range, distinct, bytes })
    }

    /// All that a Theta sketch has seen.
    fn theta(&self) -> Result<CompactThetaSketch> {
        let State::Theta(mine, others) = &self.state else {
            return Err(self.cannot("unions", "theta"));
        };
        match others {
            Some(others) if mine.is_empty() && others.is_ordered() => Ok(others.clone()),
            Some(others) => union(self.size, &[&mine.compact(true), others]),
            None => Ok(mine.compact(true)),
        }
    }

    fn cannot(&self, what: &str, with: &str) -> Error {
        let (was, expected) = (format!("a sketch of kind {}", self.kind()), format!("{what}: make a sketch of {with}"));
        Error::Incompatible { argument: "sketch", was, expected }
    }
}

/// Items of a map, at most: what is read from bytes must not decide how much is allocated.
const MOST_ITEMS: u32 = 1 << LG_MOST_ITEMS;
const LG_MOST_ITEMS: u8 = 20;

fn union(lg_k: u32, sketches: &[&CompactThetaSketch]) -> Result<CompactThetaSketch> {
    let refused = |e| damaged(SketchKind::Theta, e);
    let mut union = ThetaUnionBuilder::default().lg_k(lg_k as u8).build().map_err(refused)?;
    for sketch in sketches {
        union.update(*sketch).map_err(refused)?;
    }
    Ok(union.to_sketch(true))
}

fn damaged(kind: SketchKind, reason: impl ToString) -> Error {
    Error::FileDamaged { path: format!("the {kind} sketch"), reason: reason.to_string() }
}

impl TryFrom<&Frequencies> for Sketch {
    type Error = Error;

    /// Frequent items named by the classes' numbers: exact, as there are at most as many as the map holds.
    fn try_from(frequencies: &Frequencies) -> Result<Self> {
        let room = (2 * frequencies.counts().len()).next_power_of_two().clamp(8, MOST_ITEMS as usize);
        let mut sketch = Sketch::new(SketchKind::FrequentItems, Some(room as u32))?;
        let names: Vec<String> = (0..frequencies.counts().len()).map(|class| class.to_string()).collect();
        let counted = names.iter().map(String::as_str).zip(frequencies.counts().iter().copied());
        sketch.update_words(counted.filter(|(_, count)| *count > 0))?;
        Ok(sketch)
    }
}

impl Reservoir {
    /// A KLL sketch of one feature of the rows that are kept: of all rows seen while there was room for them, else of a uniform
    /// sample of `kept` rows, whose own error comes to that of the sketch.
    ///
    /// # Errors
    /// `InvalidArgument` for a value that is NaN.
    pub fn to_kll(&self, feature: usize) -> Result<Sketch> {
        let mut sketch = Sketch::new(SketchKind::Kll, None)?;
        sketch.update(&self.column(feature))?;
        Ok(sketch)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
