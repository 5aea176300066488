//! The generic call with anything that random bytes make; `make fuzz` has a fuzzer make them.

use std::ptr::null_mut;

use fluxguard::ffi::c::fg_free;

use crate::corpora::targets::call::{CALL, Made, check};

#[test]
fn whatever_is_called_is_an_answer_or_an_error_of_the_table() {
    let mut handles: Vec<Made> = vec![("nothing", null_mut())];
    let seed = std::env::var("FLUXGUARD_FUZZ_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1u64);
    let runs =
        std::env::var("FLUXGUARD_FUZZ").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20_000);
    let mut state = seed;
    let mut done = 0;
    for _ in 0..runs {
        let bytes: Vec<u8> = (0..CALL)
            .map(|_| {
                // Marsaglia's xorshift.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        done += usize::from(check(&bytes, &mut handles));
    }
    println!("{done} of {runs} calls were answered");
    assert!(
        done > runs / 10,
        "the calls are too wrong to find anything: {done} of {runs} were answered"
    );
    for (_, mut handle) in handles {
        // SAFETY: each is freed once.
        unsafe { fg_free(&raw mut handle) };
    }
}
