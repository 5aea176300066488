//! Sketches in portable formats: those of Apache DataSketches, which Spark, Druid, PostgreSQL,
//! DuckDB and the libraries for Java, C++, Python and Go read, merge and write.
//!
//! Doubles, whole numbers of 64 bits (exactly) and text as its UTF-8 bytes are hashed as those
//! libraries hash them: workers in several languages that count the same doubles, the same longs or
//! the same text count them as the same items. The double 7, the long 7 and the text "7" are three
//! items, there and here. As there, empty text is left out by the sketches of distinct items.

mod answers;
mod bytes;
mod kind;

use datasketches::frequencies::FrequentItemsSketch;
use datasketches::hash::value::{canonical_float, raw_bytes};
use datasketches::hll::{HllSketch, HllType, HllUnion};
use datasketches::kll::{KllFloat, KllSketch};
use datasketches::tdigest::TDigestMut;
use datasketches::theta::{CompactThetaSketch, ThetaSketch, ThetaSketchBuilder, ThetaUnionBuilder};

use super::{Frequencies, Reservoir};
use crate::{Error, Result};

pub use answers::{Frequent, Interval, SketchDescription};
pub use kind::SketchKind;

/// A sketch in one of the formats. Two merge where they are of one kind.
#[derive(Debug)]
pub struct Sketch {
    size: u32,
    /// Whether `size` is the sketch's own: a compact Theta sketch that was read does not tell its
    /// k.
    size_told: bool,
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
    FrequentLongs(FrequentItemsSketch<i64>),
}

