# A guard of the scores of detectors that it does not run itself: of sequences, of what an encoder makes, of Flux models.

const AnyDetector = Union{Detector,SequenceDetector}

"""
    fit(Profile, detector, reference; kwargs...) -> Profile
    fit(Profile, detectors, reference; kwargs...) -> Profile
    observe!(guard, detector, x) -> Verdict

A guard of a detector's scores, whatever it looks at: texts, chains of events, features, a Flux model's input. `reference` are
usual observations that the detector was not fitted on (of those it was, scores are too low), as it takes them; several
detectors, in a tuple or vector, look at the same. `observe!` scores `x`, in the calling task, and feeds the scores.

    d = fit(MarkovChain, sessions[1:2:end])
    guard = Guard(fit(Profile, d, sessions[2:2:end]); anomaly_rate = 0.01, false_alarms = every(Week(1)))
    observe!(guard, d, new_sessions).indices

An observation is anomalous where its highest score is above what `anomaly_rate` of the reference exceed, with the finite-sample
guarantee; drift of the scores is tested as of any output. The profile's `output` is `:scores`: higher is more anomalous, and a
low score never is. An observation without a score (NaN) is counted as not finite. Keywords are those of [`Profile`](@ref), but
for `output`.

Throws what the detector's `score` throws, and as [`fit`](@ref) and [`observe!`](@ref) of arrays.
"""
fit(::Type{Profile}, d::AnyDetector, reference; kwargs...) = fit(Profile, (d,), reference; kwargs...)
function fit(::Type{Profile}, ds::Union{Tuple{Vararg{AnyDetector}},AbstractVector{<:AnyDetector}}, reference; names = nothing, kwargs...)
    isempty(ds) && throw(invalid("detectors", "none", "at least one"))
    names === nothing && (names = score_names(ds))
    return fit(Profile, score_rows(ds, reference); output = :scores, names = names, kwargs...)
end

observe!(guard::Guard, d::AnyDetector, x) = observe!(guard, (d,), x)
observe!(guard::Guard, ds::Union{Tuple{Vararg{AnyDetector}},AbstractVector{<:AnyDetector}}, x) = observe!(guard, score_rows(ds, x))

score_rows(ds, x) = permutedims(reduce(hcat, [collect(Float64, score(d, x)) for d in ds]))

# A second one of a type has a number.
function score_names(ds)
    types = [string(nameof(typeof(d))) for d in ds]
    return [count(==(t), types) == 1 ? t : string(t, " ", count(==(t), types[1:i])) for (i, t) in enumerate(types)]
end
