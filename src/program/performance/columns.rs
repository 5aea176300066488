//! What a file says: scores, predictions and labels, in the lines that have them.

use std::path::Path;

use super::Performance;
use super::ProblemName;
use crate::Failure;
use crate::classes::{Classes, all_numbers, as_numbers, numbers, texts};
use crate::failure::{BadCsv, listed};
use crate::sample::{Kind, Plan, Sample, Wanted};
use fluxguard::Error;
use fluxguard::performance::Answers;
use fluxguard::tensor::{Elements, Tensor};

/// The columns of a file that count.
pub(super) struct Columns {
    /// The lines that have a value in each of them, from 0.
    pub rows: Vec<usize>,
    pub scores: Vec<f64>,
    pub predictions: Option<Vec<f64>>,
    pub labels: Option<Vec<f64>>,
}

impl Performance {
    pub(super) fn read(&self, argument: &'static str, path: &Path) -> Result<Sample, Failure> {
        let names = [Some(&self.label), self.prediction.as_ref()]
            .into_iter()
            .flatten()
            .filter(|_| !self.is_regression());
        let known = names.map(|name| (name.clone(), Kind::Text)).collect();
        let columns = Wanted::Named(&self.wanted());
        Sample::read(argument, path, Plan { dialect: &self.dialect, known: &known, columns })
    }

    /// The names of the classes, where they are not the numbers 0, 1, ...
    pub(super) fn classes(&self, reference: &Sample) -> Result<Option<Classes>, Failure> {
        if self.is_regression() {
            return match self.classes.first() {
                Some(name) => Err(Error::invalid(
                    "--class",
                    format!("{name:?}"),
                    "no classes for a regression",
                )
                .into()),
                None => Ok(None),
            };
        }
        let labels = texts(reference, "--label", &self.label)?;
        let predictions = self
            .prediction
            .as_deref()
            .map(|name| texts(reference, "--prediction", name))
            .transpose()?;
        let cells = || labels.iter().chain(predictions.into_iter().flatten()).flatten();
        let classes = if !self.classes.is_empty() {
            Classes(self.classes.clone())
        } else if all_numbers(labels) && predictions.is_none_or(all_numbers) {
            let numbers = Classes::sorted(cells());
            self.expect_from_zero(&numbers)?;
            return Ok(None);
        } else {
            Classes::sorted(cells())
        };
        let expected = self.expected_classes();
        let count = Classes::sorted(classes.0.iter()).0.len();
        if count != expected || count != classes.0.len() {
            let flag = if self.classes.is_empty() { "--label" } else { "--class" };
            let was = format!("the classes {}", listed(classes.0.iter().map(String::as_str)));
            return Err(Error::invalid(flag, was, self.mend_of_classes(count)).into());
        }
        Ok(Some(classes))
    }

    fn expected_classes(&self) -> usize {
        if matches!(self.problem, ProblemName::Binary) { 2 } else { self.scores.len() }
    }

    /// What to do where so many classes are not as many as there are scores for.
    fn mend_of_classes(&self, count: usize) -> String {
        let expected = self.expected_classes();
        let ways = match self.problem {
            _ if count < expected => {
                "name them all, also those that no label is, by --class NAME for each, in the order of the scores"
            }
            ProblemName::Binary => {
                "say --problem multiclass, with a --score for each class, or remove the lines of the others"
            }
            _ => "say --score for each class, in the order of the classes",
        };
        format!("{expected} different ones, as there are scores for; {ways}")
    }

    /// Numbers that are classes count from 0; others that may be names are told how to say so.
    fn expect_from_zero(&self, numbers: &Classes) -> Result<(), Failure> {
        let expected = self.expected_classes();
        let number = |name: &String| name.parse::<usize>().is_ok_and(|class| class < expected);
        let found = &numbers.0;
        // Other numbers are no names, but scores in the place of labels.
        let whole = found.iter().all(|name| name.parse::<i64>().is_ok());
        if !whole || found.len() != expected || found.iter().all(number) {
            return Ok(());
        }
        let mut in_order: Vec<&String> = found.iter().collect();
        in_order.sort_by(|a, b| {
            a.parse::<f64>().unwrap_or(f64::NAN).total_cmp(&b.parse::<f64>().unwrap_or(f64::NAN))
        });
        let flags: Vec<String> = in_order.iter().map(|name| format!("--class={name}")).collect();
        let was = format!("the classes {}", listed(in_order.iter().map(|name| name.as_str())));
        let expected = format!(
            "the numbers from 0 to {}, or, where these are names in the order of the scores, {}",
            expected - 1,
            flags.join(" ")
        );
        Err(Error::invalid("--label", was, expected).into())
    }

