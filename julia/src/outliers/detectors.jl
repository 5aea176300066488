# Detectors of single observations: fitted on a reference, then scoring new ones.

"""
    Detector

What scores observations against a reference they were [`fit!`](@ref)ted on. Each is called by its type; the name in
brackets is the one of Rust, the program and JSON.

| type | scores by |
|:--|:--|
| `ZScore` (zscore), `RobustZ` (robust-z), `Iqr` (iqr), `RootMeanSquareZ` (distance) | the features one by one |
| `IsolationForest` (iforest), `ExtendedIsolationForest` (eif) | how few random cuts separate |
| `LOF` (lof), `KNN` (knn) | the nearest reference observations |
| `KMeansDistance` (kmeans), `GaussianMixtureDensity` (gmm), `KDE` (kde) | clusters and densities |
| `OneClassSVM` (ocsvm) | a surface around the reference |
| `HBOS` (hbos), `ECOD` (ecod), `COPOD` (copod) | histograms and tails of each feature |
| `PCADetector` (pca), `Mahalanobis` (mahalanobis) | the covariance |
| `Ensemble` (ensemble) | several of these |
| [`OOD`](@ref) and its members | a classifier's logits, or its features and last layer |
| [`Encoded`](@ref) | another detector, of what a function makes of the input |
| [`Autoencoder`](@ref), [`Recurrent`](@ref) | a Flux model's error |

    d = fit!(IsolationForest(trees = 200), reference)      # or fit(IsolationForest, reference; trees = 200)
    score(d, x); pvalue(d, x); explain(d, x); threshold(d; rate = 0.01)
    FluxGuard.save("d.fg", d); FluxGuard.load(Detector, "d.fg")

Keywords of all: `standardize = false` centers and scales each feature first; `calibration`, where p-values come from:
`:cross` (five folds of the reference; the default), `:holdout` (a quarter is kept back; then `P(pvalue <= a) <= a`
whatever the detector), `:none`, or `(cross = folds,)`, `(holdout = fraction,)`.

Arrays are features × observations, any number of dimensions, the last is the observation; a vector is one observation
(of a detector with one feature: many). An observation with an element that is `missing` has the score and the p-value `NaN`, and is
not fitted on. A score never depends on the batch that it came in. `deepcopy` shares what was learned;
Serialization and JLD2 keep it (`docs/copies.md`).
"""
abstract type Detector end

"""
    NativeDetector <: Detector

A detector that Rust fits and scores with.
"""
abstract type NativeDetector <: Detector end

"""
    NotFitted

A detector before [`fit!`](@ref).
"""
struct NotFitted end

# The type of each name.
const DETECTORS = Dict{String,Any}()

function define_detector(type, name, text)
    signature = "    $type(; kwargs...)\n\n$text See [`Detector`](@ref) for what all detectors do and their common keywords."
    @eval begin
        @doc $signature mutable struct $type <: NativeDetector
            options::Dict{String,Any}
            handle::Union{NotFitted,Native.DetectorHandle}
            features::Int
            names::Vector{String}
            $type(options::Dict{String,Any}, handle, features, names = String[]) = new(options, handle, features, names)
        end
        $type(; kwargs...) = $type(detector_options(kwargs), NotFitted(), 0)
        detector_name(::Type{$type}) = $name
        DETECTORS[$name] = $type
    end
end

