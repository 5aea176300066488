//! Own scores that hang on what the scorer has learned of its reference: fitted on one half of it,
//! compared with the other.
//!
//! Of balanced zeros and ones every observation is about as far from the mean, and what tells
//! scores apart is how wrong the mean is. No observation can be left out of that: all of them made
//! it. And the largest of several z-scores that are all the same is that of the feature whose
//! spread came out smallest. So such a scorer is fitted on one half, and new scores are compared
//! with those of the other: to that scorer an observation of the other half and a new one are
//! alike, whatever it has learned (split conformal prediction: Papadopoulos, Proedrou, Vovk and
//! Gammerman 2002).

use std::cell::LazyCell;

use super::columns::{self, Column};
use super::reference::{OwnScores, Reference};
use super::{OwnScore, Scorer, Scores};
use crate::error::{Error, Result};
use crate::outlier::calibration;
use crate::outlier::support::columns::quantile;
use crate::sketch::Moments;
use crate::stats::copies;

/// The kurtosis, less one, below which z-scores of a feature are all about as large: it is flat. 2
/// for normal values, 0.8 for uniform ones, 0 for balanced zeros and ones. Of few observations it
/// is uncertain, by some 1/sqrt(n).
const FLAT: f64 = 0.7;
const UNCERTAIN: f64 = 1.5;

/// Scores have to spread by so many times what the means of flat features make them wrong by.
const CLEAR: f64 = 3.0;

/// The share of observations, of those whose score two others have, from which on scores are too
/// few.
const TIED: f64 = 0.01;

/// How far leaving observations out may move the distribution of scores, beside what chance does
/// (1/sqrt(n)); and by how many observations it moves in any case, where some scores happen to be
/// close. Of a sum over features it may be more: each moves it a little.
const MOVED: f64 = 0.2;
const CLOSE: f64 = 2.0;
const MOVED_SUM: f64 = 0.3;
const CLOSE_SUM: f64 = 5.0;

/// The 95 % quantile's distance from the middle, in deviations of the middle half, and the
/// kurtosis, from which on a tail is long: 1.6 and 3 of normal scores, 2.8 and 9 of exponential
/// ones.
const LONG: f64 = 3.0;
const HEAVY: f64 = 6.0;

/// Observations of which a half is something to fit on.
const MIN: usize = 4;

/// How many times as long as what counts as one a stretch of neighbors is, and how many stretches
/// there are at least.
const FAR: f64 = 4.0;
const STRETCHES: usize = 16;

/// What the scorer knows of its reference.
pub(super) struct Learned<'a> {
    pub reference: Reference<'a>,
    pub detectors: &'a [OwnScore],
    pub copies: f64,
    /// Scores as the scorer gives them, a column per detector, and these sorted.
    pub known: (&'a [Vec<f32>], &'a [Column]),
    /// Scores that leave each observation out, and all columns: features, then these sorted.
    pub left_out: (&'a [Vec<f32>], &'a [Column]),
}

impl Learned<'_> {
    /// Whether that is more than leaving one observation out takes away.
    pub fn is_too_much(&self) -> bool {
        let Reference { output, moments, rows, .. } = self.reference;
        let (p, columns) = (moments.features(), self.left_out.1);
        let kept = rows.len() / p;
        if output.has_classes() || kept < MIN {
            return false;
        }
        // An observation that is there several times is not left out by leaving it out once.
        if self.copies > 1.0 {
            return true;
        }
        let (features, scores) = columns.split_at(p);
        let below = 1.0 + FLAT + UNCERTAIN / (kept as f64).sqrt();
        let flat = LazyCell::new(|| {
            features.iter().filter(|f| kurtosis(&f.sorted) < below).count() as f64
        });
        let depend = columns
            .iter()
            .map(|column| column.dependence.of(moments.observations()))
            .fold(1.0, f64::max);
        let n = moments.observations() as f64 / depend;
        (0..self.detectors.len()).any(|k| {
            let sorted = &scores[k].sorted;
            // Each flat feature's mean square is wrong by 2/sqrt(n), which makes their root mean
            // wrong by half of that.
            let error = |flat: f64| {
                (flat / n).sqrt() / p as f64 / quantile(sorted, 0.5).max(f64::MIN_POSITIVE)
            };
            let is_within = |flat: f64| spread(sorted) < CLEAR * error(flat);
            let is_flat = match self.detectors[k] {
                OwnScore::Distance => {
                    2.0 * *flat >= p as f64 || is_within(p as f64) && is_within(*flat)
                }
                _ => *flat > 0.0,
            };
            let known = &self.known.1[k];
            is_flat
                || tied(known, rows, p) > TIED * kept as f64
                || has_moved(
                    self.detectors[k],
                    (&self.left_out.0[k], sorted),
                    (&self.known.0[k], &known.sorted),
                )
        })
    }
}

