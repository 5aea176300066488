//! What both faces do with live thresholds, in safe Rust.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use super::host::{given_options, json, parsed};
use crate::error::{Error, Result};
use crate::outlier::threshold::live::LiveThreshold;
use crate::outlier::threshold::spot::Verdict;
use crate::store;

/// Shared by tasks.
pub(super) type Threshold = Mutex<LiveThreshold>;

fn lock(threshold: &Threshold) -> MutexGuard<'_, LiveThreshold> {
    threshold.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `options` are [`crate::outlier::threshold::live::LiveOptions`] in JSON.
pub(super) fn new(options: &str, usual: &[f64]) -> Result<Threshold> {
    let options = given_options(options)?;
    LiveThreshold::new(options, usual).map(Mutex::new)
}

/// Writes 0 for a usual score, 1 for one in the tail, 2 for an alarm.
pub(super) fn update(threshold: &Threshold, scores: &[f64], verdicts: &mut [u8]) -> Result<()> {
    if scores.len() != verdicts.len() {
        return Err(Error::invalid(
            "out",
            format!("{} elements", verdicts.len()),
            format!("{}, one a score", scores.len()),
        ));
    }
    let mut threshold = lock(threshold);
    for (score, verdict) in scores.iter().zip(verdicts) {
        *verdict = match threshold.update(*score) {
            Verdict::Usual => 0,
            Verdict::Peak => 1,
            Verdict::Alarm => 2,
        };
    }
    Ok(())
}

/// `{"tell": "dismiss", "scores": [...]}`, `{"tell": "confirm", "alarms": 2}` or `{"tell": "describe"}`; gives JSON of
/// [`crate::outlier::threshold::live::Description`].
pub(super) fn tell(threshold: &Threshold, words: &str) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(tag = "tell", rename_all = "kebab-case", deny_unknown_fields)]
    enum Words {
        Dismiss { scores: Vec<f64> },
        Confirm { alarms: u64 },
        Describe,
    }
    let words = parsed("scores", words, "finite scores, or a number of alarms")?;
    let mut threshold = lock(threshold);
    match words {
        Words::Dismiss { scores } => scores.into_iter().try_for_each(|score| threshold.dismiss(score))?,
        Words::Confirm { alarms } => threshold.confirm(alarms),
        Words::Describe => {}
    }
    json(&threshold.describe())
}

pub(super) fn save(threshold: &Threshold, path: &Path) -> Result<()> {
    store::save_threshold(&lock(threshold), path)
}

pub(super) fn load(path: &Path) -> Result<Threshold> {
    store::load_threshold(path).map(Mutex::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_and_out() {
        let usual: Vec<f64> = (0..200).map(f64::from).collect();
        let threshold = new("{\"method\":\"feedback\",\"rate\":0.01}", &usual).expect("enough");
        let mut verdicts = [9; 3];
        update(&threshold, &[5.0, 500.0, f64::NAN], &mut verdicts).expect("lengths");
        assert_eq!(verdicts, [0, 2, 2]);
        let told = tell(&threshold, "{\"tell\":\"dismiss\",\"scores\":[500.0]}").expect("finite");
        assert!(told.contains("\"alarms\":2") && told.contains("\"precision\":0.0"), "{told}");
        assert!(tell(&threshold, "{\"tell\":\"confirm\",\"alarms\":1}").expect("count").contains("\"precision\":0.5"));
        for bad in ["", "{\"tell\":\"dismiss\",\"scores\":[null]}", "{\"tell\":\"confirm\",\"alarms\":-1}"] {
            assert_eq!(tell(&threshold, bad).map_err(|e| e.code()), Err(100), "{bad}");
        }
        assert_eq!(update(&threshold, &[1.0], &mut verdicts).map_err(|e| e.code()), Err(100));
        assert_eq!(new("{}", &usual).map(|_| ()).map_err(|e| e.code()), Err(100));
        let path = std::env::temp_dir().join(format!("fluxguard-threshold-{}.fg", std::process::id()));
        save(&threshold, &path).expect("writable");
        assert_eq!(*lock(&load(&path).expect("whole")), *lock(&threshold));
        std::fs::write(&path, b"x").expect("writable");
        assert_eq!(load(&path).map(|_| ()).map_err(|e| e.code()), Err(401));
        std::fs::remove_file(&path).expect("there");
    }
}
