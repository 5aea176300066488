//! Classifier two-sample test.

use super::forest::Forest;
use super::logistic::Problem;
use super::rows::Rows;
use crate::Result;
use crate::stats::normal;
use crate::tensor::Tensor;
use crate::two_sample::{Method, TestName, TestResult};

/// Parts of each sample: the first is trained on only, each other one is scored by what was learned
/// of those before it.
const PARTS: usize = 5;

/// Observations of each sample, at least: four in each part.
const MIN: usize = 20;

/// How well a classifier tells the samples apart on rows that it has not seen (Lopez-Paz & Oquab
/// 2017, "Revisiting classifier two-sample tests"). `statistic` is the area under the ROC curve
/// (the share of pairs, one row of each sample and both of one part, in which the current row has
/// the higher score; ties count half): 0.5 where it cannot. The effect is 2 AUROC - 1, at least 0:
/// Mann and Whitney's rank-biserial correlation, of scores.
///
/// Methods: `logistic` (default), logistic regression with an L2 penalty of 1 on features divided
/// by their standard deviation, sees what shifts; `forest`, 100 extremely randomized trees, sees
/// any change, of dependence and spread, too.
///
/// Cross-fitting is forward: each sample is cut into 5 parts (by what is in the rows, whatever
/// their order), and part k is scored by a classifier trained on parts 0 to k - 1 (prequential,
/// Dawid 1984). Given those, under the null the labels of part k are in random order, so each
/// part's U has Mann and Whitney's null distribution (ties corrected) whatever the parts before it
/// were; the p-value is one-sided normal for the sum of all. Where every fold is scored by all
/// others, as usual, folds share labels, their errors are correlated, and a binomial p-value is too
/// small (0.08 rejected at 0.05: `test/reference/cross_fitting.py`).
///
/// Cost: 4 fits: O(N d) an iteration, some tens; or 100 trees of at most 4096 rows, and O(100 log
/// N) to score a row. Memory: 16 N d bytes.
///
/// # Errors
/// `FeatureMismatch`; `InvalidArgument` naming `method` for one that c2st has not; naming
/// `reference` or `current` for NaN or Inf, or fewer than 20 observations.
pub fn test(reference: &Tensor<'_>, current: &Tensor<'_>, method: Method) -> Result<TestResult> {
    method.expect_of(TestName::C2st)?;
    let mut rows = Rows::new(reference, current, MIN)?;
    rows.order_by_content();
    rows.standardize();
    let parts: Vec<Vec<usize>> = (0..PARTS)
        .map(|part| {
            let of =
                |first: usize, size: usize| (part..size).step_by(PARTS).map(move |k| first + k);
            of(0, rows.reference_size).chain(of(rows.reference_size, rows.current_size)).collect()
        })
        .collect();
    let mut known = parts[0].clone();
    let mut all = Ranks::default();
    for part in &parts[1..] {
        let scores = match method {
            Method::Forest => forest_scores(&rows, &known, part),
            _ => logistic_scores(&rows, &known, part),
        };
        all.add(scores.into_iter().zip(part.iter().map(|k| *k >= rows.reference_size)).collect());
        known.extend(part);
    }
    let statistic = all.u / all.pairs;
    Ok(TestResult {
        test: TestName::C2st,
        statistic,
        p_value: all.p_value(),
        effect: (2.0 * statistic - 1.0).max(0.0),
        method: if method == Method::Auto { Method::Logistic } else { method },
        reference_size: rows.reference_size as u64,
        current_size: rows.current_size as u64,
    })
}

/// Large for rows that look like the current sample's.
fn logistic_scores(rows: &Rows, known: &[usize], part: &[usize]) -> Vec<f64> {
    let labels = known.iter().map(|k| *k >= rows.reference_size).collect();
    let problem = Problem {
        rows: known.iter().map(|k| rows.row(*k)).collect(),
        labels,
        features: rows.features,
    };
    let weights = problem.weights();
    // The order is that of the probabilities, and does not saturate.
    part.iter().map(|k| rows.row(*k).iter().zip(&weights).map(|(x, w)| x * w).sum()).collect()
}

fn forest_scores(rows: &Rows, known: &[usize], part: &[usize]) -> Vec<f64> {
    let seen: Vec<(&[f64], bool)> =
        known.iter().map(|k| (rows.row(*k), *k >= rows.reference_size)).collect();
    let forest = Forest::fit(&seen, rows.features);
    part.iter().map(|k| forest.score(rows.row(*k))).collect()
}

/// Mann and Whitney's U over parts, each ranked by itself.
#[derive(Default)]
struct Ranks {
    u: f64,
    pairs: f64,
    variance: f64,
}

impl Ranks {
    /// Takes in a part: scores, and whether each is of the current sample.
    fn add(&mut self, mut scored: Vec<(f64, bool)>) {
        scored.sort_by(|a, b| a.0.total_cmp(&b.0));
        let size = scored.len() as f64;
        let current = scored.iter().filter(|(_, current)| *current).count() as f64;
        let pairs = current * (size - current);
        let (mut below, mut ties) = (0.0, 0.0);
        for equal in scored.chunk_by(|a, b| a.0 == b.0) {
            let t = equal.len() as f64;
            let current = equal.iter().filter(|(_, current)| *current).count() as f64;
            self.u += current * (below + 0.5 * (t - current));
            below += t - current;
            ties += t * (t * t - 1.0);
        }
        self.pairs += pairs;
        self.variance += pairs / 12.0 * (size + 1.0 - ties / (size * (size - 1.0)));
    }

    /// P(U >= u), normal with correction for continuity; 1 where all scores are equal.
    fn p_value(&self) -> f64 {
        let above = self.u - 0.5 * self.pairs;
        if self.variance > 0.0 { normal::sf((above - 0.5) / self.variance.sqrt()) } else { 1.0 }
    }
}
