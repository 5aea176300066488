//! Discrete noise drawn before it is needed, while the caller computes the next gradient.
//!
//! Noise in grid steps depends on nothing but its own randomness: neither the sum, nor the clip
//! norm, nor the multiplier.

use super::{DiscreteGaussian, NoiseSource};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// Samples between two looks at whether more are wanted.
const CHUNK: usize = 4096;

/// A thread that fills a vector with noise until it is full or taken.
#[derive(Debug)]
pub(crate) struct Ahead {
    samples: usize,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<Vec<i32>>>,
}

impl Ahead {
    /// Begins to draw `samples` from a source of its own; `None` where no thread can be had.
    pub(crate) fn start(samples: usize, mut source: NoiseSource) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let draw = move || {
            let sampler = DiscreteGaussian::default();
            let mut noise = vec![0i32; samples];
            let mut drawn = 0;
            while drawn < samples && !stopped.load(Ordering::Relaxed) {
                let next = samples.min(drawn + CHUNK);
                sampler.fill(&mut source, &mut noise[drawn..next]);
                drawn = next;
            }
            noise.truncate(drawn);
            noise
        };
        let worker = Builder::new().name("fluxguard-noise".into()).spawn(draw).ok()?;
        Some(Ahead { samples, stop, worker: Some(worker) })
    }

    /// How many it was asked for.
    pub(crate) fn samples(&self) -> usize {
        self.samples
    }

    /// What has been drawn: all, or fewer where it was not finished.
    pub(crate) fn take(mut self) -> Vec<i32> {
        self.stop.store(true, Ordering::Relaxed);
        self.worker.take().and_then(|worker| worker.join().ok()).unwrap_or_default()
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
