//! Detectors of outliers, called from Julia.

use std::sync::Arc;

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Element, Held, away, elements, made, made_text, tensor, text, value};
use crate::error::{Error, Result};
use crate::ffi::detector::{self, Output};
use crate::ffi::host::answer;
use crate::ffi::map::read_only;
use crate::outlier::Fitted;
use crate::store;

/// A [`Fitted`] in Julia's hands.
#[derive(OpaqueType)]
pub struct DetectorHandle {
    detector: Held<Arc<Fitted>>,
}

fn made_detector(work: impl FnOnce() -> Result<Fitted>) -> ValueRet {
    made(work, |detector| value(DetectorHandle { detector: Held::new(Arc::new(detector)) }))
}

pub(super) fn detector_names() -> ValueRet {
    made_text(detector::names)
}

pub(super) fn detector_fit<T: Element>(
    name: JuliaString,
    options: JuliaString,
    reference: TypedArray<T>,
    observations: i64,
) -> ValueRet {
    made_detector(|| {
        let reference = tensor("reference", reference, observations)?;
        detector::fit(text("detector", name)?, text("options", options)?, &reference)
    })
}

pub(super) fn detector_fit_classifier<T: Element>(
    name: JuliaString,
    options: JuliaString,
    reference: TypedArray<T>,
    observations: i64,
    labels: TypedArray<u32>,
    weights: TypedArray<f64>,
    bias: TypedArray<f64>,
) -> ValueRet {
    made_detector(|| {
        let reference = tensor("reference", reference, observations)?;
        let labels = slice_mut("labels", labels, labels.length())?;
        let (w, b) = (weights.length(), bias.length());
        let head = (&*slice_mut("weights", weights, w)?, &*slice_mut("bias", bias, b)?);
        detector::fit_classifier(text("detector", name)?, text("options", options)?, &reference, labels, head)
    })
}

pub(super) fn detector_score_within<T: Element>(
    name: JuliaString,
    options: JuliaString,
    reference: TypedArray<T>,
    observations: i64,
    labels: TypedArray<u32>,
    weights: TypedArray<f64>,
    bias: TypedArray<f64>,
    scores: TypedArray<f64>,
    p_values: TypedArray<f64>,
) -> i64 {
    away(|| {
        answer(|| {
            let reference = tensor("reference", reference, observations)?;
            let n = reference.observations();
            let head = (elements(weights), elements(bias));
            let out = (slice_mut("scores", scores, n)?, slice_mut("p_values", p_values, n)?);
            let (name, options) = (text("detector", name)?, text("options", options)?);
            detector::score_within(name, options, &reference, elements(labels), head, out).map(|()| 0)
        })
    })
}

pub(super) fn detector_load(path: JuliaString) -> ValueRet {
    made_detector(|| store::load_detector(text("path", path)?.as_ref()))
}

pub(super) fn detector_load_mapped(path: JuliaString) -> ValueRet {
    made_detector(|| store::load_detector_mapped(text("path", path)?.as_ref(), read_only))
}

/// The elements of an argument, to write to or to read.
pub(super) fn slice_mut<'a, T>(
    argument: &'static str,
    array: TypedArray<'a, '_, T>,
    expected: usize,
) -> Result<&'a mut [T]>
where
    T: jlrs::data::types::construct_type::ConstructType,
{
    let was = array.length();
    if was != expected {
        return Err(Error::invalid(argument, format!("{was} elements"), expected));
    }
    // SAFETY: an `Array{T}` has that many elements, Julia roots a call's arguments during the call, and the caller hands
    // over an array that no one else uses meanwhile.
    Ok(unsafe { std::slice::from_raw_parts_mut(array.data_ptr().cast::<T>(), was) })
}

pub(super) fn threshold(method: JuliaString, scores: TypedArray<f64>) -> ValueRet {
    made_text(|| detector::threshold_of(slice_mut("scores", scores, scores.length())?, text("method", method)?))
}

pub(super) fn quality(scores: TypedArray<f64>, labels: TypedArray<u8>, threshold: f64, curves: Bool) -> ValueRet {
    made_text(|| {
        let n = scores.length();
        let (scores, labels) = (slice_mut("scores", scores, n)?, slice_mut("labels", labels, n)?);
        detector::quality(scores, labels, threshold, curves.as_bool())
    })
}

pub(super) fn compare_detectors<T: Element, U: Element>(
    options: JuliaString,
    reference: TypedArray<T>,
    reference_observations: i64,
    batch: TypedArray<U>,
    observations: i64,
    labels: TypedArray<u8>,
) -> ValueRet {
    made_text(|| {
        let reference = tensor("reference", reference, reference_observations)?;
        let batch = tensor("current", batch, observations)?;
        let labels = slice_mut("labels", labels, batch.observations())?;
        detector::compare(text("options", options)?, &reference, &batch, labels)
    })
}

impl DetectorHandle {
    fn get(&self) -> Result<&Arc<Fitted>> {
        self.detector.get("detector")
    }

    fn write<T: Element>(&self, what: Output, out: TypedArray<f64>, batch: TypedArray<T>, observations: i64) -> i64 {
        away(|| {
            answer(|| {
                let batch = tensor("output", batch, observations)?;
                what.write(self.get()?, &batch, slice_mut("out", out, what.len(&batch))?).map(|()| 0)
            })
        })
    }

    pub(super) fn detector_score<T: Element>(
        &self,
        out: TypedArray<f64>,
        batch: TypedArray<T>,
        observations: i64,
    ) -> i64 {
        self.write(Output::Scores, out, batch, observations)
    }

    pub(super) fn detector_pvalues<T: Element>(
        &self,
        out: TypedArray<f64>,
        batch: TypedArray<T>,
        observations: i64,
    ) -> i64 {
        self.write(Output::PValues, out, batch, observations)
    }

    pub(super) fn detector_explain<T: Element>(
        &self,
        out: TypedArray<f64>,
        batch: TypedArray<T>,
        observations: i64,
    ) -> i64 {
        self.write(Output::Parts, out, batch, observations)
    }

    pub(super) fn detector_share(&self) -> i64 {
        answer(|| Ok(detector::share(self.get()?)))
    }

    pub(super) fn detector_describe(&self) -> ValueRet {
        made_text(|| detector::describe(self.get()?))
    }

    pub(super) fn detector_threshold(&self, method: JuliaString) -> ValueRet {
        made_text(|| detector::threshold(self.get()?, text("method", method)?))
    }

    pub(super) fn detector_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| store::save_detector(self.get()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}
