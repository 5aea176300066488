//! `fluxguard threshold`: from scores to alarms, and how good they are where labels are known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;
use serde_json::{Map, Value};

use super::detect::{rate, take_labels};
use super::failure::quoted;
use super::finite::expect_finite;
use super::hints;
use super::inverted;
use super::notes::Notes;
use super::outcome::{FailOn, Outcome};
use super::roles::{expect_different, one_file};
use super::sample::{Cells, Dialect, Missing, Plan, Sample, Wanted, counted, is_standard_input};
use super::text_table::{Align, number, render};
use super::{Answer, Failure};
use fluxguard::Error;
use fluxguard::outlier::threshold::curves::{Labeled, PrecisionRecallPoint, Quality, RocPoint};
use fluxguard::outlier::threshold::live::{LiveOptions, LiveThreshold, NAMES as LIVE};
use fluxguard::outlier::threshold::spot::Verdict;
use fluxguard::outlier::threshold::{Method, NAMES as FIXED};

/// Which scores are anomalous, by a threshold from scores of usual observations
///
/// A CSV has a header; scores are one column of it, higher is more anomalous. conformal,
/// percentile, pot (peaks over threshold) and budget set one threshold; spot (with --depth: DSPOT)
/// and feedback move it with each score that is not an alarm. With labels it is also said how good
/// scores and alarms are.
#[derive(Debug, Args)]
pub struct Threshold {
    /// CSV of the scores; - is standard input
    scores: PathBuf,
    /// How the threshold is found
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(FIXED.iter().chain(LIVE)))]
    method: String,
    /// CSV of usual scores, of the same column [default: the first --initial scores]
    #[arg(long, value_name = "CSV")]
    calibration: Option<PathBuf>,
    /// How many of the first scores are usual, without --calibration; they are not judged
    #[arg(long, value_name = "COUNT", conflicts_with = "calibration")]
    initial: Option<usize>,
    /// The fraction of usual scores that may be alarms [default: 0.01; spot 0.001]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<f64>,
    /// Quantile where the tail starts (pot, spot)
    #[arg(long, value_name = "NUMBER")]
    level: Option<f64>,
    /// Last scores whose mean is taken off (spot)
    #[arg(long, value_name = "COUNT")]
    depth: Option<usize>,
    /// Alerts that can be looked at, in some span of time (budget)
    #[arg(long, value_name = "NUMBER")]
    alerts: Option<f64>,
    /// Scores in that span (budget)
    #[arg(long, value_name = "NUMBER")]
    observations: Option<f64>,
    /// Column of the scores, where there are several
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Column of SCORES: 1 for an anomaly, 0 for a usual observation
    #[arg(long, value_name = "NAME")]
    label_column: Option<String>,
    #[command(flatten)]
    dialect: Dialect,
    /// Add the ROC and the precision-recall curve to the JSON
    #[arg(long, requires_all = ["label_column", "json"])]
    curves: bool,
    /// Exit with 1 if this was found
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Found {
    method: String,
    /// After the last score, where it moves.
    threshold: f64,
    rate: f64,
    scores: usize,
    /// Indices from 0 in the file.
    anomalies: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Judged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roc: Option<Vec<RocPoint>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    precision_recall: Option<Vec<PrecisionRecallPoint>>,
    /// Columns with cells that have no value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

/// What was read of a file.
struct Read {
    /// NaN where there is no value.
    scores: Vec<f64>,
    /// None where there is no label.
    labels: Option<Vec<Option<bool>>>,
    missing: Vec<Missing>,
    hints: Vec<String>,
}

/// How good scores are, and how good the alarms.
#[derive(Debug, Serialize)]
struct Judged {
    auroc: f64,
    auprc: f64,
    fpr_at_95_tpr: f64,
    precision: f64,
    recall: f64,
    f1: f64,
    /// What is said of scores that are the wrong way round.
    #[serde(skip)]
    hint: Option<String>,
}

impl Threshold {
    /// Reads the scores, sets the threshold and says which are above it.
    pub fn run(&self) -> Result<Answer, Failure> {
        if self.calibration.as_deref().is_some_and(is_standard_input)
            && is_standard_input(&self.scores)
        {
            return Err(Error::invalid(
                "--calibration",
                "- for both files",
                "a file for one of them",
            )
            .into());
        }
        let roles = [("--column", &self.column), ("--label-column", &self.label_column)];
        expect_different(roles.iter().filter_map(|(flag, name)| Some((*flag, name.as_deref()?))))?;
        let Read { scores, labels, missing, hints } =
            self.read("SCORES", &self.scores, self.label_column.as_deref())?;
        let there =
            |scores: &[f64]| scores.iter().copied().filter(|x| !x.is_nan()).collect::<Vec<f64>>();
        let (usual, first) = match (&self.calibration, self.initial) {
            (Some(path), _) => (there(&self.read("--calibration", path, None)?.scores), 0),
            (None, Some(initial)) if initial < scores.len() => (there(&scores[..initial]), initial),
            (None, Some(initial)) => {
                let expected = format!("fewer than the {} scores", scores.len());
                return Err(Error::invalid("--initial", initial, expected).into());
            }
            (None, None) => {
                let expected =
                    "scores of usual observations: --calibration CSV, or --initial COUNT";
                return Err(Error::invalid("--calibration", "none", expected).into());
            }
        };
        let rows: Vec<usize> = (first..scores.len()).filter(|i| !scores[*i].is_nan()).collect();
        let judged: Vec<f64> = rows.iter().map(|i| scores[*i]).collect();
        let (threshold, rate, alarms) = self.alarms(usual, &judged)?;
        let quality = labels.map(|labels| {
            let labels: Vec<Option<bool>> = rows.iter().map(|i| labels[*i]).collect();
            self.quality(&judged, &labels, &alarms)
        });
        let (quality, curves) =
            quality.transpose()?.map_or((None, None), |(quality, curves)| (Some(quality), curves));
        let inverted = quality.as_ref().and_then(|q| q.hint.clone());
        let (roc, precision_recall) =
            curves.map_or((None, None), |(roc, pr)| (Some(roc), Some(pr)));
        let anomalies: Vec<usize> =
            rows.iter().zip(&alarms).filter(|(_, alarm)| **alarm).map(|(i, _)| *i).collect();
        let (method, n) = (self.method.clone(), judged.len());
        let found = Found {
            method,
            threshold,
            rate,
            scores: n,
            anomalies,
            quality,
            roc,
            precision_recall,
            missing,
        };
        let outcome = Outcome::new(!found.anomalies.is_empty(), self.fail_on);
        let files = [("SCORES", Some(&self.scores)), ("--calibration", self.calibration.as_ref())];
        let files: Vec<_> =
            files.into_iter().filter_map(|(place, path)| Some((place, path?.as_path()))).collect();
        let warnings = one_file(&files, "what is judged counts as usual");
        let notes = Notes { warnings, hints: hints.into_iter().chain(inverted).collect() };
        Ok(Answer::with(self.json, &found, || table(&found, &scores), outcome, &notes))
    }

    /// The threshold, its rate, and which scores are alarms.
    fn alarms(
        &self,
        mut usual: Vec<f64>,
        judged: &[f64],
    ) -> Result<(f64, f64, Vec<bool>), Failure> {
        let parse = |e| Error::invalid("--method", e, format!("options of {}", self.method));
        let numbers = [
            ("rate", self.rate),
            ("level", self.level),
            ("alerts", self.alerts),
            ("observations", self.observations),
        ];
        expect_finite(&BTreeMap::from(numbers))?;
        let options = self.options();
        if LIVE.contains(&self.method.as_str()) {
            let options: LiveOptions = serde_json::from_value(options).map_err(parse)?;
            let rate = match options {
                LiveOptions::Spot { rate, .. } | LiveOptions::Feedback { rate } => rate,
            };
            let mut live = LiveThreshold::new(options, &usual)?;
            let alarms = judged.iter().map(|score| live.update(*score) == Verdict::Alarm).collect();
            return Ok((live.threshold(), rate, alarms));
        }
        let method: Method = serde_json::from_value(options).map_err(parse)?;
        usual.sort_by(f64::total_cmp);
        let found = method.threshold(&usual)?;
        Ok((
            found.threshold,
            found.rate,
            judged.iter().map(|score| *score > found.threshold).collect(),
        ))
    }

    /// By the names of [`Method`] and [`LiveOptions`], which refuse what they have not.
    fn options(&self) -> Value {
        let mut options = Map::from_iter([("method".to_owned(), Value::from(self.method.clone()))]);
        let mut set = |name: &str, value: Option<Value>| {
            options.extend(value.map(|value| (name.to_owned(), value)))
        };
        let needs_rate = matches!(self.method.as_str(), "conformal" | "percentile" | "pot");
        set("rate", self.rate.or(needs_rate.then_some(0.01)).map(Value::from));
        set("level", self.level.map(Value::from));
        set("depth", self.depth.map(Value::from));
        set("alerts", self.alerts.map(Value::from));
        set("observations", self.observations.map(Value::from));
        Value::Object(options)
    }

    /// The scores, and the labels.
    fn read(
        &self,
        argument: &'static str,
        path: &Path,
        label: Option<&str>,
    ) -> Result<Read, Failure> {
        let wanted: Vec<&str> = self.column.as_deref().into_iter().chain(label).collect();
        let columns = if self.column.is_some() { Wanted::Named(&wanted) } else { Wanted::All };
        let plan = Plan { dialect: &self.dialect, known: &BTreeMap::new(), columns };
        let mut sample = Sample::read(argument, path, plan)?;
        let mut missing: Vec<Missing> =
            label.map(|label| Missing::of(&sample, &[label])).unwrap_or_default();
        let labels = label.map(|label| take_labels(&mut sample, label)).transpose()?;
        if let Some(label) = labels.iter().flatten().flatten().find(|label| **label > 1) {
            return Err(Error::invalid(
                "--label-column",
                label,
                "1 for an anomaly, 0 for a usual observation",
            )
            .into());
        }
        let name = match (&self.column, &sample.columns[..]) {
            (None, [only]) => Some(only.name.clone()),
            (name, _) => name.clone(),
        };
        let column = sample.only("--column", name.as_deref())?;
        let Cells::Numbers(scores) = &column.cells else {
            let was = format!("{}, which holds text{}", quoted(&column.name), column.plainly());
            return Err(Error::invalid("--column", was, "a column of numbers").into());
        };
        missing.extend(Missing::of(&sample, &[column.name.as_str()]));
        let labels =
            labels.map(|labels| labels.iter().map(|label| label.map(|label| label == 1)).collect());
        Ok(Read { scores: scores.clone(), labels, missing, hints: hints::of_codes(column) })
    }

    /// Of those that have a label.
    #[allow(clippy::type_complexity)] // one use
    fn quality(
        &self,
        scores: &[f64],
        labels: &[Option<bool>],
        alarms: &[bool],
    ) -> Result<(Judged, Option<(Vec<RocPoint>, Vec<PrecisionRecallPoint>)>), Failure> {
        let known: Vec<usize> = (0..scores.len()).filter(|i| labels[*i].is_some()).collect();
        let scores: Vec<f64> = known.iter().map(|i| scores[*i]).collect();
        let alarms: Vec<bool> = known.iter().map(|i| alarms[*i]).collect();
        let (scores, labels) = (&scores, &labels.iter().copied().flatten().collect::<Vec<bool>>());
        let labeled = Labeled::new(scores, labels)?;
        let of_scores = labeled.quality(f64::INFINITY)?;
        let Quality { auroc, auprc, fpr_at_95_tpr, .. } = of_scores;
        // Of the alarms that were given: a threshold that moves is not one.
        let flags: Vec<f64> = alarms.iter().map(|alarm| f64::from(u8::from(*alarm))).collect();
        let Quality { precision, recall, f1, .. } = Labeled::new(&flags, labels)?.quality(0.5)?;
        let hint = inverted::hint(&of_scores);
        let judged = Judged { auroc, auprc, fpr_at_95_tpr, precision, recall, f1, hint };
        Ok((judged, self.curves.then(|| (labeled.roc(), labeled.precision_recall()))))
    }
}

/// Rows that are shown: the first.
const MAX: usize = 50;

fn table(found: &Found, scores: &[f64]) -> String {
    let mut text = format!(
        "{} of {} scores are anomalous ({}, threshold {}, rate {})\n",
        found.anomalies.len(),
        found.scores,
        found.method,
        number(found.threshold),
        number(found.rate)
    );
    if let Some(q) = &found.quality {
        let header = ["AUROC", "AUPRC", "FPR at 95 % TPR", "precision", "recall", "F1"]
            .map(|name| (name, Align::Right));
        let row =
            [q.auroc, q.auprc, q.fpr_at_95_tpr, q.precision, q.recall, q.f1].map(number).to_vec();
        text += &format!("\n{}", render(&header, &[row]));
    }
    if !found.anomalies.is_empty() {
        let row = |i: &usize| vec![i.to_string(), number(scores[*i])];
        let rows: Vec<Vec<String>> = found.anomalies.iter().take(MAX).map(row).collect();
        text += &format!(
            "\n{}",
            render(&[("index from 0", Align::Right), ("score", Align::Right)], &rows)
        );
        if found.anomalies.len() > MAX {
            text += &format!("... all {} are in --json\n", found.anomalies.len());
        }
    }
    text + &counted(&found.missing, "they are left out")
}
