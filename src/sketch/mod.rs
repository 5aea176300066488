//! One-pass, mergeable summaries. The merge law holds for each: `merge(fit(a), fit(b)) == fit(a ++ b)`.

pub mod cells;
pub mod frequencies;
pub mod moments;
pub mod reservoir;

pub use cells::{CellCounts, Cells};
pub use frequencies::Frequencies;
pub use moments::Moments;
pub use reservoir::Reservoir;
