//! Numbers in memory, or in a part of a file that is mapped into it.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use super::memory;
use crate::error::{Error, Result};

/// Bytes of a file, in memory or mapped: they start at an address that 64 divides where they are
/// mapped.
pub trait Mapping: Debug + Send + Sync {
    /// All of them.
    fn bytes(&self) -> &[u8];

    /// Demands that they are still there: a mapped file that was cut short since cannot be read.
    ///
    /// # Errors
    /// [`Error::FileDamaged`].
    fn check(&self) -> Result<()>;
}

/// Bytes that were read.
impl Mapping for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Numbers of single or double precision, where they lie. Whoever reads mapped ones has asked
/// [`Cells::check`] first.
#[derive(Debug, Clone)]
pub enum Cells {
    /// In this process's memory.
    Owned(Vec<f64>),
    /// In a file, little-endian.
    Mapped {
        /// The file.
        file: Arc<dyn Mapping>,
        /// The bytes of it.
        at: Range<usize>,
        /// Bytes of each: 4 or 8.
        width: usize,
    },
}

/// The numbers, in place.
#[derive(Debug, Clone, Copy)]
pub enum View<'a> {
    /// Of single precision.
    Single(&'a [f32]),
    /// Of double precision.
    Double(&'a [f64]),
}

/// The same for either precision, compiled for each.
#[doc(hidden)]
#[macro_export]
macro_rules! either {
    ($view:expr, $x:ident => $what:expr) => {
        match $view {
            $crate::store::cells::View::Single($x) => $what,
            $crate::store::cells::View::Double($x) => $what,
        }
    };
}
pub use crate::either;

impl Cells {
    /// The numbers in these bytes of a file; a copy of them where they cannot be used in place.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for bytes that the file has not, or that are no whole numbers of
    /// this width; or a copy that does not fit into memory.
    pub fn of_file(
        file: &Arc<dyn Mapping>,
        at: Range<usize>,
        width: usize,
        in_place: bool,
    ) -> Result<Self> {
        let bytes = file.bytes().get(at.clone());
        let whole =
            bytes.filter(|bytes| matches!(width, 4 | 8) && bytes.len().is_multiple_of(width));
        let Some(bytes) = whole else {
            let was = format!("bytes {} to {} as numbers of {width} bytes", at.start, at.end);
            return Err(Error::invalid(
                "points",
                was,
                format!("numbers within the {} bytes", file.bytes().len()),
            ));
        };
        if in_place && cfg!(target_endian = "little") && aligned(bytes, width) {
            return Ok(Cells::Mapped { file: file.clone(), at, width });
        }
        memory::expect_room("points", bytes.len() / width, 8, "points to search in")?;
        Ok(Cells::Owned(if width == 4 {
            bytes.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
        } else {
            bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
        }))
    }

    /// The numbers.
    pub fn view(&self) -> View<'_> {
        match self {
            Cells::Owned(values) => View::Double(values),
            Cells::Mapped { file, at, width } => {
                let bytes = &file.bytes()[at.clone()];
                // `of_file` found the place to be right for them.
                if *width == 4 {
                    View::Single(bytemuck::cast_slice(bytes))
                } else {
                    View::Double(bytemuck::cast_slice(bytes))
                }
            }
        }
    }

    /// In memory, to be changed: mapped numbers are copied.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the copy does not fit; [`Cells::check`].
    pub fn owned(&mut self) -> Result<&mut Vec<f64>> {
        if let Cells::Mapped { file, at, width } = self {
            file.check()?;
            *self = Cells::of_file(file, at.clone(), *width, false)?;
        }
        match self {
            Cells::Owned(values) => Ok(values),
            Cells::Mapped { .. } => unreachable!("just replaced"),
        }
    }

    /// Demands that they can be read: see [`Mapping::check`].
    ///
    /// # Errors
    /// As there.
    pub fn check(&self) -> Result<()> {
        match self {
            Cells::Owned(_) => Ok(()),
            Cells::Mapped { file, .. } => file.check(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        either!(self.view(), x => x.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn aligned(bytes: &[u8], width: usize) -> bool {
    if width == 4 {
        bytemuck::try_cast_slice::<u8, f32>(bytes).is_ok()
    } else {
        bytemuck::try_cast_slice::<u8, f64>(bytes).is_ok()
    }
}

impl View<'_> {
    /// Number `i`.
    pub fn get(&self, i: usize) -> f64 {
        match self {
            View::Single(x) => f64::from(x[i]),
            View::Double(x) => x[i],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_file_are_numbers_or_refused() {
        let mut bytes = vec![7u8; 8];
        [0.5f32, -2.0].iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        bytes.extend(0.1f64.to_le_bytes());
        let file: Arc<dyn Mapping> = Arc::new(bytes);
        for in_place in [false, true] {
            let values = |at: Range<usize>, width| {
                let cells = Cells::of_file(&file, at, width, in_place)?;
                cells.check()?;
                Ok((0..cells.len()).map(|i| cells.view().get(i)).collect::<Vec<_>>())
            };
            assert_eq!(values(8..16, 4), Ok(vec![0.5, -2.0]));
            assert_eq!(values(16..24, 8), Ok(vec![0.1]));
            for (at, width) in [(8..15, 4), (16..32, 8), (8..16, 2), (40..48, 8)] {
                let refused: Result<Vec<f64>> = values(at, width);
                assert_eq!(refused.map_err(|e| e.code()), Err(100));
            }
        }
        let mut cells = Cells::of_file(&file, 8..16, 4, true).expect("there");
        cells.owned().expect("small").push(1.0);
        assert_eq!((cells.len(), cells.view().get(2)), (3, 1.0));
    }
}
