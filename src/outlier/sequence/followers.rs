//! How often each symbol came after each context.

use std::collections::BTreeMap;

use crate::sound::can_grow;
use serde::{Deserialize, Serialize};

/// Stands for what comes before a sequence.
pub(super) const START: u32 = u32::MAX;

/// What came after one context.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Followers {
    /// Of all.
    pub total: u64,
    /// Of each symbol.
    pub counts: BTreeMap<u32, u64>,
}

impl Followers {
    pub fn add(&mut self, symbol: u32, count: u64) {
        *self.counts.entry(symbol).or_default() += count;
        self.total += count;
    }

    pub fn count(&self, symbol: u32) -> u64 {
        self.counts.get(&symbol).copied().unwrap_or(0)
    }
}

/// Contexts of one length and what came after them.
pub(super) type Contexts = BTreeMap<Vec<u32>, Followers>;

/// `sequence` after `before` starts; the symbol at `i` of the sequence comes after the window
/// `i..i + before`.
pub(super) fn padded(sequence: &[u32], before: usize) -> Vec<u32> {
    let mut padded = vec![START; before];
    padded.extend_from_slice(sequence);
    padded
}

/// The contexts of the last `before` symbols.
pub(super) fn count(sequences: impl Iterator<Item = Vec<u32>>, before: usize) -> Contexts {
    let mut contexts = Contexts::new();
    for sequence in sequences {
        for window in padded(&sequence, before).windows(before + 1) {
            let (context, symbol) = (&window[..before], window[before]);
            match contexts.get_mut(context) {
                Some(followers) => followers.add(symbol, 1),
                None => contexts.entry(context.to_vec()).or_default().add(symbol, 1),
            }
        }
    }
    contexts
}

/// Whether contexts' totals are the sums of their counts, which are above 0.
pub(super) fn are_sound(contexts: &Contexts) -> bool {
    let sum = |followers: &Followers| {
        followers.counts.values().try_fold(0u64, |sum, count| sum.checked_add(*count))
    };
    let whole = |followers: &Followers| {
        sum(followers) == Some(followers.total)
            && !followers.counts.values().any(|count| *count == 0)
    };
    let all = contexts.values().try_fold(0u64, |sum, followers| sum.checked_add(followers.total));
    all.is_some_and(|all| can_grow([all])) && contexts.values().all(whole)
}
