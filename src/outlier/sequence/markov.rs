//! `markov` and `frequency`: Markov chains (Markov 1913) with additive smoothing (Lidstone 1920).

use serde::{Deserialize, Serialize};

use super::SequenceModel;
use super::followers::{Contexts, Followers, are_sound, count, padded};
use crate::error::{Error, Result};

/// Orders above which contexts hardly ever repeat.
const MAX: usize = 20;

/// Options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many symbols before count.
    pub order: usize,
    /// Added to the count of each symbol and of one for all unseen.
    pub smoothing: f64,
}

impl Default for Options {
    /// Order 1, and 1/2: Krichevsky and Trofimov's (1981) estimator.
    fn default() -> Self {
        Options { order: 1, smoothing: 0.5 }
    }
}

/// Options of a chain of order 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrequencyOptions {
    /// As [`Options::smoothing`].
    pub smoothing: f64,
}

impl Default for FrequencyOptions {
    fn default() -> Self {
        FrequencyOptions { smoothing: Options::default().smoothing }
    }
}

/// `p(symbol | the k before) = (count + a) / (count of the k before + a (symbols + 1))`; a sequence
/// begins after k starts, so that the first symbols have a distribution of their own. After a
/// context that was not seen every symbol is as likely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Markov {
    order: usize,
    smoothing: f64,
    symbols: usize,
    contexts: Contexts,
}

impl Markov {
    fn probability(&self, followers: Option<&Followers>, symbol: u32) -> f64 {
        let (n, total) = followers.map_or((0, 0), |f| (f.count(symbol), f.total));
        (n as f64 + self.smoothing) / (total as f64 + self.smoothing * (self.symbols + 1) as f64)
    }

    /// How often each symbol was seen, whatever came before.
    pub(super) fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.symbols];
        for (symbol, n) in self.contexts.values().flat_map(|followers| &followers.counts) {
            if let Some(count) = counts.get_mut(*symbol as usize) {
                *count += n;
            }
        }
        counts
    }
}

impl SequenceModel for Markov {
    type Options = Options;

    fn fit(reference: &[Vec<u32>], symbols: usize, options: &Options) -> Result<Self> {
        let Options { order, smoothing } = *options;
        if order > MAX {
            return Err(Error::invalid("order", order, format!("a number from 0 to {MAX}")));
        }
        if !(smoothing > 0.0 && smoothing.is_finite()) {
            return Err(Error::invalid(
                "smoothing",
                smoothing,
                "a number above 0: an unseen symbol must be possible",
            ));
        }
        let contexts = count(reference.iter().cloned(), order);
        Ok(Markov { order, smoothing, symbols, contexts })
    }

    fn surprisals(&self, sequence: &[u32]) -> Vec<f64> {
        let padded = padded(sequence, self.order);
        let of = |window: &[u32]| {
            -self.probability(self.contexts.get(&window[..self.order]), window[self.order]).ln()
        };
        padded.windows(self.order + 1).map(of).collect()
    }
}

impl Markov {
    pub(super) fn is_sound(&self, symbols: usize) -> bool {
        let options = self.order <= MAX && self.smoothing > 0.0 && self.smoothing.is_finite();
        options && self.symbols == symbols && are_sound(&self.contexts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_the_definition_and_add_up_to_one() {
        let reference = vec![vec![0, 1, 0, 1, 2], vec![0, 0]];
        for (order, smoothing) in [(0, 0.5), (1, 0.5), (2, 1.0), (3, 0.01)] {
            let chain = Markov::fit(&reference, 3, &Options { order, smoothing }).expect("options");
            for prefix in [&[][..], &[0], &[0, 1], &[1, 0], &[2, 2, 2], &[3, 0]] {
                let next = |symbol: u32| {
                    let sequence: Vec<u32> = prefix.iter().copied().chain([symbol]).collect();
                    (-chain.surprisals(&sequence)[prefix.len()]).exp()
                };
                let total: f64 = (0..=3).map(next).sum();
                assert!((total - 1.0).abs() < 1e-12, "{order} {prefix:?}: {total}");
            }
        }
        let chain = Markov::fit(&reference, 3, &Options::default()).expect("options");
        // After 0: 1 twice, 0 once; both sequences begin with 0.
        let p: Vec<f64> = chain.surprisals(&[0, 1, 3]).iter().map(|s| (-s).exp()).collect();
        let want = [2.5 / 4.0, 2.5 / 5.0, 0.5 / 4.0];
        assert!(p.iter().zip(want).all(|(p, w)| (p - w).abs() < 1e-12), "{p:?}");
        assert_eq!(chain.counts(), [4, 2, 1]);
        assert!(chain.surprisals(&[]).is_empty());
        for bad in [Options { order: 21, smoothing: 1.0 }, Options { order: 1, smoothing: 0.0 }] {
            assert_eq!(Markov::fit(&reference, 3, &bad).map_err(|e| e.code()), Err(100));
        }
    }
}
