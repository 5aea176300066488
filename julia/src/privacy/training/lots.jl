# Lots of data: what a sampler of indices draws, as batches that a loss can take.

"""
    PoissonSampler(data; rate, steps = ceil(Int, 1 / rate), max_lot = nothing, seed = nothing) -> PoissonLots

Iterates `steps` lots of `data` as a `DataLoader` iterates batches: an array (the last dimension is the observation), a
tuple or named tuple of arrays, and with Flux all that MLUtils knows (`numobs`, `getobs`), a `DataLoader` included (its
data is taken, its own batching is not). Each observation is in a lot on its own with probability `rate`, so that lots
vary in size and may be **empty** (`0` in the last dimension): private training takes a step on those, too.

The arguments are those of `PoissonSampler(n; ...)`, and so is what holds of its lots: `take`, `zip`, `enumerate`, `collect`, a
`Channel` that prefetches, pass them on and they are known again; copies and changed ones are not.
`expected_lot_size(lots)` is what `AutoDP` calls `lot_size`.

Throws [`InvalidArgument`](@ref), [`EmptyTensor`](@ref).
"""
struct PoissonLots{D,S<:PoissonSampler}
    data::D
    sampler::S
end

PoissonSampler(data::Union{AbstractArray,Tuple,NamedTuple}; options...) = poisson_lots(data; options...)

function poisson_lots(data; options...)
    n = numobs(data)
    n > 0 || throw(EmptyTensor("data: got no observations, expected at least one"))
    return PoissonLots(data, PoissonSampler(n; options...))
end

function Base.iterate(lots::PoissonLots, (pass, taken) = (lots.sampler.steps == 0 ? nothing : Pass(lots.sampler), 0))
    taken == lots.sampler.steps && return nothing
    indices, drawn = draw(lots.sampler, pass)
    return note!(getobs(lots.data, indices), drawn), (pass, taken + 1)
end

Base.length(lots::PoissonLots) = length(lots.sampler)
Base.eltype(::Type{<:PoissonLots}) = Any

isprivate(lots::PoissonLots) = isprivate(lots.sampler)
expected_lot_size(lots::PoissonLots, step = 1) = expected_lot_size(lots.sampler, step)

Base.show(io::IO, lots::PoissonLots) = print(io, "PoissonSampler(", summary(lots.data), " of ", plural(lots.sampler.n, "observation"),
    split(sprint(show, lots.sampler), "examples"; limit = 2)[2])

# What MLUtils calls numobs and getobs, for arrays; the Flux extension asks MLUtils for everything else.

numobs(x::AbstractArray) = observations(x)
function numobs(x::Union{Tuple,NamedTuple})
    isempty(x) && throw(EmptyTensor("data: got no arrays, expected at least one"))
    counts = map(numobs, values(x))
    all(==(first(counts)), counts) || throw(invalid("data", "parts of $(join(counts, ", ")) observations", "as many in each part"))
    return first(counts)
end

getobs(x::AbstractArray{<:Any,N}, i) where {N} = x[ntuple(_ -> Colon(), Val(N - 1))..., i]
getobs(x::Union{Tuple,NamedTuple}, i) = map(part -> getobs(part, i), x)
