# Detectors of sequences: categories, chains of events, texts.

"""
    SequenceDetector

What scores sequences against reference sequences. Each is called by its type; the name in brackets is the one of Rust, the
program and JSON.

| type | scores by |
|:--|:--|
| `Frequency` (frequency) | how often each category is; [`categories`](@ref) reports on unseen and vanished ones |
| `MarkovChain` (markov) | the transitions of a chain of `order` k |
| `NGram` (ngram) | an n-gram language model with interpolated Kneser-Ney smoothing |

    d = fit(NGram, texts; order = 3, tokens = :words)
    score(d, ["a new text"]); perplexity(d, texts); pvalue(d, texts); explain(d, texts); threshold(d; rate = 0.01)
    FluxGuard.save("d.fg", d); FluxGuard.load(SequenceDetector, "d.fg")

A sequence is a text, or a vector of symbols (strings, symbols, characters, whole numbers); of `Frequency` also a single one.
The score is the mean surprisal, `-log(p)` of each symbol given those before it, in nats; its exponential is the perplexity.
It never depends on the other sequences; `NaN` for one without symbols. A symbol that is `missing` is none; a sequence that is `missing`,
or all of whose symbols are, has the score `NaN` and is not fitted on.

Keywords of all: `tokens` cuts texts: `:whitespace` (the default), `:words` (Unicode's word boundaries), `:characters`, or
`:whole` (the default of `Frequency`); `lowercase = false`; `calibration` as of [`Detector`](@ref).
"""
abstract type SequenceDetector end

# The type of each name.
const SEQUENCE_DETECTORS = Dict{String,Any}()

for (type, name, text) in (
    (:Frequency, "frequency", "How often each category was seen. `smoothing = 0.5` is added to each count, and to one for all unseen."),
    (:MarkovChain, "markov", "A Markov chain. `order = 1`: how many symbols before count; `smoothing = 0.5` is added to the count of each symbol, and to one for all unseen."),
    (:NGram, "ngram", "An n-gram language model (Kneser and Ney 1995; Chen and Goodman 1999). `order = 3`; `discount = nothing`: three an order, from the counts, or one number between 0 and 1."))
    signature = "    $type(; kwargs...)\n\n$text See [`SequenceDetector`](@ref) for what all of them do and their common keywords."
    @eval begin
        @doc $signature mutable struct $type <: SequenceDetector
            options::Dict{String,Any}
            handle::Union{NotFitted,Native.SequenceHandle}
        end
        $type(; kwargs...) = $type(detector_options(kwargs), NotFitted())
        detector_name(::Type{$type}) = $name
        SEQUENCE_DETECTORS[$name] = $type
    end
end

detector_name(d::SequenceDetector) = detector_name(typeof(d))
option(d::SequenceDetector) = Dict{String,Any}("detector" => detector_name(d), "options" => d.options)

# As JSON has it: a text or a symbol, or a list of symbols.
symbol_text(x::Union{AbstractString,Symbol,AbstractChar}) = string(x)
symbol_text(x::Bool) = x
symbol_text(x::Integer) = typemin(Int64) <= x <= typemax(Int64) ? Int64(x) :
    throw(invalid("sequences", "the symbol $x", "whole numbers of 64 bits with a sign, or strings"))
symbol_text(x) = throw(invalid("sequences", "a symbol of type $(typeof(x))", "strings, symbols, characters or whole numbers"))
sequence_words(x::Union{AbstractVector,Tuple}) = !isempty(x) && all(ismissing, x) ? missing : Any[symbol_text(s) for s in x if !ismissing(s)]
sequence_words(::Missing) = missing
sequence_words(x) = symbol_text(x)
sequence_list(xs::AbstractVector) = Any[sequence_words(x) for x in xs]
sequence_list(text::AbstractString) = Any[sequence_words(text)]
sequence_list(xs) = throw(invalid("sequences", "a $(typeof(xs))", "a vector of texts, or of vectors of symbols"))

# The sequences that are there, and whether each is.
function sequences_there(sequences)
    list = sequence_list(sequences)
    whole = Bool[x !== missing for x in list]
    return list[whole], whole
end

"""
    fit!(detector, sequences) -> detector

Learn reference sequences; what it had learned before is forgotten. Throws [`BaselineTooSmall`](@ref) for none, or too few to
calibrate with, [`InvalidArgument`](@ref) for one without symbols.
"""
function fit!(d::SequenceDetector, sequences)
    d.handle = Native.make(:sequence, face(), "sequence.fit", merge(option(d), Dict{String,Any}("reference" => first(sequences_there(sequences)))))
    return d
end

fit(::Type{D}, sequences; kwargs...) where {D<:SequenceDetector} = fit!(D(; kwargs...), sequences)

fitted(d::SequenceDetector) = d.handle isa NotFitted ?
    throw(invalid("detector", "a $(nameof(typeof(d))) that is not fitted", "fit!(detector, sequences) first")) : d.handle

