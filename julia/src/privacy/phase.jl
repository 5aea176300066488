# Steps of one kind: how much noise, how lots are drawn, how many.

const SAMPLERS = (:poisson, :truncated_poisson, :without_replacement, :full_batch, :shuffled)

# What each sampler is told by.
const SAMPLER_FIELDS = (poisson = (:sample_rate,), truncated_poisson = (:sample_rate, :max_lot, :dataset_size),
    without_replacement = (:lot_size, :dataset_size), full_batch = (), shuffled = (:lot_size, :dataset_size))

"""
    FluxGuard.Phase(; noise_multiplier, steps = 1, sampler, sample_rate, lot_size, max_lot, dataset_size)

`steps` steps (whole, 0 to 10^9) with noise of standard deviation `noise_multiplier` (0.001 to 1e6) times the clip norm,
and lots drawn by `sampler`:

| sampler | told by | lots |
|:--|:--|:--|
| `:poisson` | `sample_rate` | each example on its own with probability `sample_rate`, in (0, 1] |
| `:truncated_poisson` | `sample_rate`, `max_lot`, `dataset_size` | the same; of larger lots a uniform subset of `max_lot` |
| `:without_replacement` | `lot_size`, `dataset_size` | a uniform subset of `lot_size`, anew at every step |
| `:full_batch` | | every example |
| `:shuffled` | `lot_size`, `dataset_size` | a permutation an epoch, cut into lots; `relation = :replace_one` only |

`sampler` may be left out where `sample_rate` is given: then it is `:poisson`, or with `max_lot` `:truncated_poisson`.
Throws [`InvalidArgument`](@ref).
"""
struct Phase
    noise_multiplier::Float64
    sampler::Symbol
    sample_rate::Union{Nothing,Float64}
    lot_size::Union{Nothing,Int}
    max_lot::Union{Nothing,Int}
    dataset_size::Union{Nothing,Int}
    steps::Int
end

Phase(; noise_multiplier, steps = 1, sampling...) =
    Phase(finite("noise_multiplier", noise_multiplier), whole("steps", steps), sampling_fields(; sampling...))

Phase(noise_multiplier::Float64, steps::Int, s::NamedTuple) =
    Phase(noise_multiplier, s.sampler, s.sample_rate, s.lot_size, s.max_lot, s.dataset_size, steps)

function Phase(d::AbstractDict)
    field(name) = get(d, name, nothing)
    return Phase(number(d["noise_multiplier"]), Symbol(d["sampler"]), optional(Float64, field("sample_rate")),
        field("lot_size"), field("max_lot"), field("dataset_size"), d["steps"])
end

"The sampler's name and fields, checked for being those that it is told by."
function sampling_fields(; sampler = nothing, sample_rate = nothing, lot_size = nothing, max_lot = nothing, dataset_size = nothing)
    if sampler === nothing
        sample_rate === nothing && throw(invalid("sampler", "neither a sampler nor a sample_rate",
            "a sample_rate, or sampler = $(join(map(repr, SAMPLERS), ", ", " or "))"))
        sampler = max_lot === nothing ? :poisson : :truncated_poisson
    end
    name = one_of("sampler", sampler, SAMPLERS)
    given = (sample_rate = sample_rate, lot_size = lot_size, max_lot = max_lot, dataset_size = dataset_size)
    for (field, value) in pairs(given)
        told = field in SAMPLER_FIELDS[name]
        told && value === nothing && throw(invalid(field, "nothing", "a number: $(repr(name)) needs it"))
        told || value === nothing || throw(invalid(field, value, "no $field: $(repr(name)) has none"))
    end
    return (sampler = name, sample_rate = optional(x -> finite("sample_rate", x), sample_rate),
        lot_size = optional(x -> whole("lot_size", x), lot_size), max_lot = optional(x -> whole("max_lot", x), max_lot),
        dataset_size = optional(x -> whole("dataset_size", x), dataset_size))
end

"A phase, or a sampler alone, as it crosses the border: with the fields that the sampler has."
function crossing(p::Union{Phase,NamedTuple})
    names = SAMPLER_FIELDS[p.sampler]
    return merge((sampler = p.sampler,), NamedTuple{names}(map(name -> getfield(p, name), names)))
end
crossing_phase(p::Phase) = merge((noise_multiplier = p.noise_multiplier, steps = p.steps), crossing(p))

same_kind(a::Phase, b::Phase) = all(name -> name === :steps || getfield(a, name) === getfield(b, name), fieldnames(Phase))

"How lots are drawn, in words."
function sampler_text(p::Phase)
    fields = SAMPLER_FIELDS[p.sampler]
    isempty(fields) && return String(p.sampler)
    return "$(p.sampler) (" * join(("$name $(cell(getfield(p, name)))" for name in fields), ", ") * ")"
end

Base.show(io::IO, p::Phase) = print(io, "Phase(", plural(p.steps, "step"), ", noise_multiplier ", cell(p.noise_multiplier), ", ",
    sampler_text(p), ")")
