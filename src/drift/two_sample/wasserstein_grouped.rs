//! The null distribution of what a window's groups have of W₁ ([`Transport::grouped`]).
//!
//! Given the reference, that is `∫ |P| dx`, P being the difference of the distribution functions at
//! the edges and a straight line (in the reference's ranks) between them. √(mn/(m+n)) P tends to a
//! Brownian bridge that is known at the edges and straight between them. So all is as for [`Null`],
//! with the variances and covariances of straight pieces of a bridge; and where it goes all one
//! way, the integral is the difference of two means, of values that are replaced by the mean of
//! their group: a variable of at most sixteen values, each of a share of the reference, whatever
//! the tails beyond.

use super::wasserstein_null::{Null, expected_product, nakagami_shape};
use crate::sketch::{Histogram, Stretch, Transport};

/// Pieces of about equal weight that a group is reduced to for the second moment.
const PIECES: usize = 16;

/// A place where P is looked at: its weight `length · sd(P)`, and where it lies.
#[derive(Debug, Clone, Copy)]
struct Piece {
    weight: f64,
    group: usize,
    share: f64,
}

/// The bridge between two neighboring edges: F at each.
struct Bridge(Vec<(f64, f64)>);

impl Bridge {
    /// Cov(P, P') of a bridge that is straight between edges.
    fn covariance(&self, a: &Piece, b: &Piece) -> f64 {
        let (u, v) = self.0[a.group];
        if a.group == b.group {
            let (s, t) = (a.share, b.share);
            return (1.0 - s) * (1.0 - t) * u * (1.0 - u)
                + s * t * v * (1.0 - v)
                + ((1.0 - s) * t + s * (1.0 - t)) * u * (1.0 - v);
        }
        let at = |piece: &Piece| {
            let (u, v) = self.0[piece.group];
            u + piece.share * (v - u)
        };
        let (low, high) = if a.group < b.group { (a, b) } else { (b, a) };
        at(low) * (1.0 - at(high))
    }
}

impl Null {
    /// Of [`Transport::grouped`] of this reference. Cost: at most 33,000 arcsines (0.5 ms or so).
    #[must_use]
    pub fn of_groups(transport: &Transport, histogram: &Histogram) -> Self {
        let size = histogram.reference_size() as f64;
        let starts: Vec<f64> =
            [0].into_iter().chain(histogram.reference_below()).map(|b| b as f64 / size).collect();
        let ends = starts[1..].iter().copied().chain([1.0]);
        let bridge = Bridge(starts.iter().copied().zip(ends).collect());
        let whole = transport.stretches().iter().map(|stretch| stretch.length).sum::<f64>();
        let (variance, third, fourth) = moments(&coded(transport, starts.len(), whole), &bridge);
        if !(variance > 0.0 && whole.is_finite()) {
            return Self {
                sd: 0.0,
                mean: 0.0,
                second_moment: 0.0,
                shape: 0.5,
                skewness: 0.0,
                excess_kurtosis: 0.0,
            };
        }
        let sd = variance.sqrt();
        let weighted = |stretch: &Stretch| {
            let place = Piece {
                weight: 1.0,
                group: usize::from(stretch.group),
                share: f64::from(stretch.share),
            };
            let weight =
                stretch.length / whole / sd * bridge.covariance(&place, &place).max(0.0).sqrt();
            Piece { weight, ..place }
        };
        let pieces = reduced(&transport.stretches().iter().map(weighted).collect::<Vec<_>>());
        let first = std::f64::consts::FRAC_2_PI.sqrt()
            * pieces.iter().map(|piece| piece.weight).sum::<f64>();
        let second = second_moment(&pieces, &bridge).max(1.0);
        Self {
            sd: sd * whole,
            mean: first,
            second_moment: second,
            shape: nakagami_shape(first * first / second),
            skewness: third / sd.powi(3),
            excess_kurtosis: fourth / (variance * variance) - 3.0,
        }
    }
}

/// The value that stands for each group, where its values lie on average: from the lowest (0) to
/// the highest (1) of all.
///
/// Where P goes one way, `∫ P dx` is a sum over the groups of these times the difference of the
/// shares.
fn coded(transport: &Transport, groups: usize, whole: f64) -> Vec<f64> {
    let mut parts = vec![(0.0, 0.0); groups];
    for stretch in transport.stretches() {
        let (length, inside) = &mut parts[usize::from(stretch.group)];
        *length += stretch.length / whole;
        *inside += stretch.length / whole * (1.0 - f64::from(stretch.share));
    }
    let place = |below: &mut f64, (length, inside): (f64, f64)| {
        let at = *below + inside;
        *below += length;
        Some(at)
    };
    parts.into_iter().scan(0.0, place).collect()
}

