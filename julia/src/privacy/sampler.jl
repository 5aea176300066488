# Lots as the accountant supposes them.

"What became of a sampler's lots: passes, lots released and left out in those that are over, and the counts of the last one."
mutable struct LotBook
    passes::Int
    released::Int
    left_out::Int
    last_taken::Base.RefValue{Int}
    last_released::Base.RefValue{Int}
end

"""
    PoissonSampler(n; rate, steps = ceil(Int, 1 / rate), max_lot = nothing, seed = nothing)

Iterates `steps` lots of examples `1:n`: vectors of indices, in order. Each example is in a lot on its own with
probability `rate`, in (0, 1], so that lots vary in size and may be **empty**: take a step on those, too
([`private_mean!`](@ref) gives noise alone). Of a lot larger than `max_lot` a uniform subset of that size is taken. `rate` may be a
function of the step (1, 2, ...).

`n` is at most 2^40. Every iteration draws new lots, keyed by the operating system; with a `seed` the sampler's sequence of
lots is reproducible, and the run **not private**. `expected_lot_size(sampler)` is `rate × n`, what to divide a lot's sum
by. Cost: 4 random bytes an example and lot.

A lot is known again where it is released (`private_mean!(...; lot = lot)`, `private_gradient`, `train!`): the first release on it
is charged with the amplification of its own rate, every further one with none. Lots of a pass must be released in order,
all of them: whoever skips or filters lots has no Poisson sample, and is told so. A pass may be broken off; where that leaves many lots
out, a warning says what it would mean.

Throws [`InvalidArgument`](@ref).
"""
struct PoissonSampler{R}
    n::Int
    rate::R
    max_lot::Union{Nothing,Int}
    steps::Int
    seed::Union{Nothing,Int}
    book::LotBook
    lock::ReentrantLock
end

function PoissonSampler(n::Integer; rate, steps = nothing, max_lot = nothing, seed = nothing)
    n, most = whole("n", n), optional(x -> whole("max_lot", x), max_lot)
    first_rate = rate_at(rate, 1)
    0 < first_rate <= 1 || throw(invalid("rate", first_rate, "a probability, the sample_rate of the accounting, in (0, 1]"))
    count = steps === nothing ? ceil(Int, 1 / first_rate) : whole("steps", steps)
    sampler = PoissonSampler(n, rate isa Real ? first_rate : rate, most, count, optional(x -> whole("seed", x), seed), LotBook(0, 0, 0, Ref(0), Ref(0)), ReentrantLock())
    Native.make(:sampler, face(), "sampler.new", pass_options(sampler, 0)) # says no now where the options are none
    return sampler
end

rate_at(rate::Real, step) = finite("rate", rate)
rate_at(rate, step) = finite("rate", rate(step))

pass_options(s::PoissonSampler, pass) = (dataset_size = s.n, sample_rate = rate_at(s.rate, 1), max_lot = s.max_lot,
    seed = s.seed, pass = pass)

"One iteration of a sampler: its draws are numbered from 1."
struct Pass
    handle::Native.SamplerHandle
    id::Int
    taken::Base.RefValue{Int}
    released::Base.RefValue{Int}
    lock::ReentrantLock
end

# So many lots that were drawn and not released are those of a loop that was broken off a few times.
const LEFT_OUT = 10

function Pass(s::PoissonSampler)
    taken, released = Ref(0), Ref(0)
    pass = lock(s.lock) do
        begin_pass!(s.book, taken, released)
    end
    handle = Native.make(:sampler, face(), "sampler.new", pass_options(s, pass - 1))
    return Pass(handle, Native.number(handle, "sampler.id"), taken, released, ReentrantLock())
end

"Close the book of the last pass, and warn once where many lots were drawn, some released, and some not."
function begin_pass!(book, taken, released)
    before = book.left_out
    book.released += book.last_released[]
    book.left_out += book.last_taken[] - book.last_released[]
    book.released > 0 && before < LEFT_OUT <= book.left_out && @warn "$(book.left_out) lots of this PoissonSampler were drawn and not " *
        "released, in passes that were broken off. Where they were left out for what is in them, lots are no Poisson sample, and epsilon does not hold."
    book.last_taken, book.last_released = taken, released
    return book.passes += 1
end

isprivate(sampler::PoissonSampler) = sampler.seed === nothing

"""
    expected_lot_size(sampler) -> Float64

`rate × n`: what a lot's sum is to be divided by.
"""
expected_lot_size(sampler::PoissonSampler, step = 1) = rate_at(sampler.rate, step) * sampler.n

"""
The next lot of a pass, and its draw: one after the other, whoever asks.
"""
function draw(s::PoissonSampler, pass::Pass)
    return lock(pass.lock) do
        rate = rate_at(s.rate, pass.taken[] + 1)
        number, lot = Native.numbers(pass.handle, "sampler.draw", (rate = rate,))
        pass.taken[] += 1
        lot .+= 1
        lot, Draw(pass.handle, pass.id, number, sampling(s, rate), isprivate(s), pass.released)
    end
end

function Base.iterate(s::PoissonSampler, (pass, taken) = (s.steps == 0 ? nothing : Pass(s), 0))
    taken == s.steps && return nothing
    lot, drawn = draw(s, pass)
    return note!(lot, drawn), (pass, taken + 1)
end

Base.length(sampler::PoissonSampler) = sampler.steps
Base.eltype(::Type{<:PoissonSampler}) = Vector{Int64}

"What to tell the accountant."
sampling(s::PoissonSampler, rate = rate_at(s.rate, 1)) = s.max_lot === nothing ? sampling_fields(; sample_rate = rate) :
    sampling_fields(; sample_rate = rate, max_lot = s.max_lot, dataset_size = s.n)

"""
    step!(accountant, sampler::PoissonSampler; noise_multiplier, steps = 1, dimension = 0) -> accountant

Count `steps` steps on lots of `sampler` at its first rate: to plan a run. Throws [`InvalidArgument`](@ref).
"""
step!(a::Accountant, sampler::PoissonSampler; noise_multiplier, steps = 1, dimension = 0) =
    step!(a, Phase(finite("noise_multiplier", noise_multiplier), whole("steps", steps), sampling(sampler)); dimension = dimension)

Base.show(io::IO, s::PoissonSampler) = print(io, "PoissonSampler(", s.n, " examples, rate ", s.rate isa Real ? cell(s.rate) : "scheduled",
    s.max_lot === nothing ? "" : ", at most $(s.max_lot)", ", ", plural(s.steps, "step"), isprivate(s) ? "" : ", seeded: not private", ")")