/// Whether two distributions of scores of the same observations are apart (Kolmogorov-Smirnov). Of
/// many features, whose parts in a score make up for each other, leaving any observation out is the
/// same step, which is as it should be: that does not count. With long tails the many usual
/// observations make that step for the few others.
fn has_moved(
    detector: OwnScore,
    (left_out, a): (&[f32], &[f64]),
    (known, b): (&[f32], &[f64]),
) -> bool {
    let n = b.len() as f64;
    if quantile(b, 0.95) - quantile(b, 0.5) > LONG * spread(b) || kurtosis(b) > HEAVY {
        return apart(a, b, 0.0) > MOVED / n.sqrt() + CLOSE / n;
    }
    let (moved, close) =
        if detector == OwnScore::Distance { (MOVED_SUM, CLOSE_SUM) } else { (MOVED, CLOSE) };
    let mut steps: Vec<f32> = left_out.iter().zip(known).map(|(x, y)| x - y).collect();
    let middle = steps.len() / 2;
    let step = f64::from(*steps.select_nth_unstable_by(middle, f32::total_cmp).1);
    apart(a, b, 0.0).min(apart(a, b, step)) > moved / n.sqrt() + close / n
}

/// `sup |F - G|` of sorted `a`, less `step`, and `b`, as many.
fn apart(a: &[f64], b: &[f64], step: f64) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let at = (a[i] - step).min(b[j]);
        if at.is_nan() {
            return 1.0; // scores that have no order, as of a file that contradicts itself
        }
        i += a[i..].iter().take_while(|x| **x - step <= at).count();
        j += b[j..].iter().take_while(|x| **x <= at).count();
        most = most.max(i.abs_diff(j));
    }
    most as f64 / a.len().max(1) as f64
}

