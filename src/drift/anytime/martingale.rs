//! The conformal test martingale as an online detector: it learns its reference from the stream.
//!
//! The first `reference_size` observations (or those given) are the reference of a [`Monitor`] in
//! which every observation joins the bag. While the stream is exchangeable, P(ever a false alarm)
//! <= alpha (`form = ever`), or a false alarm comes on average after at least `run_length`
//! observations (other forms): exactly, however short the reference.
//!
//! After an alarm it forgets everything and learns a new reference from what follows, so that the
//! next alarm is about a change since then; the statement holds between any two changes. With
//! `relearn = false` it goes on as the monitor does.
//!
//! Cost: about 50 ns an observation. Memory: about 48 bytes an observation of the reference.

use serde::{Deserialize, Serialize};

use super::bets::Bets;
use super::evidence::Form;
use super::monitor::{AfterAlarm, Calibration, MIN_REFERENCE, Monitor, MonitorOptions};
use crate::Result;
use crate::online::{Online, State, expect};
use crate::sound::Sound;

/// Options of a [`Martingale`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MartingaleOptions {
    /// Reference observations; where there are none, the first `reference_size` of the stream.
    pub reference: Option<Vec<f64>>,
    /// How many of the stream's first observations are the reference: 20 to 1,000,000.
    pub reference_size: usize,
    /// After an alarm, forget everything and learn a new reference from what follows.
    pub relearn: bool,
    /// How bets add up, and so what an alarm means.
    pub form: Form,
    /// For `ever`: the probability of ever a false alarm, in (0, 1).
    pub alpha: f64,
    /// For the other forms: observations to a false alarm, on average, at least; 1 or more.
    pub run_length: f64,
    /// Betting strategy.
    pub bets: Bets,
    /// Whether observations join the bag.
    pub calibration: Calibration,
    /// Of the random numbers that break ties.
    pub seed: u64,
}

impl Default for MartingaleOptions {
    fn default() -> Self {
        let MonitorOptions { form, alpha, run_length, bets, calibration, seed, .. } =
            MonitorOptions::default();
        let (reference, reference_size, relearn) = (None, 100, true);
        MartingaleOptions {
            reference,
            reference_size,
            relearn,
            form,
            alpha,
            run_length,
            bets,
            calibration,
            seed,
        }
    }
}

/// A conformal test martingale. Its statistic is the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Martingale {
    options: MartingaleOptions,
    collected: Vec<f64>,
    monitor: Option<Monitor>,
}

impl Martingale {
    /// # Errors
    /// `InvalidArgument` that names the option out of range, or what is wrong with the reference.
    pub fn new(options: MartingaleOptions) -> Result<Self> {
        let n = options.reference_size;
        let possible = (MIN_REFERENCE..=1_000_000).contains(&n);
        expect("reference_size", n, possible, &format!("{MIN_REFERENCE} to 1000000 observations"))?;
        let mut martingale = Martingale { options, collected: Vec::new(), monitor: None };
        martingale.of_monitor().check()?;
        if let Some(reference) = &martingale.options.reference {
            martingale.monitor = Some(Monitor::new(reference, martingale.of_monitor())?);
        }
        Ok(martingale)
    }

    fn of_monitor(&self) -> MonitorOptions {
        let MartingaleOptions { form, alpha, run_length, bets, calibration, seed, .. } =
            self.options;
        MonitorOptions {
            form,
            alpha,
            run_length,
            bets,
            calibration,
            after_alarm: AfterAlarm::Reference,
            seed,
        }
    }

    /// The evidence at which it alarms.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.of_monitor().threshold()
    }
}

impl Online for Martingale {
    fn update(&mut self, x: f64) -> State {
        let Some(monitor) = &mut self.monitor else {
            self.collected.push(x);
            if self.collected.len() == self.options.reference_size {
                let reference = std::mem::take(&mut self.collected);
                self.monitor = Monitor::new(&reference, self.of_monitor()).ok();
            }
            return State::Stable;
        };
        if monitor.update(x).is_none() {
            return State::Stable;
        }
        if self.options.relearn {
            self.monitor = None;
            // Other ties, other bounds: what comes next is not to hang on the same random numbers.
            self.options.seed = self.options.seed.wrapping_add(1);
        }
        State::Drift
    }

    fn needs(&self) -> u64 {
        let learned = if self.monitor.is_some() { 0 } else { self.options.reference_size };
        learned as u64 + 1
    }

    fn statistic(&self) -> f64 {
        self.monitor.as_ref().map_or(1.0, Monitor::evidence)
    }

    fn reset(&mut self) {
        self.collected.clear();
        let given = self.options.reference.as_ref();
        self.monitor = given.and_then(|reference| Monitor::new(reference, self.of_monitor()).ok());
    }
}

impl Sound for Martingale {
    fn is_sound(&self) -> bool {
        let options = MartingaleOptions { reference: None, ..self.options.clone() };
        let finite = |values: &[f64]| values.iter().all(|x| x.is_finite());
        Martingale::new(options).is_ok()
            && self.collected.len() < self.options.reference_size
            && finite(&self.collected)
            && self.options.reference.as_deref().is_none_or(finite)
            && self.monitor.as_ref().is_none_or(Sound::is_sound)
    }
}
