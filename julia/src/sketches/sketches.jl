# Sketches in portable formats: Apache DataSketches'.

"""
    Sketch(kind; size = nothing)
    Sketch(kind, bytes)
    Sketch(:kll, profile, feature)
    Sketch(:frequent_items, profile)

A small summary of a stream that merges with those of other workers, in other languages and databases: Apache DataSketches' formats.

| `kind` | of | `size` (default) | asked by |
|:--|:--|:--|:--|
| `:kll` | quantiles, with a bound on the error of ranks | k (200) | [`quantiles`](@ref) |
| `:tdigest` | quantiles, most exact at the ends | k (200) | [`quantiles`](@ref) |
| `:hll` | distinct items | lg_k (12) | [`distinct`](@ref) |
| `:theta` | distinct items; others can intersect and subtract them | lg_k (12) | [`distinct`](@ref) |
| `:frequent_items` | the most frequent texts | map size (1024) | [`frequent`](@ref) |
| `:frequent_longs` | the most frequent integers | map size (1024) | [`frequent`](@ref) |

    s = Sketch(:kll); fit!(s, values); merge!(s, others...)
    FluxGuard.save("part.kll", s); s = Sketch(:kll, read("part.kll"))

Of a [`Profile`](@ref): a `:kll` sketch of a feature (from 1), of the observations that it keeps (all up to its `capacity`, beyond it a uniform
sample of so many, which counts as so many in a merge); `:frequent_items` of the predicted classes by their numbers from 0, of all
observations.

The element type says what an item is, to FluxGuard as to the others' libraries: floats count as doubles, integers as integers of 64 bits,
exactly (in quantiles as doubles), text as its UTF-8 bytes. The double 7, the integer 7 and the text "7" are three items. Integers in
`:frequent_items` count by their decimal text. Throws [`InvalidArgument`](@ref), [`FileDamaged`](@ref) for bytes that are no sketch
of this kind, [`Incompatible`](@ref) for what a kind cannot do. Tasks may share one.
"""
struct Sketch
    handle::Native.SketchHandle
    lock::ReentrantLock
end

function Sketch(kind::Union{Symbol,AbstractString}; size = nothing)
    size === nothing || (size isa Integer && 0 < size <= typemax(UInt32)) || throw(invalid("size", repr(size), "a positive whole number"))
    return Sketch(Native.make(:sketch, face(), "sketch.new", (kind = word(kind), size = size)), ReentrantLock())
end
Sketch(kind::Union{Symbol,AbstractString}, bytes::AbstractVector{UInt8}) =
    Sketch(Native.make(:sketch, face(), "sketch.read", (kind = word(kind),); bytes = bytes), ReentrantLock())

function Sketch(kind::Union{Symbol,AbstractString}, profile::Profile, feature::Union{Integer,Nothing} = nothing)
    feature === nothing || feature >= 1 || throw(invalid("feature", feature, "one of the profile's, from 1"))
    options = (kind = word(kind), feature = optional(k -> Int(k) - 1, feature))
    return Sketch(lock(() -> Native.make(:sketch, profile.handle, "profile.sketch", options), PROFILE_LOCK), ReentrantLock())
end

"""
    fit!(s::Sketch, values) -> s

Take in floats, integers or texts, by the element type of `values`; `missing` is left out. Floats in a sketch of frequent items count by
their decimal text, integers that are not of 64 bits are an [`InvalidArgument`](@ref).
"""
function fit!(s::Sketch, values::AbstractArray{<:Native.Element})
    isempty(values) || lock(() -> Native.run(s.handle, "sketch.update"; values = values), s.lock)
    return s
end
fit!(s::Sketch, values::AbstractArray{<:Integer}) =
    of_quantiles(s) ? fit!(s, Float64.(values)) : longs!(s, longs(values))
fit!(s::Sketch, values::AbstractArray{<:Real}) = fit!(s, Float64.(values))
fit!(s::Sketch, values::AbstractArray{<:AbstractString}) = words!(s, String[values...])
function fit!(s::Sketch, values::AbstractArray{>:Missing})
    nonmissingtype(eltype(values)) <: Union{Real,AbstractString} ||
        throw(invalid("values", "elements of type $(eltype(values))", "floats, integers or texts, and missing"))
    there = collect(skipmissing(values))
    return isempty(there) ? s : fit!(s, there)
end
fit!(s::Sketch, ::Missing) = s
fit!(s::Sketch, value::Union{Real,AbstractString}) = fit!(s, [value])