for (type, name, text) in (
    (:RootMeanSquareZ, "distance", "The root mean squared z-score over the features."),
    (:ZScore, "zscore", "The largest absolute z-score over the features."),
    (:RobustZ, "robust-z", "The largest absolute z-score by median and median absolute deviation."),
    (:Iqr, "iqr", "Interquartile ranges beyond the nearer quartile, largest over the features."),
    (:IsolationForest, "iforest", "Isolation forest (Liu, Ting and Zhou 2008). `trees = 100`, `sample_size = 256`, `seed = 0`."),
    (:ExtendedIsolationForest, "eif", "Extended isolation forest (Hariri and others 2019). `trees = 100`, `sample_size = 256`, `extension_level = nothing` (all features), `seed = 0`."),
    (:LOF, "lof", "Local outlier factor in novelty mode (Breunig and others 2000). `neighbors = 20`, `metric = :euclidean` or `:cosine`."),
    (:KNN, "knn", "Distance to the nearest reference observations. `neighbors = 5`, `aggregate = :max`, `:mean` or `:median`, `metric = :euclidean`, `:cosine` or `:inner_product`, `index = :exact` or `:hnsw`."),
    (:KMeansDistance, "kmeans", "Distance to the nearest of some cluster centers. `clusters = 8`, `runs = 10`, `seed = 0`."),
    (:GaussianMixtureDensity, "gmm", "Minus the log-density of a Gaussian mixture. `components = 1`, `regularization = 1e-6`, `runs = 1`, `seed = 0`."),
    (:OneClassSVM, "ocsvm", "One-class support vector machine (Schölkopf and others 2001). `nu = 0.5`, `gamma = nothing` (10 over the median squared distance of two observations), `tolerance = 1e-10`."),
    (:KDE, "kde", "Minus the log-density of a Gaussian kernel estimate. `bandwidth = :scott`, `:silverman` or a number."),
    (:HBOS, "hbos", "Histograms of the features (Goldstein and Dengel 2012). `bins = 10`, `alpha = 0.1`, `tolerance = 0.5`."),
    (:ECOD, "ecod", "Tails of the features' empirical distributions (Li and others 2022)."),
    (:COPOD, "copod", "Tails of the empirical copula (Li and others 2020)."),
    (:PCADetector, "pca", "What principal components leave over, or how far out along them. `components = nothing`, `variance = 0.9`, `score = :residual` or `:components`."),
    (:Mahalanobis, "mahalanobis", "Squared Mahalanobis distance. `covariance = :classic`, `:shrunk` (Ledoit-Wolf) or `:robust` (FAST-MCD), `seed = 0`."),
    (:Ensemble, "ensemble", "Several detectors on one scale. `members = [IsolationForest(), ...]` (if left out, those of eight that the reference suffices for), `combine = :average` (of calibrated p-values), `:minimum`, `:rank` or `:maximum`, `weighting = :artificial_outliers` (by how well each tells the reference from outliers made of it) or `:equal`."))
    define_detector(type, name, text)
end

detector_name(d::Detector) = detector_name(typeof(d))

# Symbols are names; a named tuple is a set of numbers by name; members of an ensemble are detectors.
option(x::Symbol) = word(x)
option(x::NamedTuple) = Dict{String,Any}(word(k) => v for (k, v) in pairs(x))
option(d::Detector) = Dict{String,Any}("detector" => detector_name(d), "options" => d.options)
option(xs::Union{Tuple,AbstractVector}) = Any[option(x) for x in xs]
option(x) = x

detector_options(kwargs) = given_keywords(option, kwargs)

"""
    fit!(detector, reference; names, labels, weights, bias) -> detector

Learn the reference, features × observations, or a table of numbers, whose columns are the features; what it had learned before is forgotten. `names` are those of the features, all different:
[`save`](@ref) keeps them, `fluxguard detect --load` takes the columns of a CSV by them, and so does [`score`](@ref) where it is told those
of its features. `labels`, `weights` and `bias` are for detectors of classifiers: see [`OOD`](@ref). Throws
[`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref), [`NonFiniteBaseline`](@ref) (NaN or Inf),
[`BaselineTooSmall`](@ref), [`ConstantFeature`](@ref), [`InvalidArgument`](@ref) (an option, a singular covariance, more
than fits into memory).
"""
function fit!(d::NativeDetector, reference::AbstractArray{<:Native.Element}; names = nothing, labels = nothing, weights = nothing,
    bias = nothing)
    weights, bias = head(weights, bias)
    asked = option(d)
    names === nothing || (asked["options"] = merge(d.options, Dict{String,Any}("names" => texts("names", names))))
    handle = Native.make(:detector, face(), "detector.fit", asked; reference = reference, labels = class_numbers(labels),
        weights = weights, bias = bias)
    told = Native.ask(handle, "detector.describe")
    d.handle, d.features, d.names = handle, Int(told["features"]), names_of(told) # together: Ctrl-C may come between any two calls
    return d
end
function fit!(d::NativeDetector, reference::AbstractArray{>:Missing}; labels = nothing, kwargs...)
    x, whole = there("reference", reference)
    return fit!(d, x; labels = of_those("labels", labels, whole), kwargs...)
end
function fit!(d::NativeDetector, reference; names = nothing, kwargs...)
    x, names = from_table("reference", reference, something(texts("names", names), String[]); missings = true)
    return fit!(d, x; names = names, kwargs...)
end

"""
    fit(IsolationForest, reference; kwargs...) -> IsolationForest

A fitted [`Detector`](@ref): `fit!(IsolationForest(; kwargs...), reference)`, and so for every type. `names`, `labels`, `weights` and
`bias` are those of [`fit!`](@ref).
"""
fit(::Type{D}, reference; names = nothing, labels = nothing, weights = nothing, bias = nothing, kwargs...) where {D<:NativeDetector} =
    fit!(D(; kwargs...), reference; names = names, labels = labels, weights = weights, bias = bias)

