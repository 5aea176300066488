//! When bets begin: capital of 1, a part of which is staked again and again.
//!
//! A bettor who stakes all at the beginning has lost it when a change comes late. Here the k-th
//! part, `pi_k = ln 2 (1/ln(k+1) - 1/ln(k+2))`, is staked after (k-1) blocks; the parts sum up
//! to 1. What is staked at k can be lost, but no more than that; and a change at any time finds a
//! fresh bet with `pi_k ~ ln 2 / (k ln(k)^2)`: a delay that grows like the logarithm of the time,
//! not like the time. A mixture of martingales over their beginnings is a martingale.

use crate::sound::{Sound, can_grow};
use serde::{Deserialize, Serialize};

/// Observations between two stakes.
const BLOCK: u32 = 32;

/// What is staked when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Starts {
    /// Not staked yet.
    pub cash: f64,
    stakes: u64,
    until_next: u32,
}

impl Starts {
    pub fn new() -> Self {
        Starts { cash: 1.0, stakes: 0, until_next: 1 }
    }

    /// What is staked before the next observation; mostly nothing.
    #[inline]
    pub fn stake(&mut self) -> Option<f64> {
        self.until_next -= 1;
        if self.until_next > 0 {
            return None;
        }
        self.until_next = BLOCK;
        self.stakes += 1;
        let left = std::f64::consts::LN_2 / (self.stakes as f64 + 2.0).ln();
        let stake = self.cash - left;
        self.cash = left;
        Some(stake)
    }
}

impl Sound for Starts {
    fn is_sound(&self) -> bool {
        self.until_next > 0 && can_grow([self.stakes])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stakes_are_positive_and_what_is_left_is_the_rest() {
        let mut starts = Starts::new();
        let mut staked = 0.0;
        let mut last = f64::MAX;
        for i in 0..32 * 1000 {
            if let Some(stake) = starts.stake() {
                assert!(i % 32 == 0 && stake > 0.0 && stake < last);
                (staked, last) = (staked + stake, stake);
            }
            assert!((staked + starts.cash - 1.0).abs() < 1e-12);
        }
        assert!(starts.cash > 0.09 && starts.cash < 0.11, "ln 2 / ln 1002");
    }
}
