//! The classes that predictions and labels name: whether they are the same ones.

use std::collections::{BTreeMap, BTreeSet};

use super::super::failure::{listed, quoted};
use super::super::sample::category;
use fluxguard::Error;

/// Names of one class, as the caller says: `PREDICTION=LABEL`.
pub fn same_class(text: &str) -> Result<(String, String), String> {
    let names = text.split_once('=').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned()));
    names
        .filter(|(a, b)| !a.is_empty() && !b.is_empty())
        .ok_or_else(|| "expected PREDICTION=LABEL, such as 1=True".into())
}

/// The classes as numbers, none where there is no value.
pub struct Vocabulary {
    pub predictions: Vec<Option<f64>>,
    pub labels: Vec<Option<f64>>,
    /// Where no label equals any prediction, or a class was named that no prediction is: both may
    /// be so.
    pub warning: Option<String>,
}

impl Vocabulary {
    /// Of the cells of both files.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] naming both vocabularies, where names that can hardly be meant as
    /// different classes are not equal.
    pub fn new(
        predictions: &[Option<String>],
        labels: &[Option<String>],
        same: &[(String, String)],
    ) -> Result<Self, Error> {
        let known = |cells: &[Option<String>], name: &str| {
            cells.iter().flatten().any(|cell| category(cell) == category(name))
        };
        // A class may have no prediction or no label yet; a name that is in neither file is a slip.
        let unheard = |(prediction, label): &&(String, String)| {
            !known(predictions, prediction) && !known(labels, label)
        };
        if let Some((prediction, label)) = same.iter().find(unheard) {
            let expected = "PREDICTION=LABEL of classes that the files have";
            return Err(Error::invalid(
                "--same-class",
                format!("{prediction}={label}, and neither is one"),
                expected,
            ));
        }
        let unpredicted = same.iter().find(|(prediction, _)| !known(predictions, prediction)).map(
            |(prediction, label)| {
                format!(
                    "--same-class {}: no prediction is {}",
                    quoted(&format!("{prediction}={label}")),
                    quoted(prediction)
                )
            },
        );
        let renamed: BTreeMap<String, &str> = same
            .iter()
            .map(|(prediction, label)| (category(label).into_owned(), prediction.as_str()))
            .collect();
        let class = |cell: &String| {
            let name = category(cell).into_owned();
            renamed.get(&name).map_or(name, |prediction| category(prediction).into_owned())
        };
        // Of both files: a name that the caller gave away is not used by either.
        let name = |cell: &Option<String>| cell.as_ref().map(class);
        let predictions: Vec<Option<String>> = predictions.iter().map(name).collect();
        let labels: Vec<Option<String>> = labels.iter().map(name).collect();
        let said: BTreeSet<&str> = predictions.iter().flatten().map(String::as_str).collect();
        let truth: BTreeSet<&str> = labels.iter().flatten().map(String::as_str).collect();
        let warning = judge(&said, &truth)?.or(unpredicted);
        let number = |name: &str| name.parse::<f64>().ok().filter(|x| x.is_finite());
        let all_numbers = said.union(&truth).all(|name| number(name).is_some());
        let classes: BTreeMap<&str, f64> =
            said.union(&truth).zip(0..).map(|(name, i)| (*name, f64::from(i))).collect();
        let value = |cell: &Option<String>| {
            let name = cell.as_deref()?;
            if all_numbers { number(name) } else { classes.get(name).copied() }
        };
        let predictions = predictions.iter().map(value).collect();
        Ok(Vocabulary { predictions, labels: labels.iter().map(value).collect(), warning })
    }
}

