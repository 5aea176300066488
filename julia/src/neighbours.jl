# A reference that lives: its nearest points, what comes in, what goes.

"""
    NeighbourStore(features; metric = :euclidean, index = :exact, max_age = nothing, max_points = nothing)

Points to search the nearest in. What was not flagged comes in with [`add!`](@ref); what is older than `max_age` (in the units of the
times that batches are given with) or beyond the newest `max_points` goes. `metric` is `:euclidean`, `:cosine` (1 - cosine) or
`:inner_product` (minus the product); `index` `:exact`, or `:hnsw` for a graph from 1024 points on, which finds nearly all of the
nearest.

    s = NeighbourStore(10; max_points = 100_000)
    add!(s, batch; flagged = verdict(guard).anomalous)
    indices, distances = search(s, batch; neighbours = 5)
    length(s); points(s); evict!(s, now); d = fit(KNN, points(s))
    save("store.fg", s); load(NeighbourStore, "store.fg"; mapped = true)

Tasks may share one. Throws [`InvalidArgument`](@ref).
"""
struct NeighbourStore
    handle::Native.NeighboursHandle
end

function NeighbourStore(features::Integer; kwargs...)
    options = detector_options(kwargs)
    features > 0 || throw(invalid("features", features, "at least 1"))
    options["features"] = Int(features)
    return NeighbourStore(Native.make(:neighbours, face(), "neighbors.new", options))
end

describe(s::NeighbourStore) = Native.ask(s.handle, "neighbors.describe")

"""
    add!(s::NeighbourStore, batch; flagged = nothing, time = nothing) -> Int

Take in the observations of `batch` (features × observations) for which `flagged`, a `Bool` each, is false, at `time`, a number that
must not fall from batch to batch (without: that of the batch before); gives how many came in. What is too old by then goes. Throws
[`FeatureMismatch`](@ref), [`NonFiniteBaseline`](@ref), [`InvalidArgument`](@ref), [`ElementTypeUnsupported`](@ref).
"""
function add!(s::NeighbourStore, batch::AbstractArray{<:Native.Element}; flagged = nothing, time::Union{Real,Nothing} = nothing)
    n = store_observations(s, batch)
    flags = flagged === nothing ? nothing : UInt8[flag ? 0x01 : 0x00 for flag in flagged]
    flagged === nothing || length(flags) == n || throw(invalid("flagged", plural(length(flags), "value"), "$n, one per observation"))
    time === nothing || !isnan(time) || throw(invalid("time", time, "a number"))
    return Native.number(s.handle, "neighbors.add", (time = time,); output = batch_of(n, batch), flagged = flags)
end
add!(::NeighbourStore, batch; kwargs...) = Native.unsupported("batch", batch)

# A vector is one observation, or many of one feature.
store_observations(s::NeighbourStore, y::AbstractVector) = describe(s)["features"] == 1 ? length(y) : 1
store_observations(::NeighbourStore, y::AbstractArray) = observations(y)

"""
    search(s::NeighbourStore, batch; neighbours = 5) -> (indices = Matrix{Int}, distances = Matrix{Float64})

The nearest points of each observation, `neighbours × observations`, nearest first. An index counts all points that ever came in, from
1. Throws [`InvalidArgument`](@ref) for more `neighbours` than points, [`FeatureMismatch`](@ref), [`NonFiniteBaseline`](@ref),
[`FileDamaged`](@ref) where the file that holds them was cut short since.
"""
function search(s::NeighbourStore, batch::AbstractArray{<:Native.Element}; neighbours::Integer = 5)
    n, most = store_observations(s, batch), length(s)
    # Before room is made for them.
    1 <= neighbours <= most || throw(invalid("neighbours", neighbours, "a number from 1 to $most: the store's points"))
    numbers, distances = Matrix{UInt64}(undef, neighbours, n), Matrix{Float64}(undef, neighbours, n)
    Native.run(s.handle, "neighbors.search"; output = batch_of(n, batch), numbers = Native.Out(numbers), distances = Native.Out(distances))
    return (indices = Int.(numbers) .+ 1, distances = distances)
end
search(::NeighbourStore, batch; kwargs...) = Native.unsupported("batch", batch)

"""
    evict!(s::NeighbourStore, now) -> Int

Let go the points that are `max_age` old at `now`; gives how many.
"""
evict!(s::NeighbourStore, now::Real) = Native.number(s.handle, "neighbors.evict", (now = now,))

"""
    points(s::NeighbourStore) -> Matrix{Float64}

The points that are searched, features × points, oldest first; of length 1 for the metric `:cosine`.
"""
function points(s::NeighbourStore)
    told = describe(s)
    out = Matrix{Float64}(undef, told["features"], told["points"])
    isempty(out) || Native.run(s.handle, "neighbors.points"; out = Native.Out(out))
    return out
end

Base.length(s::NeighbourStore) = Int(describe(s)["points"])
nobs(s::NeighbourStore) = length(s)

"""
    save(path, s::NeighbourStore)

Write a store to a file, whole or not at all. Throws [`PathUnusable`](@ref).
"""
save(path::AbstractString, s::NeighbourStore) = Native.run(s.handle, "neighbors.save", (path = path_text(path),))

"""
    load(NeighbourStore, path; mapped = false) -> NeighbourStore

Read a store that [`save`](@ref) wrote. With `mapped = true` the points stay in the file, which is mapped into memory: they take none of
this process's own, and processes share what the system keeps of the file. The whole file is read once and checked either way, and
what is found is the same to the bit. The first `add!` reads the points into memory.

While it is mapped the file must stay as it is: it may be replaced (`save` does), not written to or cut short. Each search asks for
its length first; a file that is cut during a search ends the process. Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref),
[`FileKind`](@ref), [`FileVersion`](@ref).
"""
load(::Type{NeighbourStore}, path::AbstractString; mapped::Bool = false) =
    NeighbourStore(Native.make(:neighbours, face(), "neighbors.load", (path = path_text(path), mapped = mapped)))

function Base.show(io::IO, s::NeighbourStore)
    told = describe(s)
    print(io, "NeighbourStore(", plural(told["points"], "point"), ", ", plural(told["features"], "feature"), ", ", told["metric"],
        told["mapped"] ? ", mapped)" : ")")
end
