# A reference that lives: its nearest points, what comes in, what goes.

"""
    NeighborStore(features; metric = :euclidean, index = :exact, max_age = nothing, max_points = nothing)

Points to search the nearest in. What was not flagged comes in with [`add!`](@ref); what is older than `max_age` (in the units of the
times that batches are given with) or beyond the newest `max_points` goes. `metric` is `:euclidean`, `:cosine` (1 - cosine) or
`:inner_product` (minus the product); `index` `:exact`, or `:hnsw` for a graph from 1024 points on, which finds nearly all of the
nearest.

    s = NeighborStore(10; max_points = 100_000)
    add!(s, batch; flagged = verdict(guard).anomalous)
    indices, distances = search(s, batch; neighbors = 5)
    length(s); points(s); evict!(s, now); d = fit(KNN, points(s))
    FluxGuard.save("store.fg", s); FluxGuard.load(NeighborStore, "store.fg"; mapped = true)

Tasks may share one. Throws [`InvalidArgument`](@ref).
"""
struct NeighborStore
    handle::Native.NeighborsHandle
end

function NeighborStore(features::Integer; kwargs...)
    options = detector_options(kwargs)
    features > 0 || throw(invalid("features", features, "at least 1"))
    options["features"] = Int(features)
    return NeighborStore(Native.make(:neighbors, face(), "neighbors.new", options))
end

describe(s::NeighborStore) = Native.ask(s.handle, "neighbors.describe")

"""
    add!(s::NeighborStore, batch; flagged = nothing, time = nothing) -> Int

Take in the observations of `batch` (features × observations) for which `flagged`, a `Bool` each, is false, at `time`, a number that
must not fall from batch to batch (without: that of the batch before); gives how many came in. What is too old by then goes. Throws
[`FeatureMismatch`](@ref), [`NonFiniteBaseline`](@ref), [`InvalidArgument`](@ref), [`ElementTypeUnsupported`](@ref).
"""
function add!(s::NeighborStore, batch::AbstractArray{<:Native.Element}; flagged = nothing, time::Union{Real,Nothing} = nothing)
    n = store_observations(s, batch)
    flags = flagged === nothing ? nothing : UInt8[flag ? 0x01 : 0x00 for flag in flagged]
    flagged === nothing || length(flags) == n || throw(invalid("flagged", plural(length(flags), "value"), "$n, one per observation"))
    time === nothing || !isnan(time) || throw(invalid("time", time, "a number"))
    return Native.number(s.handle, "neighbors.add", (time = time,); output = batch_of(n, batch), flagged = flags)
end
add!(::NeighborStore, batch; kwargs...) = Native.unsupported("batch", batch)

# A vector is one observation, or many of one feature.
store_observations(s::NeighborStore, y::AbstractVector) = describe(s)["features"] == 1 ? length(y) : 1
store_observations(::NeighborStore, y::AbstractArray) = observations(y)

"""
    search(s::NeighborStore, batch; neighbors = 5) -> (indices = Matrix{Int}, distances = Matrix{Float64})

The nearest points of each observation, `neighbors × observations`, nearest first. An index counts all points that ever came in, from
1. Throws [`InvalidArgument`](@ref) for more `neighbors` than points, [`FeatureMismatch`](@ref), [`NonFiniteBaseline`](@ref),
[`FileDamaged`](@ref) where the file that holds them was cut short since.
"""
function search(s::NeighborStore, batch::AbstractArray{<:Native.Element}; neighbors::Integer = 5)
    n, most = store_observations(s, batch), length(s)
    # Before room is made for them.
    1 <= neighbors <= most || throw(invalid("neighbors", neighbors, "a number from 1 to $most: the store's points"))
    numbers, distances = Matrix{UInt64}(undef, neighbors, n), Matrix{Float64}(undef, neighbors, n)
    Native.run(s.handle, "neighbors.search"; output = batch_of(n, batch), numbers = Native.Out(numbers), distances = Native.Out(distances))
    return (indices = Int.(numbers) .+ 1, distances = distances)
end
search(::NeighborStore, batch; kwargs...) = Native.unsupported("batch", batch)

"""
    evict!(s::NeighborStore, now) -> Int

Let go the points that are `max_age` old at `now`; gives how many.
"""
evict!(s::NeighborStore, now::Real) = Native.number(s.handle, "neighbors.evict", (now = now,))

"""
    points(s::NeighborStore) -> Matrix{Float64}

The points that are searched, features × points, oldest first; of length 1 for the metric `:cosine`.
"""
function points(s::NeighborStore)
    told = describe(s)
    out = Matrix{Float64}(undef, told["features"], told["points"])
    isempty(out) || Native.run(s.handle, "neighbors.points"; out = Native.Out(out))
    return out
end

Base.length(s::NeighborStore) = Int(describe(s)["points"])
nobs(s::NeighborStore) = length(s)

"""
    save(path, s::NeighborStore)

Write a store to a file, whole or not at all. Throws [`PathUnusable`](@ref).
"""
save(path::AbstractString, s::NeighborStore) = Native.run(s.handle, "neighbors.save", (path = path_text(path),))

"""
    load(NeighborStore, path; mapped = false) -> NeighborStore

Read a store that [`save`](@ref) wrote. With `mapped = true` the points stay in the file, which is mapped into memory: they take none of
this process's own, and processes share what the system keeps of the file. The whole file is read once and checked either way, and
what is found is the same to the bit. The first `add!` reads the points into memory.

While it is mapped the file must stay as it is: it may be replaced (`save` does), not written to or cut short. Each search asks for
its length first; a file that is cut during a search ends the process. Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref),
[`FileKind`](@ref), [`FileVersion`](@ref).
"""
load(::Type{NeighborStore}, path::AbstractString; mapped::Bool = false) =
    NeighborStore(Native.make(:neighbors, face(), "neighbors.load", (path = path_text(path), mapped = mapped)))

function Base.show(io::IO, s::NeighborStore)
    told = describe(s)
    print(io, "NeighborStore(", plural(told["points"], "point"), ", ", plural(told["features"], "feature"), ", ", told["metric"],
        told["mapped"] ? ", mapped)" : ")")
end
