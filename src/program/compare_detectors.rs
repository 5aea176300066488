//! `fluxguard compare-detectors`: which detector suits these data, by labeled observations.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;
use serde_json::Map;

use super::detect::{Rows, take_labels};
use super::hints;
use super::inverted;
use super::notes::Notes;
use super::outcome::Outcome;
use super::sample::{
    Choice, Dialect, Missing, Plan, Sample, Wanted, counted, is_same_file, is_standard_input,
    unmatched,
};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use fluxguard::Error;
use fluxguard::outlier::compare::{Compared, compare_detectors};
use fluxguard::outlier::threshold::curves::Quality;
use fluxguard::outlier::{NAMES, Spec, ood};

/// Which detector tells the anomalies of labeled observations from the rest: each is fitted on the
/// reference and ranked by AUROC
///
/// CSVs have a header and one column per feature, all numbers; columns are matched by name.
/// Precision, recall and F1 are those at the threshold that unchanged observations exceed at the
/// anomaly rate.
#[derive(Debug, Args)]
pub struct CompareDetectors {
    /// CSV of the reference sample; - is standard input
    #[arg(long, value_name = "REFERENCE")]
    fit: PathBuf,
    /// CSV of the labeled sample; - is standard input
    #[arg(long, value_name = "CURRENT")]
    score: PathBuf,
    /// Column of the labeled sample: 1 for an anomaly, 0 for a usual observation
    #[arg(long, value_name = "NAME")]
    label_column: String,
    /// A detector to compare, again for more [default: all that take features alone]
    #[arg(long = "detector", value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    detectors: Vec<String>,
    /// The fraction of unchanged observations that may be called anomalous
    #[arg(long, value_name = "RATE", default_value_t = 0.01, value_parser = super::detect::rate)]
    anomaly_rate: f64,
    /// Center and scale each feature before detectors see it
    #[arg(long)]
    standardize: bool,
    #[command(flatten)]
    columns: Choice,
    #[command(flatten)]
    dialect: Dialect,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Ranked {
    anomaly_rate: f64,
    anomalies: usize,
    observations: usize,
    detectors: Vec<Compared>,
    /// Columns with cells that have no value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl CompareDetectors {
    /// Reads both files, fits all detectors and ranks them.
    pub fn run(&self) -> Result<Answer, Failure> {
        if is_standard_input(&self.fit) && is_standard_input(&self.score) {
            return Err(
                Error::invalid("--score", "- for both files", "a file for one of them").into()
            );
        }
        let always = [self.label_column.as_str()];
        let columns = Wanted::Chosen(&self.columns, &always);
        let plan = Plan { dialect: &self.dialect, known: &BTreeMap::new(), columns };
        let mut reference = Sample::read("--fit", &self.fit, plan)?;
        let mut current = Sample::read("--score", &self.score, plan)?;
        self.columns.expect_met()?;
        let labels = take_labels(&mut current, &self.label_column)?;
        if let Some(label) = labels.iter().flatten().find(|label| **label > 1) {
            return Err(Error::invalid(
                "--label-column",
                label,
                "1 for an anomaly, 0 for a usual observation",
            )
            .into());
        }
        reference.take(&self.label_column);
        if let Some(bad) = unmatched(&reference, &current) {
            return Err(bad.into());
        }
        let names: Vec<String> =
            reference.columns.iter().map(|column| column.name.clone()).collect();
        let (fit, mut score) = (
            Rows::complete("--fit", &reference, &names)?,
            Rows::complete("--score", &current, &names)?,
        );
        let labels: Vec<bool> = score.labeled(labels).iter().map(|label| *label == 1).collect();
        let (fit, score) = (fit.tensor()?, score.tensor()?);
        let detectors =
            compare_detectors(&self.specs()?, &fit, &score, &labels, self.anomaly_rate)?;
        let anomalies = labels.iter().filter(|label| **label).count();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let missing = Missing::since(&reference, &current, &names)?;
        let observations = labels.len();
        let ranked =
            Ranked { anomaly_rate: self.anomaly_rate, anomalies, observations, detectors, missing };
        let mut notes = Notes::hinting(hints::of_columns(Some(&reference), &current));
        // The first is the best.
        notes.hints.extend(
            ranked.detectors.first().and_then(|best| inverted::hint(best.quality.as_ref()?)),
        );
        if is_same_file(&self.fit, &self.score) {
            let text =
                "--fit and --score are one file: detectors find what they were fitted on usual";
            notes.warnings.push(text.into());
        }
        Ok(Answer::with(self.json, &ranked, || table(&ranked), Outcome::Done, &notes))
    }

    fn specs(&self) -> Result<Vec<Spec>, Error> {
        let all =
            NAMES.iter().filter(|name| !ood::NAMES.contains(name)).map(|name| (*name).to_owned());
        let chosen: Vec<String> =
            if self.detectors.is_empty() { all.collect() } else { self.detectors.clone() };
        let options =
            || Map::from_iter(self.standardize.then(|| ("standardize".to_owned(), true.into())));
        chosen.iter().map(|name| Spec::new(name, options())).collect()
    }
}

fn table(ranked: &Ranked) -> String {
    let header = [
        ("detector", Align::Left),
        ("AUROC", Align::Right),
        ("AUPRC", Align::Right),
        ("FPR at 95 % TPR", Align::Right),
        ("precision", Align::Right),
        ("recall", Align::Right),
        ("F1", Align::Right),
        ("fit s", Align::Right),
        ("score s", Align::Right),
        ("bytes", Align::Right),
    ];
    let row = |c: &Compared| {
        let of = |value: fn(&Quality) -> f64| {
            c.quality.as_ref().map_or_else(|| "-".into(), |q| number(value(q)))
        };
        let mut row = vec![c.detector.clone()];
        row.extend([of(|q| q.auroc), of(|q| q.auprc), of(|q| q.fpr_at_95_tpr)]);
        row.extend([of(|q| q.precision), of(|q| q.recall), of(|q| q.f1)]);
        row.extend([number(c.fit_seconds), number(c.score_seconds), c.bytes.to_string()]);
        row
    };
    let mut text = format!(
        "{} of {} observations are anomalies; precision, recall and F1 at an anomaly rate of {}\n\n",
        ranked.anomalies, ranked.observations, ranked.anomaly_rate
    );
    text += &render(&header, &ranked.detectors.iter().map(row).collect::<Vec<_>>());
    for c in &ranked.detectors {
        if let Some(error) = &c.error {
            text += &format!("{}: {error}\n", c.detector);
        }
    }
    text + &counted(&ranked.missing, "their lines are left out")
}
