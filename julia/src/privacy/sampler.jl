# Lots as the accountant supposes them.

"""
    PoissonSampler(n; rate, steps = ceil(Int, 1 / rate), max_lot = nothing, seed = nothing)

Iterates `steps` lots of examples `1:n`: vectors of indices, in order. Each example is in a lot on its own with
probability `rate`, in (0, 1], so that lots vary in size and may be **empty**: take a step on those, too
([`private_mean!`](@ref) gives noise alone). Of a lot larger than `max_lot` a uniform subset of that size is taken.

`n` is at most 2^40. Every iteration draws new lots, keyed by the operating system; with a `seed` the sampler's sequence of
lots is reproducible, and the run **not private**. `expected_lot_size(sampler)` is `rate × n`, what to divide a lot's sum
by. `step!(accountant, sampler; noise_multiplier)` counts a step. Cost: 4 random bytes an example and lot.

Throws [`InvalidArgument`](@ref).
"""
struct PoissonSampler
    n::Int
    rate::Float64
    max_lot::Union{Nothing,Int}
    steps::Int
    private::Bool
    handle::Native.SamplerHandle
    lock::ReentrantLock
end

function PoissonSampler(n; rate, steps = nothing, max_lot = nothing, seed = nothing)
    n, rate, most = whole("n", n), finite("rate", rate), optional(x -> whole("max_lot", x), max_lot)
    options = JSON.write((dataset_size = n, sample_rate = rate, max_lot = most))
    source = NoiseSource(; seed = seed)
    handle = Native.sampler_new(source.handle, options)
    count = steps === nothing ? ceil(Int, 1 / rate) : whole("steps", steps)
    return PoissonSampler(n, rate, most, count, source.private, handle, ReentrantLock())
end

isprivate(sampler::PoissonSampler) = sampler.private

"""
    expected_lot_size(sampler) -> Float64

`rate × n`: what a lot's sum is to be divided by.
"""
expected_lot_size(sampler::PoissonSampler) = sampler.rate * sampler.n

# A lot is drawn and fetched in two calls, which must not be mixed with another task's.
function draw(sampler::PoissonSampler)
    lot = lock(sampler.lock) do
        lot = Vector{Int64}(undef, Native.sampler_draw(sampler.handle))
        Native.sampler_take(sampler.handle, lot)
        lot
    end
    lot .+= 1
    return lot
end

Base.iterate(sampler::PoissonSampler, taken::Int = 0) = taken == sampler.steps ? nothing : (draw(sampler), taken + 1)
Base.length(sampler::PoissonSampler) = sampler.steps
Base.eltype(::Type{PoissonSampler}) = Vector{Int64}

"What to tell the accountant."
sampling(s::PoissonSampler) = s.max_lot === nothing ? (sample_rate = s.rate,) :
    (sample_rate = s.rate, max_lot = s.max_lot, dataset_size = s.n)

"""
    step!(accountant, sampler::PoissonSampler; noise_multiplier, steps = 1, dimension = 0) -> accountant

Count `steps` steps on lots of `sampler`. Throws [`InvalidArgument`](@ref).
"""
step!(a::Accountant, sampler::PoissonSampler; noise_multiplier, steps = 1, dimension = 0) =
    step!(a, Phase(; noise_multiplier = noise_multiplier, steps = steps, sampling(sampler)...); dimension = dimension)

Base.show(io::IO, s::PoissonSampler) = print(io, "PoissonSampler(", s.n, " examples, rate ", cell(s.rate),
    s.max_lot === nothing ? "" : ", at most $(s.max_lot)", ", ", plural(s.steps, "step"), s.private ? "" : ", seeded: not private", ")")
