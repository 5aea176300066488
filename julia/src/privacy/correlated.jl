# Noise that is correlated over steps, for DP-FTRL: prefix sums by a binary tree, and banded matrix factorization.

"""
    TreeNoise(dimension, run = PrivateRun(); steps, clip_norm, noise_multiplier, participations = 1, min_separation = 1)

Noise of a binary tree for a run whose lots are not sampled: the prefix sums of what [`add_noise!`](@ref) releases are the
true ones with the noise of at most `log2(t) + 1` nodes.

# Arguments
- `dimension`: numbers of a sum, or the arrays that hold one.
- `steps`: of one tree, 1 to 2^30. After them begin a new tree.
- `clip_norm`: what an example contributes to one step at most (L2), in the sums' units.
- `noise_multiplier`: standard deviation of a node's noise over the tree's sensitivity, which is `clip_norm` times
  [`sensitivity`](@ref FluxGuard.sensitivity)`(tree)`.
- `participations`: most steps of one tree that any one example takes part in, `min_separation` (at least 1) steps apart.

The run counts the whole tree when it is begun. Its state cannot be saved: after a restart begin a new tree, which counts, too;
an unfinished tree costs as much as a whole one. Memory: `dimension × log2(steps)` doubles.

Throws [`InvalidArgument`](@ref), [`BudgetExhausted`](@ref). Source: Kairouz et al. 2021, "Practical and Private (Deep) Learning without Sampling or
Shuffling".
"""
struct TreeNoise
    dimension::Int
    options::NamedTuple{(:steps, :participations, :min_separation, :clip_norm, :noise_multiplier),
        Tuple{Int,Int,Int,Float64,Float64}}
    private::Bool
    handle::Native.CorrelatedHandle
    taken::Base.RefValue{Int} # steps released
end

function TreeNoise(dimension, run::PrivateRun = PrivateRun(); steps, clip_norm, noise_multiplier, participations = 1, min_separation = 1)
    options = (steps = whole("steps", steps), participations = whole("participations", participations),
        min_separation = whole("min_separation", min_separation), clip_norm = finite("clip_norm", clip_norm),
        noise_multiplier = finite("noise_multiplier", noise_multiplier))
    n = numbers_of(dimension)
    handle = Native.make(:correlated, run.handle, "run.begin", merge((mechanism = "tree", dimension = n), options))
    return TreeNoise(n, options, isprivate(run), handle, Ref(0))
end

"""
    FluxGuard.sensitivity(tree::TreeNoise) -> Float64

What one example moves all nodes of the tree together by at most, in L2 and clip norms.
"""
sensitivity(tree::TreeNoise) = Float64(ask(:tree; options = tree.options))

"""
    step!(accountant, tree::TreeNoise; trees = 1) -> accountant

Count `trees` trees like this one, each a single Gaussian mechanism, in an accountant of your own: to plan a run. Throws [`InvalidArgument`](@ref).
"""
step!(a::Accountant, tree::TreeNoise; trees = 1) =
    step!(a, Phase(noise_multiplier = tree.options.noise_multiplier, sampler = :full_batch, steps = trees);
        dimension = tree.dimension * tree.options.steps)

"""
    BandedNoise(dimension, run = PrivateRun(); bands = 16, coefficients = square root of prefix sums, clip_norm, noise_multiplier,
        participations = 1)

Noise that is correlated over a band of steps: what [`add_noise!`](@ref) releases is the sum with `C⁻¹Z`, for a
lower-triangular Toeplitz matrix `C` of the given coefficients and independent noise `Z`.

# Arguments
- `dimension`: numbers of a sum, or the arrays that hold one.
- `bands`, `coefficients`: how many coefficients, or which: the first positive; one is independent noise.
- `clip_norm`: what an example contributes to one step at most (L2), in the sums' units.
- `noise_multiplier`: standard deviation of `Z` over `clip_norm` times the coefficients' L2 norm.

- `participations`: most steps that any one example takes part in, at least as many steps apart as there are bands.

The run counts all of it when it is begun. Its state cannot be saved: after a restart begin a new mechanism, which counts, too.

Throws [`InvalidArgument`](@ref), [`BudgetExhausted`](@ref). Sources: Choquette-Choo et al. 2023, "(Amplified) Banded Matrix Factorization"; the
coefficients: Fichtenberger, Henzinger and Upadhyay 2023, cut as in Kalinin and Lampert 2024.
"""
struct BandedNoise
    dimension::Int
    options::NamedTuple{(:coefficients, :clip_norm, :noise_multiplier),Tuple{Vector{Float64},Float64,Float64}}
    private::Bool
    handle::Native.CorrelatedHandle
    taken::Base.RefValue{Int} # steps released
