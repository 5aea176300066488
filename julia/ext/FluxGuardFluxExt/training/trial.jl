# The copy of a model that an examination works on: without guards, in train mode, with its random layers held still.

"What an evaluation gave: the loss, and the gradient of all parameters in one vector (see `flat_gradient`)."
struct Outcome
    value::Float64
    gradient::Vector{Float64}
end

isfine(o::Outcome) = isfinite(o.value) && all(isfinite, o.gradient)

"""
A model and a loss on trial. `plain` is the caller's model without its guards, `model` the copy. `stateful`: an evaluation
changes the copy, in a way that does not depend on the data, so each begins with a fresh one. `times`: seconds of each evaluation.
"""
mutable struct Trial
    plain::Any
    model::Any
    loss::Any
    parameters::Vector{Any}
    index::IdDict{Any,Int}
    frozen::IdDict{Any,Nothing}
    arrays::Vector{Any}             # what copies share
    changeable::Bool                # it holds more that can change than arrays
    stateful::Bool
    generators::Vector{Random.AbstractRNG}
    times::Vector{Float64}
end

function Trial(model, loss, frozen)
    plain = FluxGuard.unguarded(model) # guards must not count trials as observations
    trial = Trial(plain, nothing, loss, Any[], IdDict{Any,Int}(), IdDict{Any,Nothing}(), Any[], false, false, generators(loss), Float64[])
    return renew!(trial, frozen_twins(model, plain, frozen))
end

"A new copy of the model to work on."
function renew!(t::Trial, frozen)
    t.model = still!(deepcopy(t.plain))
    t.frozen = frozen_twins(t.plain, t.model, frozen)
    t.parameters = Any[p for p in Flux.trainables(t.model) if !haskey(t.frozen, p)]
    t.index = IdDict{Any,Int}(p => k for (k, p) in enumerate(t.parameters))
    t.arrays = filter(x -> x isa Array, leaves(t.model, true))
    t.changeable = any(x -> !(x isa Random.TaskLocalRNG), mutables(t.model))
    return t
end

"Train mode, without dropout: the one kind of randomness that is not the loss's own, and never couples examples."
function still!(model)
    Flux.trainmode!(model)
    for layer in mutables(model)
        layer isa Union{Flux.Dropout,Flux.AlphaDropout} && (layer.active = false)
    end
    return model
end

"The model for the next evaluation, as it was before any, and its random generators. `copied`: it will be changed in other ways."
function subject(t::Trial, copied = false)
    copied || t.changeable || t.stateful || return t.model, Random.AbstractRNG[]
    shared = t.stateful ? Flux.trainables(t.model) : t.arrays
    model = Base.deepcopy_internal(t.model, IdDict{Any,Any}(a => a for a in shared if eltype(a) <: Number))
    return model, generators(model)
end

"The loss and its gradient on `lot`, with random numbers begun at `seed`."
function outcome(t::Trial, lot; seed = 1, whole = false)
    model, own = whole ? (t.model, generators(t.model)) : subject(t)
    began = time_ns()
    value, gradients = held(() -> ordinary(model, t.index, t.loss, lot), seed, [own; t.generators])
    flat = flat_gradient(gradients, t.parameters)
    push!(t.times, (time_ns() - began) / 1e9)
    return Outcome(Float64(value), flat)
end

"The loss alone, without its gradient."
function value_of(t::Trial, lot; seed)
    model, own = subject(t)
    return held(() -> Float64(scalar(t.loss(model, lot...))), seed, [own; t.generators])
end

# Gradients longer than this are compared by a sketch of this length (Charikar et al. 2002, "Finding frequent items in data
# streams"): linear, and true to norms, but a dozen of them fit into memory beside any model.
const SKETCH = 2^18

"All gradients in one vector of Float64: one after the other, or where they are many, folded with random signs into $SKETCH numbers."
function flat_gradient(gradients, parameters)
    n = sum(length, parameters; init = 0)
    flat = zeros(min(n, SKETCH))
    at = 0
    for p in parameters
        haskey(gradients, p) && fold!(flat, settled(gradients[p], eltype(p)), at, n > SKETCH)
        at += length(p)
    end
    return flat
end

function fold!(flat, g, at, folded)
    if folded
        @inbounds for i in eachindex(g)
            k = UInt64(at + i - 1)
            # the top bit of products with odd constants, which has no short period
            up = ((k * 0x9e3779b97f4a7c15 + 0x632be59bd9b4e019) * 0xd6e8feb86659fd93) >> 63 == 0
            flat[k % SKETCH + 1] += up ? Float64(g[i]) : -Float64(g[i])
        end
    else
        copyto!(flat, at + 1, g, 1, length(g))
    end
    return flat
end

norm2(x) = sqrt(sum(abs2, x))

"How far apart gradients may be, relative to what they are made of, and what rounding may do to a sum."
tolerance(t::Trial) = all(p -> eltype(p) === Float64, t.parameters) ? (wide = 1e-4, rounding = 1e-7) : (wide = 1e-3, rounding = 2e-5)
