//! Privacy: questions to accountants, and what releases something by arrays.

use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::questions::ask;
use crate::error::{Error, Result};
use crate::ffi::array::{Array, Data, Element};
use crate::ffi::call::{Answer, Call};
use crate::ffi::handle::{Held, lock};
use crate::ffi::left_behind::leavable;
use crate::privacy::accountant::Sampling;
use crate::privacy::clip::{AdaptiveClip, AdaptiveClipStep, ClipReport, Clipping, Float, Gradients, clip_sum};
use crate::privacy::noise::NoiseSource;
use crate::privacy::release::{
    Adapted, Correlated, CorrelatedOptions, Lot, MeanOptions, PrivateRun, RunOptions, SumOptions,
};
use crate::privacy::sampler::{Draws, PoissonSampler};

impl Held for Arc<PrivateRun> {
    const KIND: &'static str = "private run";
}

impl Held for Sampler {
    const KIND: &'static str = "sampler";
}

impl Held for Correlated {
    const KIND: &'static str = "correlated noise";
}

/// The gradients of a call: `gradients`, an array of features x examples per parameter; `out`, an array per parameter, which is
/// written; `norms`, a number per example, which is written.
struct Lots<'a, T> {
    gradients: Gradients<'a, T>,
    out: Vec<&'a mut [T]>,
    norms: &'a mut [f64],
}

fn lots<'a, T: Float + Element>(call: &mut Call<'a>) -> Result<Lots<'a, T>> {
    let (gradients, out) = (call.arrays("gradients"), call.arrays("out"));
    if gradients.len() != out.len() {
        let was = format!("{} arrays", out.len());
        return Err(Error::invalid("out", was, format!("{}, one per array of gradients", gradients.len())));
    }
    let norms = call.write::<f64>("norms")?;
    let (mut views, mut places) = (Vec::with_capacity(gradients.len()), Vec::with_capacity(out.len()));
    for (gradients, out) in gradients.into_iter().zip(out) {
        let (gradients, out) = (gradients.read::<T>("gradients")?, out.write::<T>("out")?);
        views.push((gradients, out.len()));
        places.push(out);
    }
    Ok(Lots { gradients: Gradients::new(&views, norms.len())?, out: places, norms })
}

/// Runs generic code for the element type of the arrays that are written.
macro_rules! for_type {
    ($call:expr, $t:ident => $body:expr) => {
        match $call.peek("out") {
            Some(Array { data: Data::WriteF32(_), .. }) => {
                type $t = f32;
                $body
            }
            Some(Array { data: Data::WriteF64(_), .. }) => {
                type $t = f64;
                $body
            }
            Some(_) => {
                let was = "another type (gradients are Float32 or Float64)".to_owned();
                Err(Error::ElementTypeUnsupported { argument: "gradients", was })
            }
            None => Err(Error::EmptyTensor { argument: "gradients", was: "no parameters".into() }),
        }
    };
}

/// A [`ClipReport`] without its norms, which cross as an array.
#[derive(Serialize)]
struct Clipped<'a> {
    examples: usize,
    clipped: usize,
    non_finite: &'a [usize],
    clip_norm: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapted: Option<AdaptedNorm>,
}

/// An adaptive norm that moved, in short.
#[derive(Serialize)]
struct AdaptedNorm {
    clip: AdaptiveClip,
    step: AdaptiveClipStep,
}

impl From<Adapted> for AdaptedNorm {
    fn from(Adapted { clip, step }: Adapted) -> Self {
        AdaptedNorm { clip, step }
    }
}

fn clipped(report: &ClipReport, adapted: Option<Adapted>, norms: &mut [f64]) -> Result<Answer> {
    norms.copy_from_slice(&report.norms);
    let ClipReport { examples, clipped, non_finite, clip_norm, .. } = report;
    let adapted = adapted.map(AdaptedNorm::from);
    Answer::json(&Clipped { examples: *examples, clipped: *clipped, non_finite, clip_norm: *clip_norm, adapted })
}

/// [`clip_sum`] by a [`Clipping`].
fn clip<T: Float + Element>(call: &mut Call<'_>) -> Result<Answer> {
    let options = call.options::<Clipping>()?;
    let Lots { gradients, mut out, norms } = lots::<T>(call)?;
    clipped(&clip_sum(&gradients, &options, &mut out)?, None, norms)
}

/// What a release is told: how, and about its lot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step<T> {
    step: T,
    #[serde(default)]
    lot: LotOptions,
}

