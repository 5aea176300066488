//! Online detectors, called from Julia.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Element, Held, away, made, made_text, tensor, text, value};
use crate::drift::online::Stream;
use crate::error::Result;
use crate::ffi::host::{self, answer};
use crate::store;

/// A [`Stream`] in Julia's hands.
#[derive(OpaqueType)]
pub struct StreamHandle {
    stream: Held<Mutex<Stream>>,
}

fn made_stream(work: impl FnOnce() -> Result<Stream>) -> ValueRet {
    made(work, |stream| value(StreamHandle { stream: Held::new(Mutex::new(stream)) }))
}

pub(super) fn stream_new(name: JuliaString, options: JuliaString) -> ValueRet {
    made_stream(|| host::stream_new(text("detector", name)?, text("options", options)?))
}

pub(super) fn stream_load(path: JuliaString) -> ValueRet {
    made_stream(|| store::load_stream(text("path", path)?.as_ref()))
}

impl StreamHandle {
    fn lock(&self) -> Result<MutexGuard<'_, Stream>> {
        Ok(self.stream.get("stream")?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn stream_update<T: Element>(&self, values: TypedArray<T>) -> ValueRet {
        made_text(|| match values.length() {
            0 => Ok("[]".into()),
            n => host::stream_update(&mut *self.lock()?, &tensor("values", values, n as i64)?),
        })
    }

    pub(super) fn stream_describe(&self) -> ValueRet {
        made_text(|| host::json(&self.lock()?.describe()))
    }

    pub(super) fn stream_reset(&self) -> i64 {
        away(|| {
            answer(|| {
                self.lock()?.reset();
                Ok(0)
            })
        })
    }

    pub(super) fn stream_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| store::save_stream(&*self.lock()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}