/// The normal deviation that the middle half of sorted values has.
fn spread(sorted: &[f64]) -> f64 {
    (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.349
}

/// Mean fourth power of z-scores, 1 at least; NaN of a constant.
fn kurtosis(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let (second, fourth) =
        values.iter().map(|x| (x - mean).powi(2)).fold((0.0, 0.0), |(s, f), d| (s + d, f + d * d));
    n * fourth / (second * second)
}

/// Observations whose score two others have, without being the same observation. (Two may by
/// chance, in single precision.)
fn tied(scores: &Column, rows: &[f64], p: usize) -> f64 {
    let row = |i: u32| &rows[i as usize * p..][..p];
    let differ = |tied: &&[u32]| tied.len() > 2 && tied.iter().any(|i| row(*i) != row(tied[0]));
    scores.ties().filter(differ).map(<[u32]>::len).sum::<usize>() as f64
}

/// Fits on one half, scores the other.
///
/// # Errors
/// As [`Scorer::new`].
pub(super) fn score(
    reference: Reference<'_>,
    detectors: &[OwnScore],
    mut columns: Vec<Column>,
    copies: f64,
    chance: f64,
) -> Result<OwnScores> {
    let Reference { output, rows, is_whole, .. } = reference;
    let p = reference.moments.features();
    let in_a_row = columns
        .iter()
        .map(|column| column.dependence.of((rows.len() / p) as u64))
        .fold(1.0, f64::max);
    let (fit, rest) = halves(rows, p, copies, in_a_row)?;
    let mut moments = Moments::new(fit[..p].to_vec());
    moments.update(&fit);
    let scorer = Scorer::new(output, detectors, &moments, &fit)?;
    let mut scored = Scores::default();
    scorer.score_rows(&rest, &mut scored);
    let unseen = scored.columns.clone();
    columns.extend(columns::of(&[], 0, &unseen, None));
    if is_whole {
        // In order there are both halves.
        scorer.score_rows(rows, &mut scored);
        let all = columns::of(&[], 0, &scored.columns, Some(chance));
        columns[p..]
            .iter_mut()
            .zip(all)
            .for_each(|(column, all)| column.dependence = all.dependence);
    }
    Ok(OwnScores { scorer, columns, unseen, copies, held_out: Some(rest.len() / p) })
}

/// Random halves. Copies of an observation, as after several epochs, stay together; and so do
/// neighbors, of which `in_a_row` count as one: of each half but those at the ends of a stretch are
/// to be far from the other.
fn halves(rows: &[f64], p: usize, copies: f64, in_a_row: f64) -> Result<(Vec<f64>, Vec<f64>)> {
    let n = rows.len() / p;
    let alike: Vec<Vec<u32>> = if copies > 1.0 {
        copies::groups(rows, p)
    } else {
        let stretch = if in_a_row > 1.0 {
            (FAR * in_a_row).ceil().min((n / STRETCHES).max(1) as f64) as u32
        } else {
            1
        };
        let last = n as u32;
        (0..last)
            .step_by(stretch as usize)
            .map(|first| (first..last.min(first + stretch)).collect())
            .collect()
    };
    let halves = calibration::holdout(alike.len(), 0.5)?;
    let of = |picked: &[usize]| {
        let numbers = picked.iter().flat_map(|group| &alike[*group]);
        numbers.flat_map(|i| &rows[*i as usize * p..][..p]).copied().collect()
    };
    Ok((of(&halves.fit), of(&halves.score)))
}

/// What a half was too few for, of the whole.
pub(super) fn too_few(error: Error, of: usize) -> Error {
    match error {
        Error::BaselineTooSmall { argument, was: _, expected, reason } => {
            let reason = format!(
                "{reason}; here scores are compared with those of one half of the reference, by the other"
            );
            Error::BaselineTooSmall { argument, was: of, expected: 2 * expected, reason }
        }
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{
        Baseline, BaselineOptions, ConstantFeatures, OutputKind, Profile, ProfileOptions,
    };
    use super::*;
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;

    fn profile(rows: &[f64], p: usize, output: OutputKind) -> Profile {
        let constant_features = ConstantFeatures::Allow;
        let mut profile =
            Profile::new(ProfileOptions { output, constant_features, ..Default::default() })
                .unwrap();
        profile.fit(&Tensor::new(Elements::F64(rows), rows.len() / p).unwrap()).unwrap();
        profile
    }

    fn baseline(rows: &[f64], p: usize, detector: OwnScore) -> Result<Baseline> {
        let options = BaselineOptions { detectors: Some(vec![detector]), ..Default::default() };
        Baseline::new(&profile(rows, p, OutputKind::Values), &options)
    }

    type Of = fn(f64) -> f64;

    #[test]
    fn halves_are_taken_where_scores_hang_on_the_reference_and_nowhere_else() {
        use OwnScore::{Distance, Iqr, RobustZ, ZScore};
        let usual: [(&str, Of); 3] = [
            ("normal", |x| x),
            ("lognormal", |x| x.exp()),
            ("zeros", |x| if x < 0.8 { 0.0 } else { x }),
        ];
        let few: [(&str, Of); 3] = [
            ("coins", |x| f64::from(u8::from(x > 0.0))),
            ("far apart", |x| 50.0 * x.signum() + 3.0 * (7e3 * x).fract()),
            ("near 0 and 1", |x| {
                1.0 / (1.0 + ((7e3 * x).fract().abs() * if x > 0.5 { -9.0 } else { 9.0 }).exp())
            }),
        ];
        for (p, n) in [(1, 60), (10, 100), (10, 2000), (300, 100)] {
            let normals = Random((p * n) as u64).normals(p * n);
            // Of many features with heavy tails a half may be taken, too.
            for (name, of) in usual.into_iter().take(if p > 10 { 1 } else { 3 }) {
                let rows: Vec<f64> = normals.iter().map(|x| of(*x)).collect();
                let made = baseline(&rows, p, Distance).unwrap();
                let all =
                    (made.held_out, made.scores.columns()[0].reference_size()) == (None, n as u64);
                // Leaving one of few out moves what heavy tails hang on.
                assert!(
                    all || name == "lognormal" && n < 1000,
                    "{name} {p} {n}: {:?}",
                    made.held_out
                );
            }
            for (name, of) in few {
                let rows: Vec<f64> = normals.iter().map(|x| of(*x)).collect();
                for detector in [Distance, ZScore, RobustZ, Iqr] {
                    let made = baseline(&rows, p, detector).unwrap();
                    // Of one feature the distance of two clusters is known as well as theirs; where
                    // there are ten of such it is their sum.
                    let half = made.held_out == Some(n / 2)
                        && made.scores.columns()[0].reference_size() == n as u64 / 2;
                    assert!(
                        half || name == "near 0 and 1" && p > 1,
                        "{detector:?} of {name} {p} {n}: {:?}",
                        made.held_out
                    );
                    assert_eq!(made.features.columns()[0].reference_size(), n as u64);
                }
            }
        }
        let coins: Vec<f64> =
            Random(1).normals(1000).iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
        let classes =
            Baseline::new(&profile(&coins, 10, OutputKind::Logits), &BaselineOptions::default())
                .unwrap();
        assert_eq!(classes.held_out, None);
    }

    #[test]
    fn how_far_apart_is_always_answered() {
        assert_eq!(apart(&[1.0, 2.0], &[1.5, 2.5], 0.0), 0.5);
        assert_eq!(apart(&[1.0, 2.0], &[1.5, 2.5], -0.5), 0.0);
        assert_eq!(apart(&[f64::INFINITY], &[f64::INFINITY], f64::INFINITY), 1.0);
        assert_eq!(apart(&[f64::NAN], &[f64::NAN], 0.0), 1.0);
        assert_eq!(apart(&[], &[], 0.0), 0.0);
    }

    #[test]
    fn copies_of_an_observation_are_in_one_half() {
        let rows: Vec<f64> =
            Random(2).normals(400 * 3).iter().map(|x| x.signum() + 1e-3 * x).collect();
        let (fit, rest) = halves(&rows.repeat(3), 3, 3.0, 1.0).unwrap();
        assert_eq!((fit.len(), rest.len()), (1800, 1800));
        assert!(fit.chunks(3).all(|row| rest.chunks(3).all(|other| row != other)));
        let epochs = baseline(&rows.repeat(3), 3, OwnScore::Distance).unwrap();
        assert_eq!(epochs.held_out, Some(600));
        assert!((0..3).all(|k| epochs.dependent.largest(k) == 1.0));
        // Neighbors too, where they depend on each other.
        let numbers: Vec<f64> = (0..400).map(f64::from).collect();
        let (fit, rest) = halves(&numbers, 1, 1.0, 5.0).unwrap();
        assert_eq!((fit.len(), rest.len()), (200, 200));
        let steps = |half: &[f64]| half.windows(2).filter(|pair| pair[1] - pair[0] > 1.0).count();
        assert!(steps(&fit).max(steps(&rest)) < 10);
    }

    #[test]
    fn too_few_are_told_how_many_would_do() {
        let coins: Vec<f64> =
            Random(3).normals(20_000).iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
        let of = |n: usize| {
            let options = BaselineOptions { anomaly_rate: Some(0.01), ..Default::default() };
            Baseline::new(&profile(&coins[..n * 10], 10, OutputKind::Values), &options)
        };
        let Err(Error::BaselineTooSmall { argument: "anomaly_rate", was: 120, expected, .. }) =
            of(120)
        else {
            panic!("60 observations do not support one in 100")
        };
        assert!(of(expected).unwrap().calibration.rate() <= 0.01);
    }
}
