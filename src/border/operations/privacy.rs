//! Private releases by arrays, and the randomness behind them.

use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::array::{Element, FLOAT32, FLOAT64};
use crate::call::{Answer, Call, Operation, named_options};
use crate::error::{Error, Result};
use crate::handle::{Held, lock};
use crate::leavable::leavable;
use crate::privacy::clip::{AdaptiveClip, ClipReport, Clipping, Float, Gradients, clip_sum};
use crate::privacy::noise::NoiseSource;
use crate::privacy::release::{
    Adapted, Correlated, CorrelatedOptions, Lot, LotOptions, MeanOptions, PrivateRun, RunOptions,
    SumOptions,
};
use crate::privacy::sampler::PoissonSampler;

impl Held for Arc<PrivateRun> {
    const KIND: &'static str = "private run";
}

impl Held for Mutex<PoissonSampler> {
    const KIND: &'static str = "sampler";
}

impl Held for Correlated {
    const KIND: &'static str = "correlated noise";
}

/// The gradients of a call: `gradients`, an array of features x examples per parameter; `out`, an
/// array per parameter, which is written; `norms`, a number per example, which is written.
struct Lots<'a, T> {
    gradients: Gradients<'a, T>,
    out: Vec<&'a mut [T]>,
    norms: &'a mut [f64],
}

fn lots<'a, T: Float + Element>(call: &mut Call<'a>) -> Result<Lots<'a, T>> {
    let (gradients, out) = (call.arrays("gradients"), call.arrays("out"));
    if gradients.len() != out.len() {
        let was = format!("{} arrays", out.len());
        return Err(Error::invalid(
            "out",
            was,
            format!("{}, one per array of gradients", gradients.len()),
        ));
    }
    let norms = call.write::<f64>("norms")?;
    let (mut views, mut places) =
        (Vec::with_capacity(gradients.len()), Vec::with_capacity(out.len()));
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
        match $call.peek("out").map(|out| out.element.code) {
            Some(FLOAT32) => {
                type $t = f32;
                $body
            }
            Some(FLOAT64) => {
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

/// The report of a lot: its norms are written to their array, the rest is JSON.
fn clipped(report: ClipReport, adapted: Option<Adapted>, norms: &mut [f64]) -> Result<Answer> {
    #[derive(Serialize)]
    struct Clipped {
        #[serde(flatten)]
        report: ClipReport,
        #[serde(skip_serializing_if = "Option::is_none")]
        adapted: Option<Adapted>,
    }
    norms.copy_from_slice(&report.norms);
    Answer::json(&Clipped { report: ClipReport { norms: Vec::new(), ..report }, adapted })
}

/// [`clip_sum`] by a [`Clipping`].
fn clip<T: Float + Element>(call: &mut Call<'_>) -> Result<Answer> {
    let options = call.options::<Clipping>()?;
    let Lots { gradients, mut out, norms } = lots::<T>(call)?;
    clipped(clip_sum(&gradients, &options, &mut out)?, None, norms)
}

/// What a release is told: how, and about its lot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step<T> {
    step: T,
    #[serde(default)]
    lot: LotOptions,
}

/// The options of a release: how, and of which lot.
fn step<T: DeserializeOwned>(call: &Call<'_>) -> Result<(T, Lot)> {
    let Step { step, lot } = call.options()?;
    Ok((step, lot.try_into()?))
}

/// [`PrivateRun::mean`] by [`MeanOptions`]; the report as of `privacy.clip_sum`.
fn mean<T: Float + Element>(call: &mut Call<'_>) -> Result<Answer> {
    let (options, lot) = step::<MeanOptions>(call)?;
    let Lots { gradients, mut out, norms } = lots::<T>(call)?;
    let (report, adapted) = run(call)?.mean(&gradients, &options, lot, &mut out)?;
    clipped(report, adapted, norms)
}

/// [`PrivateRun::sum`] by [`SumOptions`], in place; gives the adaptive norm that moved, or `null`.
fn sum<T: Float + Element>(call: &mut Call<'_>) -> Result<Answer> {
    let (options, lot) = step::<SumOptions>(call)?;
    let mut sums = call
        .arrays("out")
        .into_iter()
        .map(|out| out.write::<T>("out"))
        .collect::<Result<Vec<_>>>()?;
    let norms = call.given::<f64>("norms")?.unwrap_or_default();
    let adapted = run(call)?.sum(&mut sums, &options, lot, norms)?;
    Answer::json(&adapted)
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
    let adapted = run(call)?.count(&clip, norms, expected_lot_size, lot)?;
    Answer::json(&adapted)
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
    run(call)?.begin(&options, dimension).map(Answer::made)
}

fn run<'a>(call: &Call<'a>) -> Result<&'a Arc<PrivateRun>> {
    call.handle("run")
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

