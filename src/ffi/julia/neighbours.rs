//! Neighbour stores, called from Julia.

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Element, Held, away, elements, made, made_text, tensor, text, value};
use super::detector::slice_mut;
use crate::error::Result;
use crate::ffi::host::answer;
use crate::ffi::neighbours::{self, Store};

/// A [`Store`] in Julia's hands.
#[derive(OpaqueType)]
pub struct NeighboursHandle {
    store: Held<Store>,
}

fn made_store(work: impl FnOnce() -> Result<Store>) -> ValueRet {
    made(work, |store| value(NeighboursHandle { store: Held::new(store) }))
}

pub(super) fn neighbours_new(options: JuliaString) -> ValueRet {
    made_store(|| neighbours::new(text("options", options)?))
}

pub(super) fn neighbours_load(path: JuliaString, mapped: Bool) -> ValueRet {
    made_store(|| neighbours::load(text("path", path)?.as_ref(), mapped.as_bool()))
}

impl NeighboursHandle {
    fn get(&self) -> Result<&Store> {
        self.store.get("store")
    }

    pub(super) fn neighbours_add<T: Element>(
        &self,
        batch: TypedArray<T>,
        observations: i64,
        flagged: TypedArray<u8>,
        time: f64,
    ) -> i64 {
        away(|| {
            answer(|| {
                let batch = tensor("batch", batch, observations)?;
                neighbours::add(self.get()?, &batch, elements(flagged), time)
            })
        })
    }

    pub(super) fn neighbours_search<T: Element>(
        &self,
        batch: TypedArray<T>,
        observations: i64,
        numbers: TypedArray<u64>,
        distances: TypedArray<f64>,
    ) -> i64 {
        away(|| {
            answer(|| {
                let batch = tensor("batch", batch, observations)?;
                let (n, m) = (numbers.length(), distances.length());
                let (numbers, distances) = (slice_mut("numbers", numbers, n)?, slice_mut("distances", distances, m)?);
                neighbours::search(self.get()?, &batch, numbers, distances).map(|()| 0)
            })
        })
    }

    pub(super) fn neighbours_evict(&self, now: f64) -> i64 {
        away(|| answer(|| neighbours::evict(self.get()?, now)))
    }

    pub(super) fn neighbours_points(&self, out: TypedArray<f64>) -> i64 {
        away(|| {
            answer(|| {
                let n = out.length();
                neighbours::points(self.get()?, slice_mut("out", out, n)?).map(|()| 0)
            })
        })
    }

    pub(super) fn neighbours_describe(&self) -> ValueRet {
        made_text(|| neighbours::describe(self.get()?))
    }

    pub(super) fn neighbours_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| neighbours::save(self.get()?, text("path", path)?.as_ref()).map(|()| 0)))
    }
}
