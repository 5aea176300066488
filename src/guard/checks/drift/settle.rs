//! Kolmogorov-Smirnov p-values of many columns, exact where it matters.
//!
//! The grouped statistic's own law costs some hundred microseconds, its limit nothing. So a
//! column's law is asked only as long as bounds leave open which columns are drift. All corrections
//! are monotone: where the smallest and the largest p-values that are possible give the same
//! decisions, those in between do. Columns without ties have one law, which falls with the
//! statistic: what it says of one bounds the others. Columns with ties have each their own, and
//! bounds of their own.

use std::collections::BTreeMap;

use crate::drift::two_sample::Method;
use crate::error::Result;
use crate::report::ColumnTest;
use crate::stats::kolmogorov::grouped;
use crate::stats::multiple::{Correction, adjust};

/// Columns of one law from which on they bound each other well enough.
const MANY: usize = 16;

/// Columns that are bounded in one piece.
const BOUNDED: usize = 128;

/// Below, the law is not followed to its last digits.
const REPORTED: f64 = 1e-25;

/// Laws that are asked in one piece.
const PIECE: usize = 16;

/// The law of the statistic of `n` observations at points with so many of `m` reference values
/// below.
#[derive(Debug)]
struct Law {
    below: Vec<u64>,
    m: u64,
    n: u64,
    columns: usize,
    /// What it said, by the bits of the statistic: those of numbers from 0 are in the numbers'
    /// order.
    known: BTreeMap<u64, f64>,
}

/// A test whose p-value has bounds.
#[derive(Debug)]
struct Bounded {
    /// Its place among all tests.
    at: usize,
    law: usize,
    d: f64,
    low: f64,
    high: f64,
}

/// What is still open in a window.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    laws: Vec<Law>,
    by_points: BTreeMap<(u64, u64, Vec<u64>), usize>,
    columns: Vec<Bounded>,
    /// Columns that were looked at for bounds of their own.
    looked_at: usize,
}

impl Unsettled {
    /// Notes that the test `at` has the p-value of the limit, for the statistic `d` of `n` at those
    /// points.
    pub fn add(&mut self, at: usize, d: f64, (below, m, n): (Vec<u64>, u64, u64)) {
        let law = *self.by_points.entry((m, n, below)).or_insert_with_key(|(_, _, below)| {
            self.laws.push(Law { below: below.clone(), m, n, columns: 0, known: BTreeMap::new() });
            self.laws.len() - 1
        });
        self.laws[law].columns += 1;
        self.columns.push(Bounded { at, law, d, low: 0.0, high: 1.0 });
    }

    /// Asks some laws, and writes down what is known of `tests`; whether anything that matters is
    /// still open.
    ///
    /// # Errors
    /// Those of the law.
    pub fn step(
        &mut self,
        tests: &mut [ColumnTest],
        correction: Correction,
        level: f64,
    ) -> Result<bool> {
        if self.columns.is_empty() {
            return Ok(false);
        }
        if self.looked_at < self.columns.len() {
            self.bound(tests)?;
            return Ok(true);
        }
        let mut asked = self.open(tests, correction, level)?;
        if asked.is_empty() {
            asked.extend(self.strongest(tests, level));
        }
        let more = !asked.is_empty();
        for i in asked {
            let column = &self.columns[i];
            let law = &mut self.laws[column.law];
            if let std::collections::btree_map::Entry::Vacant(unknown) =
                law.known.entry(column.d.to_bits())
            {
                unknown.insert(grouped::p_value(column.d, &law.below, law.m, law.n)?.p_value);
            }
        }
        for column in &mut self.columns {
            let known = &self.laws[column.law].known;
            let d = column.d.to_bits();
            column.low = known.range(d..).next().map_or(column.low, |(_, p)| column.low.max(*p));
            column.high =
                known.range(..=d).next_back().map_or(column.high, |(_, p)| column.high.min(*p));
            let result = &mut tests[column.at].test.result;
            if known.contains_key(&d) {
                (result.method, result.p_value) = (Method::Grouped, column.high);
            } else {
                // Bounds that cross by a last digit are one number.
                result.p_value = result.p_value.max(column.low).min(column.high);
            }
        }
        Ok(more)
    }

    /// Bounds some columns that have few others of their law, and brings their p-values within.
    fn bound(&mut self, tests: &mut [ColumnTest]) -> Result<()> {
        let end = self.columns.len().min(self.looked_at + BOUNDED);
        for column in &mut self.columns[self.looked_at..end] {
            let law = &self.laws[column.law];
            if law.columns < MANY {
                (column.low, column.high) = grouped::bounds(column.d, &law.below, law.m, law.n)?;
                let result = &mut tests[column.at].test.result;
                result.p_value = result.p_value.max(column.low).min(column.high);
            }
        }
        self.looked_at = end;
        Ok(())
    }

