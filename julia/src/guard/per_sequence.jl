# One observation per sequence or image, of outputs that say something at each of their positions.

"""
    PerSequence(output = :logits; observation, by = :mean)

Scores of whole sequences or images, from outputs that have classes, labels or a predicted distribution at each position: those of its
positions, by their mean (`by = :mean`: is it unusual throughout?) or the highest (`:max`: is it unusual anywhere?). `output` and
`observation` are those of [`Profile`](@ref): `PerSequence(:logits; observation = (2, 3))` of classes × time × batch has a row for each of msp,
energy, entropy and margin, and a column per sequence; padding is left out by a mask, and a sequence of nothing else has no column.

    tokens = PerSequence(:logits; observation = (2, 3), by = :max)
    guard = Guard(fit(Profile, tokens, model(reference)))
    model′ = guarded(model, guard; output = tokens, mask = x -> x .!= PAD)
    tokens(model(x); mask = x .!= PAD)                      # scores × sequences

A guard of it has a profile of `:scores`: high ones are anomalous, and drift of each is tested. Its windows count sequences, of which each is new,
where those of positions count tokens, which depend on each other.

Throws [`InvalidArgument`](@ref), for an output whose scores need a reference, too (`:values`); called, as [`observe!`](@ref) does.
"""
struct PerSequence
    output::String
    positions::Vector{Int}
    by::Symbol

    function PerSequence(output::Union{Symbol,AbstractString} = :logits; observation, by = :mean)
        by in (:mean, :max) || throw(invalid("by", repr(by), ":mean or :max"))
        name = word("output", output)
        name in PER_POSITION || throw(invalid("output", repr(symbol(name)), "a kind of output whose scores need no reference: $(join((repr(symbol(kind)) for kind in PER_POSITION), ", "))"))
        positions = positions_of(observation)
        positions === nothing && throw(invalid("observation", ":last", "the dimensions whose positions are scored, such as (2, 3)"))
        return new(name, positions, by)
    end
end

# Kinds of output that say something of a position without a reference (Rust's Scorer::of_output; a test holds the two together).
const PER_POSITION = ("logits", "probabilities", "binary", "binary-logit", "multilabel", "multilabel-logits", "gaussian", "mixture")
# No score of a position needs more.
const MOST_SCORES = 4

function (p::PerSequence)(y::AbstractArray{<:Native.Element}; mask = nothing)
    scores, _ = scored(p, y, mask)
    return scores
end
(::PerSequence)(y; mask = nothing) = Native.unsupported("output", y)

function scored(p::PerSequence, y, mask)
    columns, _ = arranged(p.positions, y)
    columns, _ = Native.host(columns)
    n = size(columns, 2)
    # Of nothing there are names all the same: those of an output that is of every kind.
    n == 0 && (columns = fill(1f0 / size(columns, 1), size(columns, 1), 1))
    out = Vector{Float32}(undef, MOST_SCORES * max(n, 1))
    names = Native.ask(face(), "scores.of_output", (output = p.output,); outputs = columns, scores = Native.Out(out))
    counted = [size(y, d) for d in p.positions if d <= ndims(y)]
    # A sequence without a batch is one.
    sequences = ndims(y) == maximum(p.positions) ? last(counted) : 1
    length_of_each = n ÷ max(sequences, 1)
    scores = reshape(view(out, 1:length(names)*n), length(names), length_of_each, sequences)
    real = reshape(real_positions(p, y, mask, n), length_of_each, sequences)
    kept = [j for j in 1:sequences if any(view(real, :, j))]
    of(s, j) = aggregated(p.by, [scores[s, i, j] for i in 1:length_of_each if real[i, j]])
    return Float32[of(s, j) for s in 1:length(names), j in kept], names
end

real_positions(p, y, ::Nothing, n) = trues(n)
function real_positions(p, y, mask, n)
    numbers, _ = unmasked(reshape(1:n, 1, n), p.positions, y, mask)
    real = falses(n)
    real[vec(numbers)] .= true
    return real
end

# NaN stays NaN: a position that is not finite is an anomaly of its sequence.
aggregated(by, scores) = by === :mean ? Float32(sum(Float64, scores) / length(scores)) : maximum(scores)

"""
    fit(Profile, p::PerSequence, outputs; mask = nothing, kwargs...) -> Profile

The baseline of a guard of sequences: see [`PerSequence`](@ref).
"""
function fit(::Type{Profile}, p::PerSequence, outputs; mask = nothing, kwargs...)
    profile = nothing
    for y in (outputs isa AbstractVector && isempty(outputs) ? () : batches(outputs))
        y isa AbstractArray{<:Native.Element} || Native.unsupported("outputs", y)
        scores, names = scored(p, y, mask)
        profile === nothing && (profile = Profile(; output = :scores, names = ["$name ($(p.by))" for name in names], kwargs...))
        fit!(profile, scores)
    end
    profile === nothing && throw(EmptyTensor("outputs: no batch, expected at least one"))
    return profile
end

# A mask says which positions count, before they are no more.
watch_part(w::Watch{<:Guard,PerSequence}, y, arguments) =
    watch(w.guard, w.part(y; mask = w.mask === nothing ? nothing : mask_of(w.mask, arguments)))