/// With randomness of its own.
fn new_sampler(call: &mut Call<'_>) -> Result<Answer> {
    let SamplerOptions { dataset_size, sample_rate, max_lot, seed, pass } = call.options()?;
    let fits = |name, number: u64| {
        usize::try_from(number)
            .map_err(|_| Error::invalid(name, number, "a number that this machine can count to"))
    };
    let max_lot = max_lot.map(|most| fits("max_lot", most)).transpose()?;
    let mut source = match seed {
        Some(seed) => NoiseSource::seeded(seed),
        None => NoiseSource::from_os()?,
    };
    if seed.is_some() {
        (0..pass).try_for_each(|_| source.fork().map(drop))?;
    }
    let sampler = PoissonSampler::new(
        fits("dataset_size", dataset_size)?,
        sample_rate,
        max_lot,
        &mut source,
    )?;
    Ok(Answer::made(Mutex::new(sampler)))
}

fn sampler<'a>(call: &Call<'a>) -> Result<&'a Mutex<PoissonSampler>> {
    call.handle("sampler")
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("privacy.clip_sum", |call| for_type!(call, T => clip::<T>(call))).of(&[
        "gradients",
        "out",
        "norms",
    ]),
    // By [`RunOptions`]: the randomness of a private run, and the ledger of what it releases.
    Operation::new("run.new", |call| {
        Ok(Answer::made(Arc::new(PrivateRun::new(&call.options_or_default::<RunOptions>()?)?)))
    }),
    // The accountant as it stands.
    Operation::new("run.accountant", |call| Answer::json(&run(call)?.accountant())).on(&["run"]),
    Operation::new("run.epsilon", |call| {
        let (run, delta) = (run(call)?.clone(), named_options!(call, delta: f64)?);
        leavable(move || Answer::json(&run.epsilon(delta)?))
    })
    .on(&["run"]),
    // Steps of training, and whether all randomness was private.
    Operation::new("run.steps", |call| {
        let run = run(call)?;
        Answer::json(&(run.steps(), run.is_private()))
    })
    .on(&["run"]),
    // Writes what was spent to the file that is kept, exactly.
    Operation::new("run.settle", |call| Answer::json(&run(call)?.settle()?)).on(&["run"]),
    // `[[record, how many in a row], ...]`.
    Operation::new("run.records", |call| {
        Answer::json(&run(call)?.ledger().records().collect::<Vec<_>>())
    })
    .on(&["run"]),
    Operation::new("run.mean", |call| for_type!(call, T => mean::<T>(call))).on(&["run"]).of(&[
        "gradients",
        "out",
        "norms",
    ]),
    Operation::new("run.sum", |call| for_type!(call, T => sum::<T>(call)))
        .on(&["run"])
        .of(&["out", "norms"]),
    Operation::new("run.count", count).on(&["run"]).of(&["norms"]),
    Operation::new("run.begin", begin).on(&["run"]),
    // Replaces the clipped sum of this step by its private release. `examples` names who takes
    // part, if that is known.
    Operation::new("correlated.step", |call| {
        let (sum, examples) = (call.write::<f64>("sum")?, call.given::<u64>("examples")?);
        call.handle::<Correlated>("correlated")?.step(sum, examples).map(Answer::from)
    })
    .on(&["correlated"])
    .of(&["sum", "examples"]),
    // Its draws are in order: one sampler for each pass over the data.
    Operation::new("sampler.new", new_sampler),
    // Its number in this process, by which a release names its lot.
    Operation::new("sampler.id", |call| {
        Ok(Answer::Number(lock(sampler(call)?).draws().id() as i64))
    })
    .on(&["sampler"]),
    // The next lot, numbers of examples from 0 in order, and the number of its draw.
    Operation::new("sampler.draw", |call| {
        let drawn = lock(sampler(call)?).next_lot_at(named_options!(call, rate: f64)?)?;
        Ok(Answer::Numbers(
            drawn.number as i64,
            drawn.examples.into_iter().map(|example| example as i64).collect(),
        ))
    })
    .on(&["sampler"]),
    // Takes a draw as released elsewhere, by a worker's part; gives what it costs.
    Operation::new("sampler.spend", |call| {
        let draws = lock(sampler(call)?).draws().clone();
        Answer::json(&draws.spend(named_options!(call, draw: u64)?, Ok)?)
    })
    .on(&["sampler"]),
];
