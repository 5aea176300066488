//! P-values of a window's counts where the laws of order statistics do not hold: of values that
//! come again and again.

use crate::error::Result;
use crate::profile::Thinned;
use crate::sketch::{Groups, Histogram};
use crate::stats::hypergeometric;
use crate::stats::kolmogorov::grouped;

/// Edges up to which they are tested one by one: of up to five values.
const FEW: usize = 4;

/// An exact p-value where few values come again and again, `None` where there are more.
///
/// Of a reference without spread it is Fisher's test of how many values lie on one side of it,
/// where none of the reference's do, twice the smaller; of few groups the same at each edge, with
/// Bonferroni over the edges. The law of order statistics is off by one value an edge there, and a
/// rare value has few.
pub(super) fn exact(
    histogram: &Histogram,
    groups: &Groups,
    thinned: Thinned,
) -> Result<Option<f64>> {
    let (of_reference, of_current) = (histogram.reference_size(), groups.total());
    let constant = histogram.reference_below().last() == Some(of_reference);
    if !constant && histogram.edges().len() > FEW {
        return Ok(None);
    }
    let (m, n) = (thinned.reference.count(of_reference), thinned.current.count(of_current));
    if m == 0 || n == 0 {
        return Ok(Some(1.0)); // too few to tell
    }
    let (mut least, mut edges) = (1.0f64, 0.0);
    for (before, now) in histogram.reference_below().zip(groups.below()) {
        if before + now > 0 && before + now < of_reference + of_current {
            let (before, now) =
                (thinned.reference.count(before).min(m), thinned.current.count(now).min(n));
            let test = hypergeometric::fisher(before, m, now, n)?;
            least = least.min(2.0 * test.less.min(test.greater));
            edges += 1.0;
        }
    }
    // On either side of a constant: one look, at the side with more.
    let edges = if constant { 1.0f64 } else { edges };
    Ok(Some((least * edges.max(1.0)).min(1.0)))
}

/// The p-value of the grouped Kolmogorov-Smirnov statistic, by the limit law where there is no
/// exact one.
pub(super) fn ks(histogram: &Histogram, groups: &Groups, thinned: Thinned) -> Result<f64> {
    if let Some(exact) = exact(histogram, groups, thinned)? {
        return Ok(exact);
    }
    let (m, n) = (
        thinned.reference.count(histogram.reference_size()),
        thinned.current.count(groups.total()),
    );
    let below = thinned.reference.below(histogram.reference_below(), m);
    if m == 0 || n == 0 || below.is_empty() {
        return Ok(1.0);
    }
    let d = for_law(histogram.ks(groups), (m, n), thinned, histogram.reference_size());
    grouped::quick_p_value(d, &below, m, n)
}

/// Reference values below which an edge between two of them, which may lie anywhere in the gap, is
/// off by more than can be neglected: of 50 lognormal values by a seventh of the alarms.
const FEW_VALUES: u64 = 100;

/// The statistic whose law is known, at most `d`: by half a reference value less where there are
/// few, and [`attained`].
pub(super) fn for_law(d: f64, sizes: (u64, u64), thinned: Thinned, reference: u64) -> f64 {
    let off = if reference < FEW_VALUES { 0.5 / reference.max(1) as f64 } else { 0.0 };
    (attained(d, sizes, thinned) - off).max(0.0)
}

/// The largest statistic up to `d` that so few independent observations can have, of those that
/// depend on each other: the law of these jumps, and `d`, which is of all, lies between two jumps.
fn attained(d: f64, (m, n): (u64, u64), thinned: Thinned) -> f64 {
    if thinned.is_none() {
        return d;
    }
    let (mut divisor, mut rest) = (m, n);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    // Statistics of m and n are multiples of one over their least common multiple.
    let steps = m as f64 * (n as f64 / divisor as f64);
    (d * steps + 1e-9).floor() / steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::dependence::Thinning;

    #[test]
    fn a_statistic_between_two_that_can_be_is_the_lower_one() {
        let by = |one: f64| {
            let one = Thinning::by(one);
            Thinned { reference: one, seen: one, current: one }
        };
        assert_eq!(attained(0.37, (29, 29), by(1.7)), 10.0 / 29.0);
        assert_eq!(attained(10.0 / 29.0, (29, 29), by(1.7)), 10.0 / 29.0);
        assert_eq!(attained(0.37, (4, 6), by(2.0)), 4.0 / 12.0);
        assert_eq!(attained(0.37, (29, 29), by(1.0)), 0.37);
    }
}
