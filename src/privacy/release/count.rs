//! The noisy count that an adaptive norm follows.

use super::noise::{Grid, NoiseSource};
use super::options::Adapted;
use super::record::Release;
use super::witness;
use crate::clip::AdaptiveClip;
use crate::{Error, Result};

/// The noisy count of examples within an adaptive norm, ready to be drawn.
pub(super) struct Count {
    clip: AdaptiveClip,
    grid: Grid,
}

impl Count {
    pub(super) fn new(clip: &AdaptiveClip, norm: f64) -> Result<Self> {
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
        witness::saw(grid.deviation(), || noisy.to_vec());
        grid.add(source, &mut noisy);
        let step = clip.follow(noisy[0], expected_lot_size);
        Adapted { clip, step }
    }
}
