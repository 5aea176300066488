# Sketches that leave the machine, in Apache DataSketches' formats.

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
    save("part.kll", s); s = Sketch(:kll, read("part.kll"))

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
    return Sketch(Native.sketch_new(face(), word(kind), UInt32(something(size, 0))), ReentrantLock())
end
Sketch(kind::Union{Symbol,AbstractString}, bytes::AbstractVector{UInt8}) =
    Sketch(Native.sketch_read(face(), word(kind), Vector{UInt8}(bytes)), ReentrantLock())

function Sketch(kind::Union{Symbol,AbstractString}, profile::Profile, feature::Union{Integer,Nothing} = nothing)
    feature === nothing || feature >= 1 || throw(invalid("feature", feature, "one of the profile's, from 1"))
    at = feature === nothing ? -1 : Int(feature) - 1
    return Sketch(lock(() -> Native.profile_sketch(profile.handle, word(kind), at), PROFILE_LOCK), ReentrantLock())
end

"""
    fit!(s::Sketch, values) -> s

Take in floats, integers or texts, by the element type of `values`; `missing` is left out. Floats in a sketch of frequent items count by
their decimal text, integers that are not of 64 bits are an [`InvalidArgument`](@ref).
"""
function fit!(s::Sketch, values::AbstractArray{<:Native.Element})
    y, _ = Native.host(values)
    isempty(y) || lock(() -> Native.sketch_update(s.handle, y), s.lock)
    return s
end
fit!(s::Sketch, values::AbstractArray{<:Integer}) =
    of_quantiles(s) ? fit!(s, Float64.(values)) : items!(s, JSON.write(long.(vec(values))))
fit!(s::Sketch, values::AbstractArray{<:Real}) = fit!(s, Float64.(values))
fit!(s::Sketch, values::AbstractArray{<:AbstractString}) = items!(s, JSON.write(String[values...]))
function fit!(s::Sketch, values::AbstractArray{>:Missing})
    nonmissingtype(eltype(values)) <: Union{Real,AbstractString} ||
        throw(invalid("values", "elements of type $(eltype(values))", "floats, integers or texts, and missing"))
    there = collect(skipmissing(values))
    return isempty(there) ? s : fit!(s, there)
end
fit!(s::Sketch, ::Missing) = s
fit!(s::Sketch, value::Union{Real,AbstractString}) = fit!(s, [value])

of_quantiles(s::Sketch) = describe(s)["kind"] in ("kll", "tdigest")
items!(s::Sketch, text) = (lock(() -> Native.sketch_update_words(s.handle, text), s.lock); s)
long(x::Integer) = typemin(Int64) <= x <= typemax(UInt64) ? (x <= typemax(Int64) ? Int64(x) : UInt64(x)) :
    throw(invalid("values", x, "integers of 64 bits; text for longer ids"))

"""
    merge!(s::Sketch, others::Sketch...) -> s

Take in what others of the same kind have seen: within the stated error of a single pass over all.
"""
function Base.merge!(s::Sketch, others::Sketch...)
    for other in others
        # A copy: two locks are never held at once.
        copy = Sketch(describe(other)["kind"], sketch_bytes(other))
        lock(() -> Native.sketch_merge(s.handle, copy.handle), s.lock)
    end
    return s
end

"""
    sketch_bytes(s::Sketch) -> Vector{UInt8}

What any DataSketches library reads: KLL and t-digest of doubles, HLL, compact Theta, frequent items of strings.
"""
sketch_bytes(s::Sketch) = lock(() -> Native.sketch_bytes(s.handle), s.lock)

"""
    save(path, s::Sketch)

Write [`sketch_bytes`](@ref) to a file, whole or not at all; `Sketch(kind, read(path))` reads them. Throws [`PathUnusable`](@ref).
"""
save(path::AbstractString, s::Sketch) = (Native.file_replace(face(), path_text(path), sketch_bytes(s)); nothing)

ask(s::Sketch, question) = JSON.parse(lock(() -> Native.sketch_ask(s.handle, JSON.options(question)), s.lock))
describe(s::Sketch) = ask(s, "describe")

"""
    quantiles(s::Sketch, ranks) -> Vector{Float64}

The values at or below which these shares (0 to 1) of the numbers lie; `NaN` where there are no numbers.
"""
quantiles(s::Sketch, ranks) = Float64[number(x) for x in ask(s, Dict("quantiles" => Float64[rank for rank in ranks]))]

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
    for d in ask(s, "frequent")]

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
