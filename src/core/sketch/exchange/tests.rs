use super::*;
use crate::testing::Random;
use proptest::prelude::*;

fn sketch(kind: SketchKind) -> Sketch {
    Sketch::new(kind, None).unwrap()
}

/// Share of `sorted` at or below `x`.
fn rank(sorted: &[f64], x: f64) -> f64 {
    sorted.partition_point(|v| *v <= x) as f64 / sorted.len() as f64
}

/// By how much the ranks of nine quantiles are off.
fn worst(sketch: &Sketch, sorted: &[f64]) -> f64 {
    (1..10)
        .map(|k| {
            let share = f64::from(k) / 10.0;
            (rank(sorted, sketch.quantile(share).unwrap().unwrap()) - share).abs()
        })
        .fold(0.0, f64::max)
}

#[test]
fn merged_is_a_single_pass_within_the_stated_error() {
    for seed in 1..=5 {
        let mut random = Random(seed);
        let x: Vec<f64> = (0..60_000).map(|_| random.normal().exp()).collect();
        let mut sorted = x.clone();
        sorted.sort_by(f64::total_cmp);
        for kind in [SketchKind::Kll, SketchKind::Tdigest] {
            let mut single = sketch(kind);
            single.update(&x).unwrap();
            let mut merged = sketch(kind);
            for worker in x.chunks(7_000) {
                let mut part = sketch(kind);
                part.update(worker).unwrap();
                let sent = Sketch::from_bytes(kind, &part.to_bytes().unwrap()).unwrap();
                merged.merge(&sent).unwrap();
            }
            assert_eq!(merged.describe().unwrap().observations, Some(60_000));
            assert_eq!(merged.describe().unwrap().range, Some((sorted[0], sorted[59_999])));
            // One rank is off by more than the stated error in 1% of all runs; nine ranks of 20
            // runs by twice that next to never.
            let bound = 2.0 * merged.describe().unwrap().error.unwrap_or(0.01);
            assert!(worst(&single, &sorted) < bound && worst(&merged, &sorted) < bound, "{kind}");
        }
    }
}

#[test]
fn distinct_items_within_the_bounds() {
    for kind in [SketchKind::Hll, SketchKind::Theta] {
        let items: Vec<String> = (0..40_000).map(|i| format!("user {i}")).collect();
        let mut merged = sketch(kind);
        // Each item is seen by two of the workers.
        for worker in 0..4 {
            let mut part = sketch(kind);
            let seen =
                items.iter().enumerate().filter(|(i, _)| i % 4 == worker || (i + 1) % 4 == worker);
            part.update_words(seen.map(|(_, word)| (word.as_str(), 1))).unwrap();
            merged.merge(&Sketch::from_bytes(kind, &part.to_bytes().unwrap()).unwrap()).unwrap();
        }
        let mut single = sketch(kind);
        single.update_words(items.iter().map(|word| (word.as_str(), 2))).unwrap();
        for sketch in [&single, &merged] {
            let found = sketch.describe().unwrap().distinct.unwrap();
            // lg_k = 12: a standard error of 1.6%, and the bounds are at two of them; here within
            // three.
            assert!((found.estimate / 40_000.0 - 1.0).abs() < 0.05, "{kind}: {found:?}");
            assert!(found.lower < found.estimate && found.estimate < found.upper);
        }
    }
}

