//! `ngram`: an n-gram language model with interpolated Kneser-Ney smoothing (Kneser and Ney 1995),
//! in its modified form with three discounts (Chen and Goodman 1999, section 4.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SequenceModel;
use super::followers::{Contexts, Followers, START, are_sound, count};
use crate::error::{Error, Result};

/// Lengths above which n-grams hardly ever repeat.
const MAX: usize = 20;

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// n: a symbol depends on n - 1 before it.
    pub order: usize,
    /// What is taken off every count, in 0..1; without, three discounts an order, for counts of 1,
    /// 2 and more, from how many counts are 1, 2, 3 and 4.
    pub discount: Option<f64>,
}

impl Default for Options {
    /// 3, and discounts from the counts.
    fn default() -> Self {
        Options { order: 3, discount: None }
    }
}

/// Counts of one length of context, and their discounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Level {
    contexts: Contexts,
    /// Of counts of 1, 2, and more.
    discounts: [f64; 3],
}

/// `p(w | c) = (count(c w) - D + D_all(c) p(w | c less its first)) / count(c)`, where the counts of
/// all but the longest contexts are of the different symbols that come before (Kneser and Ney), `D`
/// depends on the count, and `D_all` is the sum of all that was taken off. Below the empty context
/// every symbol of the reference, the end and "unseen" are as likely. A sequence begins after n - 1
/// starts and has an end, which is predicted like a symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ngram {
    symbols: usize,
    /// Contexts of length 0, 1, ... n - 1.
    levels: Vec<Level>,
}

impl Level {
    fn new(contexts: Contexts, discount: Option<f64>) -> Self {
        let discounts = discount.map_or_else(|| discounts(&contexts), |d| [d; 3]);
        Level { contexts, discounts }
    }

    fn discount(&self, count: u64) -> f64 {
        match count {
            0 => 0.0,
            1 => self.discounts[0],
            2 => self.discounts[1],
            _ => self.discounts[2],
        }
    }

    fn interpolated(&self, followers: &Followers, symbol: u32, below: f64) -> f64 {
        let count = followers.count(symbol);
        let taken: f64 = followers.counts.values().map(|count| self.discount(*count)).sum();
        ((count as f64 - self.discount(count)) + taken * below) / followers.total as f64
    }
}

/// Chen and Goodman's estimates, equation 26; where the counts have none, absolute discounting by
/// the same, or 3/4.
fn discounts(contexts: &Contexts) -> [f64; 3] {
    let mut of_count: BTreeMap<u64, f64> = BTreeMap::new();
    for count in contexts
        .values()
        .flat_map(|followers| followers.counts.values())
        .filter(|count| **count <= 4)
    {
        *of_count.entry(*count).or_default() += 1.0;
    }
    let n = |count: u64| of_count.get(&count).copied().unwrap_or(0.0);
    let y = if n(1) > 0.0 { n(1) / (n(1) + 2.0 * n(2)) } else { 0.75 };
    let simple = if y < 1.0 { [y; 3] } else { [0.75; 3] };
    if (1..=4).any(|count| n(count) == 0.0) {
        return simple;
    }
    let modified =
        [1.0 - 2.0 * y * n(2) / n(1), 2.0 - 3.0 * y * n(3) / n(2), 3.0 - 4.0 * y * n(4) / n(3)];
    let possible = modified.iter().zip([1.0, 2.0, 3.0]).all(|(d, most)| *d > 0.0 && *d < most);
    if possible { modified } else { simple }
}

/// The level of contexts that are one shorter: how many different symbols come before each.
fn shorter(contexts: &Contexts) -> Contexts {
    let mut shorter = Contexts::new();
    for (context, followers) in contexts {
        let entry = shorter.entry(context[1..].to_vec()).or_default();
        followers.counts.keys().for_each(|symbol| entry.add(*symbol, 1));
    }
    shorter
}

impl Ngram {
    fn end(&self) -> u32 {
        self.symbols as u32 + 1
    }

    fn surprisal(&self, context: &[u32], symbol: u32) -> f64 {
        // Symbols, unseen, end.
        let mut p = 1.0 / (self.symbols + 2) as f64;
        for (length, level) in self.levels.iter().enumerate() {
            match level.contexts.get(&context[context.len() - length..]) {
                Some(followers) => p = level.interpolated(followers, symbol, p),
                None => break, // nor has a longer one been seen
            }
        }
        -p.ln()
    }
}

impl SequenceModel for Ngram {
    type Options = Options;

    fn fit(reference: &[Vec<u32>], symbols: usize, options: &Options) -> Result<Self> {
        let Options { order, discount } = *options;
        if !(1..=MAX).contains(&order) {
            return Err(Error::invalid("order", order, format!("a number from 1 to {MAX}")));
        }
        if let Some(d) = discount.filter(|d| !(*d > 0.0 && *d < 1.0)) {
            return Err(Error::invalid("discount", d, "a number between 0 and 1"));
        }
        let mut model = Ngram { symbols, levels: Vec::new() };
        let ended =
            |sequence: &Vec<u32>| sequence.iter().copied().chain([symbols as u32 + 1]).collect();
        let mut contexts = count(reference.iter().map(ended), order - 1);
        for _ in 1..order {
            let below = shorter(&contexts);
            model.levels.push(Level::new(contexts, discount));
            contexts = below;
        }
        model.levels.push(Level::new(contexts, discount));
        model.levels.reverse();
        Ok(model)
    }

    fn surprisals(&self, sequence: &[u32]) -> Vec<f64> {
        let before = self.levels.len() - 1;
        let mut all = vec![START; before];
        all.extend_from_slice(sequence);
        all.push(self.end());
        (before..all.len()).map(|i| self.surprisal(&all[i - before..i], all[i])).collect()
    }
}

impl Ngram {
    pub(super) fn is_sound(&self, symbols: usize) -> bool {
        let levels = (1..=MAX).contains(&self.levels.len())
            && self.levels.iter().all(|level| are_sound(&level.contexts));
        levels && self.symbols == symbols
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_to_one_after_every_context() {
        let reference: Vec<Vec<u32>> =
            (0..40u32).map(|i| (0..i % 7).map(|j| (i * j + j * j) % 5).collect()).collect();
        for options in [
            Options::default(),
            Options { order: 1, discount: None },
            Options { order: 4, discount: Some(0.3) },
            Options { order: 2, discount: None },
        ] {
            let model = Ngram::fit(&reference, 5, &options).expect("options");
            let before = options.order - 1;
            for context in
                [[START, START, START], [START, 0, 1], [1, 2, 3], [4, 4, 4], [5, 5, 0], [5, 5, 5]]
            {
                let context = &context[3 - before..];
                let total: f64 =
                    (0..=model.end()).map(|w| (-model.surprisal(context, w)).exp()).sum();
                assert!((total - 1.0).abs() < 1e-12, "{options:?} {context:?}: {total}");
            }
            assert_eq!(model.surprisals(&[0, 1, 9]).len(), 4);
            assert!(model.surprisals(&[9, 9, 9]).iter().all(|s| s.is_finite()));
        }
        for bad in [Options { order: 0, discount: None }, Options { order: 2, discount: Some(1.0) }]
        {
            assert_eq!(Ngram::fit(&reference, 5, &bad).map_err(|e| e.code()), Err(100));
        }
    }
}