impl Sketch {
    /// An empty sketch. `size` is the families' own parameter (k, lg_k, map size); theirs where
    /// none is given.
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
            SketchKind::Theta => State::Theta(
                ThetaSketchBuilder::default().lg_k(lg_k()?).build().map_err(refused)?,
                None,
            ),
            _ if kind.is_of_frequencies() && size > MAX_ITEMS => {
                return Err(Error::invalid("size", size, kind.sizes()));
            }
            SketchKind::FrequentItems => {
                State::FrequentItems(FrequentItemsSketch::new(size as usize).map_err(refused)?)
            }
            SketchKind::FrequentLongs => {
                State::FrequentLongs(FrequentItemsSketch::new(size as usize).map_err(refused)?)
            }
        };
        Ok(Sketch { size, size_told: true, state })
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
            State::FrequentLongs(_) => SketchKind::FrequentLongs,
        }
    }

    /// Takes in doubles; as frequent items, their shortest decimal text. All or none.
    ///
    /// # Errors
    /// `InvalidArgument` for NaN, for Inf in a t-digest, for what is not whole, or not exact (2^53
    /// and more), in a sketch of longs, and where more than 2^64 - 1 items would be counted.
    pub fn update(&mut self, values: &[f64]) -> Result<()> {
        let infinite = !matches!(self.state, State::Tdigest(_));
        if let Some(i) = values.iter().position(|x| x.is_nan() || (x.is_infinite() && !infinite)) {
            let expected = if infinite { "numbers" } else { "finite numbers" };
            return Err(Error::invalid(
                "values",
                format!("{} at index {i} (from 0)", values[i]),
                expected,
            ));
        }
        self.expect_room("values", values.len() as u64)?;
        if matches!(self.state, State::FrequentLongs(_)) {
            let exact = |x: &f64| x.fract() == 0.0 && x.abs() < 2f64.powi(53);
            if let Some(i) = values.iter().position(|x| !exact(x)) {
                let expected = "whole numbers below 2^53 (give integers as integers), or a sketch of kind frequent-items";
                return Err(Error::invalid(
                    "values",
                    format!("{:e} at index {i} (from 0)", values[i]),
                    expected,
                ));
            }
        }
        match &mut self.state {
            State::Kll(sketch) => values
                .iter()
                .filter_map(|x| KllFloat::<f64>::new(*x).ok())
                .for_each(|x| sketch.update(x)),
            State::Tdigest(sketch) => values.iter().for_each(|x| sketch.update(*x)),
            State::Hll(sketch) => {
                values.iter().for_each(|x| sketch.update(canonical_float::from_f64(*x)))
            }
            State::Theta(sketch, _) => {
                values.iter().for_each(|x| sketch.update(canonical_float::from_f64(*x)))
            }
            State::FrequentItems(sketch) => {
                values.iter().for_each(|x| sketch.update(x.to_string()))
            }
            State::FrequentLongs(sketch) => values.iter().for_each(|x| sketch.update(*x as i64)),
        }
        Ok(())
    }

    /// Takes in whole numbers of 64 bits, exactly: as longs (one above `i64::MAX` as the long of
    /// the same bits, which is how C++ takes it in), as frequent items their decimal text. Sketches
    /// of quantiles take them as doubles. All or none.
    ///
    /// # Errors
    /// `InvalidArgument` for more than 64 bits, for one above `i64::MAX` in a sketch of longs, and
    /// where more than 2^64 - 1 items would be counted.
    pub fn update_ints(&mut self, values: &[i128]) -> Result<()> {
        let most = if matches!(self.state, State::FrequentLongs(_)) {
            i128::from(i64::MAX)
        } else {
            i128::from(u64::MAX)
        };
        if let Some(i) = values.iter().position(|x| !(i128::from(i64::MIN)..=most).contains(x)) {
            let expected = format!("whole numbers from {} to {most}, or text", i64::MIN);
            return Err(Error::invalid(
                "values",
                format!("{} at index {i} (from 0)", values[i]),
                expected,
            ));
        }
        self.expect_room("values", values.len() as u64)?;
        // The cast keeps the 64 bits.
        let longs = values.iter().map(|x| *x as i64);
        match &mut self.state {
            State::Kll(_) | State::Tdigest(_) => {
                return self.update(&values.iter().map(|x| *x as f64).collect::<Vec<f64>>());
            }
            State::Hll(sketch) => longs.for_each(|x| sketch.update(x)),
            State::Theta(sketch, _) => longs.for_each(|x| sketch.update(x)),
            State::FrequentItems(sketch) => {
                values.iter().for_each(|x| sketch.update(x.to_string()))
            }
            State::FrequentLongs(sketch) => longs.for_each(|x| sketch.update(x)),
        }
        Ok(())
    }

    /// Takes in words, each `count` times.
    ///
    /// # Errors
    /// `Incompatible` for a sketch of numbers; `InvalidArgument` at the first word with which more
    /// than 2^64 - 1 would be counted.
    pub fn update_words<'a>(
        &mut self,
        words: impl IntoIterator<Item = (&'a str, u64)>,
    ) -> Result<()> {
        for (word, count) in words {
            match &mut self.state {
                State::Kll(_) | State::Tdigest(_) | State::FrequentLongs(_) => {
                    let expected = format!("a sketch of kind {}, which takes numbers", self.kind());
                    return Err(Error::Incompatible {
                        argument: "values",
                        was: "text".into(),
                        expected,
                    });
                }
                State::Hll(sketch) if count > 0 && !word.is_empty() => {
                    sketch.update(raw_bytes::from_str(word))
                }
                State::Theta(sketch, _) if count > 0 && !word.is_empty() => {
                    sketch.update(raw_bytes::from_str(word))
                }
                State::FrequentItems(sketch) => {
                    expect_room("values", sketch.total_weight(), count)?;
                    sketch.update_with_count(word.to_owned(), count);
                }
                State::Hll(_) | State::Theta(..) => {}
            }
        }
        Ok(())
    }

    /// Takes in what `other` has seen. The result is within the stated error of a single pass over
    /// both; its size is the smaller of the two (kll, hll, theta; that of a theta sketch that was
    /// read is unknown, and does not count).
    ///
    /// # Errors
    /// `Incompatible` for another kind; `InvalidArgument` where the two counted more than 2^64 - 1
    /// items. Then nothing is taken in.
    pub fn merge(&mut self, other: &Sketch) -> Result<()> {
        self.expect_room("other", other.counted())?;
        let damaged = |e: datasketches::error::Error| damaged(other.kind(), e);
        match (&mut self.state, &other.state) {
            (State::Kll(mine), State::Kll(theirs)) => {
                mine.merge(theirs).map_err(damaged)?;
                self.size = u32::from(mine.min_k());
            }
            (State::Tdigest(mine), State::Tdigest(theirs)) => mine.merge(theirs),
            (State::Hll(mine), State::Hll(theirs)) => {
                let mut union =
                    HllUnion::new(mine.lg_config_k().min(theirs.lg_config_k())).map_err(damaged)?;
                union.update(mine);
                union.update(theirs);
                *mine = union.to_sketch(mine.target_type());
                self.size = u32::from(mine.lg_config_k());
            }
            (State::Theta(_, others), State::Theta(..)) => {
                let theirs = other.theta()?;
                let size = if other.size_told { self.size.min(other.size) } else { self.size };
                *others = Some(match others.take() {
                    Some(others) => union(size, &[&others, &theirs])?,
                    None => theirs,
                });
                self.size = size;
            }
            (State::FrequentItems(mine), State::FrequentItems(theirs)) => mine.merge(theirs),
            (State::FrequentLongs(mine), State::FrequentLongs(theirs)) => mine.merge(theirs),
            _ => {
                let (was, expected) =
                    (format!("a sketch of kind {}", other.kind()), format!("kind {}", self.kind()));
                return Err(Error::Incompatible { argument: "other", was, expected });
            }
        }
        Ok(())
    }

    /// Items taken in; 0 of a sketch that does not count them.
    fn counted(&self) -> u64 {
        match &self.state {
            State::Kll(sketch) => sketch.n(),
            State::Tdigest(sketch) => sketch.total_weight(),
            State::FrequentItems(sketch) => sketch.total_weight(),
            State::FrequentLongs(sketch) => sketch.total_weight(),
            State::Hll(_) | State::Theta(..) => 0,
        }
    }

    fn expect_room(&self, argument: &'static str, more: u64) -> Result<()> {
        expect_room(argument, self.counted(), more)
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
        let (was, expected) = (
            format!("a sketch of kind {}", self.kind()),
            format!("{what}: make a sketch of {with}"),
        );
        Error::Incompatible { argument: "sketch", was, expected }
    }
}

