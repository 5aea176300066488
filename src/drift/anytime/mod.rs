//! Monitors whose guarantee holds at any time: they may look after every observation, for ever, and
//! stop whenever they like.
//!
//! A monitor bets against "nothing has changed". While that is true no bet can win in the long run:
//! capital that begins at 1 ever reaches `1/alpha` with probability at most alpha (Ville 1939;
//! Ramdas, Grünwald, Vovk & Shafer 2023, "Game-theoretic statistics and safe anytime-valid
//! inference", fact 2). Once something has changed, capital grows exponentially.
//!
//! - [`monitor`]: one column of values against a reference; the fast one, for streams that never
//!   end. [`columns`]: many.
//! - [`martingale`]: the same as an online detector that learns its reference from the stream.
//! - [`grouped_martingale`]: a column of which only counts between quantiles are left, batch after
//!   batch; what a guard uses.
//! - [`betting`]: has the mean of a bounded stream changed, or is it what it was said to be;
//!   confidence sequences.
//! - [`two_sample`]: two streams side by side.
//!
//! Parts: [`conformal`] (p-values that are independent and uniform while nothing changes), [`bets`]
//! (what is bet on them), [`evidence`] (how bets that began at different times add up, and what
//! reaching the threshold means).

pub mod bets;
pub mod betting;
pub mod columns;
pub mod conformal;
pub mod evidence;
pub mod grouped_martingale;
pub mod martingale;
pub mod monitor;
mod starts;
pub mod two_sample;
mod urn;

pub use bets::Bets;
pub use columns::{Columns, ColumnsAlarm};
pub use evidence::Form;
pub use monitor::{Alarm, Monitor, MonitorOptions};
