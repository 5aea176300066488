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
    grouped::quick_p_value(histogram.ks(groups), &below, m, n)
}
