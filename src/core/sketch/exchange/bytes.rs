//! To and from the bytes of the formats.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use datasketches::frequencies::{ErrorType, FrequentItemsSketch};
use datasketches::hll::HllSketch;
use datasketches::kll::{KllFloat, KllSketch};
use datasketches::tdigest::TDigestMut;
use datasketches::theta::CompactThetaSketch;

use super::{LG_MOST_ITEMS, Sketch, SketchKind, State, damaged};
use crate::Result;
use crate::kinds;

impl Sketch {
    /// The bytes that every DataSketches library reads: KLL and t-digest of doubles, HLL, compact
    /// Theta (ordered), frequent items of strings (each its length, then its UTF-8 bytes: Java's
    /// `ArrayOfStringsSerDe`) and of longs (`ArrayOfLongsSerDe`).
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
            State::FrequentLongs(sketch) => sketch.serialize(),
        })
    }

    /// Reads what any DataSketches library wrote. The formats have no checksum: bytes that were
    /// changed into those of another whole sketch are not noticed, and that items are strings or
    /// longs the `kind` must say.
    ///
    /// # Errors
    /// `FileKind` for bytes of another kind of sketch or of file; `FileDamaged` for other bytes
    /// that are not a sketch of this kind; frequent items with a map above 2^20 count as such.
    pub fn from_bytes(kind: SketchKind, bytes: &[u8]) -> Result<Self> {
        // The crate's readers give errors; should one of them panic all the same, that is the
        // bytes' fault, too.
        catch_unwind(AssertUnwindSafe(|| Self::read(kind, bytes)))
            .unwrap_or_else(|panic| Err(damaged(kind, crate::error::panic_message(panic.as_ref()))))
            .map_err(|e| {
                let name = format!("the {kind} sketch");
                kinds::other(Path::new(&name), bytes, &format!("{}{kind}", kinds::SKETCH))
                    .unwrap_or(e)
            })
    }

    fn read(kind: SketchKind, bytes: &[u8]) -> Result<Self> {
        if kind.is_of_frequencies()
            && bytes.get(3..5).is_some_and(|lg| lg.iter().any(|lg| *lg > LG_MOST_ITEMS))
        {
            return Err(damaged(kind, format!("its map is larger than 2^{LG_MOST_ITEMS}")));
        }
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
                expect_registers(kind, bytes)?;
                let sketch = HllSketch::deserialize(bytes).map_err(refused)?;
                // One that says to hold more coupons than it does is read, and writes what is not.
                HllSketch::deserialize(&sketch.serialize()).map_err(refused)?;
                (u32::from(sketch.lg_config_k()), State::Hll(sketch))
            }
            SketchKind::Theta => {
                let read = CompactThetaSketch::deserialize(bytes).map_err(refused)?;
                // The format does not say k: the smallest that holds so many.
                let fits = usize::BITS - read.num_retained().saturating_sub(1).leading_zeros();
                let size = fits.clamp(SketchKind::Theta.default_size(), 26);
                let mut sketch =
                    Sketch { size_told: false, ..Sketch::new(SketchKind::Theta, Some(size))? };
                if let State::Theta(_, others) = &mut sketch.state {
                    *others = Some(read);
                }
                return Ok(sketch);
            }
            SketchKind::FrequentItems => {
                let sketch = FrequentItemsSketch::<String>::deserialize(bytes).map_err(refused)?;
                expect_weight(kind, &sketch)?;
                (1 << sketch.lg_max_map_size(), State::FrequentItems(sketch))
            }
            SketchKind::FrequentLongs => {
                let sketch = FrequentItemsSketch::<i64>::deserialize(bytes).map_err(refused)?;
                expect_weight(kind, &sketch)?;
                (1 << sketch.lg_max_map_size(), State::FrequentLongs(sketch))
            }
        };
        Ok(Sketch { size, size_told: true, state })
    }
}

/// Registers of an HLL sketch count bits of a hash of 64: the crate takes any, and shifts by them.
fn expect_registers(kind: SketchKind, bytes: &[u8]) -> Result<()> {
    const MOST: u8 = 63;
    let [_, _, _, _, _, _, least, mode, ..] = *bytes else { return Ok(()) };
    let fit = match (mode & 3, mode >> 2 & 3) {
        // Four bits above the least of all; what does not fit stands beside.
        (2, 0) => least <= MOST - 15,
        (2, 2) => bytes.iter().skip(40).all(|register| *register <= MOST),
        _ => true,
    };
    if fit { Ok(()) } else { Err(damaged(kind, "a register is larger than a hash has bits")) }
}

/// What was purged is a part of the weight beside that of the items: the sums of a merge stay
/// within it.
fn expect_weight<T: Eq + std::hash::Hash + Clone>(
    kind: SketchKind,
    sketch: &FrequentItemsSketch<T>,
) -> Result<()> {
    let rows = sketch.frequent_items_with_threshold(ErrorType::NoFalseNegatives, 0);
    let kept = rows.iter().try_fold(0u64, |sum, row| sum.checked_add(row.lower_bound()));
    let lost = sketch.total_weight().saturating_sub(kept.unwrap_or(u64::MAX));
    if rows.len() != sketch.num_active_items() || lost < sketch.maximum_error() {
        return Err(damaged(kind, "its error is larger than the weight that it lost"));
    }
    Ok(())
}
