//! A detector and the standardization before it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::spec::Spec;
use super::support::{packed, rows::LARGEST};
use super::{Detector, Rows};
use crate::error::{Error, Result};
use crate::parallel;
use crate::sound::{Sound, is_table};

/// A detector after its standardization.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Standardized<D> {
    /// Means, then inverses of standard deviations.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "packed")]
    standard: Vec<f64>,
    pub model: D,
}

impl<D: Detector> Standardized<D> {
    pub fn fit(spec: &Spec<D::Options>, reference: &Rows<'_>) -> Result<Self> {
        if !spec.standardize {
            return D::fit(reference, &spec.family).map(Standardized::plain);
        }
        if reference.head().is_some() {
            let expected = "false: weights go with the features as they are";
            return Err(Error::invalid("standardize", "true, with weights", expected));
        }
        let (n, p, means) = (reference.len() as f64, reference.features(), reference.means());
        let mut squares = vec![0.0; p];
        for row in reference.iter() {
            squares
                .iter_mut()
                .zip(row.iter().zip(&means))
                .for_each(|(s, (x, m))| *s += (x - m) * (x - m));
        }
        let inverse = squares.iter().zip(&means).map(|(s, m)| {
            let deviation = (s / n).sqrt();
            if deviation > 10.0 * f64::EPSILON * m.abs() { 1.0 / deviation } else { 1.0 }
        });
        let standard: Vec<f64> = means.iter().copied().chain(inverse).collect();
        let rows = Rows::from_values(standardized(&standard, reference.values()), p);
        let rows = rows.of_classifier(reference.labels(), None)?;
        Ok(Standardized { standard, model: D::fit(&rows, &spec.family)? })
    }

    /// Without standardization.
    pub fn plain(model: D) -> Self {
        Standardized { standard: vec![], model }
    }

    /// Whether the model sees the values as they are.
    pub fn is_plain(&self) -> bool {
        self.standard.is_empty()
    }

    /// What the model sees.
    pub fn seen<'a>(&self, rows: &'a [f64]) -> Cow<'a, [f64]> {
        if self.standard.is_empty() {
            Cow::Borrowed(rows)
        } else {
            Cow::Owned(standardized(&self.standard, rows))
        }
    }

    /// Scores of rows within [`LARGEST`], on all threads that pay.
    pub fn score(&self, rows: &[f64], scores: &mut [f64]) {
        let p = self.model.features();
        parallel::for_pieces(scores, 1, self.model.work(), |first, piece| {
            self.score_here(&rows[first * p..(first + piece.len()) * p], piece);
        });
    }

    /// [`Standardized::score`] on the calling thread. A score beyond what a double holds is the
    /// largest that there is: such an observation is as far out as can be, and infinity has no
    /// place in JSON, nor in a mean of scores.
    pub fn score_here(&self, rows: &[f64], scores: &mut [f64]) {
        self.model.score_rows(&self.seen(rows), scores);
        scores.iter_mut().filter(|score| !score.is_finite()).for_each(|score| {
            *score = if *score == f64::NEG_INFINITY { f64::MIN } else { f64::MAX };
        });
    }
}

fn standardized(standard: &[f64], rows: &[f64]) -> Vec<f64> {
    let p = standard.len() / 2;
    let (means, inverse) = standard.split_at(p);
    let z = |row: &[f64]| -> Vec<f64> {
        row.iter()
            .zip(means.iter().zip(inverse))
            .map(|(x, (m, i))| ((x - m) * i).clamp(-LARGEST, LARGEST))
            .collect()
    };
    rows.chunks_exact(p).flat_map(z).collect()
}

impl<D: Detector> Sound for Standardized<D> {
    fn is_sound(&self) -> bool {
        let scales = self.standard.is_empty() || is_table(&self.standard, 2, self.model.features());
        self.model.is_sound() && scales
    }
}
