//! Estimates of performance, and labels that come late, called from Julia.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Element, Held, away, elements, made, made_text, tensor, text, value};
use crate::error::Result;
use crate::ffi::host::{self, answer};
use crate::ffi::performance;
use crate::performance::{Estimator, LateLabels};
use crate::store;

/// An [`Estimator`] in Julia's hands.
#[derive(OpaqueType)]
pub struct PerformanceHandle {
    estimator: Held<Estimator>,
}

fn made_estimator(work: impl FnOnce() -> Result<Estimator>) -> ValueRet {
    made(work, |estimator| value(PerformanceHandle { estimator: Held::new(estimator) }))
}

pub(super) fn performance_fit<T: Element>(
    options: JuliaString,
    scores: TypedArray<T>,
    observations: i64,
    predictions: TypedArray<f64>,
    labels: TypedArray<f64>,
) -> ValueRet {
    made_estimator(|| {
        let scores = tensor("reference", scores, observations)?;
        performance::fit(text("options", options)?, scores, elements(predictions), elements(labels))
    })
}

pub(super) fn performance_load(path: JuliaString) -> ValueRet {
    made_estimator(|| store::load_estimator(text("path", path)?.as_ref()))
}

impl PerformanceHandle {
    fn get(&self) -> Result<&Estimator> {
        self.estimator.get("estimator")
    }

    pub(super) fn performance_estimate<T: Element>(
        &self,
        scores: TypedArray<T>,
        observations: i64,
        predictions: TypedArray<f64>,
        labels: TypedArray<f64>,
    ) -> ValueRet {
        made_text(|| {
            let scores = tensor("current", scores, observations)?;
            performance::estimate(self.get()?, scores, elements(predictions), elements(labels))
        })
    }

    pub(super) fn performance_describe(&self) -> ValueRet {
        made_text(|| host::json(&self.get()?.describe()))
    }

    pub(super) fn performance_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| store::save_estimator(self.get()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}

/// A [`LateLabels`] in Julia's hands.
#[derive(OpaqueType)]
pub struct LateHandle {
    late: Held<Mutex<LateLabels>>,
}

fn made_late(work: impl FnOnce() -> Result<LateLabels>) -> ValueRet {
    made(work, |late| value(LateHandle { late: Held::new(Mutex::new(late)) }))
}

pub(super) fn late_new(options: JuliaString) -> ValueRet {
    made_late(|| performance::late_new(text("options", options)?))
}

pub(super) fn late_load(path: JuliaString) -> ValueRet {
    made_late(|| store::load_late_labels(text("path", path)?.as_ref()))
}

impl LateHandle {
    fn lock(&self) -> Result<MutexGuard<'_, LateLabels>> {
        Ok(self.late.get("late")?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn late_record(
        &self,
        ids: TypedArray<u64>,
        signed: u8,
        predictions: TypedArray<f64>,
        time: f64,
    ) -> ValueRet {
        made_text(|| performance::late_record(&mut *self.lock()?, (elements(ids), signed), elements(predictions), time))
    }

    pub(super) fn late_label(&self, ids: TypedArray<u64>, signed: u8, labels: TypedArray<f64>, time: f64) -> ValueRet {
        made_text(|| performance::late_label(&mut *self.lock()?, (elements(ids), signed), elements(labels), time))
    }

    pub(super) fn late_describe(&self) -> ValueRet {
        made_text(|| host::json(&self.lock()?.describe()))
    }

    pub(super) fn late_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| store::save_late_labels(&*self.lock()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}
