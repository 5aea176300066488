//! The noisy count that an adaptive norm follows.

use super::noise::{Grid, NoiseKind, NoiseSource};
use super::options::Adapted;
use super::record::Release;
use super::witness;
use crate::clip::AdaptiveClip;
use crate::{Error, Result};

/// The noisy count of examples within an adaptive norm, ready to be drawn.
pub(super) struct Count {
    clip: AdaptiveClip,
    /// Without, a run for debugging has no noise.
    grid: Option<Grid>,
}

impl Count {
    pub(super) fn new(clip: &AdaptiveClip, norm: f64, noise: NoiseKind) -> Result<Self> {
        clip.validate()?;
        if clip.norm() != norm {
            return Err(Error::invalid(
                "clip",
                norm,
                format!("{}, where the adaptive norm stands", clip.norm()),
            ));
        }
        // each example moves the count by ½ to either side of its middle
        let grid = Grid::new(1, 0.5, 2.0 * clip.count_noise(), 1e-12)?;
        let grid = (noise != NoiseKind::None).then_some(grid);
        Ok(Count { clip: clip.clone(), grid })
    }

    pub(super) fn release(&self) -> Release {
        Release::SumAndCount { count_noise: self.clip.count_noise() }
    }

    pub(super) fn adapt(
        self,
        norms: &[f64],
        expected_lot_size: f64,
        source: &mut NoiseSource,
    ) -> Adapted {
        let Count { mut clip, grid } = self;
        let mut noisy = [clip.centered_count(norms)];
        witness::saw(grid.as_ref().map_or(0.0, Grid::deviation), || noisy.to_vec());
        if let Some(grid) = grid {
            grid.add(source, &mut noisy);
        }
        let step = clip.follow(noisy[0], expected_lot_size);
        Adapted { clip, step }
    }
}
