//! References prepared once for many comparisons, and many tests at once, called from Julia.

use std::sync::Arc;

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Element, Held, away, elements, made, made_text, tensor, text, value};
use crate::drift::reference::Reference;
use crate::error::Result;
use crate::ffi::host::{self, answer};
use crate::ffi::several;
use crate::store;

/// A [`Reference`] in Julia's hands.
#[derive(OpaqueType)]
pub struct ReferenceHandle {
    reference: Held<Arc<Reference>>,
}

fn made_reference(work: impl FnOnce() -> Result<Arc<Reference>>) -> ValueRet {
    made(work, |reference| value(ReferenceHandle { reference: Held::new(reference) }))
}

pub(super) fn reference_new<T: Element>(reference: TypedArray<T>, observations: i64) -> ValueRet {
    made_reference(|| host::reference_new(&tensor("reference", reference, observations)?))
}

pub(super) fn reference_load(path: JuliaString) -> ValueRet {
    made_reference(|| store::load_reference(text("path", path)?.as_ref()).map(Arc::new))
}

impl ReferenceHandle {
    fn get(&self) -> Result<&Arc<Reference>> {
        self.reference.get("reference")
    }

    pub(super) fn reference_compare<T: Element>(
        &self,
        options: JuliaString,
        current: TypedArray<T>,
        observations: i64,
    ) -> ValueRet {
        made_text(|| {
            let current = tensor("current", current, observations)?;
            host::reference_compare(self.get()?, text("options", options)?, &current)
        })
    }

    pub(super) fn reference_describe(&self) -> ValueRet {
        made_text(|| host::reference_describe(self.get()?))
    }

    pub(super) fn reference_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| store::save_reference(self.get()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}

pub(super) fn adjust(correction: JuliaString, p_values: TypedArray<f64>) -> ValueRet {
    made_text(|| several::adjust(text("correction", correction)?, elements(p_values)))
}

pub(super) fn e_bh(e_values: TypedArray<f64>, alpha: f64) -> ValueRet {
    made_text(|| several::e_bh(elements(e_values), alpha))
}
