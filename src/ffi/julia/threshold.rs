//! Live thresholds, called from Julia.

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Held, away, elements, made, made_text, text, value};
use super::detector::slice_mut;
use crate::error::Result;
use crate::ffi::host::answer;
use crate::ffi::threshold::{self, Threshold};

/// A [`Threshold`] in Julia's hands.
#[derive(OpaqueType)]
pub struct ThresholdHandle {
    threshold: Held<Threshold>,
}

fn made_threshold(work: impl FnOnce() -> Result<Threshold>) -> ValueRet {
    made(work, |threshold| value(ThresholdHandle { threshold: Held::new(threshold) }))
}

pub(super) fn live_threshold_new(options: JuliaString, scores: TypedArray<f64>) -> ValueRet {
    made_threshold(|| threshold::new(text("options", options)?, elements(scores)))
}

pub(super) fn live_threshold_load(path: JuliaString) -> ValueRet {
    made_threshold(|| threshold::load(text("path", path)?.as_ref()))
}

impl ThresholdHandle {
    fn get(&self) -> Result<&Threshold> {
        self.threshold.get("threshold")
    }

    pub(super) fn live_threshold_update(&self, scores: TypedArray<f64>, verdicts: TypedArray<u8>) -> i64 {
        away(|| {
            answer(|| {
                let n = verdicts.length();
                let verdicts = if n == 0 { &mut [][..] } else { slice_mut("verdicts", verdicts, n)? };
                threshold::update(self.get()?, elements(scores), verdicts).map(|()| 0)
            })
        })
    }

    pub(super) fn live_threshold_tell(&self, words: JuliaString) -> ValueRet {
        made_text(|| threshold::tell(self.get()?, text("words", words)?))
    }

    pub(super) fn live_threshold_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| threshold::save(self.get()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}
