# Lots of data: what a sampler of indices draws, as batches that a loss can take.

"""
    PoissonSampler(data; rate, steps = ceil(Int, 1 / rate), max_lot = nothing, seed = nothing) -> PoissonLots

Iterates `steps` lots of `data` as a `DataLoader` iterates batches: an array (the last dimension is the observation), a
tuple or named tuple of arrays, and with Flux all that MLUtils knows (`numobs`, `getobs`), a `DataLoader` included (its
data is taken, its own batching is not). Each observation is in a lot on its own with probability `rate`, so that lots
vary in size and may be **empty** (`0` in the last dimension): private training takes a step on those, too.

`rate` may be a schedule, a function from the step (1, 2, ...) to a rate. The other arguments are those of
`PoissonSampler(n; ...)`. `expected_lot_size(lots)` is what `AutoDP` calls `lot_size`.

Throws [`InvalidArgument`](@ref), [`EmptyTensor`](@ref).
"""
struct PoissonLots{D,R}
    data::D
    n::Int
    rate::R
    steps::Int
    max_lot::Union{Nothing,Int}
    seed::Union{Nothing,Int}
    samplers::Dict{Float64,PoissonSampler} # one for each rate of a schedule
end

PoissonSampler(data::Union{AbstractArray,Tuple,NamedTuple}; options...) = poisson_lots(data; options...)

function poisson_lots(data; rate, steps = nothing, max_lot = nothing, seed = nothing)
    n = numobs(data)
    n > 0 || throw(EmptyTensor("data: got no observations, expected at least one"))
    first_rate = rate_at(rate, 1)
    0 < first_rate <= 1 || throw(invalid("rate", first_rate, "a probability in (0, 1]"))
    count = steps === nothing ? ceil(Int, 1 / first_rate) : whole("steps", steps)
    lots = PoissonLots(data, n, rate, count, optional(x -> whole("max_lot", x), max_lot), seed, Dict{Float64,PoissonSampler}())
    sampler_at(lots, 1)
    return lots
end

rate_at(rate::Real, step) = finite("rate", rate)
rate_at(rate, step) = finite("rate", rate(step))

sampler_at(lots::PoissonLots, step) = get!(lots.samplers, rate_at(lots.rate, step)) do
    PoissonSampler(lots.n; rate = rate_at(lots.rate, step), steps = lots.steps, max_lot = lots.max_lot, seed = lots.seed)
end

function Base.iterate(lots::PoissonLots, taken::Int = 0)
    taken == lots.steps && return nothing
    return getobs(lots.data, draw(sampler_at(lots, taken + 1))), taken + 1
end

Base.length(lots::PoissonLots) = lots.steps
Base.eltype(::Type{<:PoissonLots}) = Any

isprivate(lots::PoissonLots) = lots.seed === nothing
expected_lot_size(lots::PoissonLots) = expected_lot_size(sampler_at(lots, 1))
sampling(lots::PoissonLots, step = 1) = sampling(sampler_at(lots, step))

Base.show(io::IO, lots::PoissonLots) = print(io, "PoissonSampler(", summary(lots.data), " of ", plural(lots.n, "observation"),
    ", rate ", lots.rate isa Real ? cell(lots.rate) : "scheduled", lots.max_lot === nothing ? "" : ", at most $(lots.max_lot)",
    ", ", plural(lots.steps, "step"), isprivate(lots) ? "" : ", seeded: not private", ")")

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
