//! Profiles: what outputs of a model are like when all is well.

use super::prelude::*;
use crate::profile::{Profile, ProfileOptions};
use crate::sketch::SketchKind;

operations! {
    kind "profile" = Mutex<Profile>: save "profile.save" on (profile), load "profile.load";

    "profile.new" by (options: ProfileOptions) or none -> handle {
        Mutex::new(Profile::new(options)?)
    }
    "profile.fit" on (profile: &Mutex<Profile>) arrays (reference: Tensor) -> nothing {
        let mut profile = lock(profile);
        let long = profile.takes_long(reference.elements().len());
        change(&mut *profile, long, &reference, |profile, reference| profile.fit(reference))?
    }
    // Takes in what the other was fitted on.
    "profile.merge" on (profile: &Mutex<Profile>, other: &Mutex<Profile>) -> nothing {
        if std::ptr::eq(profile, other) {
            return Err(Error::invalid("other", "the profile itself", "another profile"));
        }
        // One lock at a time, so that two merges in opposite directions cannot wait for each other.
        let copy = lock(other).clone();
        lock(profile).merge(&copy)?
    }
    "profile.describe" on (profile: &Mutex<Profile>) -> json { lock(profile).describe() }
    "profile.sketch" on (profile: &Mutex<Profile>) options (kind: String, feature: Option<usize>)
    -> handle {
        Mutex::new(lock(profile).sketch(kind.parse::<SketchKind>()?, feature)?)
    }
}
