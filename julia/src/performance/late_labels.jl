# Labels that come late: joined with their predictions, and the outcomes watched.

"""
    LateLabels(detector = :betting; outcome = :error, order = :prediction, capacity = 100_000, timeout = nothing, chunk_size = 1000, options...)

Joins predictions with the labels that come later, by id, in bounded memory, and watches the outcomes by an online detector
(any of [`StreamDetector`](@ref) by name; `options` are its own).

    l = LateLabels(:betting; timeout = 7 * 24 * 3600)
    record!(l, ids, predictions; time = time())      # when the model answers
    label!(l, ids, labels; time = time())            # when the truth arrives: where the detector fired
    counts(l); realized(l); drifted(l)

`outcome`: `:error` (1 where prediction and label differ), `:absolute_error`, `:squared_error`. `order`: `:prediction` (outcomes are seen in
the order of the predictions, and wait for those before them; fair where bad outcomes are known sooner than good ones),
`:arrival` (at once). `capacity`: predictions that are kept at most. `time`: any finite number that does not run backwards, or a
`DateTime`, which counts in seconds since 1970 (negative before). `timeout`: how long a prediction waits, in the unit of `time`, or a
period such as `Day(7)` (in predictions, where no time is given). `chunk_size`: outcomes in a chunk of [`realized`](@ref) performance. Tasks may share one.
Ids are integers of 64 bits, `Int64` or `UInt64`; those of a call are all of the one or all of the other.

Throws [`InvalidArgument`](@ref).
"""
struct LateLabels
    handle::Native.LateHandle
    lock::ReentrantLock
end

function LateLabels(detector::Union{Symbol,AbstractString} = :betting; outcome = :error, order = :prediction, capacity::Integer = 100_000,
    timeout = nothing, chunk_size::Integer = 1000, options...)
    given = given_keywords(stream_option, options)
    told = (detector = word(detector), detector_options = given, outcome = word("outcome", outcome), order = word("order", order), capacity = capacity,
        timeout = late_span(timeout), chunk_size = chunk_size)
    return LateLabels(Native.make(:late, face(), "late.new", told), ReentrantLock())
end

late_span(timeout) = timeout
late_span(timeout::Dates.FixedPeriod) = Dates.toms(timeout) / 1000
late_time(::Nothing) = nothing
late_time(time::DateTime) = Dates.datetime2unix(time)
late_time(time::Real) = isfinite(time) ? Float64(time) : throw(invalid("time", time, "a finite number"))
late_time(time) = throw(invalid("time", "a $(typeof(time))", "a number or a DateTime"))

# What crosses: ids of one type, numbers, and a time.
function late_arguments(argument, ids, values, time)
    n, m = length(ids), length(values)
    n == m || throw(invalid(argument, "$m values", "$n, one an id"))
    # What has no value is not there yet.
    there = [i for (i, (id, x)) in enumerate(zip(ids, values)) if !(ismissing(id) || ismissing(x))]
    ids, values = [id for id in ids][there], [x for x in values][there]
    all(id -> id isa Integer && typemin(Int64) <= id <= typemax(UInt64), ids) ||
        throw(invalid("ids", "other values", "integers of 64 bits"))
    signed = any(id -> id < 0, ids)
    signed && any(id -> id > typemax(Int64), ids) &&
        throw(invalid("ids", "negative ones and others above typemax(Int64)", "all of Int64 or all of UInt64"))
    all(x -> x isa Real, values) || throw(invalid(argument, "other values", "numbers"))
    T = signed ? Int64 : UInt64
    return T[id for id in ids], Float64[x for x in values], late_time(time)
end

function late_id(text)
    id = parse(Int128, text)
    return id <= typemax(Int64) ? Int64(id) : UInt64(id)
end
late_detections(list) = [(outcome = from_zero(d["outcome"]), id = late_id(d["id"])) for d in list]
late_batch(l, operation, (ids, values, time)) = late_detections(lock(() -> Native.ask(l.handle, operation, (time = time,); ids = ids, values = values), l.lock))

"""
    record!(l::LateLabels, ids, predictions; time = nothing) -> detections

Take in predictions, in order, all made at `time`. Gives where the detector fired, a table: `outcome` (from 1) and the `id` of its
prediction; one that stops waiting may let others through. An id that is known already is not taken in again, nor is a prediction that
is `missing`. Throws
[`InvalidArgument`](@ref); then nothing was taken in.
"""
function record!(l::LateLabels, ids, predictions; time = nothing)
    return late_batch(l, "late.record", late_arguments("predictions", ids, predictions, time))
end

"""
    label!(l::LateLabels, ids, labels; time = nothing) -> detections

Take in labels, in the order of their arrival, at `time`; as [`record!`](@ref). A label that is `missing` has not come yet.
"""
function label!(l::LateLabels, ids, labels; time = nothing)
    return late_batch(l, "late.label", late_arguments("labels", ids, labels, time))
end

describe(l::LateLabels) = lock(() -> Native.ask(l.handle, "late.describe"), l.lock)

const LATE_COUNTS = (:predictions, :repeated, :labels, :joined, :duplicate, :late, :unknown, :expired, :evicted, :waiting, :held)

"""
    counts(l::LateLabels) -> NamedTuple

What became of predictions and labels: `predictions = joined + expired + evicted + waiting`, `labels = joined + duplicate + late +
unknown`; `repeated` predictions were not taken in, `held` outcomes wait for those before them.
"""
function counts(l::LateLabels)
    told = describe(l)["counts"]
    return NamedTuple{LATE_COUNTS}(Tuple(Int(told[String(name)]) for name in LATE_COUNTS))
end

"""
    realized(l::LateLabels) -> Vector{NamedTuple}

Realized performance, a row a whole chunk (the newest 1,000): `chunk` (from 1), `mean` outcome and its `standard_error`.
"""
realized(l::LateLabels) = [(chunk = from_zero(c["chunk"]), mean = number(c["mean"]), standard_error = number(c["standard_error"]))
    for c in describe(l)["chunks"]]

drifted(l::LateLabels) = describe(l)["detector"]["state"] == "drift"
statistic(l::LateLabels) = number(describe(l)["detector"]["statistic"])
nobs(l::LateLabels) = Int(describe(l)["detector"]["observations"])

save(path::AbstractString, l::LateLabels) = lock(() -> Native.run(l.handle, "late.save", (path = path_text(path),)), l.lock)
load(::Type{LateLabels}, path::AbstractString) = LateLabels(Native.make(:late, face(), "late.load", (path = path_text(path),)), ReentrantLock())

function Base.show(io::IO, l::LateLabels)
    told = describe(l)
    print(io, "LateLabels(", told["detector"]["detector"], ", ", plural(told["counts"]["joined"], "outcome"), ", ",
        told["counts"]["waiting"], " waiting, ", plural(told["detector"]["detections"], "detection"), ")")
end

function Base.show(io::IO, ::MIME"text/plain", l::LateLabels)
    show(io, l)
    println(io)
    print_table(io, ["count", "of"], [(getfield(counts(l), name), String(name)) for name in LATE_COUNTS])
end
