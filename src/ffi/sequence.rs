//! What both faces do with detectors of sequences, in safe Rust.

use serde::Deserialize;

use super::host::{given_options, json, parsed};
use super::left_behind::leavable;
use crate::error::{Error, Result};
use crate::outlier::threshold::Method;
use crate::sequence::{NAMES, Sequence, SequenceDetector, SequenceSpec};
use crate::store;

/// What a detector is asked; the answer is JSON.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Question {
    /// A list of numbers, one a sequence.
    Score { sequences: Vec<Sequence> },
    /// Likewise.
    PValues { sequences: Vec<Sequence> },
    /// A list of [`crate::sequence::Surprisal`] a sequence.
    Explain { sequences: Vec<Sequence> },
    /// [`crate::sequence::categories::CategoryReport`]
    Categories { sequences: Vec<Sequence> },
    /// [`crate::outlier::threshold::Threshold`]
    Threshold { method: Method },
    /// [`crate::sequence::Description`], with the bytes that a file takes.
    Describe,
}

/// JSON list of [`NAMES`].
pub(super) fn names() -> Result<String> {
    json(&NAMES)
}

/// `options` by [`SequenceSpec::new`], `reference` a list of [`Sequence`], both in JSON.
pub(super) fn fit(name: &str, options: &str, reference: &str) -> Result<SequenceDetector> {
    let options = if options.trim().is_empty() { "{}" } else { options };
    let options = given_options(options)?;
    let (spec, reference) = (SequenceSpec::new(name, options)?, reference.to_owned());
    leavable(move || {
        let reference: Vec<Sequence> = parsed("reference", &reference, "a list of texts, or of lists of symbols")?;
        SequenceDetector::fit(&spec, &reference)
    })
}

pub(super) fn ask(detector: &SequenceDetector, question: &str) -> Result<String> {
    match parsed("question", question, "a question with sequences: texts, or lists of symbols")? {
        Question::Score { sequences } => json(&detector.score(&sequences)),
        Question::PValues { sequences } => json(&detector.p_values(&sequences)?),
        Question::Explain { sequences } => {
            json(&sequences.iter().map(|sequence| detector.explain(sequence)).collect::<Vec<_>>())
        }
        Question::Categories { sequences } => json(&detector.categories(&sequences)?),
        Question::Threshold { method } => json(&detector.threshold(&method)?),
        Question::Describe => {
            let mut told = serde_json::to_value(detector.describe())
                .map_err(|e| Error::invalid("detector", e, "one that can be described"))?;
            told["bytes"] = store::size_of_detector(detector)?.into();
            json(&told)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_and_out() {
        let reference = r#"[["a","b"],["a","b","a"],[1,2,true],"a b","b a b",["b"]]"#;
        let detector = fit("markov", "", reference).expect("fits");
        let scores = ask(&detector, r#"{"ask":"score","sequences":["a b",[],["z"]]}"#).expect("asked");
        let scores: Vec<Option<f64>> = serde_json::from_str(&scores).expect("json");
        assert!(scores[0] < scores[2] && scores[1].is_none(), "{scores:?}");
        let told = ask(&detector, r#"{"ask":"explain","sequences":[["z"]]}"#).expect("asked");
        assert!(told.contains(r#""symbol":"z""#) && told.contains(r#""seen":false"#), "{told}");
        assert!(ask(&detector, r#"{"ask":"describe"}"#).expect("asked").contains(r#""sequences":6"#));
        for bad in ["", "{}", r#"{"ask":"score"}"#, r#"{"ask":"score","sequences":[1.5]}"#] {
            assert_eq!(ask(&detector, bad).map_err(|e| e.code()), Err(100), "{bad}");
        }
        assert_eq!(ask(&detector, r#"{"ask":"categories","sequences":["a"]}"#).map_err(|e| e.code()), Err(204));
        assert_eq!(fit("markov", "{\"order\":-1}", reference).map(|_| ()).map_err(|e| e.code()), Err(100));
    }
}