score(d::SequenceDetector, sequences) = ask_each(number, d, "sequence.score", sequences, NaN)
pvalue(d::SequenceDetector, sequences) = ask_each(number, d, "sequence.p_values", sequences, NaN)

# One answer a sequence, `none` of those that are not there.
function ask_each(read, d, operation, sequences, none)
    list, whole = sequences_there(sequences)
    return spread([read(x) for x in Native.ask(fitted(d), operation, (sequences = list,))], whole, none)
end

"""
    perplexity(detector, sequences) -> Vector{Float64}

The exponential of the mean surprisal of each sequence: as many symbols, equally likely, would surprise as much.
"""
perplexity(d::SequenceDetector, sequences) = exp.(score(d, sequences))

"""
    explain(detector, sequences) -> Vector{Vector{NamedTuple}}

Each symbol of each sequence: `symbol` (`nothing` for the end, which `NGram` predicts, too), its `surprisal` in nats, and whether the
reference had `seen` it. The score is the mean surprisal. Of a sequence that is `missing`: none.
"""
function explain(d::SequenceDetector, sequences)
    parts(told) = [(symbol = s["symbol"], surprisal = number(s["surprisal"]), seen = s["seen"]::Bool) for s in told]
    return ask_each(parts, d, "sequence.explain", sequences, parts(()))
end

threshold(d::SequenceDetector; kwargs...) =
    number(Native.ask(fitted(d), "sequence.threshold", threshold_options(kwargs))["threshold"])

"""
    categories(detector::Frequency, current) -> NamedTuple

How the categories of a current sample differ from the reference's: `chi2` and `g`, p-values of the tests of homogeneity over the
reference's categories and one cell for all others; `unseen` and `vanished`, the categories that only one sample has
(`category`, `count`, `p_value` by Fisher's exact test, `adjusted_p_value` over all of them); `unseen_share` of the current sample
and `expected_unseen_share`, Good and Turing's estimate from the reference.
"""
function categories(d::SequenceDetector, current)
    told = Native.ask(fitted(d), "sequence.categories", (sequences = first(sequences_there(current)),))
    one_sided(list) = [(category = c["category"]::String, count = Int(c["count"]), p_value = number(c["p_value"]),
        adjusted_p_value = number(c["adjusted_p_value"])) for c in list]
    return (chi2 = number(told["chi2"]["p_value"]), g = number(told["g"]["p_value"]), unseen = one_sided(told["unseen"]),
        vanished = one_sided(told["vanished"]), unseen_share = number(told["unseen_share"]),
        expected_unseen_share = number(told["expected_unseen_share"]))
end

describe(d::SequenceDetector) = Native.ask(fitted(d), "sequence.describe")
nobs(d::SequenceDetector) = Int(describe(d)["sequences"])

function save(path::AbstractString, d::SequenceDetector)
    Native.run(fitted(d), "sequence.save", (path = path_text(path),))
    return nothing
end

"""
    load(SequenceDetector, path) -> SequenceDetector

Read a detector of sequences that `save` wrote. Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref), [`FileKind`](@ref), [`FileVersion`](@ref),
[`Incompatible`](@ref) for another type.
"""
function load(::Type{D}, path::AbstractString) where {D<:SequenceDetector}
    handle = Native.make(:sequence, face(), "sequence.load", (path = path_text(path),))
    d = Native.ask(handle, "sequence.describe")
    type = SEQUENCE_DETECTORS[d["detector"]]
    type <: D || throw(Incompatible("path: a $(nameof(type)) does not go with $(nameof(D)); say FluxGuard.load(SequenceDetector, path)"))
    options = Dict{String,Any}(k => v for (k, v) in d["options"] if v !== nothing)
    for name in ("tokens", "lowercase", "calibration")
        options[name] = d[name]
    end
    return type(options, handle)
end

function Base.show(io::IO, d::SequenceDetector)
    print(io, nameof(typeof(d)), "(")
    d.handle isa NotFitted ? print(io, "not fitted") :
        (told = describe(d); print(io, plural(told["sequences"], "sequence"), ", ", plural(told["symbols"], "symbol")))
    print(io, ")")
end

function Base.show(io::IO, ::MIME"text/plain", d::SequenceDetector)
    d.handle isa NotFitted && return show(io, d)
    told = describe(d)
    println(io, nameof(typeof(d)), " (", told["detector"], "): ", plural(told["sequences"], "sequence"), ", ", plural(told["symbols"], "symbol"))
    rows = Any[(name, told["options"][name]) for name in sort!(collect(keys(told["options"])))]
    push!(rows, ("tokens", told["tokens"]), ("lowercase", told["lowercase"]),
        ("calibration", plural(told["calibration_size"], "score")), ("in a file", plural(told["bytes"], "byte")))
    print_table(io, ["option", "value"], rows)
end