of_quantiles(s::Sketch) = describe(s)["kind"] in ("kll", "tdigest")
words!(s::Sketch, words) = (lock(() -> Native.run(s.handle, "sketch.update_words", (words = words,)), s.lock); s)

# Integers as words of 64 bits, those with a sign and those that need all 64 for their size: a sketch does not know their order.
function longs(values)
    beyond = findfirst(x -> !(typemin(Int64) <= x <= typemax(UInt64)), values)
    beyond === nothing || throw(invalid("values", values[beyond], "integers of 64 bits; text for longer ids"))
    return Int64[x for x in values if x <= typemax(Int64)], UInt64[x for x in values if x > typemax(Int64)]
end
function longs!(s::Sketch, parts)
    lock(s.lock) do
        foreach(part -> isempty(part) || Native.run(s.handle, "sketch.update"; values = part), parts)
    end
    return s
end

"""
    merge!(s::Sketch, others::Sketch...) -> s

Take in what others of the same kind have seen: within the stated error of a single pass over all.
"""
function Base.merge!(s::Sketch, others::Sketch...)
    for other in others
        lock(() -> Native.run((s.handle, other.handle), "sketch.merge"), s.lock)
    end
    return s
end

"""
    sketch_bytes(s::Sketch) -> Vector{UInt8}

What any DataSketches library reads: KLL and t-digest of doubles, HLL, compact Theta, frequent items of strings.
"""
sketch_bytes(s::Sketch) = lock(() -> Native.bytes(s.handle, "sketch.bytes"), s.lock)

"""
    save(path, s::Sketch)

Write [`sketch_bytes`](@ref) to a file, whole or not at all; `Sketch(kind, read(path))` reads them. Throws [`PathUnusable`](@ref).
"""
save(path::AbstractString, s::Sketch) = Native.run(face(), "file.replace", (path = path_text(path),); bytes = sketch_bytes(s))

describe(s::Sketch) = lock(() -> Native.ask(s.handle, "sketch.describe"), s.lock)

"""
    quantiles(s::Sketch, ranks) -> Vector{Float64}

The values at or below which these shares (0 to 1) of the numbers lie; `NaN` where there are no numbers.
"""
quantiles(s::Sketch, ranks) = Float64[number(x) for x in lock(() -> Native.ask(s.handle, "sketch.quantiles", (ranks = Float64[rank for rank in ranks],)), s.lock)]

"""
    distinct(s::Sketch) -> NamedTuple

How many distinct items: `estimate`, and `lower` and `upper` at two standard errors.
"""
function distinct(s::Sketch)
    found = describe(s)["distinct"]
    found === nothing && throw(Incompatible("sketch: it does not count distinct items, expected one of kind :hll or :theta"))
    return (estimate = number(found["estimate"]), lower = number(found["lower"]), upper = number(found["upper"]))
end

"""
    frequent(s::Sketch) -> Vector{NamedTuple}

The most frequent items, a row an item: `item`, `estimate`, `lower`, `upper`. None that came more often than the sketch's error is
missing.
"""
frequent(s::Sketch) = [(item = String(d["item"]), estimate = Int(d["estimate"]), lower = Int(d["lower"]), upper = Int(d["upper"]))
    for d in lock(() -> Native.ask(s.handle, "sketch.frequent"), s.lock)]

function nobs(s::Sketch)
    told = describe(s)
    told["observations"] === nothing && throw(Incompatible("sketch: one of kind $(told["kind"]) does not count its observations"))
    return Int(told["observations"])
end

function Base.show(io::IO, s::Sketch)
    told = describe(s)
    print(io, "Sketch(", told["kind"], ", ", plural(told["bytes"], "byte"), ")")
end

function Base.show(io::IO, ::MIME"text/plain", s::Sketch)
    told = describe(s)
    show(io, s)
    println(io)
    rows = Any[("size", told["size"])]
    told["observations"] === nothing || push!(rows, ("observations", told["observations"]))
    told["error"] === nothing || push!(rows, ("error of ranks or shares", number(told["error"])))
    told["range"] === nothing || append!(rows, [("smallest", number(told["range"][1])), ("largest", number(told["range"][2]))])
    told["distinct"] === nothing || append!(rows, [(name, number(told["distinct"][key])) for (name, key) in
        (("distinct", "estimate"), ("at least", "lower"), ("at most", "upper"))])
    print_table(io, ["what", "value"], rows)
end
