//! `fluxguard detect --within`: which observations of one sample do not look like the rest of it.

use std::path::Path;

use super::super::hints;
use super::super::notes::Notes;
use super::super::outcome::Outcome;
use super::super::sample::Missing;
use super::super::{Answer, Failure};
use super::{Detect, Detections, Rows, classifier, table, take_labels};
use fluxguard::Error;
use fluxguard::outlier::{Spec, within};

impl Detect {
    /// Scores each observation by a detector that was fitted on others.
    pub(super) fn run_within(&self, path: &Path) -> Result<Answer, Failure> {
        // clap demands it.
        let Some(name) = &self.detector else {
            return Err(Error::invalid("--detector", "none", "the detector to fit").into());
        };
        let spec = Spec::new(name, self.detector_options())?;
        let mut sample = self.read("--within", path)?;
        self.columns.expect_met()?;
        let labels =
            self.label_column.as_ref().map(|name| take_labels(&mut sample, name)).transpose()?;
        let features: Vec<String> =
            sample.columns.iter().map(|column| column.name.clone()).collect();
        let mut rows = Rows::complete("--within", &sample, &features)?;
        let labels = labels.map(|labels| rows.labeled(labels));
        let head = self
            .weights
            .as_ref()
            .map(|path| classifier::read_head(path, &features, &self.dialect))
            .transpose()?;
        let found = within(&spec, &rows.tensor()?, labels.as_deref(), head.as_ref())?;
        let anomaly_rate = self.anomaly_rate(found.scores().len());
        let threshold = found.threshold(anomaly_rate)?;
        let scores = rows.spread(found.scores());
        let names: Vec<&str> = features.iter().map(String::as_str).collect();
        let missing = Missing::of(&sample, &names);
        let report = Detections {
            detector: name.clone(),
            threshold,
            anomaly_rate,
            p_values: rows.spread(&found.p_values()),
            anomalies: (0..scores.len()).filter(|i| scores[*i] > threshold).collect(),
            scores,
            explanations: None,
            missing,
            features,
        };
        let outcome = Outcome::new(!report.anomalies.is_empty(), self.fail_on);
        let notes = Notes::hinting(hints::of_columns(None, &sample));
        Ok(Answer::with(self.json, &report, || table::render(&report), outcome, &notes))
    }
}
