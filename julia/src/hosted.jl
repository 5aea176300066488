# Detectors of which a part is Julia's: a function or a model. What they share is here; a type is a file.

"""
    HostedDetector <: Detector

A detector that scores in Julia. Its p-values and thresholds come from `calibration`: scores of reference observations that it
was not fitted on.
"""
abstract type HostedDetector <: Detector end

"""
    Encoded(encoder, detector)

A detector of what a function makes of the input: `encoder(x)` gives features × observations, such as embeddings of texts or the
features of a model; `detector` is fitted on these. All functions of a [`Detector`](@ref) take what `encoder` takes.

    d = fit!(Encoded(embed, KNN(metric = :cosine)), texts)
    score(d, ["another text"]); pvalue(d, texts); threshold(d; rate = 0.01)

`save` the `d.detector`: a function has no file form. `load(Detector, path)` and `Encoded(encoder, loaded)` bring it back.
"""
struct Encoded{F,D<:NativeDetector} <: Detector
    encoder::F
    detector::D
end

encoded(d::Encoded, x) = encoded_array(d.encoder(x))
encoded_array(y::AbstractArray{<:Native.Element}) = y
encoded_array(y) = throw(invalid("encoder", "a result of type $(typeof(y))", "an array of floats, features × observations"))

function fit!(d::Encoded, reference; kwargs...)
    fit!(d.detector, encoded(d, reference); kwargs...)
    return d
end

score(d::Encoded, x) = score(d.detector, encoded(d, x))
pvalue(d::Encoded, x) = pvalue(d.detector, encoded(d, x))
explain(d::Encoded, x) = explain(d.detector, encoded(d, x))
threshold(d::Encoded; kwargs...) = threshold(d.detector; kwargs...)
nobs(d::Encoded) = nobs(d.detector)
save(path::AbstractString, d::Encoded) =
    throw(invalid("detector", "an Encoded", "its d.detector: a function has no file form; save(path, d.detector)"))
Base.show(io::IO, d::Encoded) = print(io, "Encoded(", d.encoder, ", ", d.detector, ")")
Base.show(io::IO, ::MIME"text/plain", d::Encoded) = show(io, d)

# The p-value of a score among scores of unseen reference observations, in rising order.
rank_pvalue(calibration::Vector{Float64}, score) =
    isnan(score) ? NaN : (1 + length(calibration) - searchsortedfirst(calibration, score) + 1) / (1 + length(calibration))

expect_fitted(d::HostedDetector) = isempty(d.calibration) ?
    throw(invalid("detector", "a $(nameof(typeof(d))) that is not fitted", "fit!(detector, reference) first")) : d

pvalue(d::HostedDetector, y) = [rank_pvalue(expect_fitted(d).calibration, s) for s in score(d, y)]
threshold(d::HostedDetector; kwargs...) = threshold(expect_fitted(d).calibration; kwargs...)
save(path::AbstractString, d::HostedDetector) =
    throw(invalid("detector", "a $(nameof(typeof(d)))", "a detector of Rust; keep this one with JLD2 or Serialization, as the model in it"))

fit(::Type{D}, reference; kwargs...) where {D<:HostedDetector} = fit!(D(; kwargs...), reference)

# The parts to fit on and to calibrate with, in random order (by Marsaglia's xorshift), so that a trend of the reference is in both.
function holdout(n, fraction, seed)
    0 < fraction < 1 || throw(invalid("holdout", fraction, "a fraction between 0 and 1"))
    kept = clamp(round(Int, fraction * n), 1, max(n - 1, 1))
    n >= 2 || throw(BaselineTooSmall("reference: $n observations, expected at least 2: one to fit on, one to calibrate with"))
    order = collect(1:n)
    state = xor(0x9e3779b97f4a7c15, UInt64(abs(seed)))
    for i in n:-1:2
        state = xor(state, state << 13)
        state = xor(state, state >> 7)
        state = xor(state, state << 17)
        j = Int(state % UInt64(i)) + 1
        order[i], order[j] = order[j], order[i]
    end
    return order[kept+1:end], order[1:kept]
end

function Base.show(io::IO, d::HostedDetector)
    print(io, nameof(typeof(d)), "(")
    isempty(d.calibration) ? print(io, "not fitted") : print(io, "calibrated by ", plural(length(d.calibration), "score"))
    print(io, ")")
end
Base.show(io::IO, ::MIME"text/plain", d::HostedDetector) = show(io, d)

bytes(d::Encoded) = describe(d.detector)["bytes"]
bytes(d::HostedDetector) = Base.summarysize(d)

# A row of compare_detectors, measured here.
function hosted_row(d::Detector, reference, y, labels, rate)
    name, none = string(nameof(typeof(d))), NamedTuple{QUALITY}(ntuple(_ -> NaN, length(QUALITY)))
    fit_seconds = score_seconds = 0.0
    try
        fit_seconds = @elapsed fit!(d, reference)
        scores = Float64[]
        score_seconds = @elapsed append!(scores, score(d, y))
        found = quality(scores, labels; threshold = threshold(d; rate = rate))
        return merge((detector = name,), found,
            (fit_seconds = fit_seconds, score_seconds = score_seconds, bytes = Int(bytes(d)), error = nothing))
    catch error
        error isa FluxGuardError || rethrow()
        return merge((detector = name,), none,
            (fit_seconds = fit_seconds, score_seconds = score_seconds, bytes = 0, error = sprint(showerror, error)))
    end
end

# What a guard is to score with: names, or `nothing` for the default; and detectors, fitted or not.
detectors_by_kind(detectors) = (words(detectors), NativeDetector[])
detectors_by_kind(detector::Detector) = detectors_by_kind([detector])
function detectors_by_kind(detectors::Union{Tuple,AbstractVector})
    names = [d for d in detectors if !(d isa Detector)]
    hosted = findfirst(d -> d isa Detector && !(d isa NativeDetector), detectors)
    hosted === nothing ||
        throw(invalid("detectors", "a $(nameof(typeof(detectors[hosted])))", "names of scores, and detectors of Rust"))
    others = NativeDetector[d for d in detectors if d isa NativeDetector]
    return (isempty(names) && !isempty(others) ? nothing : words(names)), others
end
