//! Out-of-distribution from a classifier: detectors that read its logits, or its last features and
//! its last linear layer.
//!
//! All see one array. Without a [`Head`] it holds what the name says: logits (`classes x
//! observations`) or features of the penultimate layer. With a head it holds features, and the
//! logits are what the head makes of them. `vim`, `she`, `react`, `ash` cannot do without;
//! `class-mahalanobis`, `relative-mahalanobis` and `she` learn from labels, too.
//!
//! | name | reads | anomalous when | source |
//! |---|---|---|---|
//! | `msp`, `odin` | logits | the largest probability is small; `odin` at a temperature | Hendrycks and Gimpel 2017; Liang, Li and Srikant 2018 |
//! | `max-logit` | logits | the largest logit is small | Hendrycks et al. 2022 |
//! | `energy` | logits | `-T ln sum exp(logit / T)` is large | Liu et al. 2020 |
//! | `entropy`, `margin`, `gen` | logits | probabilities are spread | Liu, Lochman and Zach 2023 (`gen`) |
//! | `class-mahalanobis`, `relative-mahalanobis` | features, labels | far from every class | Lee et al. 2018; Ren et al. 2021 |
//! | `deep-knn` | features | far from all directions of the reference | Sun et al. 2022 |
//! | `vim` | features, head | much is outside of the principal space | Wang et al. 2022 |
//! | `she` | features, head, labels | unlike what is usual in the predicted class | Zhang et al. 2023 |
//! | `react`, `ash` | features, head | the energy of clipped or pruned features is large | Sun, Guo and Li 2021; Djurisic et al. 2023 |
//! | `ood` | either | several of these agree | [`crate::ensemble::ood`] |

pub mod ash;
pub mod class_mahalanobis;
mod classes;
pub mod deep_knn;
pub mod energy;
pub mod entropy;
pub mod generalized_entropy;
mod head;
mod logit_score;
pub mod margin;
pub mod max_logit;
pub mod msp;
pub mod odin;
pub mod react;
pub mod relative_mahalanobis;
pub mod she;
pub mod vim;

pub use head::Head;
pub use logit_score::{LogitScore, OnLogits};

/// The names of the detectors of classifiers: those of this folder, and what is several of them.
pub const NAMES: &[&str] = &[
    "msp",
    "max-logit",
    "energy",
    "entropy",
    "margin",
    "gen",
    "odin",
    "class-mahalanobis",
    "relative-mahalanobis",
    "deep-knn",
    "vim",
    "she",
    "react",
    "ash",
    "ood",
];

/// Those that read logits where there is no head.
pub const OF_LOGITS: &[&str] = &["msp", "max-logit", "energy", "entropy", "margin", "gen", "odin"];

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_is_a_detector() {
        assert!(super::NAMES.iter().all(|name| crate::NAMES.contains(name)));
        assert!(super::OF_LOGITS.iter().all(|name| super::NAMES.contains(name)));
    }
}
