//! One-pass, mergeable summaries. The merge law holds for each: `merge(fit(a), fit(b)) == fit(a ++
//! b)`.

pub mod exchange;
pub mod frequencies;
pub mod histogram;
pub mod moments;
pub mod reservoir;
pub mod summary;
pub mod tiles;

pub use exchange::{Sketch, SketchKind};
pub use frequencies::Frequencies;
pub use histogram::Stretch;
pub use histogram::{Groups, Histogram, HistogramCounts, Histograms, Transport};
pub use moments::Moments;
pub use reservoir::Reservoir;
