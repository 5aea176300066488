//! Both samples in one order: what rank tests are computed from.

use super::permutation::{Permutations, Uniform};
use super::{Method, TestName, TestResult};
use crate::stats::hypergeometric::Hypergeometric;
use crate::{Error, Result};

/// Below this many values in a sample its limit law is not relied on.
const FEW: u32 = 10;

/// Limit laws of rank statistics are those without ties. They are used where at least this much of
/// the ranks' variance is left (1 - Σ(t³ - t)/(N³ - N) over groups of t equal values): no value
/// makes up more than a fifth of the observations.
const MIN_VARIANCE: f64 = 0.99;

/// Groups of more equal values than this are dealt out at once.
const LARGE_GROUP: u32 = 64;

/// The distinct values of the pooled sample, ascending, as counts.
pub(super) struct Pooled {
    groups: Vec<Group>,
    pub(super) reference_size: u32,
    pub(super) current_size: u32,
}

/// Equal values: how many there are, and how many of these are of the current sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Group {
    pub(super) all: u32,
    pub(super) current: u32,
}

impl Pooled {
    /// Of two ascending samples, neither empty. Cost: O(m + n), 8 bytes a distinct value.
    pub(super) fn new(reference: &[f64], current: &[f64]) -> Self {
        let mut groups = Vec::with_capacity(reference.len() + current.len());
        let (mut i, mut j) = (0, 0);
        while i < reference.len() || j < current.len() {
            let value = match (reference.get(i), current.get(j)) {
                (Some(&a), Some(&b)) => a.min(b),
                (Some(&only), None) | (None, Some(&only)) => only,
                (None, None) => break,
            };
            let (before, start) = (i, j);
            while reference.get(i) == Some(&value) {
                i += 1;
            }
            while current.get(j) == Some(&value) {
                j += 1;
            }
            groups
                .push(Group { all: (i - before + j - start) as u32, current: (j - start) as u32 });
        }
        Pooled {
            groups,
            reference_size: reference.len() as u32,
            current_size: current.len() as u32,
        }
    }

    /// The observations of both samples, as a float.
    pub(super) fn size(&self) -> f64 {
        f64::from(self.reference_size) + f64::from(self.current_size)
    }

    /// m n, as a float.
    pub(super) fn pairs(&self) -> f64 {
        f64::from(self.reference_size) * f64::from(self.current_size)
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(super) fn has_ties(&self) -> bool {
        self.groups.len() < self.reference_size as usize + self.current_size as usize
    }

    /// Σ(t³ - t) over the groups of equal values.
    pub(super) fn ties(&self) -> f64 {
        self.groups.iter().map(|group| f64::from(group.all)).map(|t| t * (t * t - 1.0)).sum()
    }

    /// Whether the limit law of a rank statistic of continuous data may be used.
    pub(super) fn is_like_continuous(&self) -> bool {
        let n = self.size();
        self.reference_size.min(self.current_size) >= FEW
            && self.ties() <= (1.0 - MIN_VARIANCE) * n * (n * n - 1.0)
    }

    /// The p-value of `statistic(groups)`: where `method` leaves the choice, by `limit` where the
    /// limit law holds, else by reassignment.
    pub(super) fn p_value(
        &self,
        method: Method,
        statistic: impl Fn(&[Group]) -> f64,
        limit: impl FnOnce(f64) -> Result<f64>,
        permutations: Permutations,
    ) -> Result<(f64, Method)> {
        if self.groups.len() == 1 {
            return Ok((1.0, Method::Exact));
        }
        let observed = statistic(&self.groups);
        if method.takes_limit(|| self.is_like_continuous()) {
            return Ok((limit(observed)?.clamp(0.0, 1.0), Method::Asymptotic));
        }
        let mut drawn = self.groups.clone();
        let p = permutations.p_value(observed, |uniform| {
            self.redraw(&mut drawn, uniform);
            statistic(&drawn)
        });
        Ok((p, Method::Permutation))
    }

    /// That the null distribution cannot be counted out.
    pub(super) fn not_countable(&self, test: TestName, expected: &str) -> Error {
        let ties = if self.has_ties() { ", with ties" } else { "" };
        let was = format!(
            "exact for {test} of {} and {} values{ties}",
            self.reference_size, self.current_size
        );
        Error::invalid("method", was, format!("{expected}; or permutation"))
    }

    /// The groups if the pooled observations were dealt out anew.
    fn redraw(&self, drawn: &mut [Group], uniform: &mut Uniform) {
        let (mut left, mut rest) = (self.current_size, self.reference_size + self.current_size);
        for group in drawn {
            group.current = if group.all > LARGE_GROUP {
                Hypergeometric::new(rest.into(), group.all.into(), left.into())
                    .map_or(0, |counts| counts.draw(uniform.unit()) as u32)
            } else {
                // Selection sampling: each is taken in proportion to what is left to take.
                let (mut taken, mut unseen) = (0, rest);
                for _ in 0..group.all {
                    taken += u32::from(uniform.below(unseen) < left - taken);
                    unseen -= 1;
                }
                taken
            };
            left -= group.current;
            rest -= group.all;
        }
    }

    pub(super) fn result(
        &self,
        test: TestName,
        statistic: f64,
        (p_value, method): (f64, Method),
        effect: f64,
    ) -> TestResult {
        let (reference_size, current_size) = (self.reference_size.into(), self.current_size.into());
        TestResult { test, statistic, p_value, effect, method, reference_size, current_size }
    }
}

/// F and G, the shares of the reference and of the current sample at most each distinct value, and
/// that value's group.
pub(super) fn walk(
    groups: &[Group],
    m: f64,
    n: f64,
) -> impl Iterator<Item = (f64, f64, Group)> + '_ {
    let (mut i, mut j) = (0.0, 0.0);
    groups.iter().map(move |&group| {
        j += f64::from(group.current);
        i += f64::from(group.all - group.current);
        (i / m, j / n, group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_lost_and_redrawing_keeps_the_margins(
            mut a in prop::collection::vec(-3i32..3, 1..300), mut b in prop::collection::vec(-4i32..4, 1..300), seed: u64
        ) {
            a.sort_unstable();
            b.sort_unstable();
            let of = |s: &[i32]| s.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
            let pooled = Pooled::new(&of(&a), &of(&b));
            for (group, value) in pooled.groups.iter().zip(-4..) {
                // Values may be missing; sizes still add up.
                prop_assert!(group.current <= group.all && value < 4);
            }
            let sum = |groups: &[Group]| groups.iter()
                .fold((0, 0), |s, g| (s.0 + g.all, s.1 + g.current));
            prop_assert_eq!(sum(&pooled.groups), ((a.len() + b.len()) as u32, b.len() as u32));
            let mut drawn = pooled.groups.clone();
            Permutations { draws: 3, seed }.p_value(0.0, |uniform| {
                pooled.redraw(&mut drawn, uniform);
                assert_eq!(sum(&drawn), sum(&pooled.groups));
                assert!(drawn.iter().zip(&pooled.groups)
                    .all(|(d, g)| d.all == g.all && d.current <= d.all));
                0.0
            });
        }
    }
}