/// Items of a map, at most: what is read from bytes must not decide how much is allocated.
const MAX_ITEMS: u32 = 1 << LG_MOST_ITEMS;
const LG_MOST_ITEMS: u8 = 20;

/// Counts are 64 bits wide in the formats.
fn expect_room(argument: &'static str, counted: u64, more: u64) -> Result<()> {
    match counted.checked_add(more) {
        Some(_) => Ok(()),
        None => {
            let was = format!("{more} items, with {counted} counted before");
            Err(Error::invalid(
                argument,
                was,
                "at most 2^64 - 1 items in all; keep what is older in a sketch of its own",
            ))
        }
    }
}

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

    /// Frequent items named by the classes' numbers: exact, as there are at most as many as the map
    /// holds.
    fn try_from(frequencies: &Frequencies) -> Result<Self> {
        let room =
            (2 * frequencies.counts().len()).next_power_of_two().clamp(8, MAX_ITEMS as usize);
        let mut sketch = Sketch::new(SketchKind::FrequentItems, Some(room as u32))?;
        let names: Vec<String> =
            (0..frequencies.counts().len()).map(|class| class.to_string()).collect();
        let counted = names.iter().map(String::as_str).zip(frequencies.counts().iter().copied());
        sketch.update_words(counted.filter(|(_, count)| *count > 0))?;
        Ok(sketch)
    }
}

impl Reservoir {
    /// A KLL sketch of one feature of the rows that are kept: of all rows seen while there was room
    /// for them, else of a uniform sample of `kept` rows, whose own error comes to that of the
    /// sketch.
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
