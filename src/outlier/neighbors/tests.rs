//! Exact search against its definition.

use proptest::prelude::*;

use super::{Exact, Metric, Neighbor};
use crate::Rows;
use crate::testing::Random;

fn naive(metric: Metric, a: &[f64], b: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    match metric {
        Metric::Euclidean => a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
        Metric::InnerProduct => -product(a, b),
        Metric::Cosine => match product(a, a).sqrt() * product(b, b).sqrt() {
            0.0 => 1.0,
            norms => 1.0 - product(a, b) / norms,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn found_is_what_a_sort_finds(n in 1usize..300, p in 1usize..20, queries in 1usize..9,
        k in 1usize..20, seed in any::<u64>(), coarse in any::<bool>()) {
        let k = k.min(n);
        let mut random = Random(seed);
        // Coarse values make ties and zeros.
        let mut draw = |n: usize| -> Vec<f64> {
            random.normals(n).into_iter().map(|x| if coarse { x.round() } else { x }).collect()
        };
        let (points, rows) = (draw(n * p), draw(queries * p));
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::InnerProduct] {
            let exact = Exact::new(&Rows::from_values(points.clone(), p), metric).expect("small");
            let found = exact.search(&rows, k);
            prop_assert_eq!(found.len(), queries * k);
            let mut all = Vec::new();
            for (row, found) in rows.chunks(p).zip(found.chunks(k)) {
                exact.distances(row, &mut all);
                let mut want: Vec<f64> = points.chunks(p).map(|point| naive(metric, row, point))
                    .collect();
                for (a, b) in all.iter().zip(&want) {
                    prop_assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{metric:?} {a} {b}");
                }
                for n in found {
                    prop_assert!((n.distance - want[n.index as usize]).abs()
                        <= 1e-12 * (1.0 + n.distance.abs()));
                }
                want.sort_by(f64::total_cmp);
                for (n, want) in found.iter().zip(&want) {
                    prop_assert!((n.distance - want).abs() <= 1e-12 * (1.0 + want.abs()), "{metric:?} {} {want}", n.distance);
                }
            }
            let alone: Vec<Neighbor> = rows.chunks(p).flat_map(|row| exact.search(row, k))
                .collect();
            prop_assert_eq!(alone, found, "a batch changes nothing");
            let mut file = Vec::new();
            ciborium::into_writer(&exact, &mut file).expect("written");
            prop_assert_eq!(&ciborium::from_reader::<Exact, _>(file.as_slice()).expect("read"), &exact);
        }
    }
}

#[test]
fn a_point_is_not_its_own_neighbor() {
    let points = [0.0, 0.0, 1.0, 3.0, 3.0, 3.0];
    let exact =
        Exact::new(&Rows::from_values(points.to_vec(), 1), Metric::Euclidean).expect("small");
    let found = exact.search_self(2);
    let indices: Vec<u32> = found.iter().map(|n| n.index).collect();
    assert_eq!(indices, [1, 2, 0, 2, 0, 1, 4, 5, 3, 5, 3, 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_filter_loses_nothing(
        n in 200usize..900, p in 1usize..40, k in 1usize..7, seed in any::<u64>(),
        coarse in any::<bool>(),
        scale in prop::sample::select(vec![1.0, 1e-30, 1e-15, 1e10, 1e17, 1e19, 1e30, 1e100]),
        offset in prop::sample::select(vec![0.0, 1.0, 1e4, 1e9]), far in any::<bool>(),
    ) {
        let mut random = Random(seed);
        let mut draw = |n: usize| -> Vec<f64> {
            random.normals(n).into_iter()
                .map(|x| scale * (offset + if coarse { x.round() } else { x })).collect()
        };
        let (mut points, rows) = (draw(n * p), draw(130 * p));
        if far {
            points[0] = 1e12 * scale;
        }
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::InnerProduct] {
            let exact = Exact::new(&Rows::from_values(points.clone(), p), metric).expect("small");
            // A row alone is not filtered.
            let alone: Vec<Neighbor> = rows.chunks(p).flat_map(|row| exact.search(row, k))
                .collect();
            prop_assert_eq!(&exact.search(&rows, k), &alone, "{:?}", metric);
            let from = n / 3;
            let later = exact.search_from(&rows, k, from);
            let rest = Exact::of_points(metric, p, exact.rows(from..n)).expect("small");
            for (a, b) in later.iter().zip(rest.search(&rows, k)) {
                prop_assert!(a.index == b.index + from as u32 && a.distance == b.distance, "{:?} {:?}", a, b);
            }
        }
    }
}

#[test]
fn all_points_alike_are_found_in_order() {
    let exact =
        Exact::new(&Rows::from_values(vec![0.25; 3 * 700], 3), Metric::Euclidean).expect("small");
    let indices: Vec<u32> = exact.search(&[0.25; 3 * 100], 4).iter().map(|n| n.index).collect();
    assert_eq!(indices, [0, 1, 2, 3].repeat(100));
}