/// Central moments 2 to 4 of the coded values.
fn moments(values: &[f64], bridge: &Bridge) -> (f64, f64, f64) {
    let shares = || bridge.0.iter().map(|(from, to)| to - from);
    let mean = values.iter().zip(shares()).map(|(x, share)| x * share).sum::<f64>();
    let central = |power| {
        values.iter().zip(shares()).map(|(x, share)| share * (x - mean).powi(power)).sum::<f64>()
    };
    (central(2), central(3), central(4))
}

/// Neighbors of a group taken together, until it has at most [`PIECES`] of about equal weight.
fn reduced(pieces: &[Piece]) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    for of_group in pieces.chunk_by(|a, b| a.group == b.group) {
        let each = of_group.iter().map(|piece| piece.weight).sum::<f64>() / PIECES as f64;
        let (mut weight, mut share) = (0.0, 0.0);
        for (i, piece) in of_group.iter().enumerate() {
            weight += piece.weight;
            share += piece.weight * piece.share;
            if weight > 0.0 && (weight >= each || i + 1 == of_group.len()) {
                found.push(Piece { weight, share: share / weight, group: piece.group });
                (weight, share) = (0.0, 0.0);
            }
        }
    }
    found
}

/// ∬ E|P(x)||P(y)| dx dy.
fn second_moment(pieces: &[Piece], bridge: &Bridge) -> f64 {
    let deviations: Vec<f64> =
        pieces.iter().map(|piece| bridge.covariance(piece, piece).max(0.0).sqrt()).collect();
    let mut sum = 0.0;
    for (i, a) in pieces.iter().enumerate() {
        sum += a.weight * a.weight;
        for (j, b) in pieces.iter().enumerate().skip(i + 1) {
            let apart = deviations[i] * deviations[j];
            let rho =
                if apart > 0.0 { (bridge.covariance(a, b) / apart).clamp(0.0, 1.0) } else { 0.0 };
            sum += 2.0 * a.weight * b.weight * expected_product(rho);
        }
    }
    sum
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sketch::{HistogramCounts, Histograms};
    use crate::testing::Random;

    fn of(reference: &mut [f64]) -> (Histogram, Transport) {
        reference.sort_by(f64::total_cmp);
        let histogram = Histogram::new(reference, 10);
        let transport = Transport::new(reference, &histogram);
        (histogram, transport)
    }

    /// Windows of the reference's own distribution, by resampling.
    #[test]
    fn mean_and_deviation_are_those_of_resampled_windows() {
        let mut random = Random(7);
        for transform in [|z: f64| z, f64::exp, |z: f64| (3.0 * z).exp(), |z: f64| z.round()] {
            let mut reference: Vec<f64> = random.normals(5000).into_iter().map(transform).collect();
            let (histogram, transport) = of(&mut reference);
            let null = Null::of_groups(&transport, &histogram);
            let (histograms, n) = (Histograms::new(vec![histogram.clone()]), 500);
            let windows: Vec<f64> = (0..4000)
                .map(|_| {
                    let window: Vec<f64> =
                        (0..n).map(|_| reference[(random.uniform() * 5000.0) as usize]).collect();
                    let mut counts = HistogramCounts::new(1);
                    counts.update(&histograms, &window, true);
                    transport.grouped(&histogram, &counts.groups(0, &histogram))
                        * f64::from(n).sqrt()
                })
                .collect();
            let mean = windows.iter().sum::<f64>() / 4000.0;
            let sd = (windows.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / 4000.0).sqrt();
            assert!((null.mean() / mean - 1.0).abs() < 0.05, "{} {mean}", null.mean());
            assert!(
                (null.standard_deviation() / sd - 1.0).abs() < 0.08,
                "{} {sd}",
                null.standard_deviation()
            );
        }
    }

    #[test]
    fn it_ignores_the_unit_and_a_constant_has_none() {
        let mut reference = Random(3).normals(400);
        let (histogram, transport) = of(&mut reference);
        let null = Null::of_groups(&transport, &histogram);
        let mut large: Vec<f64> = reference.iter().map(|x| x * 1e200).collect();
        let (histogram, transport) = of(&mut large);
        let other = Null::of_groups(&transport, &histogram);
        for w in [0.01, 0.1, 0.5] {
            let p = null.p_value(w, 400.0, 300.0).unwrap();
            assert!((p - other.p_value(w * 1e200, 400.0, 300.0).unwrap()).abs() < 1e-9);
        }
        let (histogram, transport) = of(&mut [2.0; 9]);
        let constant = Null::of_groups(&transport, &histogram);
        assert_eq!(
            (constant.p_value(0.1, 9.0, 9.0).unwrap(), constant.p_value(0.0, 9.0, 9.0).unwrap()),
            (0.0, 1.0)
        );
    }
}