    /// The strongest evidence of drift, which an alert shows: it is of the law in any case, unless
    /// it is beyond what the law tells.
    fn strongest(&self, tests: &[ColumnTest], level: f64) -> Option<usize> {
        let p = |i: &usize| tests[self.columns[*i].at].test.result.p_value;
        let drifts = |i: &usize| {
            let test = &tests[self.columns[*i].at].test;
            test.result.effect >= test.min_effect && self.columns[*i].high <= level
        };
        (0..self.columns.len())
            .filter(drifts)
            .min_by(|a, b| tests[self.columns[*a].at].by_evidence(&tests[self.columns[*b].at]))
            .filter(|i| {
                p(i) > REPORTED
                    && tests[self.columns[*i].at].test.result.method == Method::Asymptotic
            })
    }

    /// The columns to be asked next: the middle one of each law of those on whose p-values a
    /// decision depends.
    fn open(&self, tests: &[ColumnTest], correction: Correction, level: f64) -> Result<Vec<usize>> {
        let mut low: Vec<f64> = tests.iter().map(|column| column.test.result.p_value).collect();
        let mut high = low.clone();
        for column in &self.columns {
            (low[column.at], high[column.at]) = (column.low.min(column.high), column.high);
        }
        let (low, high) = (adjust(&low, correction)?, adjust(&high, correction)?);
        let differs = |at: usize| (low[at] <= level) != (high[at] <= level);
        let matters = |at: usize| tests[at].test.result.effect >= tests[at].test.min_effect;
        if !(0..tests.len()).any(|at| differs(at) && matters(at)) {
            return Ok(Vec::new());
        }
        let unknown = |column: &Bounded| column.low < column.high;
        let of = |all: bool| {
            let wanted = |i: &usize| {
                let column = &self.columns[*i];
                unknown(column) && differs(column.at) && (all || matters(column.at))
            };
            (0..self.columns.len()).filter(wanted).collect::<Vec<_>>()
        };
        // Columns with too small an effect count only as company.
        let mut open = of(false);
        if open.is_empty() {
            open = of(true);
        }
        open.sort_by(|a, b| {
            let (a, b) = (&self.columns[*a], &self.columns[*b]);
            a.law.cmp(&b.law).then(a.d.total_cmp(&b.d))
        });
        let same_law = open.chunk_by(|a, b| self.columns[*a].law == self.columns[*b].law);
        Ok(same_law.map(|group| group[group.len() / 2]).take(PIECE).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::drift::decision::{TestDecision, decide};
    use crate::drift::two_sample::{TestName, TestResult};

    /// Points of a reference of `m`: its 17-quantiles, or such as ties leave, by `seed`.
    fn points(m: u64, seed: u64) -> Vec<u64> {
        let all = (1..=16).map(|i| i * m / 17);
        let kept = all
            .enumerate()
            .filter(|(i, _)| seed == 0 || !(seed >> i).is_multiple_of(2))
            .map(|(_, b)| b);
        let mut kept: Vec<u64> = kept.collect();
        kept.dedup();
        if kept.is_empty() { vec![m / 2] } else { kept }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn decisions_are_those_of_the_law_everywhere(
            moved in prop::collection::vec((0.0..3.5f64, 0u64..3), 1..90),
            exponent in 1..9i32,
            which in 0usize..4,
        ) {
            let correction = [Correction::Bonferroni, Correction::Holm,
                Correction::BenjaminiHochberg,
                Correction::BenjaminiYekutieli][which];
            let (m, n, level) = (500u64, 120u64, 10f64.powi(-exponent));
            let mut unsettled = Unsettled::default();
            let (mut quick, mut exact) = (Vec::new(), Vec::new());
            for (at, (lambda, seed)) in moved.iter().enumerate() {
                let below = points(m, *seed * 0b101);
                let d = ((lambda * (1.0 / m as f64 + 1.0 / n as f64).sqrt()) * 600.0).round()
                    / 600.0;
                let test = |p_value, method| {
                    let result = TestResult { test: TestName::Ks, statistic: d, p_value, effect: d,
                        method,
                        reference_size: m, current_size: n };
                    ColumnTest { name: String::new(), test: TestDecision::new(result, None) }
                };
                let limit = grouped::quick_p_value(d, &below, m, n).expect("fits");
                let law = grouped::p_value(d, &below, m, n).expect("fits").p_value;
                quick.push(test(limit, Method::Asymptotic));
                exact.push(test(law, Method::Grouped));
                unsettled.add(at, d, (below, m, n));
            }
            while unsettled.step(&mut quick, correction, level).expect("fits") {}
            for tests in [&mut quick, &mut exact] {
                decide(tests.iter_mut().map(|column| &mut column.test), correction, level).expect("probabilities");
            }
            for (quick, exact) in quick.iter().zip(&exact) {
                prop_assert_eq!(quick.test.drift, exact.test.drift);
                let (p, law) = (quick.test.result.p_value, exact.test.result.p_value);
                prop_assert!(quick.test.result.method == Method::Asymptotic || p == law, "{} {}", p, law);
            }
            let reported = |column: &&ColumnTest| column.test.drift
                && column.test.result.p_value > REPORTED;
            let strongest = quick.iter().filter(reported).min_by(|a, b| a.by_evidence(b));
            prop_assert!(
                strongest.is_none_or(|column| column.test.result.method == Method::Grouped)
            );
        }
    }
}
