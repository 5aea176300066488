use super::*;
use crate::sketch::{Histogram, HistogramCounts, Histograms};
use crate::testing::Random;

/// A column's reference, and counts of batches in its groups.
fn column(random: &mut Random, m: usize) -> (Histogram, Histograms) {
    let mut sorted = random.normals(m);
    sorted.sort_by(f64::total_cmp);
    let histogram = Histogram::new(&sorted, 10);
    (histogram.clone(), Histograms::new(vec![histogram]))
}

fn groups(histogram: &Histogram, of: &Histograms, values: &[f64]) -> Vec<u64> {
    let mut counts = HistogramCounts::new(1);
    counts.update(of, values, true);
    counts.groups(0, histogram).counts().to_vec()
}

/// Over every sequence of draws from the urn, given some before: the mean of the ratio is 1, to
/// the last digit.
#[test]
fn the_ratio_is_an_e_value() {
    let mut counts = GroupedMartingale::new(&[4, 2, 5]);
    for before in [[0, 0, 0], [3, 0, 1], [0, 9, 2]] {
        counts.update(&before, 0.1);
        let urn: Vec<f64> = counts.spacings.iter().zip(&counts.seen).map(|(s, c)| s + c).collect();
        let mut mean = 0.0;
        for sequence in 0..3usize.pow(6) {
            let mut x = [0.0; 3];
            (0..6).for_each(|i| x[sequence / 3usize.pow(i) % 3] += 1.0);
            mean += urn::ln_probability(&x, &urn).exp() * counts.ratio(&x, 6.0);
        }
        assert!((mean - 1.0).abs() < 1e-10, "{mean}");
    }
}

/// Of dependent observations neighboring groups move together: each is nearer to its share than
/// as many independent ones are.
#[test]
fn being_too_regular_is_no_evidence() {
    let thinning = Thinning::by(36.0);
    for groups in [4, 16, 64] {
        let reference = vec![300 / groups; groups as usize];
        let (mut counts, batch) = (
            GroupedMartingale::of_dependent(&reference, thinning),
            vec![2000 / groups; groups as usize],
        );
        (0..20).for_each(|_| assert!(counts.update_dependent(&batch, 0.01, thinning) < 1.0));
        assert!(counts.e_value() < 2.0, "{} in {groups} groups", counts.e_value());
        // A lost half is found all the same.
        let half: Vec<u64> =
            (0..groups).map(|group| if group < groups / 2 { 4000 / groups } else { 0 }).collect();
        (0..3).for_each(|_| assert!(counts.update_dependent(&half, 0.01, thinning) > 0.0));
        assert!(counts.e_value() > 1e3, "{} in {groups} groups", counts.e_value());
    }
}

/// A value that seldom differs may not differ in all of a reference. Over such a reference and a
/// batch of any number that does, weighed by how likely both are, alarms stay within the stake.
#[test]
fn a_reference_of_equal_values_is_no_proof_that_they_never_differ() {
    for m in [20u64, 50, 300] {
        for t in [50u64, 200, 1000] {
            for stake in [0.05, 1e-3, 1e-5] {
                let reaches = |k: u64| {
                    let mut counts = GroupedMartingale::new(&[0, m, 0]);
                    counts.update(&[0, t - k, k], stake) >= 1.0
                };
                let reached: Vec<bool> = (0..=t).map(reaches).collect();
                for q in [0.001f64, 0.003, 0.01, 0.03, 0.1, 0.2] {
                    // The binomial law, one number after the other.
                    let mut law = (1.0 - q).powi((m + t) as i32);
                    let mut alarms = 0.0;
                    for k in 0..=t {
                        alarms += if reached[k as usize] { law } else { 0.0 };
                        law *= (t - k) as f64 / (k + 1) as f64 * q / (1.0 - q);
                    }
                    assert!(alarms <= stake, "{alarms} for {stake}: {m}, {t}, {q}");
                }
                // What differs from now on is found, if not in the first batch.
                let mut counts = GroupedMartingale::new(&[0, m, 0]);
                let found = (0..6).any(|_| counts.update(&[0, 0, t], stake) >= 1.0);
                assert!(found && !reached[0], "{m} {t} {stake}: {}", counts.capital());
            }
        }
    }
}

/// With a small reference, whose quantiles are far from the truth, too.
#[test]
fn false_alarms_stay_within_the_stakes() {
    for (m, batch) in [(40, 25), (300, 60)] {
        let (runs, batches, stake) = (10_000, 6, 0.01);
        let mut reached = 0;
        for run in 0..runs {
            let mut random = Random(run);
            let (histogram, of) = column(&mut random, m);
            let mut counts = GroupedMartingale::new(histogram.reference());
            let batch =
                |_| counts.update(&groups(&histogram, &of, &random.normals(batch)), stake) >= 1.0;
            reached += u32::from((0..batches).any(batch));
        }
        let allowed = f64::from(batches) * stake * runs as f64;
        assert!(
            f64::from(reached) < allowed + 3.0 * allowed.sqrt() && reached > 0,
            "{m}: {reached} of {allowed}"
        );
    }
}

