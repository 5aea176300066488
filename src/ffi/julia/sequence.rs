//! Detectors of sequences, called from Julia.

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Held, away, made, made_text, text, value};
use crate::error::Result;
use crate::ffi::host::answer;
use crate::ffi::sequence;
use crate::sequence::SequenceDetector;
use crate::store;

/// A [`SequenceDetector`] in Julia's hands.
#[derive(OpaqueType)]
pub struct SequenceHandle {
    detector: Held<SequenceDetector>,
}

fn made_sequence(work: impl FnOnce() -> Result<SequenceDetector>) -> ValueRet {
    made(work, |detector| value(SequenceHandle { detector: Held::new(detector) }))
}

pub(super) fn sequence_names() -> ValueRet {
    made_text(sequence::names)
}

pub(super) fn sequence_fit(name: JuliaString, options: JuliaString, reference: JuliaString) -> ValueRet {
    made_sequence(|| sequence::fit(text("detector", name)?, text("options", options)?, text("reference", reference)?))
}

pub(super) fn sequence_load(path: JuliaString) -> ValueRet {
    made_sequence(|| store::load_sequence_detector(text("path", path)?.as_ref()))
}

impl SequenceHandle {
    fn get(&self) -> Result<&SequenceDetector> {
        self.detector.get("detector")
    }

    pub(super) fn sequence_ask(&self, question: JuliaString) -> ValueRet {
        made_text(|| sequence::ask(self.get()?, text("question", question)?))
    }

    pub(super) fn sequence_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| store::save_sequence_detector(self.get()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}
