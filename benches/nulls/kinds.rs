//! Any numbers, as numbers that an output of a kind can have.

use std::borrow::Cow;

use fluxguard::profile::OutputKind;

/// Kinds whose numbers are of a form, and features for each.
pub const ALL: [(OutputKind, usize); 6] = [
    (OutputKind::Binary, 1),
    (OutputKind::BinaryLogit, 1),
    (OutputKind::Multilabel, 6),
    (OutputKind::MultilabelLogits, 6),
    (OutputKind::Gaussian, 6),
    (OutputKind::Mixture, 6),
];

/// Shares by a curve from 0 to 1, variances by their size; the rest as it is.
pub fn shaped(output: OutputKind, rows: &[f64], features: usize) -> Cow<'_, [f64]> {
    let share = |x: f64| 0.5 + 0.5 * x / (1.0 + x.abs());
    let of = |k: usize, x: f64| match output {
        OutputKind::Binary | OutputKind::Multilabel => share(x),
        OutputKind::Gaussian if 2 * k >= features => x.abs(),
        OutputKind::Mixture if 3 * k < features => share(x),
        OutputKind::Mixture if 3 * k >= 2 * features => x.abs(),
        _ => x,
    };
    if ALL.iter().all(|(kind, _)| *kind != output) {
        return Cow::Borrowed(rows);
    }
    rows.iter().enumerate().map(|(i, x)| of(i % features, *x)).collect()
}
