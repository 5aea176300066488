//! How often each class was seen.

use crate::sound::{Sound, can_grow};
use serde::{Deserialize, Serialize};

/// Counts of the classes `0..classes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequencies {
    counts: Vec<u64>,
}

impl Frequencies {
    /// No observations of `classes` classes yet.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Frequencies { counts: vec![0; classes] }
    }

    /// Counts one observation of `class`; a class out of range is not counted.
    #[inline]
    pub fn update(&mut self, class: u32) {
        if let Some(count) = self.counts.get_mut(class as usize) {
            *count += 1;
        }
    }

    /// Forgets all counts.
    pub fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// Adds what `other` saw.
    pub fn merge(&mut self, other: &Frequencies) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// Observations of each class.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Observations of all classes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Sound for Frequencies {
    fn is_sound(&self) -> bool {
        let total = self.counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count));
        total.is_some_and(|total| can_grow([total]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merged_is_single_pass(classes in prop::collection::vec(0u32..6, 0..50),
            cut in 0usize..50) {
            let fit = |xs: &[u32]| {
                let mut f = Frequencies::new(5);
                xs.iter().for_each(|c| f.update(*c));
                f
            };
            let cut = cut.min(classes.len());
            let mut merged = fit(&classes[..cut]);
            merged.merge(&fit(&classes[cut..]));
            prop_assert_eq!(&merged, &fit(&classes));
            prop_assert_eq!(merged.total() as usize, classes.iter().filter(|c| **c < 5).count());
        }
    }
}