"""
    score_within(detector, y; labels, weights, bias) -> (scores, pvalues)

Which observations of `y` do not look like the rest of it: each is scored by a detector of this type and options that was fitted on
others of `y`. A detector that was fitted on an observation knows it, and scores it too low. `detector` itself stays as it is, fitted
or not.

    found = score_within(KNN(), y)
    findall(found.scores .> threshold(found.scores; rate = 0.01))

The folds are those of `calibration` (`:cross`, five, or `(cross = folds,)`): `y` in a random order that depends on its length alone,
cut into parts of equal size; each part is scored by what was fitted on all others. Observations that are equal share the mean of
their scores. A p-value is the rank among all `n` scores: the fraction that is at least as high, from `1/n`. Of any `n` observations
some are the most unusual, and their p-values do not say that they are wrong; a threshold with `method = :pot` says how far out they
are. Costs as many fits as folds. `labels`, `weights` and `bias` as in [`fit!`](@ref), whose exceptions it throws, and
[`InvalidArgument`](@ref) for another calibration.
"""
function score_within(d::NativeDetector, y::AbstractArray{<:Native.Element}; labels = nothing, weights = nothing, bias = nothing)
    n, (weights, bias) = observations(y), head(weights, bias)
    scores, pvalues = Vector{Float64}(undef, n), Vector{Float64}(undef, n)
    Native.run(face(), "detector.score_within", option(d); reference = y, labels = class_numbers(labels), weights = weights, bias = bias,
        scores = Native.Out(scores), p_values = Native.Out(pvalues))
    return (scores = scores, pvalues = pvalues)
end
function score_within(d::NativeDetector, y::AbstractArray{>:Missing}; labels = nothing, kwargs...)
    x, whole = there("y", y)
    found = score_within(d, x; labels = of_those("labels", labels, whole), kwargs...)
    return (scores = spread(found.scores, whole, NaN), pvalues = spread(found.pvalues, whole, NaN))
end
score_within(::NativeDetector, y; kwargs...) = Native.unsupported("y", y)

# The spelling of other packages.
fit(detector::NativeDetector, reference; kwargs...) = throw(invalid("detector", "a detector that is made already",
    "its type, with its options: fit($(nameof(typeof(detector))), reference; ...)"))

fitted(d::NativeDetector) = d.handle isa NotFitted ?
    throw(invalid("detector", "a $(nameof(typeof(d))) that is not fitted", "fit!(detector, reference) first")) : d.handle

observations(d::NativeDetector, y::AbstractVector) = d.features == 1 ? length(y) : 1
observations(::NativeDetector, y::AbstractArray) = observations(y)

"A vector as what it is: one observation, or many of one feature."
batch_of(n, y::AbstractVector) = n == 1 ? reshape(y, :, 1) : y
batch_of(n, y::AbstractArray) = y

function score(d::NativeDetector, y::AbstractArray{<:Native.Element}; names = nothing)
    out = Vector{Float64}(undef, observations(d, y))
    x, _ = Native.host(by_places(y, length(out), places_of(d, names)))
    Native.score!(fitted(d), out, x, length(out))
    return out
end

function pvalue(d::NativeDetector, y::AbstractArray{<:Native.Element}; names = nothing)
    out = Vector{Float64}(undef, observations(d, y))
    x = by_places(y, length(out), places_of(d, names))
    Native.run(fitted(d), "detector.p_values"; output = batch_of(length(out), x), out = Native.Out(out))
    return out
end

function explain(d::NativeDetector, y::AbstractArray{<:Native.Element}; names = nothing)
    out, n, places = Vector{Float64}(undef, length(y)), observations(d, y), places_of(d, names)
    Native.run(fitted(d), "detector.explain"; output = batch_of(n, by_places(y, n, places)), out = Native.Out(out))
    return reshape(from_places(out, n, places), size(y))
end

for name in (:score, :pvalue, :explain)
    @eval $name(d::NativeDetector, y::AbstractArray{>:Missing}; kwargs...) = $name(d, told("y", y); kwargs...)
    @eval $name(d::NativeDetector, y; names = nothing, kwargs...) =
        $name(d, first(from_table("y", y, something(texts("names", names), d.names); missings = true)); kwargs...)
end

@doc """
    score(detector, y; names = nothing) -> Vector{Float64}

One score per observation; higher is more anomalous; `NaN` for an observation that is not finite. Its unit is the detector's own (a distance,
a negative log-density, a share of trees: `docs/detectors.md`). `names` are those of the features of `y`: they are then taken by name, in any order. Throws
[`FeatureMismatch`](@ref), [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref), and [`InvalidArgument`](@ref) for `names` that are not
those that the detector was fitted with.
""" score(::NativeDetector, ::AbstractArray)

"""
    pvalue(detector, y; names = nothing) -> Vector{Float64}

One p-value per observation: `(1 + c) / (1 + n)`, where `c` of `n` reference observations that the detector had not seen
score at least as high. See `calibration` of [`Detector`](@ref) for what is guaranteed. `NaN` where the score is. Throws
as [`score`](@ref), and [`Incompatible`](@ref) for `calibration = :none`.
"""
pvalue