/// Whether the classes of both go together: a warning where none do, an error where that can hardly
/// be meant.
fn judge(said: &BTreeSet<&str>, truth: &BTreeSet<&str>) -> Result<Option<String>, Error> {
    if said.is_empty() || truth.is_empty() {
        return Ok(None);
    }
    let both = format!(
        "predictions {} and labels {}",
        listed(said.iter().copied()),
        listed(truth.iter().copied())
    );
    let folded: BTreeMap<String, &str> = said.iter().map(|name| (fold(name), *name)).collect();
    let alike = |name: &&str| {
        let other = *folded.get(&fold(name))?;
        let met = said.contains(name) && truth.contains(other);
        (other != *name && !met)
            .then(|| format!("--same-class {}", quoted(&format!("{other}={name}"))))
    };
    let alike: Vec<String> = truth.iter().filter_map(alike).take(8).collect();
    if !alike.is_empty() {
        let expected = format!("one way to write a class: {}", alike.join(" "));
        return Err(Error::invalid("--label", both, expected));
    }
    if !said.is_disjoint(truth) {
        return Ok(None);
    }
    let numbers = |names: &BTreeSet<&str>| names.iter().all(|name| name.parse::<f64>().is_ok());
    if numbers(said) != numbers(truth) {
        let expected = "a label that equals a prediction: --same-class PREDICTION=LABEL for each class, such as 1=True";
        return Err(Error::invalid("--label", both, expected));
    }
    if numbers(said) && said.iter().any(|name| name.parse::<i64>().is_err()) {
        let expected = "predictions that are classes (a threshold makes them of scores), or --outcome absolute-error";
        return Err(Error::invalid("--prediction", both, expected));
    }
    Ok(Some(format!(
        "no label equals any prediction: {both}; where two names are one class, say --same-class PREDICTION=LABEL"
    )))
}

/// A name without what seldom tells two classes apart: case, spaces, and whether truth is a word or
/// a number.
fn fold(name: &str) -> String {
    let plain = name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    match plain.as_str() {
        "true" => "1".into(),
        "false" => "0".into(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        said: &[&str],
        truth: &[&str],
        same: &[(&str, &str)],
    ) -> Result<(bool, Vec<bool>), String> {
        let cells =
            |names: &[&str]| names.iter().map(|name| Some((*name).to_owned())).collect::<Vec<_>>();
        let same: Vec<_> = same.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let found =
            Vocabulary::new(&cells(said), &cells(truth), &same).map_err(|e| e.to_string())?;
        let equal = found.predictions.iter().zip(&found.labels).map(|(a, b)| a == b).collect();
        Ok((found.warning.is_some(), equal))
    }

    #[test]
    fn one_class_is_one_name_or_an_error_that_says_the_flag() {
        assert_eq!(
            of(&["1", "0", "1"], &["1.0", "0.0", "0"], &[]),
            Ok((false, vec![true, true, false]))
        );
        assert_eq!(of(&["Yes", "no"], &["no", "no"], &[]), Ok((false, vec![false, true])));
        for (said, truth, flags) in [
            (["1", "0"], ["True", "False"], "--same-class \"0=False\" --same-class \"1=True\""),
            (["True", "False"], ["1", "0"], "--same-class \"False=0\" --same-class \"True=1\""),
            (["Yes", "No"], ["yes", "no"], "--same-class \"No=no\" --same-class \"Yes=yes\""),
            (["New  York", "x"], ["new york", "x"], "--same-class \"New  York=new york\""),
            (["1", "0"], ["cat", "dog"], "--same-class PREDICTION=LABEL"),
            (["0.2", "0.8"], ["1", "0"], "--outcome absolute-error"),
        ] {
            let error = of(&said, &truth, &[]).err().unwrap_or_default();
            assert!(
                error.contains(flags)
                    && error.contains(&quoted(said[0]))
                    && error.contains(&quoted(truth[0])),
                "{error}"
            );
        }
        let same = [("1", "True"), ("0", "False")];
        assert_eq!(of(&["1", "0"], &["True", "True"], &same), Ok((false, vec![true, false])));
        assert_eq!(of(&["1.0", "0.0"], &["True", "True"], &same), Ok((false, vec![true, false])));
        // A slip is told: of one file a warning, for the class may be yet to come; of both an
        // error.
        assert_eq!(
            of(&["yes", "no"], &["1", "0"], &[("foo", "1"), ("no", "0")]),
            Ok((true, vec![false, true]))
        );
        let error = of(&["yes", "no"], &["yes", "no"], &[("foo", "bar")]).err().unwrap_or_default();
        assert!(error.contains("foo=bar"), "{error}");
        // One that is always wrong may be so.
        assert_eq!(of(&["0"], &["1"], &[]), Ok((true, vec![false])));
        assert_eq!(of(&["cat"], &["dog"], &[]), Ok((true, vec![false])));
        // Both names are used by both: two classes.
        assert_eq!(of(&["a", "A"], &["A", "a"], &[]), Ok((false, vec![false, false])));
    }
}
