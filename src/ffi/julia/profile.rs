//! Profiles, fitted and kept from Julia.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jlrs::data::managed::value::ValueRet;
use jlrs::data::managed::value::typed::TypedValue;
use jlrs::prelude::*;

use super::border::{Element, Held, away, made, made_text, tensor, text, value};
use super::guard::GuardHandle;
use super::sketch::made_sketch;
use crate::error::{Error, Result};
use crate::ffi::host::{self, answer};
use crate::ffi::sketch;
use crate::profile::Profile;
use crate::store;

/// A [`Profile`] in Julia's hands.
#[derive(OpaqueType)]
pub struct ProfileHandle {
    profile: Held<Mutex<Profile>>,
}

fn made_profile(work: impl FnOnce() -> Result<Profile>) -> ValueRet {
    made(work, |profile| value(ProfileHandle { profile: Held::new(Mutex::new(profile)) }))
}

pub(super) fn profile_new(options: JuliaString) -> ValueRet {
    made_profile(|| host::profile_new(text("options", options)?))
}

pub(super) fn profile_load(path: JuliaString) -> ValueRet {
    made_profile(|| store::load_profile(text("path", path)?.as_ref()))
}

impl ProfileHandle {
    fn lock(&self) -> Result<MutexGuard<'_, Profile>> {
        Ok(self.profile.get("profile")?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn profile_fit<T: Element>(&self, reference: TypedArray<T>, observations: i64) -> i64 {
        away(|| {
            answer(|| host::profile_fit(&mut *self.lock()?, &tensor("reference", reference, observations)?).map(|()| 0))
        })
    }

    pub(super) fn profile_merge(&self, from: TypedValue<ProfileHandle>) -> i64 {
        // SAFETY: Julia's dispatch checked the type, and roots the handle during the call.
        let from = unsafe { from.data_ptr().cast::<ProfileHandle>().as_ref() };
        away(|| {
            answer(|| {
                if std::ptr::eq(self, from) {
                    return Err(Error::invalid("profile", "the profile itself", "another profile"));
                }
                // One lock at a time, so that two merges in opposite directions cannot wait for each other.
                let copy = from.lock()?.clone();
                self.lock()?.merge(&copy).map(|()| 0)
            })
        })
    }

    pub(super) fn profile_describe(&self) -> ValueRet {
        made_text(|| host::json(&self.lock()?.describe()))
    }

    pub(super) fn profile_save(&self, path: JuliaString) -> i64 {
        away(|| answer(|| store::save_profile(&*self.lock()?, text("path", path)?.as_ref()).map(|()| 0)))
    }

    pub(super) fn profile_sketch(&self, kind: JuliaString, feature: i64) -> ValueRet {
        made_sketch(|| sketch::of_profile(&*self.lock()?, text("kind", kind)?, feature))
    }

    pub(super) fn guard_new(&self, options: JuliaString) -> ValueRet {
        let work = || host::guard_new(&*self.lock()?, text("options", options)?);
        made(work, |guard| value(GuardHandle::new(guard)))
    }
}
