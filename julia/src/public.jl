# What is public beside the exports, in modules by what it is for. Everything is defined in FluxGuard itself, so that FluxGuard.KNN and
# FluxGuard.Outliers.KNN are one.

# The module of each public name that is not exported.
const MODULE_OF = Dict{Symbol,Symbol}()

"""
    @public_module text Name name, name, ...

A module `Name` that exports these names of FluxGuard.
"""
macro public_module(text, room, names)
    listed = Symbol[name for name in names.args]
    foreach(name -> name in EXPORTED || (MODULE_OF[name] = room), listed)
    from = Expr(:using, Expr(:(:), Expr(:., :., :., :FluxGuard), map(name -> Expr(:., name), listed)...))
    body = Expr(:block, from, Expr(:export, listed...))
    return esc(Expr(:toplevel, Expr(:module, true, room, body), :(@doc $text $room)))
end

const EXPORTED = Set(names(@__MODULE__))

@public_module("""
Detectors of single observations: fitted on a reference, then scoring new ones (`docs/detectors.md`, `docs/ood.md`); thresholds of their scores,
how good they are, and a store of neighbors.
""", Outliers, (
    Detector, RootMeanSquareZ, ZScore, RobustZ, Iqr, IsolationForest, ExtendedIsolationForest, LOF, KNN, KMeansDistance,
    GaussianMixtureDensity, OneClassSVM, KDE, HBOS, ECOD, COPOD, PCADetector, Mahalanobis, Ensemble,
    OOD, MSP, MaxLogit, EnergyScore, EntropyScore, MarginScore, GEN, ODIN, ClassMahalanobis, RelativeMahalanobis, DeepKNN, ViM, SHE,
    ReAct, ASH,
    Encoded, Autoencoder, Recurrent,
    fit, fit!, nobs, score, pvalue, score_within, explain, threshold, quality, roc, precision_recall, compare_detectors,
    LiveThreshold, Spot, Feedback, dismiss!, confirm!,
    NeighborStore, add!, search, evict!, points))

@public_module("""
Detectors of sequences of categories: page views, tokens, states (`docs/sequences.md`).
""", Sequences, (SequenceDetector, Frequency, MarkovChain, NGram, perplexity, categories, fit, fit!, score, pvalue))

@public_module("""
Two samples compared, monitors of streams, corrections for many tests, moments (`docs/drift.md`).
""", Drift, (
    compare, Comparison, Reference, adjust, e_bh, moments, moments!, Moments,
    StreamDetector, ADWIN, PageHinkley, DDM, EDDM, HDDMA, HDDMW, KSWIN, Cusum, GMA, OnlineMMD, Martingale, Betting,
    TwoSampleBetting, LORD, SAFFRON,
    fit, fit!, nobs, update!, reset!, drifted, warned, statistic))

@public_module("""
How good a model is without labels, and with labels that come late (`docs/performance.md`).
""", Performance, (
    PerformanceEstimator, PerformanceReport, estimate_performance, LateLabels, record!, label!, counts, realized, fit, nobs))

@public_module("""
Summaries of streams in little memory, that merge: quantiles, distinct and frequent values.
""", Sketches, (Sketch, sketch_bytes, quantiles, distinct, frequent, fit!))

@public_module("""
Differential privacy: accounting, clipping and noise, private training step by step (`docs/privacy.md`, `docs/private-training.md`).
""", Privacy, (
    Accountant, step!, steps, epsilon, delta, privacy_curve, trade_off, tpr_at_fpr, rdp, check_budget, report, PrivacyReport,
    noise_multiplier, effective_noise_multiplier, PrivacyState,
    clip_sum!, add_noise!, private_mean!, adapt!, AdaptiveClip, ClipReport,
    AutoDP, private_gradient, next_step, lot_part, begin_noise!, check_private, privatize,
    PrivateRun, releases, isprivate, PoissonSampler, expected_lot_size, TreeNoise, BandedNoise,
    perturb_input, round_output, top_k))

@public_module("""
What an attacker finds out of a private run: lower bounds on its epsilon (`docs/privacy.md`).
""", Audits, (
    AuditReport, audit, audit_one_run, audit_lira, audit_canaries, lira_scores, label_confidence, clopper_pearson))

@public_module("""
All errors: subtypes of [`FluxGuardError`](@ref).
""", Errors, (
    FluxGuardError, InvalidArgument, ElementTypeUnsupported, EmptyTensor, FeatureMismatch, NonFiniteBaseline,
    ConstantFeature, WindowTooShort, BaselineTooSmall, Incompatible, GuardClosed, WorkerFailed, PathUnusable,
    FileDamaged, FileVersion, FileKind, BudgetExhausted, Interrupted, NativePanic, LibraryUnavailable))

# Public, in no module: of names that other packages have, too.
const ALONE = (:build, :rows, :save, :load, :binding, :versions, :Guarded, :TestedWindow)

# From Julia 1.11 on it is declared.
VERSION >= v"1.11" && eval(Expr(:public, ALONE..., sort!(collect(keys(MODULE_OF)))..., :Outliers, :Sequences, :Drift, :Performance, :Sketches,
    :Privacy, :Audits, :Errors))
