# How well a model does, estimated while there are no labels.

"""
    PerformanceEstimator

Knows from a labeled reference how a model's own answers tell how well it does. Made by `fit`:

    e = fit(PerformanceEstimator, scores, labels; problem = :binary)                 # probabilities of class 1; labels 0 and 1
    e = fit(PerformanceEstimator, probabilities, labels; problem = :multiclass)      # classes × observations; labels 1 to k
    e = fit(PerformanceEstimator, features, labels; problem = :regression, predictions = ŷ)   # features × observations
    r = estimate_performance(e, scores)                                              # no labels needed
    FluxGuard.save(path, e); FluxGuard.load(PerformanceEstimator, path)

Options: `predictions` (classes, or numbers; for classes the threshold or the likeliest class where not given), `metrics` (all
of the problem), `chunk_size = 1000` observations, `calibration = :auto` (isotonic regression where it helps on observations
that it was not fitted on; `:always`, `:never`), `threshold = 0.5` (binary), `deviations = 3` (alert bounds: so many standard
deviations of the reference's chunks about their mean), `seed = 0`.

Classes: confidence-based estimation of `:accuracy`, `:f1`, `:auroc`, `:precision`, `:recall`, `:specificity` (macro averages for
more than two). Regression: direct loss estimation of `:mae`, `:mse`, `:rmse`. The reference must be data that the model was not
trained on, in the order of time, and have at least four chunks. What the estimates cannot see: a change of how labels
depend on the inputs ([`LateLabels`](@ref) does).

Throws [`InvalidArgument`](@ref), [`BaselineTooSmall`](@ref), [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref).
"""
struct PerformanceEstimator
    handle::Native.PerformanceHandle
    multiclass::Bool
end

function fit(::Type{PerformanceEstimator}, scores::AbstractArray{<:Native.Element}, labels; problem = :binary, predictions = nothing,
    metrics = nothing, chunk_size::Integer = 1000, calibration = :auto, threshold::Real = 0.5, deviations::Real = 3, seed::Integer = 0)
    options = (problem = word("problem", problem), metrics = something(words("metrics", metrics), String[]), chunk_size = chunk_size,
        calibration = word("calibration", calibration), threshold = threshold, deviations = deviations, seed = seed)
    n, multiclass = observations(scores), options.problem == "multiclass"
    handle = Native.make(:performance, face(), "performance.fit", options; reference = scores,
        predictions = answers("predictions", predictions, n, multiclass), labels = answers("labels", labels, n, multiclass))
    return PerformanceEstimator(handle, multiclass)
end
fit(::Type{PerformanceEstimator}, scores, labels; kwargs...) = Native.unsupported("scores", scores)

# Classes count from 1 in Julia where there are more than two.
answers(argument, ::Nothing, n, multiclass) = nothing
function answers(argument, values::AbstractArray{<:Real}, n, multiclass)
    length(values) == n || throw(invalid(argument, "$(length(values)) values", "$n, one per observation"))
    return multiclass ? vec(collect(Float64, values)) .- 1 : vec(collect(Float64, values))
end
answers(argument, values, n, multiclass) = throw(invalid(argument, "a value of type $(typeof(values))", "an array of numbers, or nothing"))

"""
    PerformanceReport

What [`estimate_performance`](@ref) gives: `drift`, whether any estimate left its bounds, and `chunks`, a table (a vector of
rows): `metric`, `chunk`, `first` and `last` observation (from 1), `estimate`, `sampling_error` (standard error of the measure in so
few observations), `realized` (where labels were given, else `NaN`), `lower` and `upper` alert bounds, `alert`. `NaN` where a measure
is not defined.
"""
struct PerformanceReport
    drift::Bool
    chunks::Vector{NamedTuple{(:metric, :chunk, :first, :last, :estimate, :sampling_error, :realized, :lower, :upper, :alert),
        Tuple{String,Int,Int,Int,Float64,Float64,Float64,Float64,Float64,Bool}}}
end

PerformanceReport(d::AbstractDict) = PerformanceReport(d["drift"], [(metric = c["metric"], chunk = from_zero(c["chunk"]),
    first = from_zero(c["start"]), last = Int(c["end"]), estimate = number(c["estimate"]), sampling_error = number(c["sampling_error"]),
    realized = number(get(c, "realized", nothing)), lower = number(c["lower"]), upper = number(c["upper"]), alert = c["alert"])
    for c in d["chunks"]])

"""
    estimate_performance(e::PerformanceEstimator, scores; predictions = nothing, labels = nothing) -> PerformanceReport

How well the model does on each chunk, estimated from its own answers; where `labels` are given, what they say stands beside. Throws
as [`PerformanceEstimator`](@ref).
"""
function estimate_performance(e::PerformanceEstimator, scores::AbstractArray{<:Native.Element}; predictions = nothing, labels = nothing)
    n = observations(scores)
    return PerformanceReport(Native.ask(e.handle, "performance.estimate"; current = scores,
        predictions = answers("predictions", predictions, n, e.multiclass), labels = answers("labels", labels, n, e.multiclass)))
end
estimate_performance(::PerformanceEstimator, scores; kwargs...) = Native.unsupported("scores", scores)

describe(e::PerformanceEstimator) = Native.ask(e.handle, "performance.describe")

nobs(e::PerformanceEstimator) = Int(describe(e)["observations"])

save(path::AbstractString, e::PerformanceEstimator) = Native.run(e.handle, "performance.save", (path = path_text(path),))

function load(::Type{PerformanceEstimator}, path::AbstractString)
    handle = Native.make(:performance, face(), "performance.load", (path = path_text(path),))
    return PerformanceEstimator(handle, Native.ask(handle, "performance.describe")["options"]["problem"] == "multiclass")
end

function Base.show(io::IO, e::PerformanceEstimator)
    told = describe(e)
    print(io, "PerformanceEstimator(", told["options"]["problem"], ", ", plural(told["observations"], "observation"), ")")
end

function Base.show(io::IO, ::MIME"text/plain", e::PerformanceEstimator)
    told = describe(e)
    calibrated = count(identity, told["calibrated"])
    println(io, "PerformanceEstimator: ", told["options"]["problem"], ", ", plural(told["observations"], "labeled observation"),
        isempty(told["calibrated"]) ? "" : ", $calibrated of $(plural(length(told["calibrated"]), "score")) calibrated")
    print_table(io, ["metric", "reference", "lower", "upper"],
        [(b["metric"], number(b["reference"]), number(b["lower"]), number(b["upper"])) for b in told["bounds"]])
    # Below chance by so much: scores of the other class, or labels the wrong way round.
    auroc = [number(b["reference"]) for b in told["bounds"] if b["metric"] == "auroc"]
    any(a -> a < 0.4, auroc) && println(io, "An AUROC far below 0.5: look whether scores are the probability of class 1, and labels the right way round")
end

Base.show(io::IO, r::PerformanceReport) = print(io, "PerformanceReport(", plural(count(c -> c.alert, r.chunks), "alert"), " in ",
    plural(length(r.chunks), "estimate"), ")")

function Base.show(io::IO, ::MIME"text/plain", r::PerformanceReport)
    println(io, "PerformanceReport: ", plural(count(c -> c.alert, r.chunks), "alert"), " in ", plural(length(r.chunks), "estimate"))
    print_table(io, ["metric", "chunk", "estimate", "sampling error", "realized", "lower", "upper", "alert"],
        [(c.metric, c.chunk, c.estimate, c.sampling_error, c.realized, c.lower, c.upper, c.alert) for c in r.chunks];
        limit = row_limit(io, 4))
end
