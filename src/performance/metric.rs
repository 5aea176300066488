//! What is estimated, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the model's answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// One probability an observation, that its label is 1; labels are 0 and 1.
    Binary,
    /// A probability for each of `k` classes; labels are 0 to `k - 1`.
    Multiclass,
    /// A number; the scores are the features that it was computed from.
    Regression,
}

/// A measure of performance. Those of classes are of class 1 for a binary problem, and for more
/// classes the mean over those of each class against the rest for which it is defined (macro
/// average); accuracy is one for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Share of right predictions.
    Accuracy,
    /// `2 TP / (2 TP + FP + FN)`.
    F1,
    /// Area under the receiver operating characteristic of the scores; ties count half.
    Auroc,
    /// `TP / (TP + FP)`.
    Precision,
    /// `TP / (TP + FN)`.
    Recall,
    /// `TN / (TN + FP)`.
    Specificity,
    /// Mean absolute error.
    Mae,
    /// Mean squared error.
    Mse,
    /// Root of the mean squared error.
    Rmse,
}

impl Metric {
    /// All that fit a problem, in the order of reports.
    #[must_use]
    pub fn of(problem: Problem) -> &'static [Metric] {
        use Metric::{Accuracy, Auroc, F1, Mae, Mse, Precision, Recall, Rmse, Specificity};
        match problem {
            Problem::Binary | Problem::Multiclass => {
                &[Accuracy, F1, Auroc, Precision, Recall, Specificity]
            }
            Problem::Regression => &[Mae, Mse, Rmse],
        }
    }

    /// The largest value that it can have.
    #[must_use]
    pub fn most(self) -> f64 {
        if Metric::of(Problem::Regression).contains(&self) { f64::INFINITY } else { 1.0 }
    }

    /// The name in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Accuracy => "accuracy",
            Metric::F1 => "f1",
            Metric::Auroc => "auroc",
            Metric::Precision => "precision",
            Metric::Recall => "recall",
            Metric::Specificity => "specificity",
            Metric::Mae => "mae",
            Metric::Mse => "mse",
            Metric::Rmse => "rmse",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Problem::Binary => "binary",
            Problem::Multiclass => "multiclass",
            Problem::Regression => "regression",
        })
    }
}