/// About a lot: which draw of which sampler; or nothing, and then it is charged whole.
#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LotOptions {
    #[default]
    Unknown,
    Drawn {
        sampler: u64,
        number: u64,
    },
    Workers {
        sampling: Sampling,
        private: bool,
    },
}

impl LotOptions {
    fn lot(self) -> Result<Lot> {
        Ok(match self {
            LotOptions::Drawn { sampler, number } => {
                let expected = "one that lives: keep the sampler until its lots are released";
                let draws = Draws::find(sampler).ok_or_else(|| Error::invalid("sampler", sampler, expected))?;
                Lot::Drawn(draws, number)
            }
            LotOptions::Workers { sampling, private } => Lot::Workers { sampling, private },
            LotOptions::Unknown => Lot::Unknown,
        })
    }
}

/// The options of a release: how, and of which lot.
fn step<T: DeserializeOwned>(call: &Call<'_>) -> Result<(T, Lot)> {
    let Step { step, lot } = call.options()?;
    Ok((step, lot.lot()?))
}

/// [`PrivateRun::mean`] by [`MeanOptions`]; the report as of `privacy.clip_sum`.
fn mean<T: Float + Element>(call: &mut Call<'_>) -> Result<Answer> {
    let (options, lot) = step::<MeanOptions>(call)?;
    let Lots { gradients, mut out, norms } = lots::<T>(call)?;
    let (report, adapted) = call.handle::<Arc<PrivateRun>>("run")?.mean(&gradients, &options, lot, &mut out)?;
    clipped(&report, adapted, norms)
}

