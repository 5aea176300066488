//! The border: the only rooms that are unsafe, apart from the vector kernels' dispatch. Both faces call the same safe
//! functions, in [`host`], and stop every panic.

pub mod c;
mod detector;
pub mod fork;
mod gradients;
mod host;
#[cfg(feature = "julia")]
pub mod julia;
mod left_behind;
pub mod map;
mod neighbours;
mod performance;
mod privacy;
mod raw;
mod sequence;
mod several;
mod sketch;
mod threshold;
