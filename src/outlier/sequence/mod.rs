//! Detectors of sequences: categories, chains of events, texts. A sequence is a list of symbols, or
//! a text that [`tokens`] makes symbols of.
//!
//! | name | model | source |
//! |---|---|---|
//! | `frequency` | how often each category is | [`markov`] of order 0; [`categories`] reports on unseen and vanished ones |
//! | `markov` | a Markov chain of order k, smoothed | [`markov`] |
//! | `ngram` | an n-gram language model, interpolated Kneser-Ney | [`ngram`] |
//!
//! The score of a sequence is its mean surprisal, `-ln p` of each symbol given those before it, in
//! nats; its exponential is the perplexity. p-values are ranks among scores of reference sequences
//! that the model had not seen, as those of [`crate`]. A score never depends on the other sequences
//! it came with.

pub mod categories;
mod detector;
mod followers;
pub mod markov;
mod model;
pub mod ngram;
pub mod tokens;
mod vocabulary;

pub use detector::{
    Sequence, SequenceDescription, SequenceDetector, SequenceSpec, Surprisal, Symbol,
};
pub use model::{Model, ModelOptions, NAMES};

use crate::error::Result;

/// Fitted on reference sequences of symbols `0..symbols`; `symbols` itself stands for all that were
/// not seen.
pub trait SequenceModel: Sized {
    /// What can be chosen.
    type Options;

    /// Learns the reference.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] for options out of their ranges.
    fn fit(reference: &[Vec<u32>], symbols: usize, options: &Self::Options) -> Result<Self>;

    /// `-ln p` of each symbol given those before it, in nats; and of the end, where the model has
    /// one.
    fn surprisals(&self, sequence: &[u32]) -> Vec<f64>;
}
