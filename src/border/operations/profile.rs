//! Profiles: what outputs of a model are like when all is well.

use std::sync::Mutex;

use super::file::{loads, saves};
use crate::call::{Answer, Operation, named_options};
use crate::error::Error;
use crate::handle::{Held, lock};
use crate::leavable::change;
use crate::profile::{Profile, ProfileOptions};
use crate::sketch::SketchKind;

impl Held for Mutex<Profile> {
    const KIND: &'static str = "profile";
}

pub(super) const OPERATIONS: &[Operation] = &[
    // By [`ProfileOptions`].
    Operation::new("profile.new", |call| {
        Profile::new(call.options_or_default::<ProfileOptions>()?).map(Mutex::new).map(Answer::made)
    }),
    Operation::new("profile.fit", |call| {
        let (profile, reference) =
            (call.handle::<Mutex<Profile>>("profile")?, call.tensor("reference")?);
        let mut profile = lock(profile);
        let long = profile.takes_long(reference.elements().len());
        change(&mut *profile, long, &reference, |profile, reference| profile.fit(reference))
            .map(Answer::from)
    })
    .on(&["profile"])
    .of(&["reference"]),
    // Takes in what the other was fitted on.
    Operation::new("profile.merge", |call| {
        let (profile, other) =
            (call.handle::<Mutex<Profile>>("profile")?, call.handle::<Mutex<Profile>>("other")?);
        if std::ptr::eq(profile, other) {
            return Err(Error::invalid("other", "the profile itself", "another profile"));
        }
        // One lock at a time, so that two merges in opposite directions cannot wait for each other.
        let copy = lock(other).clone();
        Ok(lock(profile).merge(&copy)?.into())
    })
    .on(&["profile", "other"]),
    Operation::new("profile.describe", |call| {
        Answer::json(&lock(call.handle::<Mutex<Profile>>("profile")?).describe())
    })
    .on(&["profile"]),
    Operation::new("profile.sketch", |call| {
        let (kind, feature) = named_options!(call, kind: String, feature: Option<usize>)?;
        let sketch = lock(call.handle::<Mutex<Profile>>("profile")?)
            .sketch(kind.parse::<SketchKind>()?, feature)?;
        Ok(Answer::made(Mutex::new(sketch)))
    })
    .on(&["profile"]),
    saves::<Mutex<Profile>>("profile.save", &["profile"]),
    loads::<Mutex<Profile>>("profile.load"),
];
