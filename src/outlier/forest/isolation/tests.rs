use super::*;
use crate::testing::Random;

fn rows(n: usize, p: usize, seed: u64) -> Rows<'static> {
    Rows::from_values(Random(seed).normals(n * p), p)
}

#[test]
fn what_is_far_scores_higher_and_alone_as_in_a_batch() {
    let forest = IsolationForest::fit(&rows(1000, 3, 1), &Options::default()).expect("fits");
    let mut probe = rows(49, 3, 2).values().to_vec();
    probe[3 * 20..3 * 21].fill(6.0);
    let mut scores = vec![0.0; 49];
    forest.score_rows(&probe, &mut scores);
    assert!(scores[20] > 0.7 && scores.iter().enumerate().all(|(i, s)| i == 20 || *s < scores[20]));
    for (row, score) in probe.chunks(3).zip(&scores) {
        let mut alone = [0.0];
        forest.score_rows(row, &mut alone);
        assert_eq!(alone[0], *score);
    }
}

#[test]
fn the_average_path_is_that_of_the_paper() {
    // c(n) = 2 H(n - 1) - 2 (n - 1)/n; the paper's H is ln + gamma.
    for (n, want) in [(1, 0.0), (2, 1.0), (3, 1.207_392_357_589_623), (256, 10.244_770_920_119_917)]
    {
        assert!((average_path_length(n) - want).abs() < 1e-12, "{n}: {}", average_path_length(n));
    }
}

#[test]
fn a_saved_forest_scores_to_the_bit_and_is_smaller() {
    let forest =
        IsolationForest::fit(&rows(500, 4, 3), &Options { trees: 20, ..Options::default() })
            .expect("fits");
    let mut file = Vec::new();
    ciborium::into_writer(&forest, &mut file).expect("written");
    let again: IsolationForest = ciborium::from_reader(file.as_slice()).expect("read");
    assert_eq!(again, forest);
    assert!(file.len() < 20 * 3000, "{} bytes", file.len());
    for at in (0..file.len()).step_by(97) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x41;
        // Another forest or a refusal; no panic.
        let _ = ciborium::from_reader::<IsolationForest, _>(damaged.as_slice());
    }
}

#[test]
fn another_value_than_the_only_one_is_an_outlier() {
    let score = |forest: &IsolationForest, row: &[f64]| {
        let mut score = [0.0];
        forest.score_rows(row, &mut score);
        score[0]
    };
    let values: Vec<f64> = (0..200).flat_map(|i| [f64::from(i % 50), 7.0]).collect();
    let forest = IsolationForest::fit(&Rows::from_values(values.clone(), 2), &Options::default())
        .expect("fits");
    let inside = values.chunks_exact(2).map(|row| score(&forest, row)).fold(0.0, f64::max);
    for other in [7.0f64.next_down(), 7.0f64.next_up(), 1e9, -1e9] {
        assert!(score(&forest, &[3.0, other]) > inside, "{other}");
    }
    let same = IsolationForest::fit(&Rows::from_values(vec![1.0; 20], 1), &Options::default())
        .expect("fits");
    assert!([0.999, 1.001, 5.0, -4.0].iter().all(|x| score(&same, &[*x]) > score(&same, &[1.0])));
}

#[test]
fn values_between_and_beyond_few_values_are_outliers() {
    for few in [2, 3, 5] {
        let values: Vec<f64> =
            (0..300).flat_map(|i| [f64::from(i % few), f64::from(i / 7 % few)]).collect();
        let forest =
            IsolationForest::fit(&Rows::from_values(values.clone(), 2), &Options::default())
                .expect("fits");
        let mut scores = vec![0.0; 300];
        forest.score_rows(&values, &mut scores);
        let inside = scores.iter().copied().fold(0.0, f64::max);
        for row in [[10.0, 1.0], [0.5, 1.0], [-5.0, 0.0], [1.0, 1e9], [0.5, 0.5]] {
            let mut score = [0.0];
            forest.score_rows(&row, &mut score);
            assert!(score[0] > inside, "{few}: {row:?} {} {inside}", score[0]);
        }
    }
}

#[test]
fn bad_dumps_are_refused() {
    let leaf = TreeDump {
        children_left: vec![-1],
        children_right: vec![-1],
        feature: vec![-2],
        threshold: vec![-2.0],
        n_node_samples: vec![4],
    };
    let dump = |tree: TreeDump| ForestDump { features: 1, sample_size: 4, trees: vec![tree] };
    assert!(IsolationForest::from_dump(&dump(leaf.clone())).is_ok());
    let endless = TreeDump {
        children_left: vec![0],
        children_right: vec![0],
        feature: vec![0],
        ..leaf.clone()
    };
    let wild = TreeDump {
        children_left: vec![5],
        children_right: vec![6],
        feature: vec![0],
        ..leaf.clone()
    };
    let short = TreeDump { threshold: vec![], ..leaf };
    for tree in [endless, wild, short] {
        assert_eq!(IsolationForest::from_dump(&dump(tree)).map_err(|e| e.code()), Err(100));
    }
}
