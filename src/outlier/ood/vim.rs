//! `vim`: virtual-logit matching (Wang, Li, Feng and Zhang 2022, section 4).

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::head::{Head, largest};
use crate::error::{Error, Result};
use crate::sound::{Sound, is_table};
use crate::support::linear::{dot, eigen};
use crate::support::packed;
use crate::{Detector, Rows};

/// Options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Dimension of the principal space; without, 1000 of at least 2048 features, 512 of at least
    /// 768, else half of them (as the authors' code).
    pub components: Option<usize>,
}

/// `alpha |R (x - o)| - ln sum exp(logit)`: the length of what lies outside of the principal space,
/// as a logit of a class of its own, beside the energy. The origin is `o = -W^+ b`; `alpha` makes
/// the virtual logit as large on average as the reference's largest. Orders observations as the
/// paper's probability of the virtual class does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vim {
    head: Head,
    #[serde(with = "packed")]
    origin: Vec<f64>,
    /// Orthonormal, one row a direction.
    #[serde(with = "packed")]
    residual: Vec<f64>,
    alpha: f64,
}

impl Vim {
    fn residual_length(&self, row: &[f64], centered: &mut [f64]) -> f64 {
        centered.iter_mut().zip(row.iter().zip(&self.origin)).for_each(|(c, (x, o))| *c = x - o);
        self.residual.chunks_exact(row.len()).map(|r| dot(r, centered).powi(2)).sum::<f64>().sqrt()
    }
}

/// `-W^+ b = -W' (W W')^+ b`.
fn origin(head: &Head) -> Result<Vec<f64>> {
    let k = head.classes();
    let rows: Vec<&[f64]> = head.rows().collect();
    let gram = Array2::from_shape_fn((k, k), |(i, j)| dot(rows[i], rows[j]));
    let (values, vectors) = eigen(&gram)?;
    let least = values[0] * 1e-14 * k as f64;
    let mut origin = vec![0.0; head.features()];
    for (value, vector) in values.iter().zip(vectors.columns()).filter(|(value, _)| **value > least)
    {
        let along: f64 = vector.iter().zip(head.bias()).map(|(v, b)| v * b).sum::<f64>() / value;
        for (v, row) in vector.iter().zip(&rows) {
            origin.iter_mut().zip(*row).for_each(|(o, w)| *o -= along * v * w);
        }
    }
    Ok(origin)
}

impl Detector for Vim {
    type Options = Options;

    fn fit(reference: &Rows<'_>, options: &Options) -> Result<Self> {
        let (head, p) = (reference.expect_head()?.clone(), reference.features());
        let components = options.components.unwrap_or(match p {
            2048.. => 1000,
            768.. => 512,
            _ => p / 2,
        });
        if components >= p {
            return Err(Error::invalid(
                "components",
                components,
                format!("fewer than the {p} features"),
            ));
        }
        reference.expect_at_least(2, "a principal space takes two")?;
        let origin = origin(&head)?;
        let (_, vectors) = eigen(&reference.covariance(&origin))?;
        let residual =
            vectors.columns().into_iter().skip(components).flat_map(|v| v.to_vec()).collect();
        let mut vim = Vim { head, origin, residual, alpha: 1.0 };
        let (mut centered, mut logits) = (vec![0.0; p], vec![0.0; vim.head.classes()]);
        let (mut lengths, mut maxima, mut sizes) = (0.0, 0.0, 0.0);
        for row in reference.iter() {
            lengths += vim.residual_length(row, &mut centered);
            sizes += dot(&centered, &centered).sqrt();
            vim.head.logits(row, &mut logits);
            maxima += logits[largest(&logits)];
        }
        if lengths <= 1e-9 * sizes {
            let was = format!("features of which {components} components leave nothing over");
            return Err(Error::invalid(
                "reference",
                was,
                "more freedom in the features, or fewer components",
            ));
        }
        vim.alpha = maxima / lengths;
        Ok(vim)
    }

    fn features(&self) -> usize {
        self.origin.len()
    }

    fn score_rows(&self, rows: &[f64], scores: &mut [f64]) {
        let p = self.features();
        let (mut centered, mut logits) = (vec![0.0; p], vec![0.0; self.head.classes()]);
        for (row, score) in rows.chunks_exact(p).zip(scores) {
            *score = self.alpha * self.residual_length(row, &mut centered)
                + self.head.energy(row, &mut logits);
        }
    }

    fn work(&self) -> usize {
        self.residual.len() + self.head.classes() * self.features()
    }
}

impl Sound for Vim {
    fn is_sound(&self) -> bool {
        let p = self.origin.len();
        self.head.is_sound()
            && self.head.features() == p
            && is_table(&self.residual, self.residual.len() / p, p)
    }
}