/// [`PrivateRun::sum`] by [`SumOptions`], in place; gives the adaptive norm that moved, or `null`.
fn sum<T: Float + Element>(call: &mut Call<'_>) -> Result<Answer> {
    let (options, lot) = step::<SumOptions>(call)?;
    let mut sums = call.arrays("out").into_iter().map(|out| out.write::<T>("out")).collect::<Result<Vec<_>>>()?;
    let norms = call.given::<f64>("norms")?.unwrap_or_default();
    let adapted = call.handle::<Arc<PrivateRun>>("run")?.sum(&mut sums, &options, lot, norms)?;
    Answer::json(&adapted.map(AdaptedNorm::from))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountOptions {
    clip: AdaptiveClip,
    expected_lot_size: f64,
}

/// [`PrivateRun::count`] by the norms of the lot that was clipped to the norm.
fn count(call: &mut Call<'_>) -> Result<Answer> {
    let (CountOptions { clip, expected_lot_size }, lot) = step(call)?;
    let norms = call.read("norms")?;
    let adapted = call.handle::<Arc<PrivateRun>>("run")?.count(&clip, norms, expected_lot_size, lot)?;
    Answer::json(&AdaptedNorm::from(adapted))
}

/// [`PrivateRun::begin`] by [`CorrelatedOptions`] and the `dimension`.
fn begin(call: &mut Call<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct Begin {
        dimension: usize,
        #[serde(flatten)]
        options: CorrelatedOptions,
    }
    let Begin { dimension, options } = call.options()?;
    call.handle::<Arc<PrivateRun>>("run")?.begin(&options, dimension).map(Answer::made)
}

/// What is asked of a run. Changes nothing.
#[derive(Deserialize)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
enum RunQuestion {
    /// The accountant as it stands.
    Accountant,
    Epsilon {
        delta: f64,
    },
    /// Steps of training, whether all randomness was private.
    Steps,
    /// Writes what was spent to the file that is kept, exactly.
    Settle,
    /// `[[record, how many in a row], ...]`.
    Records,
}

fn ask_run(call: &mut Call<'_>) -> Result<Answer> {
    let run = call.handle::<Arc<PrivateRun>>("run")?;
    match call.options()? {
        RunQuestion::Accountant => Answer::json(&run.accountant()),
        RunQuestion::Epsilon { delta } => {
            let run = run.clone();
            leavable(move || Answer::json(&run.epsilon(delta)?))
        }
        RunQuestion::Steps => Answer::json(&(run.steps(), run.is_private())),
        RunQuestion::Settle => Answer::json(&run.settle()?),
        RunQuestion::Records => Answer::json(&run.ledger().records().collect::<Vec<_>>()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplerOptions {
    dataset_size: u64,
    sample_rate: f64,
    max_lot: Option<u64>,
    /// For tests: reproducible lots, which are not private.
    seed: Option<u64>,
    /// Which pass over the data, from 0: with a seed, each has lots of its own.
    #[serde(default)]
    pass: u64,
}

/// A sampler and the lot that it drew last.
#[derive(Debug)]
struct Sampler {
    draws: Draws,
    state: Mutex<(PoissonSampler, u64, Vec<usize>)>,
}

impl Sampler {
    /// With randomness of its own.
    fn new(options: SamplerOptions) -> Result<Self> {
        let SamplerOptions { dataset_size, sample_rate, max_lot, seed, pass } = options;
        let fits = |name, number: u64| {
            usize::try_from(number).map_err(|_| Error::invalid(name, number, "a number that this machine can count to"))
        };
        let max_lot = max_lot.map(|most| fits("max_lot", most)).transpose()?;
        let mut source = match seed {
            Some(seed) => NoiseSource::seeded(seed),
            None => NoiseSource::from_os()?,
        };
        if seed.is_some() {
            (0..pass).try_for_each(|_| source.fork().map(drop))?;
        }
        let sampler = PoissonSampler::new(fits("dataset_size", dataset_size)?, sample_rate, max_lot, &mut source)?;
        Ok(Sampler { draws: sampler.draws().clone(), state: Mutex::new((sampler, 0, Vec::new())) })
    }

    /// Draws the next lot at `rate`, and says how large it is.
    fn draw(&self, rate: f64) -> Result<i64> {
        let (sampler, number, lot) = &mut *lock(&self.state);
        let drawn = sampler.next_lot_at(rate)?;
        (*number, *lot) = (drawn.number, drawn.examples);
        Ok(lot.len() as i64)
    }

    /// Writes the lot that was drawn last, indices from 0, in order; gives the number of its draw.
    fn take(&self, out: &mut [i64]) -> Result<i64> {
        let (_, number, lot) = &mut *lock(&self.state);
        if out.len() != lot.len() {
            return Err(Error::invalid(
                "out",
                format!("{} places", out.len()),
                format!("{}, the lot's size", lot.len()),
            ));
        }
        out.iter_mut().zip(lot.drain(..)).for_each(|(out, index)| *out = index as i64);
        Ok(*number as i64)
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    // All that needs neither arrays nor randomness: [`super::questions`].
    Operation::new("privacy.ask", ask),
    Operation::new("privacy.clip_sum", |call| for_type!(call, T => clip::<T>(call))).of(&["gradients", "out", "norms"]),
    // By [`RunOptions`]: the randomness of a private run, and the ledger of what it releases.
    Operation::new("run.new", |call| {
        Ok(Answer::made(Arc::new(PrivateRun::new(&call.options_or_default::<RunOptions>()?)?)))
    }),
    Operation::new("run.ask", ask_run).on(&["run"]),
    Operation::new("run.mean", |call| for_type!(call, T => mean::<T>(call))).on(&["run"]).of(&[
        "gradients",
        "out",
        "norms",
    ]),
    Operation::new("run.sum", |call| for_type!(call, T => sum::<T>(call))).on(&["run"]).of(&["out", "norms"]),
    Operation::new("run.count", count).on(&["run"]).of(&["norms"]),
    Operation::new("run.begin", begin).on(&["run"]),
    // Replaces the clipped sum of this step by its private release. `examples` names who takes part, if that is known.
    Operation::new("correlated.step", |call| {
        let (sum, examples) = (call.write::<f64>("sum")?, call.given::<u64>("examples")?);
        call.handle::<Correlated>("correlated")?.step(sum, examples).map(Answer::from)
    })
    .on(&["correlated"])
    .of(&["sum", "examples"]),
    // Its draws are in order: one sampler for each pass over the data.
    Operation::new("sampler.new", |call| Sampler::new(call.options()?).map(Answer::made)),
    // Its number in this process, by which a release names its lot.
    Operation::new("sampler.id", |call| Ok(Answer::Number(call.handle::<Sampler>("sampler")?.draws.id() as i64)))
        .on(&["sampler"]),
    // Draws the next lot, and gives how large it is.
    Operation::new("sampler.draw", |call| {
        call.handle::<Sampler>("sampler")?.draw(call.option("rate")?).map(Answer::Number)
    })
    .on(&["sampler"]),
    // Writes the lot that was drawn last, and gives the number of its draw.
    Operation::new("sampler.take", |call| {
        let out = call.write("out")?;
        call.handle::<Sampler>("sampler")?.take(out).map(Answer::Number)
    })
    .on(&["sampler"])
    .of(&["out"]),
    // Takes a draw as released elsewhere, by a worker's part; gives what it costs.
    Operation::new("sampler.spend", |call| {
        Answer::json(&call.handle::<Sampler>("sampler")?.draws.spend(call.option("draw")?, Ok)?)
    })
    .on(&["sampler"]),
];
