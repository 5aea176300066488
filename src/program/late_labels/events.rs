//! The lines of both files as events in time, and why none of them met.

use std::collections::HashMap;

use super::Late;
use super::ids::Ids;
use crate::Failure;
use crate::classes::texts;
use crate::failure::{BadCsv, listed, quoted};
use crate::sample::Sample;
use crate::text_table::number;
use fluxguard::Error;
use fluxguard::performance::late::{Counts, Id};

/// One line of either file.
pub(super) struct Event {
    pub time: f64,
    pub id: Id,
    pub value: f64,
}

impl Late {
    /// The lines that have an id, a time and a value.
    pub(super) fn events(
        &self,
        sample: &Sample,
        ids: &Ids<'_>,
        times: &[f64],
        values: &[Option<f64>],
    ) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::with_capacity(times.len());
        for (i, (cell, (time, value))) in
            texts(sample, "--id", &self.id)?.iter().zip(times.iter().zip(values)).enumerate()
        {
            let (Some(cell), Some(value), false) = (cell, value, time.is_nan()) else { continue };
            let Some(id) = ids.of(cell) else {
                let problem = format!("got {}, expected a whole number of 64 bits", quoted(cell));
                let (file, column) = (sample.file.clone(), Some(self.id.clone()));
                let fix = "fix it, or say --ids text".to_owned();
                return Err(
                    BadCsv { file, line: Some(sample.line(i)), column, problem, fix }.into()
                );
            };
            events.push(Event { time: *time, id, value: *value });
        }
        Ok(events)
    }
}

/// Why no label met a prediction.
pub(super) fn nothing_joined(
    ids: &Ids<'_>,
    predictions: &[Event],
    labels: &[Event],
    counts: &Counts,
) -> Error {
    let known: HashMap<Id, f64> = predictions.iter().map(|p| (p.id, p.time)).collect();
    let first = |events: &[Event]| {
        let names: Vec<String> =
            events.iter().take(3).map(|event| ids.name(event.id).to_string()).collect();
        listed(names.iter().map(String::as_str))
    };
    let Some(met) = labels.iter().find(|l| known.contains_key(&l.id)) else {
        let was = format!(
            "nothing to join: ids of predictions are {}, of labels {}",
            first(predictions),
            first(labels)
        );
        let expected =
            "ids that both files have: choose the column by --id; --ids int makes 007 and 7 one";
        return Error::invalid("--id", was, expected);
    };
    if counts.unknown == counts.labels {
        let (label, prediction) =
            (number(met.time), number(known.get(&met.id).copied().unwrap_or(f64::NAN)));
        let was = format!(
            "nothing to join: the label of {} came at {label}, its prediction at {prediction}",
            ids.name(met.id)
        );
        return Error::invalid(
            "--time",
            was,
            "labels that come after their predictions, in the same unit of time",
        );
    }
    let was = format!(
        "nothing to join: all {} labels that have a prediction came after it had gone",
        counts.late
    );
    Error::invalid("--timeout", was, "a longer one, or a larger --capacity")
}

/// The first prediction that no label met, neither before it nor after.
pub(super) fn first_without_label<'a>(
    predictions: &'a [Event],
    labels: &[Event],
) -> Option<&'a Event> {
    let labeled: HashMap<Id, f64> = labels.iter().map(|l| (l.id, l.time)).collect();
    predictions.iter().find(|p| labeled.get(&p.id).is_none_or(|time| *time < p.time))
}
