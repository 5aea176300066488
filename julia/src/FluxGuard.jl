"""
FluxGuard: the safety layer of a Flux.jl model.

A model call is hooked, its output is read in place by Rust and scored at once; a background thread tests the
summaries for drift and raises alerts.

    guard  = Guard(fit(Profile, model(reference)); false_alarms = every(Week(1)))
    model′ = guarded(model, guard)       # a layer like any other
    ŷ      = model′(x)                   # verdict(guard) says what this batch looked like
    alerts(guard); close(guard)

In every array the last dimension is the observation, as in Flux; all other dimensions together are the features.
Exported is what a guard, a test of drift and private training need. The rest is in modules by what it is for, each to be had with
`using FluxGuard.Outliers`, or by its full name, `FluxGuard.KNN`:

| module | |
|:--|:--|
| [`Outliers`](@ref FluxGuard.Outliers) | detectors of single observations, thresholds, how good they are, a store of neighbors |
| [`Sequences`](@ref FluxGuard.Sequences) | detectors of sequences of categories |
| [`Drift`](@ref FluxGuard.Drift) | two samples compared, monitors of streams, moments |
| [`Performance`](@ref FluxGuard.Performance) | estimates without labels, labels that come late |
| [`Sketches`](@ref FluxGuard.Sketches) | quantiles, distinct and frequent values in little memory |
| [`Privacy`](@ref FluxGuard.Privacy) | accounting, clipping and noise, private training step by step |
| [`Audits`](@ref FluxGuard.Audits) | what an attacker finds out |
| [`Errors`](@ref FluxGuard.Errors) | all errors, subtypes of [`FluxGuardError`](@ref) |

See [`Profile`](@ref), [`Guard`](@ref), [`guarded`](@ref), [`verdict`](@ref), [`alerts`](@ref), [`no_drift`](@ref), [`binding`](@ref).
"""
module FluxGuard

using Dates: Dates, Day, Hour, Minute, Second, Week, DateTime, @dateformat_str
using Libdl: Libdl
using Printf: @sprintf
using Random: AbstractRNG, RandomDevice
using Serialization: Serialization, AbstractSerializer, deserialize, serialize

import StatsAPI: fit, fit!, nobs, pvalue, score

export Profile, fit, fit!, nobs, score, pvalue
export Guard, FalseAlarms, every, observe!, verdict, Verdict, windows, counters
export alerts, Alert, read_alerts, on_alert
export guarded, unguarded, guards, PerSequence
export no_drift, no_anomalies
export AutoDP, PoissonSampler, Accountant, epsilon, noise_multiplier, check_private, privatize, private_gradient, isprivate
export FluxGuardError

include("base/errors.jl")
include("base/json.jl")
include("guard/rates.jl")
include("base/library.jl")
include("native/native.jl")
include("base/binding.jl")
include("base/build.jl")
include("base/words.jl")
include("base/print_table.jl")
include("base/results.jl")
include("guard/positions.jl")
include("guard/profile.jl")
include("guard/alerts.jl")
include("guard/notify.jl")
include("guard/guard.jl")
include("guard/observe.jl")
include("guard/per_sequence.jl")
include("guard/missed.jl")
include("guard/verdict.jl")
include("guard/windows.jl")
include("guard/guarded/layer.jl")
include("guard/guarded/forward.jl")
include("guard/guarded/places.jl")
include("guard/guarded/recomputed.jl")
include("base/missing.jl")
include("base/samples.jl")
include("base/tables.jl")
include("drift/compare.jl")
include("drift/reference.jl")
include("drift/several.jl")
include("outliers/feature_names.jl")
include("outliers/detectors.jl")
include("base/files.jl")
include("outliers/curves.jl")
include("outliers/neighbors.jl")
include("outliers/live_thresholds.jl")
include("outliers/ood.jl")
include("outliers/hosted.jl")
include("outliers/autoencoder.jl")
include("outliers/recurrent.jl")
include("outliers/sequences.jl")
include("guard/score_guards.jl")
include("drift/moments.jl")
include("drift/streams.jl")
include("performance/performance.jl")
include("performance/late_labels.jl")
include("sketches/sketches.jl")
include("drift/testing.jl")
include("privacy/question.jl")
include("privacy/phase.jl")
include("privacy/accountant.jl")
include("privacy/calibrate.jl")
include("privacy/run.jl")
include("privacy/draw.jl")
include("privacy/lot.jl")
include("privacy/clip.jl")
include("privacy/release.jl")
include("privacy/sampler.jl")
include("privacy/correlated.jl")
include("privacy/state.jl")
include("privacy/report.jl")
include("privacy/training/lots.jl")
include("privacy/training/training_run.jl")
include("privacy/training/training.jl")
include("privacy/training/audit.jl")
include("privacy/training/inference.jl")
include("copies/rule.jl")
include("copies/guards.jl")
include("copies/private_runs.jl")
include("copies/deepcopy.jl")
include("copies/serialize.jl")
include("rows.jl")
include("public.jl")
include("moved.jl")

function __init__()
    Native.begin_process()
    Native.begin_interrupts()
    hint_at_moved()
    generating_output() && return
    atexit(shutdown)
    load_jlrscore()
end

include("precompile.jl")

end