end

function BandedNoise(dimension, run::PrivateRun = PrivateRun(); clip_norm, noise_multiplier, bands = 16,
    coefficients = ask(:square_root; bands = whole("bands", bands)), participations = 1)
    participations = whole("participations", participations, 1)
    options = (coefficients = Float64[finite("coefficients", c) for c in coefficients],
        clip_norm = finite("clip_norm", clip_norm), noise_multiplier = finite("noise_multiplier", noise_multiplier))
    n = numbers_of(dimension)
    handle = Native.make(:correlated, run.handle, "run.begin", merge((mechanism = "banded", dimension = n), options, (participations = participations,)))
    return BandedNoise(n, options, isprivate(run), handle, Ref(0))
end

"How examples take part, checked: so many times, or by sampling."
function band_participation(participations, sample_rate, steps)
    if participations === nothing
        sample_rate === nothing || steps === nothing &&
            throw(invalid("steps", "nothing", "a number: a sample_rate needs it"))
        sample_rate === nothing && throw(invalid("participations", "nothing", "participations, or sample_rate and steps"))
        return (sample_rate = finite("sample_rate", sample_rate), steps = whole("steps", steps))
    end
    sample_rate === nothing && steps === nothing ||
        throw(invalid("participations", participations, "either participations, or sample_rate and steps"))
    return (participations = whole("participations", participations, 1),)
end

"""
    step!(accountant, noise::BandedNoise; participations) -> accountant
    step!(accountant, noise::BandedNoise; sample_rate, steps) -> accountant

Count a run in which no example takes part more than `participations` times, at least as many steps apart as there are
bands; or one of `steps` steps with the data in as many parts as there are bands, step `t` a Poisson sample of part
`t mod bands` at `sample_rate`, which costs as much as `ceil(steps / bands)` sampled steps.

Throws [`InvalidArgument`](@ref). Source: Choquette-Choo et al. 2023, section 5.
"""
function step!(a::Accountant, noise::BandedNoise; participations = nothing, sample_rate = nothing, steps = nothing)
    part = band_participation(participations, sample_rate, steps)
    phase = haskey(part, :participations) ? ask(:banded_phase; options = noise.options, part...) :
        ask(:banded_sampled_phase; options = noise.options, part...)
    return step!(a, Phase(phase); dimension = noise.dimension * length(noise.options.coefficients))
end

const CorrelatedNoise = Union{TreeNoise,BandedNoise}

isprivate(noise::CorrelatedNoise) = noise.private

numbers_of(dimension::Integer) = whole("dimension", dimension, 1)
numbers_of(arrays) = sum(length, parameters("dimension", arrays))

"""
    add_noise!(sums, noise::Union{TreeNoise,BandedNoise}; examples = nothing) -> sums

Replace the clipped sums of this step ([`clip_sum!`](@ref)) by their release, in place: an array, or a vector or tuple of
arrays, `Float32` or `Float64`, `dimension` numbers in all. Call it once a step, in the order of the steps. `examples` names who
takes part, by whole numbers: then it is checked that nobody does more often, or at a smaller distance, than was paid for.
Without, that is your promise.

Throws [`InvalidArgument`](@ref): another dimension, a full tree, or an example too often or too soon. Nothing is released then.
"""
function add_noise!(sums, noise::CorrelatedNoise; examples = nothing)
    arrays = parameters("sums", sums)
    element_type("sums", arrays)
    row = Float64[]
    foreach(x -> append!(row, vec(first(Native.host(x)))), arrays)
    Native.run(noise.handle, "correlated.step"; sum = Native.Out(row), examples = optional(ids -> UInt64[whole("examples", i) for i in ids], examples))
    noise.taken[] += 1
    at = 0
    for x in arrays
        copyto!(x, reshape(convert(Array{eltype(x)}, row[at+1:at+length(x)]), size(x)))
        at += length(x)
    end
    return sums
end

Base.show(io::IO, t::TreeNoise) = print(io, "TreeNoise(", plural(t.dimension, "number"), ", ", plural(t.options.steps, "step"),
    ", noise_multiplier ", cell(t.options.noise_multiplier), t.private ? "" : ", seeded: not private", ")")
Base.show(io::IO, b::BandedNoise) = print(io, "BandedNoise(", plural(b.dimension, "number"), ", ",
    plural(length(b.options.coefficients), "band"), ", noise_multiplier ", cell(b.options.noise_multiplier),
    b.private ? "" : ", seeded: not private", ")")