/// Each value comes several times in a row, all but the same, and counts as a part of one; in
/// the smallest cases a group of the reference counts as less than a value.
#[test]
fn values_that_come_several_times_spend_no_more() {
    for (m, batch, times) in [(200, 100, 5), (200, 200, 40), (1000, 300, 10)] {
        let (runs, batches, stake) = (2000, 6, 0.01);
        let thinning = Thinning::by(f64::from(times));
        let repeated = |random: &mut Random, n: usize| -> Vec<f64> {
            let values = random.normals(n / times as usize);
            values.iter().flat_map(|x| (0..times).map(move |i| x + 1e-9 * f64::from(i))).collect()
        };
        let mut reached = 0;
        for run in 0..runs {
            let mut random = Random(run);
            let mut sorted = repeated(&mut random, m);
            sorted.sort_by(f64::total_cmp);
            let histogram = Histogram::new(&sorted, 10);
            let of = Histograms::new(vec![histogram.clone()]);
            let mut counts = GroupedMartingale::of_dependent(histogram.reference(), thinning);
            let batch = |_| {
                let values = repeated(&mut random, batch);
                counts.update_dependent(&groups(&histogram, &of, &values), stake, thinning) >= 1.0
            };
            reached += u32::from((0..batches).any(batch));
        }
        let allowed = f64::from(batches) * stake * runs as f64;
        assert!(
            f64::from(reached) < allowed + 3.0 * allowed.sqrt(),
            "{m} by {times}: {reached} of {allowed}"
        );
    }
}

#[test]
fn weak_drift_is_found_that_no_single_batch_shows() {
    let mut random = Random(5);
    let (histogram, of) = column(&mut random, 2000);
    for (name, change) in [
        ("moved", (|x| x + 0.3) as fn(f64) -> f64),
        ("spread", |x| 1.3 * x),
        ("two humps", |x| if x > 0.0 { x + 0.5 } else { x - 0.5 }),
    ] {
        let mut counts = GroupedMartingale::new(histogram.reference());
        let mut batch = |n, changed: bool| {
            let values: Vec<f64> =
                random.normals(n).iter().map(|x| if changed { change(*x) } else { *x }).collect();
            groups(&histogram, &of, &values)
        };
        for _ in 0..20 {
            assert!(counts.update(&batch(100, false), 1e-7) < 1e-2, "{name}");
        }
        let found = (1..=20).find(|_| counts.update(&batch(100, true), 1e-7) >= 1.0);
        assert!(found.is_some_and(|after| after > 1), "{name}: {found:?}");
        counts.reset();
        assert_eq!(counts.capital(), 0.0);
    }
}

#[test]
fn what_alarmed_is_seen_to_go_and_seldom_when_it_stays() {
    let mut random = Random(9);
    let (histogram, of) = column(&mut random, 2000);
    for (shift, at_most) in [(2.0, 1), (0.5, 2), (0.25, 4)] {
        let mut counts = GroupedMartingale::new(histogram.reference());
        let mut gone = |counts: &mut GroupedMartingale, shift: f64| {
            let values: Vec<f64> = random.normals(200).iter().map(|x| x + shift).collect();
            counts.update(&groups(&histogram, &of, &values), 1e-7);
            counts.has_gone()
        };
        (0..10).for_each(|_| assert!(!gone(&mut counts, shift), "nothing can go before an alarm"));
        counts.alarm();
        let wrongly = (0..1000).filter(|_| gone(&mut counts, shift)).count();
        assert_eq!(wrongly, 0, "{shift}");
        let after = (1..=10).find(|_| gone(&mut counts, 0.0));
        assert!(after.is_some_and(|after| after <= at_most), "{shift}: {after:?}");
        counts.reset();
        assert!(!counts.has_alarmed() && !counts.has_gone());
    }
}

#[test]
fn far_off_counts_do_not_overflow() {
    let mut counts = GroupedMartingale::new(&[500, 500, 500, 500]);
    assert!(counts.update(&[0, 0, 0, 10_000_000], 1e-300).is_finite());
    assert!(counts.update(&[0, 0, 0, 10_000_000], 1e-300) >= 1.0);
    assert_eq!(GroupedMartingale::new(&[0, 9]).update(&[0, 0], 0.5), 0.5);
}
