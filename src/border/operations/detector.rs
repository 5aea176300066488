//! Detectors of outliers. `score` is a call of its own on each face.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::file::{maps, saves};
use crate::call::{Answer, Call, Operation, named_options};
use crate::error::{Error, Result};
use crate::handle::Held;
use crate::leavable::leavable_on;
use crate::outlier::ensemble::Member;
use crate::outlier::ood::Head;
use crate::outlier::threshold::Method;
use crate::outlier::{Fitted, NAMES, Spec, compare::compare_detectors, within};
use crate::store;
use crate::tensor::Tensor;

impl Held for Arc<Fitted> {
    const KIND: &'static str = "detector";
}

/// What a detector is fitted on: `reference`; of a classifier, its `labels` (classes from 0), and
/// the `weights` (feature fastest) and `bias` of its last linear layer.
struct Evidence<'a> {
    spec: Spec,
    reference: Tensor<'a>,
    labels: Option<Vec<u32>>,
    head: Option<Head>,
}

const EVIDENCE: &[&str] = &["reference", "labels", "weights", "bias"];

fn evidence<'a>(call: &mut Call<'a>) -> Result<Evidence<'a>> {
    let (detector, options) =
        named_options!(call, detector: String, options: Option<Map<String, Value>>)?;
    let spec = Spec::new(&detector, options.unwrap_or_default())?;
    let reference = call.tensor("reference")?;
    let labels = call.given::<u32>("labels")?.map(<[u32]>::to_vec);
    let head = match (call.given::<f64>("weights")?, call.given::<f64>("bias")?) {
        (None, None) => None,
        (weights, bias) => Some(Head::new(
            weights.unwrap_or_default().to_vec(),
            bias.unwrap_or_default().to_vec(),
        )?),
    };
    Ok(Evidence { spec, reference, labels, head })
}

fn fit(call: &mut Call<'_>) -> Result<Answer> {
    let Evidence { spec, reference, labels, head } = evidence(call)?;
    let fitted = leavable_on([&reference], move |[reference]| match (&labels, &head) {
        (None, None) => Fitted::fit(&spec, &reference),
        _ => Fitted::fit_classifier(&spec, &reference, labels.as_deref(), head.as_ref()),
    });
    fitted.map(Arc::new).map(Answer::made)
}

/// Writes to `scores` and `p_values` what detectors that were fitted on other observations of the
/// same reference say of each: see [`crate::outlier::within`].
fn score_within(call: &mut Call<'_>) -> Result<Answer> {
    let Evidence { spec, reference, labels, head } = evidence(call)?;
    let (scores, p_values) = (call.write::<f64>("scores")?, call.write::<f64>("p_values")?);
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
    Ok(().into())
}

/// [`crate::outlier::fitted::Description`], with the bytes that a file takes.
fn describe(call: &mut Call<'_>) -> Result<Answer> {
    #[derive(Serialize)]
    struct Described {
        #[serde(flatten)]
        description: crate::outlier::fitted::Description,
        bytes: u64,
    }
    let detector = call.handle::<Arc<Fitted>>("detector")?;
    Answer::json(&Described {
        description: detector.describe(),
        bytes: store::size_of_detector(&**detector)?,
    })
}

/// List of [`crate::outlier::compare::Compared`]. `labels`: 0 for a usual observation of `current`,
/// else 1.
fn compare(call: &mut Call<'_>) -> Result<Answer> {
    let (detectors, rate) = named_options!(call, detectors: Vec<Member>, rate: f64)?;
    let specs: Vec<Spec> = detectors
        .into_iter()
        .map(|member| Spec::new(&member.detector, member.options))
        .collect::<Result<_>>()?;
    if !(rate > 0.0 && rate < 1.0) {
        return Err(Error::invalid("rate", rate, "a fraction between 0 and 1"));
    }
    let (reference, current) = (call.tensor("reference")?, call.tensor("current")?);
    let labels: Vec<bool> = call.read::<u8>("labels")?.iter().map(|label| *label != 0).collect();
    leavable_on([&reference, &current], move |[reference, current]| {
        Answer::json(&compare_detectors(&specs, &reference, &current, &labels, rate)?)
    })
}

/// Multiplications that may take longer than a person notices: some ten milliseconds, or more where
/// they are no mere ones.
const LONG: usize = 1 << 24;

/// Which numbers a call writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// One score per observation, NaN for one that is not finite.
    Scores,
    /// One p-value per observation.
    PValues,
    /// What each feature adds to the score, one observation after the other.
    Parts,
}

impl Output {
    /// A call that can take long can be left; `out` is then as it was.
    pub fn write(self, detector: &Arc<Fitted>, batch: &Tensor<'_>, out: &mut [f64]) -> Result<()> {
        let expected =
            if self == Output::Parts { batch.elements().len() } else { batch.observations() };
        if out.len() != expected {
            let was = format!("{} elements", out.len());
            return Err(Error::invalid("out", was, format!("a place for {expected} numbers")));
        }
        let each = detector.work().saturating_mul(if self == Output::Parts {
            batch.features()
        } else {
            1
        });
        if batch.observations().saturating_mul(each) < LONG {
            return self.write_here(detector, batch, out);
        }
        let (detector, numbers) = (detector.clone(), out.len());
        let made = leavable_on([batch], move |[batch]| {
            let mut made = vec![0.0; numbers];
            self.write_here(&detector, &batch, &mut made).map(|()| made)
        });
        out.copy_from_slice(&made?);
        Ok(())
    }

    fn write_here(self, detector: &Fitted, batch: &Tensor<'_>, out: &mut [f64]) -> Result<()> {
        match self {
            Output::Scores => detector.score_into(batch, out),
            Output::PValues => detector.p_values_into(batch, out),
            Output::Parts => detector.explain_into(batch, out),
        }
    }

    fn answer(self, call: &mut Call<'_>) -> Result<Answer> {
        let detector = call.handle::<Arc<Fitted>>("detector")?;
        let (output, out) = (call.tensor("output")?, call.write("out")?);
        self.write(detector, &output, out).map(Answer::from)
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("detector.names", |_| Answer::json(&NAMES)),
    Operation::new("detector.fit", fit).of(EVIDENCE),
    Operation::new("detector.score_within", score_within).of(&[
        "reference",
        "labels",
        "weights",
        "bias",
        "scores",
        "p_values",
    ]),
    Operation::new("detector.p_values", |call| Output::PValues.answer(call))
        .on(&["detector"])
        .of(&["output", "out"]),
    Operation::new("detector.explain", |call| Output::Parts.answer(call))
        .on(&["detector"])
        .of(&["output", "out"]),
    Operation::new("detector.describe", describe).on(&["detector"]),
    // [`crate::outlier::threshold::Threshold`] by [`Method`], from the detector's calibration.
    Operation::new("detector.threshold", |call| {
        Answer::json(
            &call.handle::<Arc<Fitted>>("detector")?.threshold_by(&call.options::<Method>()?)?,
        )
    })
    .on(&["detector"]),
    Operation::new("detector.compare", compare).of(&["reference", "current", "labels"]),
    saves::<Arc<Fitted>>("detector.save", &["detector"]),
    maps::<Arc<Fitted>>("detector.load"),
];
