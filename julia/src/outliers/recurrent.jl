# A recurrent network as a detector of sequences: how badly it foresees the next step. Training is in the extension for Flux.

"""
    Recurrent(; cell = :gru, hidden = 32, epochs = 30, learning_rate = 1e-2, holdout = 0.25, seed = 0)

A detector of patterns over many steps: a small network (`cell = :gru` or `:lstm`, `hidden` units) learns to foresee each step
of the reference sequences from all before it. Needs `using Flux`.

A sequence is a vector of symbols (strings, symbols, characters, whole numbers), or a matrix of numbers, features × steps of at
least two; all of one kind. The score is the mean over the steps of `-log(p)`, in nats, for symbols, and of the squared error
over the features, each divided by its variance in the reference, for numbers (the first step is not foreseen). A symbol that the
reference has not is foreseen as one kind, "unseen".

A random fraction `holdout` of the sequences is not trained on: p-values and thresholds come from it, and
`P(pvalue <= a) <= a` whatever the network. `score`, `pvalue` and `threshold` are those of [`Detector`](@ref); `explain` gives a
vector for each sequence: the steps' parts, whose mean is the score. `FluxGuard.save(path, d)` and [`load`](@ref)`(Recurrent, path)` keep it.
"""
mutable struct Recurrent <: HostedDetector
    options::NamedTuple
    model::Any
    symbols::Dict{Any,Int} # of symbols
    center::Vector{Float32} # of numbers
    scale::Vector{Float32}
    calibration::Vector{Float64}
    trained::Int
end

function Recurrent(; cell::Symbol = :gru, hidden::Integer = 32, epochs::Integer = 30, learning_rate::Real = 1e-2, holdout::Real = 0.25,
    seed::Integer = 0)
    cell in (:gru, :lstm) || throw(invalid("cell", repr(cell), ":gru or :lstm"))
    hidden >= 1 || throw(invalid("hidden", hidden, "at least 1"))
    epochs >= 0 || throw(invalid("epochs", epochs, "0 or more"))
    learning_rate > 0 || throw(invalid("learning_rate", learning_rate, "a number above 0"))
    options = (cell = cell, hidden = Int(hidden), epochs = Int(epochs), learning_rate = Float64(learning_rate), holdout = Float64(holdout),
        seed = Int(seed))
    return Recurrent(options, nothing, Dict{Any,Int}(), Float32[], Float32[], Float64[], 0)
end

"""
    train_recurrent(options, pairs, outcomes) -> model

Train a network on pairs of an input and the output that is to be foreseen from it: vectors of numbers of symbols (of which there
are `outcomes`, the input's start one more), or matrices (`outcomes` features). Methods come with Flux.
"""
function train_recurrent end

"""
    new_recurrent(options, symbols, outcomes) -> model

The network, untrained: of `symbols` or of numbers. Methods come with Flux.
"""
function new_recurrent end

function fit!(d::Recurrent, sequences::AbstractVector)
    needs_flux(train_recurrent, "Recurrent")
    foreach(check_sequence, sequences)
    length(Set(x isa AbstractMatrix for x in sequences)) <= 1 ||
        throw(invalid("sequences", "matrices and vectors", "all of one kind"))
    train, kept = holdout(length(sequences), d.options.holdout, d.options.seed)
    empty!(d.symbols)
    d.center, d.scale = Float32[], Float32[]
    if first(sequences) isa AbstractMatrix
        learn_scale!(d, sequences[train])
        outcomes = length(d.center)
    else
        for sequence in sequences[train], symbol in sequence
            get!(d.symbols, symbol, length(d.symbols) + 1)
        end
        outcomes = length(d.symbols) + 1
    end
    d.model = train_recurrent(d.options, [step_pair(d, sequences[i]) for i in train], outcomes)
    d.trained = length(train)
    d.calibration = sort!(filter!(!isnan, [sequence_score(d, sequences[i]) for i in kept]))
    isempty(d.calibration) && throw(invalid("sequences", "scores that are NaN", "a network whose output is finite; lower learning_rate"))
    return d
end
fit!(::Recurrent, sequences) = throw(invalid("sequences", "a $(typeof(sequences))", "a vector of sequences"))

function check_sequence(x::AbstractMatrix{<:Real})
    size(x, 2) >= 2 || throw(invalid("sequences", "a matrix of $(plural(size(x, 2), "step"))", "at least 2 steps"))
    all(isfinite, x) || throw(NonFiniteBaseline("reference: NaN or Inf in a sequence, expected finite values"))
    return nothing
end
function check_sequence(x::AbstractVector)
    isempty(x) && throw(invalid("sequences", "one without symbols", "at least one symbol in each"))
    foreach(symbol_text, x)
    return nothing
