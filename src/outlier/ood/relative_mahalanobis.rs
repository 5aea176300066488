//! `relative-mahalanobis`: how much farther the nearest class is than all of them as one (Ren et
//! al. 2021, equation 3).

use serde::{Deserialize, Serialize};

use super::class_mahalanobis::{ClassMahalanobis, Options};
use crate::error::Result;
use crate::sound::Sound;
use crate::support::{linear::Whitening, packed};
use crate::{Detector, Rows};

/// The score of [`ClassMahalanobis`] minus the squared Mahalanobis distance to the mean of all, in
/// units of the covariance of all. It can be negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelativeMahalanobis {
    classes: ClassMahalanobis,
    #[serde(with = "packed")]
    mean: Vec<f64>,
    whitening: Whitening,
}

impl Detector for RelativeMahalanobis {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let (classes, mean) = (ClassMahalanobis::fit(reference, options)?, reference.means());
        let whitening = options.covariance.whitening(reference, &mean, 1)?;
        Ok(RelativeMahalanobis { classes, mean, whitening })
    }

    fn features(&self) -> usize {
        self.mean.len()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        self.classes.score_rows(rows, scores);
        let mut centered = vec![0.0; self.mean.len()];
        for (row, score) in rows.chunks_exact(self.mean.len()).zip(scores) {
            let difference =
                *score - self.whitening.squared_distance(row, &self.mean, &mut centered);
            // So far out that both squares overflow.
            *score = if difference.is_nan() { f64::INFINITY } else { difference };
        }
    }

    fn work(&self) -> usize {
        self.classes.work() + self.mean.len() * self.mean.len() / 2
    }
}

impl Sound for RelativeMahalanobis {
    fn is_sound(&self) -> bool {
        let p = self.mean.len();
        self.classes.is_sound() && self.classes.features() == p && self.whitening.is_of(p)
    }
}
