# Thresholds that move while scores come.

"""
    LiveThreshold

A threshold that learns from the scores that come: [`Spot`](@ref) (a stream, by extreme value theory) and [`Feedback`](@ref) (conformal,
with what people say of alerts).

    t = Spot(first_scores; rate = 1e-3)         # or Feedback(score(detector, held_out); rate = 0.01)
    update!(t, scores)                          # which of them are alarms
    dismiss!(t, score); confirm!(t)             # what people say of the alarms
    threshold(t); nobs(t); FluxGuard.save(path, t); FluxGuard.load(LiveThreshold, path)

A score is anomalous where it is above the threshold of its time, or `NaN`; others are learned from. Tasks may share one.
"""
abstract type LiveThreshold end

"""
    Spot(usual; rate = 1e-3, level = 0.98, depth = 0)

Peaks over threshold on a stream (Siffer and others 2017): a score is an alarm where the generalized Pareto tail that was fitted to
those before gives it a probability below `rate`. `usual`: the first scores, mostly usual; the tail starts at their quantile `level`.
With a `depth` the mean of the last `depth` usual scores is taken off first (DSPOT, for streams that drift). An alarm teaches nothing
until it is dismissed; where none is, alarms come more often than `rate`. See [`LiveThreshold`](@ref). Throws
[`BaselineTooSmall`](@ref), [`InvalidArgument`](@ref).
"""
struct Spot <: LiveThreshold
    handle::Native.ThresholdHandle
end

"""
    Feedback(usual; rate = 0.01)

`usual`: scores of usual observations that the detector had not seen. A conformal threshold, exceeded by usual scores with a probability of at most `rate`, whose calibration grows by the scores that were no
alarms and by alarms that were dismissed: tell it those, else its calibration lacks high scores. See
[`LiveThreshold`](@ref). Throws [`BaselineTooSmall`](@ref) for fewer than `1/rate - 1` scores, [`InvalidArgument`](@ref).
"""
struct Feedback <: LiveThreshold
    handle::Native.ThresholdHandle
end

const LIVE_THRESHOLDS = Dict("spot" => Spot, "feedback" => Feedback)

for (name, type) in LIVE_THRESHOLDS
    @eval function $(nameof(type))(usual::AbstractVector{<:Real}; kwargs...)
        options = merge(Dict{String,Any}("method" => $name), detector_options(kwargs))
        return $type(Native.make(:threshold, face(), "threshold.new", options; scores = collect(Float64, usual)))
    end
end

"""
    update!(t::LiveThreshold, scores) -> BitVector

Take in the next scores, in order; gives which of them are alarms.
"""
function update!(t::LiveThreshold, scores::AbstractVector{<:Real})
    verdicts = Vector{UInt8}(undef, length(scores))
    isempty(scores) || Native.run(t.handle, "threshold.update"; scores = collect(Float64, scores), verdicts = Native.Out(verdicts))
    return verdicts .== 0x02
end
update!(t::LiveThreshold, score::Real) = update!(t, [score])

describe(t::LiveThreshold) = Native.ask(t.handle, "threshold.describe")

"""
    dismiss!(t::LiveThreshold, scores) -> t

Take in scores that were alarms and turned out to be usual. Throws [`InvalidArgument`](@ref) for one that is not finite.
"""
function dismiss!(t::LiveThreshold, scores::AbstractVector{<:Real})
    bad = findfirst(!isfinite, scores)
    bad === nothing || throw(invalid("scores", scores[bad], "finite numbers"))
    Native.ask(t.handle, "threshold.tell", (dismiss = collect(Float64, scores),))
    return t
end
dismiss!(t::LiveThreshold, score::Real) = dismiss!(t, [score])

"""
    confirm!(t::LiveThreshold, alarms = 1) -> t

Count alarms that were right; they change nothing else.
"""
function confirm!(t::LiveThreshold, alarms::Integer = 1)
    alarms >= 0 || throw(invalid("alarms", alarms, "a number from 0"))
    Native.ask(t.handle, "threshold.tell", (confirm = Int(alarms),))
    return t
end

"""
    threshold(t::LiveThreshold) -> Float64

What the next score is compared with.
"""
threshold(t::LiveThreshold) = number(describe(t)["threshold"])

nobs(t::LiveThreshold) = Int(describe(t)["scores"])

"""
    counts(t::LiveThreshold) -> NamedTuple

`scores` so far, `alarms` among them, how many were `dismissed` and `confirmed`, and their `precision` (`NaN` before the first).
"""
function counts(t::LiveThreshold)
    told = describe(t)
    count(name) = Int(told[name])
    precision = told["precision"]
    return (scores = count("scores"), alarms = count("alarms"), dismissed = count("dismissed"), confirmed = count("confirmed"),
        precision = precision === nothing ? NaN : number(precision))
end

"""
    save(path, t::LiveThreshold)

Write a threshold to a file, with all it has learned. Throws [`PathUnusable`](@ref).
"""
save(path::AbstractString, t::LiveThreshold) = Native.run(t.handle, "threshold.save", (path = path_text(path),))

"""
    load(LiveThreshold, path) -> LiveThreshold

Read a threshold that [`save`](@ref) wrote; it goes on as if it had never stopped. Throws [`PathUnusable`](@ref),
[`FileDamaged`](@ref), [`FileKind`](@ref), [`FileVersion`](@ref), [`Incompatible`](@ref) for another type.
"""
function load(::Type{T}, path::AbstractString) where {T<:LiveThreshold}
    handle = Native.make(:threshold, face(), "threshold.load", (path = path_text(path),))
    type = LIVE_THRESHOLDS[describe(Spot(handle))["method"]]
    type <: T || throw(Incompatible("path: a $(nameof(type)) does not go with $(nameof(T)); say FluxGuard.load(LiveThreshold, path)"))
    return type(handle)
end

function Base.show(io::IO, t::LiveThreshold)
    told = describe(t)
    print(io, nameof(typeof(t)), "(threshold ", number(told["threshold"]), ", ", plural(told["scores"], "score"), ", ",
        plural(told["alarms"], "alarm"), ")")
end
