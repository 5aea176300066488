//! What both forests grow: a sample a tree, cut in two until every point is alone or the depth is
//! reached.

use rand::Rng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::Rows;
use crate::parallel;

/// The tree's stream of random numbers and its sample, drawn without replacement.
pub fn sample(
    reference: &Rows<'_>,
    size: usize,
    seed: u64,
    tree: usize,
) -> (ChaCha8Rng, Vec<usize>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(tree as u64);
    let sample = index::sample(&mut random, reference.len(), size).into_vec();
    (random, sample)
}

/// `grow(tree)` for every tree, on all threads; the result does not depend on how many those are.
pub fn forest<T: Send>(
    trees: usize,
    sample_size: usize,
    grow: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let mut grown: Vec<Option<T>> = (0..trees).map(|_| None).collect();
    parallel::for_pieces(&mut grown, 1, sample_size * 64, |first, piece| {
        piece.iter_mut().enumerate().for_each(|(i, tree)| *tree = Some(grow(first + i)));
    });
    grown.into_iter().flatten().collect()
}

/// Least and greatest value of a feature among `points`.
pub fn range(reference: &Rows<'_>, points: &[usize], feature: usize) -> (f64, f64) {
    let (values, p) = (reference.values(), reference.features());
    points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), i| {
        let x = values[i * p + feature];
        (if x < low { x } else { low }, if x > high { x } else { high })
    })
}

/// Moves the points for which `left` holds to the front; their number.
pub fn partition(points: &mut [usize], left: impl Fn(usize) -> bool) -> usize {
    let mut front = 0;
    for i in 0..points.len() {
        if left(points[i]) {
            points.swap(i, front);
            front += 1;
        }
    }
    front
}

/// Uniform on `[low, high)`, finite for any two finite numbers.
pub fn between(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    let u: f64 = random.r#gen();
    let x = low * (1.0 - u) + high * u;
    if x < high { x.max(low) } else { low }
}
