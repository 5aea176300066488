//! What the reference's order says of how its observations depend on each other, and how many a
//! window's count as.

use super::Baseline;
use crate::drift::two_sample::TestResult;
use crate::error::Result;
use crate::stats::copies;
use crate::stats::dependence::{Dependence, Thinning};

/// The chance that a reference of independent observations is found to depend in some column. It
/// then counts as somewhat fewer.
pub(super) const CHANCE: f64 = 0.01;

/// How observations of a reference depend on each other.
#[derive(Debug, Clone)]
pub struct Dependent {
    /// One per column.
    columns: Vec<Dependence>,
    /// The most of all columns: for what is no column, as flags and predicted classes.
    any: Dependence,
    /// How many observations count as one of what is no column, if they depend on each other as
    /// the columns seem to.
    suspected: f64,
    /// Observations of the reference: all, and those kept.
    seen: u64,
    kept: u64,
    /// How often each observation of the reference is there: more than once after several epochs.
    copies: f64,
    /// Whether it was looked at: not where the order means nothing, or was lost.
    known: bool,
}

/// What the counts of a reference and of a window are divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thinned {
    /// Those of the reference's kept observations.
    pub reference: Thinning,
    /// Those of all that the reference saw.
    pub seen: Thinning,
    /// Those of the window.
    pub current: Thinning,
}

impl Dependent {
    /// Observations of a reference from which on its order tells of all dependence that matters:
    /// neighbors correlated by 0.2 are found in most references of so many, by 0.3 in nearly all.
    /// `make evaluate ARGS=nulls` has what became of guards with fewer.
    pub const TELLING: u64 = 300;

    /// Of features and scores, one each; fitted detectors depend as much as the most of these.
    pub(super) fn new(
        columns: Vec<Dependence>,
        (seen, kept): (u64, u64),
        copies: f64,
        known: bool,
    ) -> Self {
        let any = columns.iter().fold(Dependence::default(), |any, column| any.larger(column));
        // Of many columns some seem to by chance; dependent ones do all.
        let suspected = columns.iter().map(Dependence::suspected).sum::<f64>();
        let suspected = suspected / columns.len().max(1) as f64;
        Dependent { columns, any, suspected, seen, kept, copies, known }
    }

    /// Observations that the reference saw.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How often each observation of the reference is there: more than once after several epochs,
    /// which tell no more than one.
    #[must_use]
    pub fn copies(&self) -> f64 {
        self.copies
    }

    /// Whether the order of the reference was looked at.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Whether the order was looked at and there are too few observations to tell: independent ones
    /// are supposed.
    #[must_use]
    pub fn is_too_short_to_tell(&self) -> bool {
        self.known && self.seen < Self::TELLING && !self.any.is_found()
    }

    fn thinned(&self, column: Option<usize>, n: u64) -> Thinned {
        let column = column.and_then(|k| self.columns.get(k));
        let suspected = match column {
            _ if self.seen >= Self::TELLING || !self.known => 1.0,
            // What all columns seem to do, this one may do by chance less.
            Some(column) => column.suspected().max(self.suspected),
            None => self.suspected.max(1.0),
        };
        let of = |n: u64| column.unwrap_or(&self.any).of(n).max(suspected.min(n.max(1) as f64));
        let seen = of(self.seen);
        // A sample of a longer series has its observations far apart.
        let kept = seen * self.kept as f64 / self.seen.max(1) as f64;
        let (reference, seen) =
            (Thinning::by(kept.max(1.0) * self.copies), Thinning::by(seen * self.copies));
        Thinned { reference, seen, current: Thinning::by(of(n)) }
    }

    /// What counts of a window of `n` observations are to be divided by, of what is no column:
    /// flags, predicted classes.
    #[must_use]
    pub fn of_all(&self, n: u64) -> Thinned {
        self.thinned(None, n)
    }

