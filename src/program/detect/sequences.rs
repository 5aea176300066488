//! `fluxguard detect` of sequences: texts, chains of events, categories.

use super::super::outcome::Outcome;
use super::super::sample::Missing;
use super::super::{Answer, Failure};
use super::found::SequenceDetections;
use super::texts::{Place, Texts};
use super::{Detect, table};
use fluxguard::outlier::threshold::Method;
use fluxguard::sequence::{SequenceDetector, SequenceSpec};
use fluxguard::{Error, store};

/// A detector of sequences and what it was fitted on, where that was now.
pub struct ReadySequences {
    pub detector: SequenceDetector,
    pub reference: Option<Texts>,
}

impl Detect {
    fn place(&self) -> Place<'_> {
        Place { column: self.column.as_deref(), by: self.by.as_deref() }
    }

    /// Fits the detector of this name on `--fit`.
    pub(super) fn fit_sequences(&self, name: &str) -> Result<ReadySequences, Failure> {
        let Some(fit) = &self.fit else {
            return Err(Error::invalid("--fit", "none", "a file of reference sequences").into());
        };
        if self.weights.is_some() || self.label_column.is_some() {
            let expected = "none: they are for detectors of classifiers";
            return Err(Error::invalid(
                "--weights, --label-column",
                format!("for {name}"),
                expected,
            )
            .into());
        }
        let spec = SequenceSpec::new(name, self.detector_options())?;
        let reference = Texts::read("--fit", fit, self.place(), &self.dialect)?;
        let detector = SequenceDetector::fit(&spec, &reference.there())?;
        Ok(ReadySequences { detector, reference: Some(reference) })
    }

    /// Saves, scores and says what was found.
    pub(super) fn run_sequences(&self, ready: &ReadySequences) -> Result<Answer, Failure> {
        let ReadySequences { detector, reference } = ready;
        if !self.columns.is_of_all() {
            let expected = "none for a detector of sequences: --column names the one that is read";
            return Err(Error::invalid("--only, --ignore", "columns", expected).into());
        }
        if let Some(path) = &self.save {
            store::save(detector, path)?;
        }
        let Some(path) = &self.score else {
            let report = detector.describe();
            let text = || table::saved_sequences(&report);
            return Ok(Answer::new(self.json, &report, text, Outcome::Done));
        };
        let current = Texts::read("--score", path, self.place(), &self.dialect)?;
        let there = current.there();
        let scores = current.spread(&detector.score(&there));
        let anomaly_rate = self.anomaly_rate(detector.calibrated().len());
        let threshold = detector.threshold(&Method::Conformal { rate: anomaly_rate })?.threshold;
        let anomalies: Vec<usize> = (0..scores.len()).filter(|i| scores[*i] > threshold).collect();
        let explained =
            || anomalies.iter().map(|i| detector.explain(&current.sequences[*i])).collect();
        let detector_name = detector.describe().detector;
        let found = SequenceDetections {
            threshold,
            anomaly_rate,
            perplexities: scores.iter().map(|score| score.exp()).collect(),
            p_values: current.spread(&detector.p_values(&there)?),
            explanations: self.explain.then(explained),
            categories: (detector_name == "frequency")
                .then(|| detector.categories(&there))
                .transpose()?,
            detector: detector_name,
            scores,
            anomalies,
            missing: current.missing(reference.as_ref(), self.place())?,
            names: current.names,
        };
        let drift = found.missing.iter().any(Missing::drift);
        let outcome = Outcome::new(drift || !found.anomalies.is_empty(), self.fail_on);
        Ok(Answer::new(self.json, &found, || table::render_sequences(&found), outcome))
    }
}
