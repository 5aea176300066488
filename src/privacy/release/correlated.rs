//! Correlated noise that runs: paid for when it begins, and held to what was paid for.

use super::noise::{BandedNoise, NoiseKind, TreeNoise, TreeOptions};
use super::record::{BandedRun, Origin, Record, Release};
use super::{Lot, PrivateRun, witness};
use crate::accountant::Sampling;
use crate::locks::lock;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Which mechanism.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mechanism", rename_all = "snake_case")]
pub enum CorrelatedOptions {
    /// A binary tree.
    Tree(TreeOptions),
    /// A band.
    Banded(BandedRun),
}

#[derive(Debug)]
enum Mechanism {
    Tree(Box<TreeNoise>),
    Banded(Box<BandedNoise>),
}

/// A running mechanism of a [`PrivateRun`]. It cannot be copied or saved.
#[derive(Debug)]
pub struct Correlated {
    id: u64,
    run: Arc<PrivateRun>,
    node: Record,
    participations: u64,
    separation: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    mechanism: Mechanism,
    step: u64,
    /// How often each example took part, and at which step last.
    seen: HashMap<u64, (u64, u64)>,
}

impl PrivateRun {
    /// Begins correlated noise over sums of `dimension` numbers, and charges all of it.
    ///
    /// # Errors
    /// `InvalidArgument` if an option is out of range; `BudgetExhausted`. Nothing is counted then.
    pub fn begin(
        self: &Arc<Self>,
        options: &CorrelatedOptions,
        dimension: usize,
    ) -> Result<Correlated> {
        let source = &mut *lock(&self.source);
        let (mechanism, release, (clip_norm, noise_multiplier), participations, separation) =
            match options {
                CorrelatedOptions::Tree(tree) => (
                    Mechanism::Tree(Box::new(TreeNoise::new(tree.clone(), dimension, source)?)),
                    Release::Tree(Box::new(tree.clone())),
                    (tree.clip_norm, tree.noise_multiplier),
                    tree.participations,
                    tree.min_separation,
                ),
                CorrelatedOptions::Banded(banded) => (
                    Mechanism::Banded(Box::new(BandedNoise::new(
                        &banded.options,
                        dimension,
                        source,
                    )?)),
                    Release::Banded(Box::new(banded.clone())),
                    (banded.options.clip_norm, banded.options.noise_multiplier),
                    banded.participations,
                    banded.options.bands(),
                ),
            };
        let whole = Record {
            release,
            clip_norm,
            expected_lot_size: 1.0,
            noise_multiplier,
            noise: NoiseKind::Discrete,
            dimension: dimension as u64,
            sampling: Sampling::FullBatch,
            origin: Origin::Unknown,
        };
        let node = Record { release: Release::Node, ..whole.clone() };
        self.enter(whole, Lot::Unknown)?;
        let state = Mutex::new(State { mechanism, step: 0, seen: HashMap::new() });
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Correlated { id, run: Arc::clone(self), node, participations, separation, state })
    }
}

impl Correlated {
    /// Steps released so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        lock(&self.state).step
    }

    /// Replaces the clipped sum of this step by its release.
    ///
    /// `examples` names who takes part, by numbers of the caller's: then it is checked that nobody
    /// takes part more often, or at a smaller distance, than was paid for. Without names that is
    /// the caller's promise. Memory with names: 24 bytes an example.
    ///
    /// # Errors
    /// `InvalidArgument` if the length is not the mechanism's, the sum is not finite, its steps are
    /// used up, or an example takes part too often or too soon. Nothing is released or counted
    /// then.
    pub fn step(&self, sum: &mut [f64], examples: Option<&[u64]>) -> Result<()> {
        let state = &mut *lock(&self.state);
        match &state.mechanism {
            Mechanism::Tree(tree) => tree.check(sum.len())?,
            Mechanism::Banded(banded) => banded.check(sum.len())?,
        }
        super::sums::expect_finite(sum.iter().copied())?;
        let now = state.step + 1;
        let mut lot = HashSet::with_capacity(examples.map_or(0, <[u64]>::len));
        for example in examples.unwrap_or_default() {
            if !lot.insert(*example) {
                let was = format!("example {example} twice in one lot");
                return Err(Error::invalid(
                    "examples",
                    was,
                    "each once: in a sum it would be worth two clip norms",
                ));
            }
            self.check_example(*example, state.seen.get(example), now)?;
        }
        // counted before it can be seen
        self.run.enter(self.node.clone(), Lot::Unknown)?;
        state.step = now;
        for example in examples.unwrap_or_default() {
            let (count, last) = state.seen.entry(*example).or_default();
            (*count, *last) = (*count + 1, now);
        }
        match &mut state.mechanism {
            Mechanism::Tree(tree) => {
                witness::saw_of(self.id, tree.deviation(), || sum.to_vec());
                tree.step(sum)
            }
            Mechanism::Banded(banded) => {
                witness::saw_of(self.id, banded.deviation(), || sum.to_vec());
                banded.step(sum)
            }
        }
    }

    fn check_example(&self, example: u64, seen: Option<&(u64, u64)>, now: u64) -> Result<()> {
        let Some(&(count, last)) = seen else { return Ok(()) };
        if count >= self.participations {
            let was = format!("example {example} for the {} time", ordinal(count + 1));
            let expected = format!(
                "at most {} participations, which were paid for: begin new noise",
                self.participations
            );
            return Err(Error::invalid("examples", was, expected));
        }
        if now - last < self.separation {
            let was = format!("example {example} again after {} steps", now - last);
            return Err(Error::invalid(
                "examples",
                was,
                format!("at least {} steps between", self.separation),
            ));
        }
        Ok(())
    }
}

fn ordinal(n: u64) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}
