//! Private releases by arrays, and the randomness behind them.

use serde::Serialize;

use super::prelude::*;
use crate::array::{Element, FLOAT32, FLOAT64, Taken};
use crate::privacy::clip::{ClipReport, Clipping, Float, Gradients, clip_sum};
use crate::privacy::release::{
    Adapted, Correlated, CorrelatedOptions, CountOptions, LotOptions, MeanOptions, PrivateRun,
    RunOptions, SumOptions,
};
use crate::privacy::sampler::{PoissonSampler, SamplerOptions};

/// Where sums are written, an array per parameter, all of one type.
enum Sums<'a> {
    Single(Vec<&'a mut [f32]>),
    Double(Vec<&'a mut [f64]>),
}

impl<'a> Taken<'a> for Sums<'a> {
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self> {
        match arrays.first().map(|array| array.element.code) {
            Some(FLOAT32) => Taken::take(arrays, argument).map(Sums::Single),
            Some(FLOAT64) => Taken::take(arrays, argument).map(Sums::Double),
            Some(_) => {
                let was = "another type (gradients are Float32 or Float64)".to_owned();
                Err(Error::ElementTypeUnsupported { argument: "gradients", was })
            }
            None => Err(Error::EmptyTensor { argument: "gradients", was: "no parameters".into() }),
        }
    }
}

/// Runs generic code on [`Sums`] of either type.
macro_rules! for_type {
    ($sums:ident => $body:expr) => {
        match $sums {
            Sums::Single(mut $sums) => $body,
            Sums::Double(mut $sums) => $body,
        }
    };
}

/// Gradients, an array of features x examples per parameter, whose sums have these places.
fn gradients_of<'a, T: Float + Element>(
    gradients: Vec<Array<'a>>,
    out: &[&mut [T]],
    examples: usize,
) -> Result<Gradients<'a, T>> {
    if gradients.len() != out.len() {
        let expected = format!("{}, one per array of gradients", gradients.len());
        return Err(Error::invalid("out", format!("{} arrays", out.len()), expected));
    }
    let views = gradients.into_iter().zip(out);
    let views = views.map(|(gradients, out)| Ok((gradients.to("gradients")?, out.len())));
    Gradients::new(&views.collect::<Result<Vec<_>>>()?, examples)
}

/// The report of a lot, without its norms.
#[derive(Serialize)]
struct Clipped {
    #[serde(flatten)]
    report: ClipReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapted: Option<Adapted>,
}

impl Clipped {
    /// Writes the norms to their array.
    fn new(report: ClipReport, adapted: Option<Adapted>, norms: &mut [f64]) -> Self {
        norms.copy_from_slice(&report.norms);
        Clipped { report: ClipReport { norms: Vec::new(), ..report }, adapted }
    }
}

operations! {
    kind "private run" = Arc<PrivateRun>;
    kind "sampler" = Mutex<PoissonSampler>;
    kind "correlated noise" = Correlated;

    // [`clip_sum`]. Writes a sum per parameter to `out`, and a number per example to `norms`.
    "privacy.clip_sum" by (clipping: Clipping)
    arrays (gradients: Vec<Array>, out: Sums, norms: &mut [f64]) -> json {
        for_type!(out => {
            let gradients = gradients_of(gradients, &out, norms.len())?;
            Clipped::new(clip_sum(&gradients, &clipping, &mut out)?, None, norms)
        })
    }
    // The randomness of a private run, and the ledger of what it releases.
    "run.new" by (options: RunOptions) or none -> handle { Arc::new(PrivateRun::new(&options)?) }
    // The accountant as it stands.
    "run.accountant" on (run: &Arc<PrivateRun>) -> json { run.accountant() }
    "run.epsilon" on (run: &Arc<PrivateRun>) options (delta: f64) -> json {
        let run = run.clone();
        leavable(move || run.epsilon(delta))?
    }
    // Steps of training, and whether all randomness was private.
    "run.steps" on (run: &Arc<PrivateRun>) -> json { (run.steps(), run.is_private()) }
    // Writes what was spent to the file that is kept, exactly.
    "run.settle" on (run: &Arc<PrivateRun>) -> json { run.settle()? }
    // `[[record, how many in a row], ...]`.
    "run.records" on (run: &Arc<PrivateRun>) -> json {
        run.ledger().records().collect::<Vec<_>>()
    }
    // [`PrivateRun::mean`]; the report as of `privacy.clip_sum`.
    "run.mean" on (run: &Arc<PrivateRun>) options (step: MeanOptions, lot: Option<LotOptions>)
    arrays (gradients: Vec<Array>, out: Sums, norms: &mut [f64]) -> json {
        let lot = lot.unwrap_or_default().try_into()?;
        for_type!(out => {
            let gradients = gradients_of(gradients, &out, norms.len())?;
            let (report, adapted) = run.mean(&gradients, &step, lot, &mut out)?;
            Clipped::new(report, adapted, norms)
        })
    }
    // [`PrivateRun::sum`], in place; gives the adaptive norm that moved, or `null`.
    "run.sum" on (run: &Arc<PrivateRun>) options (step: SumOptions, lot: Option<LotOptions>)
    arrays (out: Sums, norms: Option<&[f64]>) -> json {
        let lot = lot.unwrap_or_default().try_into()?;
        let norms = norms.unwrap_or_default();
        for_type!(out => run.sum(&mut out, &step, lot, norms)?)
    }
    // [`PrivateRun::count`] by the norms of the lot that was clipped to the norm.
    "run.count" on (run: &Arc<PrivateRun>) options (step: CountOptions, lot: Option<LotOptions>)
    arrays (norms: &[f64]) -> json {
        let lot = lot.unwrap_or_default().try_into()?;
        run.count(&step.clip, norms, step.expected_lot_size, lot)?
    }
    // [`PrivateRun::begin`].
    "run.begin" on (run: &Arc<PrivateRun>)
    options (dimension: usize, ..options: CorrelatedOptions) -> handle {
        run.begin(&options, dimension)?
    }
    // Replaces the clipped sum of this step by its private release. `examples` names who takes
    // part, if that is known.
    "correlated.step" on (correlated: &Correlated)
    arrays (sum: &mut [f64], examples: Option<&[u64]>) -> nothing {
        correlated.step(sum, examples)?
    }
    // Its draws are in order: one sampler for each pass over the data.
    "sampler.new" by (options: SamplerOptions) -> handle {
        Mutex::new(PoissonSampler::from_options(&options)?)
    }
    // Its number in this process, by which a release names its lot.
    "sampler.id" on (sampler: &Mutex<PoissonSampler>) -> number { lock(sampler).draws().id() }
    // The next lot, numbers of examples from 0 in order, and the number of its draw.
    "sampler.draw" on (sampler: &Mutex<PoissonSampler>) options (rate: f64) -> numbers {
        let drawn = lock(sampler).next_lot_at(rate)?;
        (drawn.number, drawn.examples.into_iter().map(|example| example as i64).collect())
    }
    // Takes a draw as released elsewhere, by a worker's part; gives what it costs.
    "sampler.spend" on (sampler: &Mutex<PoissonSampler>) options (draw: u64) -> json {
        let draws = lock(sampler).draws().clone();
        draws.spend(draw, Ok)?
    }
}
