# What one batch looks like.

"""
    Verdict

What a guard says of one batch.

| field | |
|:--|:--|
| `observations` | in the batch |
| `anomalous` | how many of them are |
| `indices` | which (from 1, into the last dimension) |
| `detectors` | names of the scores |
| `thresholds` | one per detector: an observation with a score above it is anomalous |
| `scores` | detectors × observations, higher is more anomalous: msp (1 minus the largest probability) and margin (1 minus the difference of the two largest) as probabilities, entropy in nats, energy as `-logsumexp`, distances in standard deviations |
| `predicted` | class of each observation (from 1; `nothing` where it is not finite), or `nothing` for `:values` |
| `non_finite` | observations with NaN or Inf |
| `p_values` | of each fitted detector, by its name: one per observation |
"""
struct Verdict
    observations::Int
    anomalous::Int
    indices::Vector{Int}
    detectors::Vector{Symbol}
    thresholds::Vector{Float64}
    scores::Matrix{Float64}
    predicted::Union{Nothing,Vector{Union{Nothing,Int}}}
    non_finite::Int
    p_values::Dict{Symbol,Vector{Float64}}
end

"A verdict of the words and the numbers that Rust gave: `scores` and `p_values` begin with a column per observation."
function Verdict(d::AbstractDict, scores::Vector{Float32}, p_values::Vector{Float64})
    n = Int(d["observations"])
    columns(numbers, height) = reshape(Float64.(view(numbers, 1:height*n)), height, n)
    scores = columns(scores, length(d["detectors"]))
    fitted = sort!(collect(keys(d["p_values"]))) # as Rust sorts them
    ranks = columns(p_values, length(fitted))
    predicted = d["predicted"] === nothing ? nothing :
        Union{Nothing,Int}[optional(from_zero, class) for class in d["predicted"]]
    return Verdict(n, d["anomalous"], Int[from_zero(i) for i in d["indices"]], Symbol[symbol(name) for name in d["detectors"]], Float64[number(x) for x in d["thresholds"]],
        scores, predicted, d["non_finite"], Dict(symbol(name) => ranks[i, :] for (i, name) in enumerate(fitted)))
end

"""
    verdict(guard) -> Verdict

What the last batch that this task fed to the guard looked like. Throws [`InvalidArgument`](@ref) where there was none,
and where very many other tasks fed the guard since (ask right after the call, or use [`observe!`](@ref)).
"""
verdict(guard::Guard) = Verdict(Native.ask(expect_here(guard).handle, "guard.verdict", (caller = caller(),)))

# Of a batch whose size is not known here the numbers stand among the words.
Verdict(d::AbstractDict) = Verdict(d, flat(Float32, d["scores"]), flat(Float64, [d["p_values"][name] for name in sort!(collect(keys(d["p_values"])))]))
flat(::Type{T}, rows) where {T} = isempty(rows) ? T[] : T[number(row[j]) for j in eachindex(first(rows)) for row in rows]

"What an operation says of a batch."
function judged(guard::Guard, operation, options, y)
    expect_here(guard)
    n = observations(guard, y)
    scores, p_values = Vector{Float32}(undef, guard.rows[1] * n), Vector{Float64}(undef, guard.rows[2] * n)
    d = Native.ask(guard.handle, operation, options; scores = Native.Out(scores), p_values = Native.Out(p_values),
        output = batch_of(n, y))
    return Verdict(d, scores, p_values)
end

"""
    FluxGuard.score(guard, y; mask = nothing) -> Verdict

What `y` looks like to the guard, without feeding it: no window and no counter changes. Works on a closed guard, too.
Shapes, `mask` and errors are those of [`observe!`](@ref).
"""
function score(guard::Guard, y::AbstractArray{<:Native.Element}; mask = nothing)
    columns, _ = arrange(guard, y, mask)
    return holds_none(guard, columns) ? empty_verdict(guard) : judged(guard, "guard.score", nothing, columns)
end
score(guard::Guard, y; mask = nothing) = score(guard, first(from_table("output", y, guard.names)); mask = mask)

"What is said of a batch of no observations."
function empty_verdict(guard::Guard)
    d = describe(guard)
    detectors = String[d["options"]["detectors"]; d["fitted"]]
    predicted = d["has_classes"] ? Union{Nothing,Int}[] : nothing
    return Verdict(0, 0, Int[], symbol.(detectors), [number(d["thresholds"][name]) for name in detectors], zeros(length(detectors), 0), predicted, 0,
        Dict{Symbol,Vector{Float64}}(symbol(name) => Float64[] for name in d["fitted"]))
end

"Whether a score is above its detector's threshold."
beyond(v::Verdict, i, j) = v.scores[i, j] > v.thresholds[i]

Base.show(io::IO, v::Verdict) =
    print(io, "Verdict(", v.anomalous, " of ", plural(v.observations, "observation"), " anomalous)")

function Base.show(io::IO, ::MIME"text/plain", v::Verdict)
    println(io, "Verdict: ", v.anomalous, " of ", plural(v.observations, "observation"), " anomalous",
        v.non_finite == 0 ? "" : ", $(v.non_finite) non-finite")
    isempty(v.detectors) && return
    if v.anomalous == 0
        print_table(io, ["detector", "anomalous above"], collect(zip(named.(v.detectors), v.thresholds)))
    else
        print_anomalies(io, v)
    end
end

"The anomalous observations with their scores; one that lies beyond its threshold has a star."
function print_anomalies(io::IO, v::Verdict; limit = row_limit(io, 6))
    header = ["observation"; v.predicted === nothing ? String[] : ["class"]; named.(v.detectors)]
    rows = [anomaly_row(v, j) for j in first_rows(v.indices, limit)]
    bounds = ["threshold"; v.predicted === nothing ? String[] : ["-"];
        ["> " * cell(threshold) for threshold in v.thresholds]]
    print_table(io, header, [[Tuple(bounds)]; rows])
    hidden = length(v.indices) - length(rows)
    hidden > 0 && println(io, "  … and ", hidden, " more")
end

function anomaly_row(v::Verdict, j)
    scores = [cell(v.scores[i, j]) * (beyond(v, i, j) ? "*" : "") for i in eachindex(v.detectors)]
    return (string(j), (v.predicted === nothing ? () : (cell(v.predicted[j]),))..., scores...)
end