    pub(super) fn columns(
        &self,
        sample: &Sample,
        classes: Option<&Classes>,
        labeled: bool,
    ) -> Result<Columns, Failure> {
        let (flag, names, other) = match self.problem {
            ProblemName::Regression => ("--feature", &self.features, &self.scores),
            _ => ("--score", &self.scores, &self.features),
        };
        let is_binary = matches!(self.problem, ProblemName::Binary);
        if names.is_empty() || !other.is_empty() || (is_binary && names.len() > 1) {
            let how = match self.problem {
                ProblemName::Binary => {
                    "once, the probability of class 1 (of more classes: --problem multiclass)"
                }
                ProblemName::Multiclass => "once a class, in their order",
                ProblemName::Regression => "once or more",
            };
            let expected = format!(
                "{flag} COLUMN for a problem of this kind, {how}; columns are {}",
                sample.names()
            );
            let was = if is_binary && names.len() > 1 {
                "several columns"
            } else {
                "other columns, or none"
            };
            return Err(Error::invalid(flag, was, expected).into());
        }
        if self.is_regression() && self.prediction.is_none() {
            let expected = format!(
                "the column of the predictions, which a regression needs; columns are {}",
                sample.names()
            );
            return Err(Error::invalid("--prediction", "none", expected).into());
        }
        let scores: Vec<&[f64]> =
            names.iter().map(|name| numbers(sample, flag, name)).collect::<Result<_, _>>()?;
        let values = |flag, name: &str| -> Result<Vec<f64>, Failure> {
            if self.is_regression() {
                return Ok(numbers(sample, flag, name)?.to_vec());
            }
            let cells = texts(sample, flag, name)?;
            classes.map_or_else(
                || as_numbers(sample, name, cells),
                |classes| classes.numbers(sample, name, cells),
            )
        };
        let predictions =
            self.prediction.as_deref().map(|name| values("--prediction", name)).transpose()?;
        // Labels of CURRENT that are not known yet are no labels.
        let known =
            |sample: &Sample| sample.column(&self.label).is_some_and(|labels| !labels.is_blank());
        let labels =
            (labeled || known(sample)).then(|| values("--label", &self.label)).transpose()?;
        // An estimate needs no labels: lines of CURRENT without one stay.
        let needed = labels.as_deref().filter(|_| labeled);
        let columns: Vec<&[f64]> =
            scores.iter().copied().chain(predictions.as_deref()).chain(needed).collect();
        let rows: Vec<usize> = (0..sample.observations)
            .filter(|i| columns.iter().all(|column| !column[*i].is_nan()))
            .collect();
        if rows.is_empty() {
            let (problem, fix) =
                ("no line has a value in every column that is read", "choose other columns");
            let (file, problem, fix) = (sample.file.clone(), problem.to_owned(), fix.to_owned());
            return Err(BadCsv { file, line: None, column: None, problem, fix }.into());
        }
        let of_rows = |column: Vec<f64>| rows.iter().map(|i| column[*i]).collect::<Vec<f64>>();
        let scores = rows.iter().flat_map(|i| scores.iter().map(|score| score[*i])).collect();
        let (predictions, labels) = (predictions.map(of_rows), labels.map(of_rows));
        let labels = labels.filter(|labels| labels.iter().all(|label| !label.is_nan()));
        Ok(Columns { rows, scores, predictions, labels })
    }
}

impl Columns {
    pub fn answers(&self) -> Result<Answers<'_>, Error> {
        Ok(Answers {
            scores: Tensor::new(Elements::F64(&self.scores), self.rows.len())?,
            predictions: self.predictions.as_deref(),
            labels: self.labels.as_deref(),
        })
    }
}