    /// How many of `n` observations are independent, in a column: by what was found alone, so that
    /// none are refused on a suspicion.
    #[must_use]
    pub fn independent(&self, column: usize, n: u64) -> u64 {
        self.columns.get(column).map_or(n, |column| Thinning::by(column.of(n)).count(n))
    }

    /// How many observations of a long window count as one, in a column.
    #[must_use]
    pub fn largest(&self, column: usize) -> f64 {
        self.columns.get(column).map_or(1.0, |column| column.of(self.seen))
    }
}

/// The rows of the first epoch, where each is there before any of the next: a second one in the
/// same order would look like a wave that is as long as an epoch. What is repeated at once stays,
/// as service repeats it, too.
pub(super) fn first_epoch(rows: &[f64], features: usize, copies: f64) -> &[f64] {
    let p = features.max(1);
    let different = ((rows.len() / p) as f64 / copies).round() as usize;
    let first = &rows[..(different * p).min(rows.len())];
    // Of those that are equal by chance each epoch has as many.
    let is_share = |(here, all): (&u32, &u32)| {
        (f64::from(*here) * copies - f64::from(*all)).abs() <= f64::from(*here)
    };
    let is_whole = copies > 1.0
        && copies::times_of_rows(first, p)
            .iter()
            .zip(&copies::times_of_rows(rows, p))
            .all(is_share);
    if is_whole { first } else { rows }
}

impl Thinned {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.reference.is_none() && self.seen.is_none() && self.current.is_none()
    }

    /// A test of counts: its statistic and effect are those of all observations, its p-value that
    /// of as many as are independent.
    ///
    /// # Errors
    /// Those of the test.
    pub fn judge(
        &self,
        (reference, of_reference): (&[u64], Thinning),
        current: &[u64],
        test: impl Fn(&[u64], &[u64]) -> Result<TestResult>,
    ) -> Result<TestResult> {
        let all = test(reference, current)?;
        if self.is_none() {
            return Ok(all);
        }
        let (reference, current) = (of_reference.counts(reference), self.current.counts(current));
        let is_enough =
            [&reference, &current].iter().all(|counts| counts.iter().any(|count| *count > 0));
        let p_value = if is_enough { test(&reference, &current)?.p_value } else { 1.0 };
        Ok(TestResult { p_value, ..all })
    }
}

impl Baseline {
    /// What the counts of a column of a window of `n` observations are to be divided by before a
    /// test of independent ones.
    #[must_use]
    pub fn thinned(&self, column: usize, n: u64) -> Thinned {
        self.dependent.thinned(Some(column), n)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn a_second_epoch_is_no_wave_and_what_is_repeated_at_once_stays() {
        let mut random = Random(5);
        let epoch = random.normals(3 * 200);
        let dependence = |rows: &[f64], copies: f64| {
            let rows = first_epoch(rows, 3, copies);
            Dependence::of_values(&rows.iter().step_by(3).copied().collect::<Vec<_>>(), CHANCE)
                .of(1000)
        };
        for epochs in [2, 3, 8] {
            let mut rows = epoch.repeat(epochs);
            assert_eq!(first_epoch(&rows, 3, copies::times(&rows, 3)), epoch);
            assert_eq!(dependence(&rows, copies::times(&rows, 3)), dependence(&epoch, 1.0));
            // The last one was cut short.
            rows.extend_from_slice(&epoch[..3 * 40]);
            assert_eq!(first_epoch(&rows, 3, copies::times(&rows, 3)), epoch);
        }
        let held: Vec<f64> = epoch.chunks_exact(3).flat_map(|row| row.repeat(4)).collect();
        let copies = copies::times(&held, 3);
        assert_eq!((copies, first_epoch(&held, 3, copies)), (4.0, &held[..]));
        assert!(dependence(&held, copies) >= 3.0);
        for none in [&[][..], &epoch] {
            assert_eq!(first_epoch(none, 3, copies::times(none, 3)), none);
        }
    }
}
