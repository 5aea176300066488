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

include("errors.jl")
include("json.jl")
include("rates.jl")
include("library.jl")
include("native/native.jl")
include("binding.jl")
include("words.jl")
include("table.jl")
include("results.jl")
include("positions.jl")
include("profile.jl")
include("alerts.jl")
include("notify.jl")
include("guard.jl")
include("observe.jl")
include("per_sequence.jl")
include("missed.jl")
include("verdict.jl")
include("windows.jl")
include("guarded/layer.jl")
include("guarded/forward.jl")
include("guarded/places.jl")
include("guarded/recomputed.jl")
include("missing.jl")
include("samples.jl")
include("compare.jl")
include("reference.jl")
include("several.jl")
include("feature_names.jl")
include("detectors.jl")
include("files.jl")
include("curves.jl")
include("neighbors.jl")
include("live_thresholds.jl")
include("ood.jl")
include("hosted.jl")
include("autoencoder.jl")
include("recurrent.jl")
include("sequences.jl")
include("score_guards.jl")
include("moments.jl")
include("streams.jl")
include("performance.jl")
include("late_labels.jl")
include("sketches.jl")
include("testing.jl")
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
include("private/lots.jl")
include("private/training_run.jl")
include("private/training.jl")
include("private/audit.jl")
include("private/inference.jl")
include("copies/rule.jl")
include("copies/guards.jl")
include("copies/private_runs.jl")
include("copies/deepcopy.jl")
include("copies/serialize.jl")
include("tables.jl")
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
