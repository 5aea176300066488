//! Privacy, called from Julia: questions in JSON, and arrays by a table of addresses.

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Held, away, made, made_text, size, text, value};
use crate::error::Result;
use crate::ffi::gradients::{self, Arrays};
use crate::ffi::host::answer;
use crate::ffi::privacy::{Correlated, Noise, Sampler, ask};

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

/// A [`Noise`] in Julia's hands.
#[derive(OpaqueType)]
pub struct NoiseHandle {
    noise: Held<Noise>,
}

pub(super) fn noise_new(seeded: Bool, seed: u64) -> ValueRet {
    let seed = seeded.as_bool().then_some(seed);
    made(|| Noise::new(seed), |noise| value(NoiseHandle { noise: Held::new(noise) }))
}

impl NoiseHandle {
    fn get(&self) -> Result<&Noise> {
        self.noise.get("noise")
    }

    /// SAFETY: the addresses must be those of what [`Arrays`] describes.
    pub(super) unsafe fn privacy_mean(
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
            unsafe { gradients::private_mean(self.get()?, text("options", options)?, arrays) }
        })
    }

    /// SAFETY: the addresses must be those of what [`Arrays`] describes.
    pub(super) unsafe fn privacy_noise(&self, options: JuliaString, dtype: i32, table: usize, parameters: i64) -> i64 {
        away(|| {
            answer(|| {
                let arrays = arrays(dtype, table, parameters, 0, 0)?;
                // SAFETY: by this function's contract.
                unsafe { gradients::add_noise(self.get()?, text("options", options)?, arrays) }.map(|()| 0)
            })
        })
    }

    /// SAFETY: `norms` must be the address of `examples` numbers.
    pub(super) unsafe fn privacy_adapt(&self, options: JuliaString, norms: usize, examples: i64) -> ValueRet {
        made_text(|| {
            let examples = size("examples", examples)?;
            // SAFETY: by this function's contract.
            unsafe { gradients::adapt(self.get()?, text("options", options)?, norms as *const f64, examples) }
        })
    }

    pub(super) fn sampler_new(&self, options: JuliaString) -> ValueRet {
        let work = || Sampler::new(text("options", options)?, self.get()?);
        made(work, |sampler| value(SamplerHandle { sampler: Held::new(sampler) }))
    }

    pub(super) fn correlated_new(&self, options: JuliaString) -> ValueRet {
        let work = || Correlated::new(text("options", options)?, self.get()?);
        made(work, |correlated| value(CorrelatedHandle { correlated: Held::new(correlated) }))
    }
}

/// A [`Sampler`] in Julia's hands.
#[derive(OpaqueType)]
pub struct SamplerHandle {
    sampler: Held<Sampler>,
}

impl SamplerHandle {
    pub(super) fn sampler_draw(&self) -> i64 {
        away(|| answer(|| Ok(self.sampler.get("sampler")?.draw())))
    }

    /// SAFETY: `out` must be the address of `length` numbers that nobody else uses during the call.
    pub(super) unsafe fn sampler_take(&self, out: usize, length: i64) -> i64 {
        answer(|| {
            // SAFETY: by this function's contract.
            let out = unsafe { gradients::numbers("out", out as *mut i64, size("length", length)?)? };
            self.sampler.get("sampler")?.take(out).map(|()| 0)
        })
    }
}

/// A [`Correlated`] in Julia's hands.
#[derive(OpaqueType)]
pub struct CorrelatedHandle {
    correlated: Held<Correlated>,
}

impl CorrelatedHandle {
    /// SAFETY: `sum` must be the address of `length` numbers that nobody else uses during the call.
    pub(super) unsafe fn correlated_step(&self, sum: usize, length: i64) -> i64 {
        away(|| {
            answer(|| {
                // SAFETY: by this function's contract.
                let sum = unsafe { gradients::numbers("sum", sum as *mut f64, size("length", length)?)? };
                self.correlated.get("correlated")?.step(sum).map(|()| 0)
            })
        })
    }
}