"""
    explain(detector, y; names = nothing) -> Array{Float64}

Which features made the scores what they are: a number for each element of `y`, larger where the score owes more to it.
Of `HBOS`, `ECOD`, `COPOD`, `Mahalanobis` and PCA residuals the numbers add up to the score; of Euclidean `KNN` and
`KMeansDistance` they are the features' shares of the squared distance, scaled to add up to the score; of `ZScore`,
`RobustZ` and `Iqr` the features' own scores; of `RootMeanSquareZ` the squared z-scores over the features. Of all others:
by how much the score falls when that feature alone is set to its median in the reference. Throws as [`score`](@ref).
"""
explain

"""
    threshold(detector; rate) -> Float64
    threshold(detector; method = :pot, rate, level = 0.98) -> Float64
    threshold(detector; method = :budget, alerts, observations) -> Float64
    threshold(scores; method, ...) -> Float64

The score above which an observation is anomalous, from the detector's calibration or from `scores` of usual
observations. `method`: `:conformal` (the default: exceeded with a probability of at most `rate`, in finite samples),
`:percentile`, `:pot` (peaks over threshold: extrapolates beyond what was seen), `:budget` (`alerts` in so many
`observations`). Throws [`BaselineTooSmall`](@ref) where the rate cannot be seen with so few, [`InvalidArgument`](@ref),
[`Incompatible`](@ref).
"""
threshold(d::NativeDetector; kwargs...) =
    number(Native.ask(fitted(d), "detector.threshold", threshold_options(kwargs))["threshold"])
threshold(scores::AbstractVector{<:Real}; kwargs...) =
    number(Native.ask(face(), "scores.threshold", threshold_options(kwargs); scores = collect(Float64, scores))["threshold"])

threshold_options(kwargs) = merge(Dict{String,Any}("method" => "conformal"), detector_options(kwargs))

describe(d::NativeDetector) = Native.ask(fitted(d), "detector.describe")

"""
    nobs(detector) -> Int

How many reference observations it was fitted on.
"""
nobs(d::NativeDetector) = Int(describe(d)["observations"])

"""
    save(path, detector)

Write a fitted detector to a file, whole or not at all. Throws [`PathUnusable`](@ref).
"""
function save(path::AbstractString, d::NativeDetector)
    Native.run(fitted(d), "detector.save", (path = path_text(path),))
    return nothing
end

"""
    load(Detector, path; mapped = false) -> Detector
    load(IsolationForest, path; mapped = false) -> IsolationForest

Read a detector that [`save`](@ref) wrote; it scores as before. With `mapped = true` the points that `KNN`, `LOF`, `KDE` and their like
search stay in the file: see [`FluxGuard.load(NeighborStore, path)`](@ref NeighborStore). Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref),
[`FileKind`](@ref), [`FileVersion`](@ref), and [`Incompatible`](@ref) for a detector of another type.
"""
function load(::Type{D}, path::AbstractString; mapped::Bool = false) where {D<:Detector}
    handle = Native.make(:detector, face(), "detector.load", (path = path_text(path), mapped = mapped))
    d = Native.ask(handle, "detector.describe")
    type = DETECTORS[d["detector"]]
    type <: D || throw(Incompatible("path: a $(nameof(type)) does not go with $(nameof(D)); say FluxGuard.load(Detector, path)"))
    options = Dict{String,Any}(k => v for (k, v) in d["options"] if v !== nothing)
    options["standardize"], options["calibration"] = d["standardize"], d["calibration"]
    return type(options, handle, Int(d["features"]), names_of(d))
end

function Base.show(io::IO, d::NativeDetector)
    print(io, nameof(typeof(d)), "(")
    d.handle isa NotFitted ? print(io, "not fitted") :
        print(io, plural(d.features, "feature"), ", ", plural(nobs(d), "observation"))
    print(io, ")")
end

function Base.show(io::IO, ::MIME"text/plain", d::NativeDetector)
    d.handle isa NotFitted && return show(io, d)
    told = describe(d)
    println(io, nameof(typeof(d)), " (", told["detector"], "): ", plural(d.features, "feature"), ", ", plural(told["observations"], "observation"))
    isempty(d.names) || println(io, "of ", join(d.names, ", "))
    rows = Any[(name, told["options"][name]) for name in sort!(collect(keys(told["options"]))) if !(told["options"][name] isa AbstractVector)]
    push!(rows, ("standardize", told["standardize"]), ("calibration", plural(told["calibration_size"], "score")), ("in a file", plural(told["bytes"], "byte")))
    for member in get(told, "members", [])
        push!(rows, ("member " * member["detector"], string(round(100 * member["weight"]; digits = 1), " %")))
    end
    print_table(io, ["option", "value"], rows)
end
