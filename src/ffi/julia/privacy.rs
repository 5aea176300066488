//! Privacy, called from Julia: questions in JSON, and arrays by a table of addresses.

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Held, away, made, made_text, size, text, value};
use crate::error::Result;
use crate::ffi::gradients::{self, Arrays};
use crate::ffi::host::answer;
use crate::ffi::privacy::{Run, Sampler, ask};
use crate::privacy::release::Correlated;

pub(super) fn privacy_ask(question: JuliaString) -> ValueRet {
    made_text(|| ask(text("question", question)?))
}

/// What [`Arrays`] describes, by addresses.
fn arrays(dtype: i32, table: usize, parameters: i64, examples: i64, norms: usize) -> Result<Arrays> {
    let (parameters, examples) = (size("parameters", parameters)?, size("examples", examples)?);
    Ok(Arrays { dtype, table: table as *const _, parameters, examples, norms: norms as *mut f64 })
}

/// SAFETY: the addresses must be those of what [`Arrays`] describes.
pub(super) unsafe fn privacy_clip_sum(
    options: JuliaString,
    dtype: i32,
    table: usize,
    parameters: i64,
    examples: i64,
    norms: usize,
) -> ValueRet {
    made_text(|| {
        let arrays = arrays(dtype, table, parameters, examples, norms)?;
        // SAFETY: by this function's contract.
        unsafe { gradients::clip_sum(text("options", options)?, arrays) }
    })
}

/// A [`Run`] in Julia's hands.
#[derive(OpaqueType)]
pub struct RunHandle {
    run: Held<Run>,
}

pub(super) fn run_new(options: JuliaString) -> ValueRet {
    made(|| Run::new(text("options", options)?), |run| value(RunHandle { run: Held::new(run) }))
}

impl RunHandle {
    fn get(&self) -> Result<&Run> {
        self.run.get("run")
    }

    pub(super) fn run_ask(&self, question: JuliaString) -> ValueRet {
        made_text(|| self.get()?.ask(text("question", question)?))
    }

    /// SAFETY: the addresses must be those of what [`Arrays`] describes.
    pub(super) unsafe fn run_mean(
        &self,
        options: JuliaString,
        dtype: i32,
        table: usize,
        parameters: i64,
        examples: i64,
        norms: usize,
    ) -> ValueRet {
        made_text(|| {
            let arrays = arrays(dtype, table, parameters, examples, norms)?;
            // SAFETY: by this function's contract.
            unsafe { gradients::mean(self.get()?, text("options", options)?, arrays) }
        })
    }

    /// SAFETY: as [`RunHandle::run_mean`].
    pub(super) unsafe fn run_sum(
        &self,
        options: JuliaString,
        dtype: i32,
        table: usize,
        parameters: i64,
        examples: i64,
        norms: usize,
    ) -> ValueRet {
        made_text(|| {
            let arrays = arrays(dtype, table, parameters, examples, norms)?;
            // SAFETY: by this function's contract.
            unsafe { gradients::sum(self.get()?, text("options", options)?, arrays) }
        })
    }

    /// SAFETY: `norms` must be the address of `examples` numbers.
    pub(super) unsafe fn run_count(&self, options: JuliaString, norms: usize, examples: i64) -> ValueRet {
        made_text(|| {
            let examples = size("examples", examples)?;
            let norms = norms as *const f64;
            // SAFETY: by this function's contract.
            unsafe { gradients::count(self.get()?, text("options", options)?, norms, examples) }
        })
    }

    pub(super) fn run_begin(&self, options: JuliaString) -> ValueRet {
        let work = || self.get()?.begin(text("options", options)?);
        made(work, |correlated| value(CorrelatedHandle { correlated: Held::new(correlated) }))
    }
}

/// A [`Sampler`] in Julia's hands.
#[derive(OpaqueType)]
pub struct SamplerHandle {
    sampler: Held<Sampler>,
}

pub(super) fn sampler_new(options: JuliaString) -> ValueRet {
    let work = || Sampler::new(text("options", options)?);
    made(work, |sampler| value(SamplerHandle { sampler: Held::new(sampler) }))
}

impl SamplerHandle {
    pub(super) fn sampler_id(&self) -> i64 {
        answer(|| Ok(self.sampler.get("sampler")?.id()))
    }

    pub(super) fn sampler_draw(&self, rate: f64) -> i64 {
        away(|| answer(|| self.sampler.get("sampler")?.draw(rate)))
    }

    /// SAFETY: `out` must be the address of `length` numbers that nobody else uses during the call.
    pub(super) unsafe fn sampler_take(&self, out: usize, length: i64) -> i64 {
        away(|| {
            answer(|| {
                // SAFETY: by this function's contract.
                let out = unsafe { gradients::numbers("out", out as *mut i64, size("length", length)?)? };
                self.sampler.get("sampler")?.take(out)
            })
        })
    }

    pub(super) fn sampler_spend(&self, draw: u64) -> ValueRet {
        made_text(|| self.sampler.get("sampler")?.spend(draw))
    }
}

/// A [`Correlated`] in Julia's hands.
#[derive(OpaqueType)]
pub struct CorrelatedHandle {
    correlated: Held<Correlated>,
}

impl CorrelatedHandle {
    /// SAFETY: `sum` must be the address of `length` numbers that nobody else uses during the call, `examples` that of `count`
    /// numbers, or 0.
    pub(super) unsafe fn correlated_step(&self, sum: usize, length: i64, examples: usize, count: i64) -> i64 {
        away(|| {
            answer(|| {
                // SAFETY: by this function's contract.
                let sum = unsafe { gradients::numbers("sum", sum as *mut f64, size("length", length)?)? };
                // SAFETY: by this function's contract.
                let names = unsafe { gradients::names(examples as *const u64, size("count", count)?)? };
                self.correlated.get("correlated")?.step(sum, names).map(|()| 0)
            })
        })
    }
}
