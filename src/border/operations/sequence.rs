//! Detectors of sequences.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::kept::Described;
use super::prelude::*;
use crate::outlier::threshold::Method;
use crate::sequence::{NAMES, Sequence, SequenceDetector, SequenceSpec};

/// A detector by its name, its options by [`SequenceSpec::new`], and what it is fitted on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fit {
    detector: String,
    #[serde(default)]
    options: Map<String, Value>,
    reference: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    sequences: Value,
}

/// The sequences that a detector is asked about.
fn asked(options: &str) -> Result<Vec<Sequence>> {
    let Asked { sequences: list } = serde_json::from_str(options)
        .map_err(|e| Error::invalid("options", e, "a list of sequences"))?;
    sequences("sequences", list)
}

fn sequences(argument: &'static str, list: Value) -> Result<Vec<Sequence>> {
    let expected = "a list of texts, or of lists of symbols: texts, whole numbers, Booleans";
    serde_json::from_value(list).map_err(|e| Error::invalid(argument, e, expected))
}

operations! {
    kind "sequence detector" = Arc<SequenceDetector>:
        save "sequence.save" on (detector), load "sequence.load";

    "sequence.names" -> json { NAMES }
    "sequence.fit" text (options) -> handle {
        let Fit { detector, options, reference } = serde_json::from_str(options).map_err(|e| {
            Error::invalid("options", e, "a detector, its options and a reference")
        })?;
        let spec = SequenceSpec::new(&detector, options)?;
        leavable(move || {
            SequenceDetector::fit(&spec, &sequences("reference", reference)?).map(Arc::new)
        })?
    }
    // A list of numbers, one per sequence.
    "sequence.score" on (detector: &Arc<SequenceDetector>) text (options) -> json {
        detector.score(&asked(options)?)
    }
    // Likewise.
    "sequence.p_values" on (detector: &Arc<SequenceDetector>) text (options) -> json {
        detector.p_values(&asked(options)?)?
    }
    // A list of [`crate::sequence::Surprisal`] per sequence.
    "sequence.explain" on (detector: &Arc<SequenceDetector>) text (options) -> json {
        asked(options)?.iter().map(|sequence| detector.explain(sequence)).collect::<Vec<_>>()
    }
    // [`crate::sequence::categories::CategoryReport`].
    "sequence.categories" on (detector: &Arc<SequenceDetector>) text (options) -> json {
        detector.categories(&asked(options)?)?
    }
    // [`crate::outlier::threshold::Threshold`].
    "sequence.threshold" on (detector: &Arc<SequenceDetector>) by (method: Method) -> json {
        detector.threshold(&method)?
    }
    // [`crate::sequence::SequenceDescription`].
    "sequence.describe" on (detector: &Arc<SequenceDetector>) -> json {
        Described::new(detector.describe(), &**detector)?
    }
}
