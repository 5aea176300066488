//! Sketches that leave the machine, called from Julia.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jlrs::data::managed::value::ValueRet;
use jlrs::data::managed::value::typed::TypedValue;
use jlrs::prelude::*;

use super::border::{Element, Held, away, elements, made, made_bytes, made_text, tensor, text, value};
use crate::error::{Error, Result};
use crate::ffi::host::answer;
use crate::ffi::sketch;
use crate::sketch::Sketch;

/// A [`Sketch`] in Julia's hands.
#[derive(OpaqueType)]
pub struct SketchHandle {
    sketch: Held<Mutex<Sketch>>,
}

pub(super) fn made_sketch(work: impl FnOnce() -> Result<Sketch>) -> ValueRet {
    made(work, |sketch| value(SketchHandle { sketch: Held::new(Mutex::new(sketch)) }))
}

pub(super) fn sketch_new(kind: JuliaString, size: u32) -> ValueRet {
    made_sketch(|| sketch::new(text("kind", kind)?, size))
}

pub(super) fn sketch_read(kind: JuliaString, bytes: TypedArray<u8>) -> ValueRet {
    made_sketch(|| sketch::read(text("kind", kind)?, elements(bytes)))
}

impl SketchHandle {
    fn lock(&self) -> Result<MutexGuard<'_, Sketch>> {
        Ok(self.sketch.get("sketch")?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn sketch_update<T: Element>(&self, values: TypedArray<T>) -> i64 {
        away(|| {
            answer(|| match values.length() {
                0 => Ok(0),
                n => sketch::update(&mut *self.lock()?, &tensor("values", values, n as i64)?).map(|()| 0),
            })
        })
    }

    pub(super) fn sketch_update_words(&self, words: JuliaString) -> i64 {
        away(|| answer(|| sketch::update_words(&mut *self.lock()?, text("words", words)?).map(|()| 0)))
    }

    pub(super) fn sketch_merge(&self, from: TypedValue<SketchHandle>) -> i64 {
        // SAFETY: Julia's dispatch checked the type, and roots the handle during the call.
        let from = unsafe { from.data_ptr().cast::<SketchHandle>().as_ref() };
        away(|| {
            answer(|| {
                if std::ptr::eq(self, from) {
                    return Err(Error::invalid("other", "the sketch itself", "another sketch"));
                }
                // One lock at a time, so that two merges in opposite directions cannot wait for each other.
                let copy = {
                    let from = from.lock()?;
                    Sketch::from_bytes(from.kind(), &from.to_bytes()?)?
                };
                self.lock()?.merge(&copy).map(|()| 0)
            })
        })
    }

    pub(super) fn sketch_bytes(&self) -> ValueRet {
        made_bytes(|| self.lock()?.to_bytes())
    }

    pub(super) fn sketch_ask(&self, question: JuliaString) -> ValueRet {
        made_text(|| sketch::ask(&*self.lock()?, text("question", question)?))
    }
}
