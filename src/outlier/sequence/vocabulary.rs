//! Symbols by their number.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The symbols of the reference, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Vocabulary(Vec<String>);

impl Vocabulary {
    pub fn new<'a>(sequences: impl Iterator<Item = &'a Vec<String>>) -> Self {
        let all: BTreeSet<&String> = sequences.flatten().collect();
        Vocabulary(all.into_iter().cloned().collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Numbers of the symbols; [`Vocabulary::len`] for those that there are not.
    pub fn numbers(&self, symbols: &[String]) -> Vec<u32> {
        let number = |symbol: &String| self.0.binary_search(symbol).unwrap_or(self.0.len());
        symbols.iter().map(|symbol| number(symbol) as u32).collect()
    }
}