end
check_sequence(x) = throw(invalid("sequences", "a $(typeof(x))", "vectors of symbols, or matrices of numbers"))

function learn_scale!(d::Recurrent, sequences)
    p = size(first(sequences), 1)
    all(x -> size(x, 1) == p, sequences) || throw(FeatureMismatch("sequences: matrices of different features, expected $p in each"))
    steps = reduce(hcat, [Float64.(x) for x in sequences])
    n = size(steps, 2)
    mean = vec(sum(steps; dims = 2)) ./ n
    deviation = sqrt.(vec(sum(abs2, steps .- mean; dims = 2)) ./ n)
    d.center, d.scale = mean, [s > 10 * eps() * abs(m) ? s : 1.0 for (s, m) in zip(deviation, mean)]
    return d
end

# What goes in, and what is to be foreseen. The number after the last symbol's is that of unseen ones, and the next the start's.
function step_pair(d::Recurrent, x::AbstractVector)
    unseen = length(d.symbols) + 1
    numbers = Int[get(d.symbols, symbol, unseen) for symbol in x]
    return ([unseen + 1; numbers[1:end-1]], numbers)
end
function step_pair(d::Recurrent, x::AbstractMatrix)
    size(x, 1) == length(d.center) || throw(FeatureMismatch("sequences: got $(size(x, 1)) features, expected $(length(d.center))"))
    z = Float32.((x .- d.center) ./ d.scale)
    return (z[:, 1:end-1], z[:, 2:end])
end

# The part of each step.
function step_parts(d::Recurrent, x)
    isempty(d.symbols) == (x isa AbstractMatrix) ||
        throw(invalid("sequences", "a $(typeof(x))", isempty(d.symbols) ? "matrices, as the reference" : "vectors of symbols, as the reference"))
    (x isa AbstractMatrix ? size(x, 2) < 2 : isempty(x)) && return Float64[]
    input, next = step_pair(d, x)
    said = Float64.(d.model(input))
    next isa AbstractMatrix && return vec(sum(abs2, said .- next; dims = 1)) ./ size(next, 1)
    return [log_sum_exp(view(said, :, t)) - said[next[t], t] for t in eachindex(next)]
end

function log_sum_exp(x)
    top = maximum(x)
    return top + log(sum(exp, x .- top))
end

function sequence_score(d::Recurrent, x)
    parts = step_parts(d, x)
    return sum(parts) / length(parts)
end

score(d::Recurrent, sequences::AbstractVector) = Float64[sequence_score(expect_fitted(d), x) for x in sequences]
explain(d::Recurrent, sequences::AbstractVector) = [step_parts(expect_fitted(d), x) for x in sequences]
nobs(d::Recurrent) = expect_fitted(d).trained + length(d.calibration)

# Symbols in a file are words and a kind, in the order of their numbers.
symbol_kind(::AbstractString) = "string"
symbol_kind(::Symbol) = "symbol"
symbol_kind(::AbstractChar) = "character"
symbol_kind(::Integer) = "integer"

function symbol_entry(x)
    text = x isa Integer ? string(Int(x)) : string(x)
    isvalid(text) || throw(invalid("detector", "a symbol that is not UTF-8, $(repr(x))", "text, to be written to a file"))
    return (symbol_kind(x), text)
end

function symbol_of(path, (kind, text))
    kind == "string" && return text
    kind == "symbol" && return Symbol(text)
    kind == "character" && length(text) == 1 && return only(text)
    kind == "integer" && tryparse(Int, text) !== nothing && return Base.parse(Int, text)
    throw(damaged(path, "a symbol of kind $(repr(kind))"))
end

function file_words(d::Recurrent)
    ordered = sort!(collect(keys(d.symbols)); by = symbol -> d.symbols[symbol])
    return ((options = d.options, symbols = map(symbol_entry, ordered)), Pair{String,Array}[])
end

function load(::Type{Recurrent}, path::AbstractString)
    needs_flux(new_recurrent, "Recurrent")
    words, arrays = unpack(path, read_whole(path_text(path), "recurrent", 1))
    options = Dict{Symbol,Any}(Symbol(name) => value for (name, value) in saved(path, words, "options"))
    options[:cell] = Symbol(options[:cell])
    d = Recurrent(; options...)
    for (number, entry) in enumerate(saved(path, words, "symbols"))
        d.symbols[symbol_of(path, entry)] = number
    end
    symbols = !isempty(d.symbols)
    return filled!(d, path, words, arrays, features -> new_recurrent(d.options, symbols, symbols ? length(d.symbols) + 1 : features))
end
