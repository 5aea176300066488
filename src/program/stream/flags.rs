//! The detectors' options as flags, by the same names.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::finite::expect_finite;
use fluxguard::Error;

/// Options of all detectors; each refuses those that it has not.
#[derive(Debug, Default, Args, Serialize)]
#[command(next_help_heading = "Options of detectors")]
pub struct Flags {
    /// Level of each check (adwin); change that is tolerated (page-hinkley, cusum)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<f64>,
    /// Observations between checks (adwin)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<u64>,
    /// Buckets of one size (adwin)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_buckets: Option<u64>,
    /// Least observations on either side of a split (adwin)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    min_window_length: Option<u64>,
    /// Observations before the first check (adwin)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_period: Option<u64>,
    /// Keep the newer part of the window after a detection (adwin, kswin)
    #[arg(long)]
    #[serde(skip_serializing_if = "is_false")]
    keep_window: bool,
    /// Observations before it can fire (page-hinkley, cusum, gma)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    min_instances: Option<u64>,
    /// It fires above this (page-hinkley, cusum, gma)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    /// Level (kswin), probability of ever a false alarm (martingale, betting, two-sample), false
    /// discovery rate (lord, saffron), forgetting factor (page-hinkley, gma), ratio (eddm)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    alpha: Option<f64>,
    /// Ratio of a drift (eddm)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    beta: Option<f64>,
    /// Which changes: up, down or both (page-hinkley, cusum, gma)
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// Outcomes before anything is compared (ddm, eddm)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_start: Option<u64>,
    /// Standard deviations of a warning (ddm)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_threshold: Option<f64>,
    /// Standard deviations of a drift (ddm)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    drift_threshold: Option<f64>,
    /// Level of a drift (hddm-a, hddm-w)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    drift_confidence: Option<f64>,
    /// Level of a warning (hddm-a, hddm-w)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_confidence: Option<f64>,
    /// Weight of the newest observation (hddm-w)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda_val: Option<f64>,
    /// Look for falls of the mean, too (hddm-a, hddm-w)
    #[arg(long)]
    #[serde(skip_serializing_if = "is_false")]
    two_sided_test: bool,
    /// Observations in the window (kswin, mmd)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    window_size: Option<u64>,
    /// Observations that are compared (kswin)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    stat_size: Option<u64>,
    /// How many of the first values are the reference, without --reference (mmd, martingale)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_size: Option<u64>,
    /// Observations until a false alarm, on average (mmd)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_run_time: Option<f64>,
    /// Of the kernel (mmd)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    bandwidth: Option<f64>,
    /// Learn a new reference after an alarm: true or false (martingale)
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    relearn: Option<bool>,
    /// What an alarm means: ever, shiryaev-roberts or cusum (martingale)
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<String>,
    /// Observations until a false alarm, on average, at least; for the forms shiryaev-roberts and
    /// cusum (martingale)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    run_length: Option<f64>,
    /// Betting strategy: composite, jumper, mixture or power (martingale)
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    bets: Option<String>,
    /// Whether values join the reference: full or inductive (martingale)
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<String>,
    /// No value is below this (betting)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    lower: Option<f64>,
    /// No value is above this (betting)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<f64>,
    /// The mean while all is well [default: any that stays] (betting)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<f64>,
    /// Into how many cells the possible means are cut (betting)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    cells: Option<u64>,
    /// Pairs that only choose where to bet (two-sample)
    #[arg(long, value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_up: Option<u64>,
    /// What may be spent before the first rejection [default: half of alpha] (lord, saffron)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_wealth: Option<f64>,
    /// P-values above this cost nothing (saffron)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda: Option<f64>,
    /// Of random numbers (kswin, mmd, martingale)
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Flags {
    /// What was said, by the detectors' names.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a number that is not finite.
    pub fn options(&self) -> Result<Map<String, Value>, Error> {
        expect_finite(self)?;
        match serde_json::to_value(self) {
            Ok(Value::Object(options)) => Ok(options),
            _ => Ok(Map::new()),
        }
    }
}
