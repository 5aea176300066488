//! FluxGuard: the safety layer of a Flux.jl model, as one engine with no idea of its host language.
//!
//! Its rooms are crates, which the compiler keeps apart. Arrows point one way: `border -> guard ->
//! outlier -> drift -> core`; `performance -> drift`; `privacy -> core`. This crate gives all of
//! them one name, and is what is linked as `libfluxguard.so`: the C ABI of [`ffi`].

#![forbid(unsafe_code)]

pub use fluxguard_border as ffi;
pub use fluxguard_core::{
    Error, Result, error, files, kinds, simd, sketch, sound, stats, store, tensor, text,
};
pub use fluxguard_drift as drift;
pub use fluxguard_guard::{self as guard, alert, output, profile};
pub use fluxguard_outlier::{self as outlier, sequence};
pub use fluxguard_performance as performance;
pub use fluxguard_privacy as privacy;
