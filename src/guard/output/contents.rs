//! Whether numbers are what they are said to be, and what they look like.

use super::probabilities;
use crate::error::{Error, Result};
use crate::outlier::OutputKind;
use crate::simd::Real;

/// Numbers from 0 to 1 in all that say that an output is probabilities: fewer may be by chance.
const MIN_NUMBERS: usize = 20;

/// What rows of this many features look like: probabilities, several labels, or no classes at all.
/// `None`: logits and values look alike.
#[must_use]
pub fn recognized(rows: &[f64], features: usize) -> Option<OutputKind> {
    if features == 1 {
        Some(OutputKind::Values)
    } else if probabilities::expect("reference", rows, features).is_ok() {
        Some(OutputKind::Probabilities)
    } else if are_shares(rows) {
        Some(OutputKind::Multilabel)
    } else {
        None
    }
}

fn are_shares(rows: &[f64]) -> bool {
    rows.len() >= MIN_NUMBERS && rows.iter().all(|x| (0.0..=1.0).contains(x))
}

/// Demands a number of features that an output of this kind can have.
///
/// # Errors
/// [`Error::InvalidArgument`] naming `output`.
pub fn expect_features(output: OutputKind, features: usize) -> Result<()> {
    let fits = match output {
        OutputKind::Logits | OutputKind::Probabilities => features > 1,
        OutputKind::Binary | OutputKind::BinaryLogit => features == 1,
        OutputKind::Gaussian => features.is_multiple_of(2),
        OutputKind::Mixture => features.is_multiple_of(3),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let expected = match output {
        OutputKind::Logits | OutputKind::Probabilities => {
            "a number for each of two classes or more; of a binary classifier's single output say that it is binary (a probability) or \
             binary-logit; of anything else, values"
        }
        OutputKind::Gaussian => "an even number of features: the means, then as many variances",
        OutputKind::Mixture => {
            "three features for each part of the mixture: the weights, then the means, then the variances"
        }
        _ => "one number; of several labels say multilabel, or multilabel-logits",
    };
    let was = format!("{} of {features} features", output.as_str());
    Err(Error::invalid("output", was, expected))
}

/// Demands of a reference that it can be what it is said to be: besides [`expect`], that what is
/// said to be logits are no probabilities.
///
/// # Errors
/// [`Error::InvalidArgument`] naming `output` or `reference`.
pub fn expect_reference(output: OutputKind, rows: &[f64], features: usize) -> Result<()> {
    expect_features(output, features)?;
    let instead = match output {
        OutputKind::Logits if rows.len() >= MIN_NUMBERS => {
            let are = probabilities::expect("reference", rows, features).is_ok();
            are.then_some(OutputKind::Probabilities)
        }
        OutputKind::BinaryLogit if are_shares(rows) => Some(OutputKind::Binary),
        OutputKind::MultilabelLogits if are_shares(rows) => Some(OutputKind::Multilabel),
        _ => None,
    };
    if let Some(instead) = instead {
        let was = format!("{}, of numbers that are all probabilities", output.as_str());
        let expected = format!(
            "\"{}\", if the model's last layer is a softmax or a sigmoid; or \"values\"",
            instead.as_str()
        );
        return Err(Error::invalid("output", was, expected));
    }
    expect("reference", output, rows, features)
}

/// Demands what the kind of output says of its numbers; what is not finite is an anomaly, and no
/// fault of the kind. Cost: a pass over the numbers; none for logits, values and scores.
///
/// # Errors
/// [`Error::InvalidArgument`] naming `argument`, and the first observation that is none.
pub fn expect<T: Real>(
    argument: &'static str,
    output: OutputKind,
    rows: &[T],
    features: usize,
) -> Result<()> {
    let slack = probabilities::SLACK;
    let is_share = |x: f64| !x.is_finite() || (-slack..=1.0 + slack).contains(&x);
    let is_variance = |x: f64| x.is_nan() || x >= 0.0;
    let (is_right, numbers): (&dyn Fn(usize, f64) -> bool, _) = match output {
        OutputKind::Probabilities => return probabilities::expect(argument, rows, features),
        OutputKind::Binary | OutputKind::Multilabel => (
            &|_, x| is_share(x),
            "probabilities, from 0 to 1; or say that the output is logits of them, or values",
        ),
        OutputKind::Gaussian => (
            &|k, x| k < features / 2 || is_variance(x),
            "a variance of 0 or more in the second half; of standard deviations give their squares, of logarithms their exponentials",
        ),
        OutputKind::Mixture => (
            &|k, x| match 3 * k / features {
                0 => is_share(x),
                1 => true,
                _ => is_variance(x),
            },
            "weights from 0 to 1, then means, then variances of 0 or more; of standard deviations give their squares",
        ),
        _ => return Ok(()),
    };
    let wrong = |(i, x): (usize, &T)| !is_right(i % features, x.to_f64());
    let Some(i) = rows.iter().enumerate().position(wrong) else { return Ok(()) };
    let (k, j) = (i % features, i / features);
    let was = format!("{} in feature {k} of observation {j} (from 0)", rows[i].to_f64());
    Err(Error::invalid(argument, was, numbers))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn kinds_are_recognized_by_their_numbers() {
        let mut random = Random(3);
        let logits = random.normals(60);
        let shares: Vec<f64> = logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
        let distributions: Vec<f64> = logits
            .chunks(3)
            .flat_map(|z| {
                let sum: f64 = z.iter().map(|z| z.exp()).sum();
                z.iter().map(move |z| z.exp() / sum).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(recognized(&logits, 3), None);
        assert_eq!(recognized(&shares, 3), Some(OutputKind::Multilabel));
        assert_eq!(recognized(&distributions, 3), Some(OutputKind::Probabilities));
        assert_eq!(recognized(&shares, 1), Some(OutputKind::Values));
        assert_eq!(recognized(&shares[..6], 3), None);

        for (said, rows, features, instead) in [
            (OutputKind::Logits, &distributions, 3, "\"probabilities\""),
            (OutputKind::BinaryLogit, &shares, 1, "\"binary\""),
            (OutputKind::MultilabelLogits, &shares, 3, "\"multilabel\""),
            (OutputKind::Logits, &shares, 1, "binary"),
            (OutputKind::Binary, &shares, 3, "multilabel"),
            (OutputKind::Binary, &logits, 1, "logits"),
            (OutputKind::Multilabel, &logits, 3, "logits"),
            (OutputKind::Probabilities, &shares, 3, "logits"),
            (OutputKind::Gaussian, &logits, 3, "even"),
            (OutputKind::Gaussian, &logits, 2, "squares"),
            (OutputKind::Mixture, &logits, 2, "three"),
            (OutputKind::Mixture, &logits, 3, "weights"),
        ] {
            let error = expect_reference(said, rows, features).unwrap_err().to_string();
            assert!(error.contains(instead), "{said:?}: {error}");
        }
        for (said, rows, features) in [
            (OutputKind::Values, &distributions, 3),
            (OutputKind::Logits, &shares, 3),
            (OutputKind::BinaryLogit, &logits, 1),
            (OutputKind::Multilabel, &distributions, 3),
            (OutputKind::Gaussian, &shares, 4),
            (OutputKind::Mixture, &shares, 6),
        ] {
            expect_reference(said, rows, features).unwrap();
        }
        // Of numbers that are not finite nothing is said here.
        for x in [f64::NAN, f64::INFINITY] {
            expect("output", OutputKind::Binary, &[x], 1).unwrap();
            expect("output", OutputKind::Gaussian, &[0.0, x], 2).unwrap();
        }
    }
}
