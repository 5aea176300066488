"""
FluxGuard: the safety layer of a Flux.jl model.

A model call is hooked, its output is read in place by Rust and scored at once; a background thread tests the
summaries for drift and raises alerts.

    guard  = Guard(fit(Profile, model(reference)); false_alarms = 1//week)
    model′ = guarded(model, guard)       # a layer like any other
    ŷ      = model′(x)                   # verdict(guard) says what this batch looked like
    alerts(guard); close(guard)

In every array the last dimension is the observation, as in Flux; all other dimensions together are the features.
Errors are subtypes of [`FluxGuardError`](@ref). See [`Profile`](@ref), [`Guard`](@ref), [`guarded`](@ref),
[`verdict`](@ref), [`alerts`](@ref), [`no_drift`](@ref), [`moments`](@ref), [`binding`](@ref).
"""
module FluxGuard

using Dates: Dates, DateTime, @dateformat_str
using Libdl: Libdl
using Printf: @sprintf
using Random: AbstractRNG, RandomDevice
using Serialization: Serialization, AbstractSerializer, deserialize, serialize

export Profile, fit, fit!, nobs, save, load
export Guard, observe!, verdict, Verdict, windows, TestedWindow, counters
export alerts, Alert, read_alerts, on_alert
export guarded, Guarded, unguarded, guards, PerSequence
export FalseAlarms, second, minute, hour, day, week, window, observation
export Detector, RootMeanSquareZ, ZScore, RobustZ, Iqr, IsolationForest, ExtendedIsolationForest, LOF, KNN, KMeansDistance,
    GaussianMixtureDensity, OneClassSVM, KDE, HBOS, ECOD, COPOD, PCADetector, Mahalanobis, Ensemble
export OOD, MSP, MaxLogit, EnergyScore, EntropyScore, MarginScore, GEN, ODIN, ClassMahalanobis, RelativeMahalanobis, DeepKNN, ViM, SHE,
    ReAct, ASH
export Encoded, Autoencoder, Recurrent
export SequenceDetector, Frequency, MarkovChain, NGram, perplexity, categories
export score, score_within, pvalue, explain, threshold, quality, roc, precision_recall, compare_detectors
export NeighborStore, add!, search, evict!, points
export LiveThreshold, Spot, Feedback, dismiss!, confirm!
export adjust, e_bh
export no_drift, no_anomalies, compare, Comparison, Reference, moments, moments!, Moments
export StreamDetector, ADWIN, PageHinkley, DDM, EDDM, HDDMA, HDDMW, KSWIN, Cusum, GMA, OnlineMMD, Martingale, Betting,
    TwoSampleBetting, LORD, SAFFRON
export update!, reset!, drifted, warned, statistic
export PerformanceEstimator, PerformanceReport, estimate_performance, LateLabels, record!, label!, counts, realized
export Sketch, sketch_bytes, quantiles, distinct, frequent
export Accountant, step!, steps, epsilon, delta, privacy_curve, trade_off, tpr_at_fpr, rdp, check_budget, report, PrivacyReport
export noise_multiplier, effective_noise_multiplier, PrivacyState
export clip_sum!, add_noise!, private_mean!, adapt!, AdaptiveClip, ClipReport
export AutoDP, private_gradient, next_step, lot_part, begin_noise!, check_private, privatize
export AuditReport, audit, audit_one_run, audit_lira, audit_canaries, lira_scores, label_confidence, clopper_pearson
export perturb_input, round_output, top_k
export PrivateRun, releases, isprivate, PoissonSampler, expected_lot_size, TreeNoise, BandedNoise
export binding, versions
export FluxGuardError, InvalidArgument, ElementTypeUnsupported, EmptyTensor, FeatureMismatch, NonFiniteBaseline,
    ConstantFeature, WindowTooShort, BaselineTooSmall, Incompatible, GuardClosed, WorkerFailed, PathUnusable,
    FileDamaged, FileVersion, FileKind, BudgetExhausted, Interrupted, NativePanic, LibraryUnavailable

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

function __init__()
    Native.begin_process()
    Native.begin_interrupts()
    generating_output() && return
    atexit(shutdown)
    load_jlrscore()
end

include("precompile.jl")

end
