//! One part of a reference scored by a detector of the other.

use super::calibration::Fold;
use super::model::Model;
use super::ood::{self, Head};
use super::standardized::Standardized;
use super::{Rows, Spec};
use crate::error::{Error, Result};

/// Demands that labels and a head go to a detector that has a use for them.
pub(super) fn expect_classifier(
    spec: &Spec,
    labels: Option<&[u32]>,
    head: Option<&Head>,
) -> Result<()> {
    let name = spec.family.name();
    if (labels.is_none() && head.is_none()) || name == "ensemble" || ood::NAMES.contains(&name) {
        return Ok(());
    }
    let argument = if labels.is_some() { "labels" } else { "weights" };
    let expected = format!("a detector of classifiers: one of {}", ood::NAMES.join(", "));
    Err(Error::invalid(argument, format!("for {name}"), expected))
}

/// Fits on one part and scores the other.
pub(super) fn fold(
    spec: &Spec,
    reference: &Rows<'_>,
    fold: &Fold,
) -> Result<(Standardized<Model>, Vec<f64>)> {
    let stage = Standardized::fit(spec, &reference.select(&fold.fit))?;
    let mut scores = vec![0.0; fold.score.len()];
    stage.score(reference.select(&fold.score).values(), &mut scores);
    Ok((stage, scores))
}
