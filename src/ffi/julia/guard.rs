//! Guards, called from Julia.

use std::time::Duration;

use jlrs::data::managed::value::ValueRet;
use jlrs::prelude::*;

use super::border::{Element, Held, away, away_if, is_long, made_text, size, tensor};
use crate::error::Result;
use crate::ffi::host::{self, answer};
use crate::ffi::raw::{self, COPIED, WakeFunction};
use crate::guard::{Guard, Ticket};

/// A [`Guard`] in Julia's hands. The finalizer does not wait: an open guard is closed in the background.
#[derive(OpaqueType)]
pub struct GuardHandle {
    guard: Held<Guard>,
}

impl GuardHandle {
    pub(super) fn new(guard: Guard) -> Self {
        GuardHandle { guard: Held::new(guard) }
    }

    fn get(&self) -> Result<&Guard> {
        self.guard.get("guard")
    }

    /// Whether a call with so many elements may take long: what fitted detectors need for one observation, nobody knows.
    fn is_long(&self, elements: usize) -> bool {
        is_long(elements) || self.get().is_ok_and(Guard::has_fitted)
    }

    pub(super) fn guard_observe<T: Element>(
        &self,
        output: TypedArray<T>,
        observations: i64,
        caller: u64,
        copied: Bool,
    ) -> i64 {
        let work = || {
            answer(|| {
                let batch = tensor("output", output, observations)?;
                self.get()?.observe(&batch, caller, copied.as_bool()).map(|n| n as i64)
            })
        };
        away_if(self.is_long(output.length()), work)
    }

    /// SAFETY: `data` must be the address of `length` readable elements of the type that `dtype` names, during the call.
    pub(super) unsafe fn guard_observe_at(
        &self,
        dtype: i32,
        data: usize,
        length: i64,
        observations: i64,
        caller: u64,
    ) -> i64 {
        let work = || {
            answer(|| {
                let (length, observations) = (size("length", length)?, size("observations", observations)?);
                // SAFETY: by this function's contract.
                let batch = unsafe { raw::tensor("output", dtype, data as *const _, length, observations)? };
                self.get()?.observe(&batch, caller, dtype & COPIED != 0).map(|n| n as i64)
            })
        };
        away_if(self.is_long(length.max(0) as usize), work)
    }

    pub(super) fn guard_verdict(&self, caller: u64) -> ValueRet {
        made_text(|| host::json(&self.get()?.verdict(caller)?))
    }

    pub(super) fn guard_score<T: Element>(&self, output: TypedArray<T>, observations: i64) -> ValueRet {
        made_text(|| host::json(&self.get()?.score(&tensor("output", output, observations)?)?))
    }

    pub(super) fn guard_alerts(&self, after: u64) -> ValueRet {
        made_text(|| host::guard_alerts(self.get()?, after))
    }

    pub(super) fn guard_windows(&self, after: u64) -> ValueRet {
        made_text(|| host::guard_windows(self.get()?, after))
    }

    pub(super) fn guard_counters(&self) -> ValueRet {
        made_text(|| host::json(&self.get()?.counters()))
    }

    pub(super) fn guard_describe(&self) -> ValueRet {
        made_text(|| host::json(&self.get()?.describe()))
    }

    pub(super) fn guard_flush(&self, close: Bool) -> i64 {
        // After the worker was shut down, what is left is tested in the call.
        away(|| answer(|| self.get()?.start_flush(close.as_bool()).map(|ticket| ticket.0 as i64)))
    }

    pub(super) fn guard_wait(&self, ticket: u64, milliseconds: u32) -> i64 {
        let patience = Duration::from_millis(u64::from(milliseconds));
        away(|| answer(|| self.get()?.wait(Ticket(ticket), patience).map(i64::from)))
    }

    /// SAFETY: `function` must be 0 or a [`WakeFunction`] that any thread may call with `data`, until it is replaced.
    pub(super) unsafe fn guard_wake(&self, function: usize, data: usize) -> i64 {
        away(|| {
            answer(|| {
                let function = (function != 0).then(|| {
                    // SAFETY: by this function's contract.
                    unsafe {
                        let function = std::mem::transmute::<*const (), WakeFunction>(function as *const ());
                        raw::wake(function, data as *mut _)
                    }
                });
                self.get()?.on_wake(function).map(|()| 0)
            })
        })
    }
}
