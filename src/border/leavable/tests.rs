use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::sleep;

use super::*;
use crate::call::Call;
use crate::operations::{find, tests::array};
use crate::parallel::for_pieces;
use crate::profile::{Profile, ProfileOptions};
use crate::tensor::Elements;

/// A flag of a host's. Leaked, as a host's lives for ever.
fn host() -> &'static AtomicI32 {
    let flag: &'static AtomicI32 = Box::leak(Box::new(AtomicI32::new(0)));
    FLAG.set(Some(flag));
    flag
}

fn tensor(values: &[f64], observations: usize) -> Tensor<'_> {
    Tensor::new(Elements::F64(values), observations).expect("whole")
}

/// Says when it is dropped.
struct Dropped(Sender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

fn dropped() -> (Dropped, Receiver<()>) {
    let (send, receive) = channel();
    (Dropped(send), receive)
}

/// Raises the flag once `begun` was waited for.
fn interrupt_after(begun: &Arc<Barrier>, flag: &'static AtomicI32) -> Arc<Barrier> {
    let waited = begun.clone();
    std::thread::spawn(move || {
        waited.wait();
        flag.store(1, Ordering::Relaxed);
    });
    begun.clone()
}

#[test]
fn results_errors_and_panics_are_those_of_the_work() {
    for listening in [false, true] {
        if listening {
            host();
        }
        let caller = std::thread::current().id();
        let elsewhere = leavable(move || Ok(std::thread::current().id() != caller));
        assert_eq!(elsewhere, Ok(listening));
        let values: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let array = Tensor::new(Elements::F32(&values), 3).expect("whole");
        let seen = leavable_on([&array, &array], |[a, b]| {
            Ok((
                a.features(),
                b.observations(),
                matches!(a.elements(), Elements::F32(x) if x[5] == 5.0),
            ))
        });
        assert_eq!(seen, Ok((2, 3, true)));
        let error = Error::invalid("x", 1, 2);
        assert_eq!(
            leavable::<()>({
                let error = error.clone();
                move || Err(error)
            }),
            Err(error)
        );
        let panicked = contained(|| leavable::<()>(|| panic!("on purpose")));
        assert_eq!(panicked, Err(Error::NativePanic { message: "on purpose".into() }));
    }
}

#[test]
fn a_raised_flag_ends_the_call_and_what_is_made_is_dropped() {
    let flag = host();
    let (begun, end) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (made, is_dropped) = dropped();
    let (begins, ends) = (interrupt_after(&begun, flag), end.clone());
    let result = leavable(move || {
        begins.wait();
        ends.wait();
        Ok(made)
    });
    assert_eq!(result.map(|_| ()), Err(Error::Interrupted));
    assert!(is_dropped.try_recv().is_err(), "the work still goes on");
    end.wait();
    is_dropped.recv().expect("dropped by the thread that was left behind");
    // Raised: nothing begins. Taken back: all is as before.
    assert_eq!(leavable::<()>(|| panic!("begun")), Err(Error::Interrupted));
    flag.store(0, Ordering::Relaxed);
    assert_eq!(leavable(|| Ok(1)), Ok(1));
    flag.store(1, Ordering::Relaxed);
    assert_eq!(listening(None, || leavable(|| Ok(2))), Ok(2));
    assert_eq!(listening(Some(flag), || leavable(|| Ok(3))), Err(Error::Interrupted));
    assert_eq!(leavable(|| Ok(4)), Ok(4), "a flag is that of one call");
}

#[test]
fn a_change_is_whole_or_not_made() {
    let flag = host();
    let values: Vec<f64> = (0..40).map(f64::from).collect();
    let batch = tensor(&values, 20);
    let mut profile = Profile::new(ProfileOptions::default()).expect("options");
    change(&mut profile, true, &batch, |profile, batch| profile.fit(batch)).expect("finite");
    let before = profile.clone();
    assert_eq!(before.observations(), 20);
    let begun = Arc::new(Barrier::new(2));
    let begins = interrupt_after(&begun, flag);
    let (goes, stops) = channel::<()>();
    let left = change(&mut profile, true, &batch, move |profile, batch| {
        profile.fit(batch)?;
        begins.wait();
        let _ = stops.recv();
        Ok(())
    });
    drop(goes);
    assert_eq!((left, &profile), (Err(Error::Interrupted), &before));
    flag.store(0, Ordering::Relaxed);
    let refused = change(&mut profile, true, &batch, |profile, batch| {
        profile.fit(batch)?;
        Err::<(), _>(Error::invalid("x", 1, 2))
    });
    assert_eq!((refused.map_err(|e| e.code()), &profile), (Err(100), &before));
}

/// Work that would take for ever ends because its loop is told that nobody waits: the value it owns
/// is dropped.
fn ends_when_left(work: impl FnOnce(&Barrier) + Send + 'static) {
    let flag = host();
    let begun = Arc::new(Barrier::new(2));
    let begins = interrupt_after(&begun, flag);
    let (owned, is_dropped) = dropped();
    let result = leavable(move || {
        let _owned = owned;
        work(&begins);
        Ok(())
    });
    assert_eq!(result, Err(Error::Interrupted));
    is_dropped.recv().expect("dropped");
}

#[test]
fn a_loop_on_threads_is_left() {
    ends_when_left(|begins| {
        let mut out = vec![0u8; 1 << 20];
        for_pieces(&mut out, 1, 1 << 40, |first, _| {
            if first == 0 {
                begins.wait();
            }
            sleep(Duration::from_millis(2));
        });
    });
}

#[test]
fn short_loops_again_and_again_are_left() {
    ends_when_left(|begins| {
        begins.wait();
        loop {
            for_pieces(&mut [0u8; 4], 1, 1, |_, _| sleep(Duration::from_millis(1)));
        }
    });
}

#[test]
fn reassignments_are_left() {
    ends_when_left(|begins| {
        begins.wait();
        let values: Vec<f64> = (0..4000).map(|i| f64::from(i * 7919 % 4001)).collect();
        let (a, b) = values.split_at(2000);
        let options =
            r#"{"tests":["wasserstein"],"method":"permutation","permutations":{"draws":10000000}}"#;
        let arrays = vec![array("reference", a, 2000), array("current", b, 2000)];
        let compare = find("drift.compare").expect("an operation");
        let _ = Call::new(compare, options, Vec::new(), arrays).and_then(Call::run);
    });
}
