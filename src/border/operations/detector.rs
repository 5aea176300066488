//! Detectors of outliers. `score` is a call of its own on each face.

use serde_json::{Map, Value};

use super::kept::Described;
use super::prelude::*;
use crate::outlier::ensemble::Member;
use crate::outlier::ood::Head;
use crate::outlier::threshold::Method;
use crate::outlier::{Fitted, NAMES, Spec, compare::compare_detectors, within};

/// The last linear layer of a classifier: its weights (feature fastest) and bias.
fn head(weights: Option<&[f64]>, bias: Option<&[f64]>) -> Result<Option<Head>> {
    let given = weights.is_some() || bias.is_some();
    let numbers = |array: Option<&[f64]>| array.unwrap_or_default().to_vec();
    given.then(|| Head::new(numbers(weights), numbers(bias))).transpose()
}

/// Writes numbers to `out`, so many for each observation, by a function of the detector's. Where
/// that can take long it can be left; `out` is then as it was.
pub(crate) fn write(
    detector: &Arc<Fitted>,
    batch: &Tensor<'_>,
    each: usize,
    out: &mut [f64],
    into: fn(&Fitted, &Tensor<'_>, &mut [f64]) -> Result<()>,
) -> Result<()> {
    let numbers = each * batch.observations();
    expect_len("out", out, numbers, format_args!("a place for {numbers} numbers"))?;
    if !detector.takes_long(numbers) {
        return into(detector, batch, out);
    }
    let detector = detector.clone();
    let made = leavable_on([batch], move |[batch]| {
        let mut made = vec![0.0; numbers];
        into(&detector, &batch, &mut made).map(|()| made)
    });
    out.copy_from_slice(&made?);
    Ok(())
}

operations! {
    kind "detector" = Arc<Fitted>: save "detector.save" on (detector), map "detector.load";

    "detector.names" -> json { NAMES }
    // On `reference`; of a classifier, its `labels` (classes from 0), and its head.
    "detector.fit" options (detector: String, options: Option<Map<String, Value>>)
    arrays (
        reference: Tensor,
        labels: Option<&[u32]>,
        weights: Option<&[f64]>,
        bias: Option<&[f64]>
    ) -> handle {
        let spec = Spec::new(&detector, options.unwrap_or_default())?;
        let (labels, head) = (labels.map(<[u32]>::to_vec), head(weights, bias)?);
        leavable_on([&reference], move |[reference]| match (&labels, &head) {
            (None, None) => Fitted::fit(&spec, &reference),
            _ => Fitted::fit_classifier(&spec, &reference, labels.as_deref(), head.as_ref()),
        })
        .map(Arc::new)?
    }
    // Likewise. Writes to `scores` and `p_values` what detectors that were fitted on other
    // observations of the same reference say of each: see [`crate::outlier::within`].
    "detector.score_within" options (detector: String, options: Option<Map<String, Value>>)
    arrays (
        reference: Tensor,
        labels: Option<&[u32]>,
        weights: Option<&[f64]>,
        bias: Option<&[f64]>,
        scores: &mut [f64],
        p_values: &mut [f64]
    ) -> nothing {
        let spec = Spec::new(&detector, options.unwrap_or_default())?;
        let (labels, head) = (labels.map(<[u32]>::to_vec), head(weights, bias)?);
        let n = reference.observations();
        if scores.len() != n || p_values.len() != n {
            let was = format!("{} and {} elements", scores.len(), p_values.len());
            return Err(Error::invalid("scores", was, format!("{n} each, one per observation")));
        }
        let found = leavable_on([&reference], move |[reference]| {
            within(&spec, &reference, labels.as_deref(), head.as_ref())
        })?;
        scores.copy_from_slice(found.scores());
        p_values.copy_from_slice(&found.p_values());
    }
    "detector.p_values" on (detector: &Arc<Fitted>) arrays (output: Tensor, out: &mut [f64])
    -> nothing {
        write(detector, &output, 1, out, Fitted::p_values_into)?
    }
    "detector.explain" on (detector: &Arc<Fitted>) arrays (output: Tensor, out: &mut [f64])
    -> nothing {
        write(detector, &output, output.features(), out, Fitted::explain_into)?
    }
    // [`crate::outlier::fitted::DetectorDescription`].
    "detector.describe" on (detector: &Arc<Fitted>) -> json {
        Described::new(detector.describe(), &**detector)?
    }
    // [`crate::outlier::threshold::Threshold`], from the detector's calibration.
    "detector.threshold" on (detector: &Arc<Fitted>) by (method: Method) -> json {
        detector.threshold_by(&method)?
    }
    // List of [`crate::outlier::compare::Compared`]. `labels`: 0 for a usual observation of
    // `current`, else 1.
    "detector.compare" options (detectors: Vec<Member>, rate: f64)
    arrays (reference: Tensor, current: Tensor, labels: &[u8]) -> json {
        let specs = detectors.into_iter().map(|member| Spec::new(&member.detector, member.options));
        let specs: Vec<Spec> = specs.collect::<Result<_>>()?;
        if !(rate > 0.0 && rate < 1.0) {
            return Err(Error::invalid("rate", rate, "a fraction between 0 and 1"));
        }
        let labels: Vec<bool> = labels.iter().map(|label| *label != 0).collect();
        leavable_on([&reference, &current], move |[reference, current]| {
            compare_detectors(&specs, &reference, &current, &labels, rate)
        })?
    }
}