#[test]
fn numbers_and_words_are_items_of_their_own() {
    for kind in [SketchKind::Hll, SketchKind::Theta] {
        let mut s = sketch(kind);
        s.update(&[1.0, 1.0, 0.0, -0.0, 2.5]).unwrap();
        s.update_words([("1", 1), ("", 1), ("ü", 3), ("never", 0)]).unwrap();
        assert_eq!(s.describe().unwrap().distinct.unwrap().estimate.round(), 5.0, "{kind}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_lie_within_their_bounds(words in prop::collection::vec(0u32..400, 1..3000),
        cut in 0usize..3000) {
        let names: Vec<String> = words.iter().map(|w| format!("w{}", w * w / 400)).collect();
        let cut = cut.min(names.len());
        let fit = |names: &[String]| {
            let mut s = Sketch::new(SketchKind::FrequentItems, Some(32)).unwrap();
            s.update_words(names.iter().map(|n| (n.as_str(), 1))).unwrap();
            s
        };
        let mut merged = fit(&names[..cut]);
        merged.merge(&fit(&names[cut..])).unwrap();
        let merged = Sketch::from_bytes(SketchKind::FrequentItems, &merged.to_bytes().unwrap())
            .unwrap();
        let described = merged.describe().unwrap();
        prop_assert_eq!(described.observations, Some(names.len() as u64));
        let error = (described.error.unwrap() * names.len() as f64).round() as u64;
        let found = merged.frequent().unwrap();
        for row in &found {
            let count = names.iter().filter(|n| **n == row.item).count() as u64;
            prop_assert!(row.lower <= count && count <= row.upper
                && row.upper - row.lower <= error);
        }
        for name in &names {
            let count = names.iter().filter(|n| *n == name).count() as u64;
            prop_assert!(count <= error || found.iter().any(|row| row.item == *name));
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_or_another_sketch(
        which in 0usize..6, n in 0usize..300,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(), shorten in any::<bool>()
    ) {
        let kind = SketchKind::ALL[which];
        let mut s = Sketch::new(kind,
            Some(if kind.is_of_frequencies() { 64 } else { kind.default_size().min(20) }))
            .unwrap();
        let x: Vec<f64> = (0..n).map(|i| (i * 37 % 101) as f64).collect();
        s.update(&x).unwrap();
        let mut bytes = s.to_bytes().unwrap();
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        match Sketch::from_bytes(kind, &bytes) {
            Err(error) => prop_assert!([401, 403].contains(&error.code())),
            // What is read can be used.
            Ok(read) => {
                read.describe().unwrap();
                for _ in 0..3 {
                    // Counts may be too large together, which is said.
                    assert!(s.merge(&read).map_or_else(|e| e.code() == 100, |()| true));
                }
                assert!(s.update(&x).map_or_else(|e| e.code() == 100, |()| true));
                s.describe().unwrap();
                let _ = read.quantile(0.5);
                let _ = read.frequent();
            }
        }
    }

    #[test]
    fn noise_is_never_a_panic(which in 0usize..6,
        bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Sketch::from_bytes(SketchKind::ALL[which], &bytes);
    }
}

#[test]
fn counts_that_do_not_fit_are_refused_and_nothing_is_taken_in() {
    for kind in
        [SketchKind::Kll, SketchKind::Tdigest, SketchKind::FrequentItems, SketchKind::FrequentLongs]
    {
        let mut s = sketch(kind);
        s.update(&[1.0, 2.0, 2.0]).unwrap();
        // Merged with a copy of itself, until the next would count 2^64 or more.
        let copy = |s: &Sketch| Sketch::from_bytes(kind, &s.to_bytes().unwrap()).unwrap();
        let refused = loop {
            let (before, other) = (s.describe().unwrap(), copy(&s));
            if let Err(error) = s.merge(&other) {
                assert_eq!(s.describe().unwrap(), before, "{kind}");
                break error;
            }
        };
        assert!(refused.code() == 100 && refused.to_string().contains("2^64"), "{kind}: {refused}");
        let counted = s.describe().unwrap().observations.unwrap();
        assert_eq!(counted, 3 << 62, "{kind}");
        assert_eq!(copy(&s).describe().unwrap().observations, Some(counted), "{kind}");
    }
    let mut s = sketch(SketchKind::FrequentItems);
    s.update_words([("a", u64::MAX)]).unwrap();
    assert_eq!(s.update_words([("b", 1)]).unwrap_err().code(), 100);
    assert_eq!(s.update(&[1.0]).unwrap_err().code(), 100);
    // An error that the weight does not allow would make the sums of a merge overflow.
    let mut bytes = s.to_bytes().unwrap();
    bytes[24..32].copy_from_slice(&7u64.to_le_bytes());
    assert_eq!(Sketch::from_bytes(SketchKind::FrequentItems, &bytes).unwrap_err().code(), 401);
}

#[test]
fn whole_numbers_of_64_bits_are_exact_and_are_no_doubles() -> Result<()> {
    let beyond: Vec<i128> = (0..100).map(|i| (1 << 53) + i).collect();
    for kind in [SketchKind::Hll, SketchKind::Theta] {
        let count = |s: &Sketch| {
            s.describe().map(|described| described.distinct.map_or(0.0, |d| d.estimate.round()))
        };
        let mut s = sketch(kind);
        s.update_ints(&beyond)?;
        assert_eq!(count(&s)?, 100.0, "{kind}");
        // The long 7, the double 7 and the text are three; a number of 64 bits without a sign is
        // the long of the same bits.
        let mut s = sketch(kind);
        s.update_ints(&[7, 7, -1, i128::from(u64::MAX)])?;
        s.update(&[7.0])?;
        s.update_words([("7", 1)])?;
        assert_eq!(count(&s)?, 4.0, "{kind}");
    }
    for kind in [SketchKind::FrequentItems, SketchKind::FrequentLongs] {
        let mut s = sketch(kind);
        s.update_ints(&[i128::from(i64::MIN), 9_007_199_254_740_993, 9_007_199_254_740_993])?;
        s.update(&[5.0, 5.0, 5.0])?;
        let read = Sketch::from_bytes(kind, &s.to_bytes()?)?;
        let items: Vec<(String, u64)> =
            read.frequent()?.into_iter().map(|f| (f.item, f.lower)).collect();
        let expected = [("5", 3), ("9007199254740993", 2), ("-9223372036854775808", 1)];
        assert_eq!(items, expected.map(|(item, n)| (item.to_owned(), n)), "{kind}");
        assert!(s.update_ints(&[1 << 64]).is_err() && s.update_ints(&[-(1 << 63) - 1]).is_err());
        assert_eq!(s.update_ints(&[1 << 63]).is_err(), kind == SketchKind::FrequentLongs);
    }
    let mut longs = sketch(SketchKind::FrequentLongs);
    assert!(
        longs.update(&[0.5]).is_err()
            && longs.update(&[1e16]).is_err()
            && longs.merge(&sketch(SketchKind::FrequentItems)).is_err()
    );
    let mut kll = sketch(SketchKind::Kll);
    kll.update_ints(&[1, 2, 3])?;
    assert_eq!(kll.quantile(1.0)?, Some(3.0));
    Ok(())
}

#[test]
fn what_is_kept_here_can_leave() {
    let mut frequencies = Frequencies::new(30);
    (0..1000u32).for_each(|i| frequencies.update(i * i % 30));
    let sent = Sketch::try_from(&frequencies).unwrap();
    let back = Sketch::from_bytes(SketchKind::FrequentItems, &sent.to_bytes().unwrap()).unwrap();
    for row in back.frequent().unwrap() {
        let class: usize = row.item.parse().unwrap();
        assert_eq!(
            (row.lower, row.upper),
            (frequencies.counts()[class], frequencies.counts()[class])
        );
    }
    let mut reservoir = Reservoir::new(2, 1000);
    (0..500).for_each(|i| reservoir.update(&[f64::from(i), 0.0]));
    let described = reservoir.to_kll(0).unwrap().describe().unwrap();
    assert_eq!((described.observations, described.range), (Some(500), Some((0.0, 499.0))));
}

#[test]
fn bad_input_is_named() {
    for kind in SketchKind::ALL {
        assert_eq!(kind.as_str().parse::<SketchKind>().unwrap(), kind);
        for size in [0, 3, 1_000_001] {
            assert!(
                Sketch::new(kind, Some(size)).unwrap_err().to_string().starts_with("size: got"),
                "{kind}"
            );
        }
        let mut s = sketch(kind);
        let empty = s.describe().unwrap();
        assert!(s.update(&[1.0, f64::NAN]).unwrap_err().to_string().contains("NaN at index 1"));
        assert_eq!(s.describe().unwrap(), empty);
        assert_eq!(
            s.update_words([("a", 1)]).is_err(),
            kind.numbers_only() || kind == SketchKind::FrequentLongs
        );
        let other = sketch(if kind == SketchKind::Hll { SketchKind::Kll } else { SketchKind::Hll });
        assert_eq!(s.merge(&other).unwrap_err().code(), 204);
        assert_eq!(s.quantile(0.5).is_err(), !kind.numbers_only());
        assert_eq!(s.frequent().is_err(), !kind.is_of_frequencies());
        assert_eq!(Sketch::from_bytes(kind, b"").unwrap_err().code(), 401);
    }
    assert!(sketch(SketchKind::Tdigest).update(&[f64::INFINITY]).is_err());
    assert_eq!(sketch(SketchKind::Kll).quantile(2.0).unwrap_err().code(), 100);
    assert_eq!(sketch(SketchKind::Kll).quantile(0.5).unwrap(), None);
    assert_eq!("no".parse::<SketchKind>().unwrap_err().code(), 100);
}

#[test]
fn a_theta_sketch_keeps_its_size_when_it_takes_in_one_that_was_read() -> Result<()> {
    let mut first = Sketch::new(SketchKind::Theta, Some(15))?;
    first.update(&(0..20_000).map(f64::from).collect::<Vec<_>>())?;
    let mut copy = Sketch::new(SketchKind::Theta, Some(15))?;
    copy.merge(&Sketch::from_bytes(SketchKind::Theta, &first.to_bytes()?)?)?;
    assert_eq!(copy.describe()?.size, 15);
    assert_eq!(copy.describe()?.distinct, first.describe()?.distinct);
    // Of two whose sizes are known the smaller counts.
    copy.merge(&Sketch::new(SketchKind::Theta, Some(10))?)?;
    assert_eq!(copy.describe()?.size, 10);
    Ok(())
}

#[test]
fn a_sketch_that_says_to_hold_more_than_it_does_is_refused() {
    let mut sketch = Sketch::new(SketchKind::Hll, None).unwrap();
    sketch.update(&(0..60).map(f64::from).collect::<Vec<_>>()).unwrap();
    let whole = sketch.to_bytes().unwrap();
    assert!(Sketch::from_bytes(SketchKind::Hll, &whole).is_ok());
    // The first coupon of a set, which begin at byte 12, is no coupon.
    let mut damaged = whole.clone();
    damaged[12..16].fill(0);
    let refused = Sketch::from_bytes(SketchKind::Hll, &damaged);
    assert_eq!(refused.map(|_| ()).unwrap_err().code(), 401);
    // It is the second one again.
    let mut damaged = whole;
    damaged.copy_within(16..20, 12);
    let refused = Sketch::from_bytes(SketchKind::Hll, &damaged);
    assert_eq!(refused.map(|_| ()).unwrap_err().code(), 401);
}

#[test]
fn registers_that_no_hash_could_give_are_refused() {
    let mut sketch = Sketch::new(SketchKind::Hll, None).unwrap();
    sketch.update(&(0..9000).map(f64::from).collect::<Vec<_>>()).unwrap();
    let whole = sketch.to_bytes().unwrap();
    assert!(Sketch::from_bytes(SketchKind::Hll, &whole).is_ok());
    // Registers of four bits, of which byte 6 is the least; and as if they were of eight.
    assert_eq!(whole[7] & 0b1111, 0b10);
    for (mode, at) in [(0b10, 6), (0b1010, whole.len() - 1)] {
        let mut damaged = whole.clone();
        damaged[7] = mode;
        damaged[at] = 176;
        let refused = Sketch::from_bytes(SketchKind::Hll, &damaged).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), 401, "{refused}");
        assert!(refused.to_string().contains("register"), "{refused}");
    }
}
