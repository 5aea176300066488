//! Files whose content is Julia's, called from Julia: whole or refused, as all of FluxGuard's.

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{away, elements, made_bytes, text};
use crate::ffi::host::answer;
use crate::{files, store};

pub(super) fn file_replace(path: JuliaString, bytes: TypedArray<u8>) -> i64 {
    away(|| answer(|| files::replace("path", text("path", path)?.as_ref(), &[elements(bytes)]).map(|()| 0)))
}

pub(super) fn file_save(path: JuliaString, kind: JuliaString, version: u32, bytes: TypedArray<u8>) -> i64 {
    away(|| {
        answer(|| {
            store::save_bytes(text("path", path)?.as_ref(), text("kind", kind)?, version, elements(bytes)).map(|()| 0)
        })
    })
}

pub(super) fn file_load(path: JuliaString, kind: JuliaString, version: u32) -> ValueRet {
    made_bytes(|| store::load_bytes(text("path", path)?.as_ref(), text("kind", kind)?, version))
}
