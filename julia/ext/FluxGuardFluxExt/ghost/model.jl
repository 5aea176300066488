# A model with a tap in the place of every layer that has one.

"Layers that a tap can stand in for; each layer's file adds its own."
supported(_) = false

"""
A model made ready to be recorded. `tapped` is the `original` with its taps, `parameters` its trainable arrays in the order of
`Flux.trainables`, `index` their places. `unfit` says why the model cannot be recorded, where it cannot.
"""
mutable struct Recorder
    original::Any
    tapped::Any
    taps::Vector{Tap}
    parameters::Vector{Any}
    index::IdDict{Any,Int}
    pass::Pass
    unfit::Union{Nothing,String}
end

"""
    Recorder(model; frozen = IdDict())

Parameters that are keys of `frozen` are neither clipped nor released.
"""
function Recorder(model; frozen = IdDict())
    trainable = Flux.trainables(model)
    parameters = Any[p for p in trainable if !haskey(frozen, p)]
    index = IdDict{Any,Int}(p => k for (k, p) in enumerate(parameters))
    pass = Pass(0, UInt[])
    taps = IdDict{Any,Tap}()
    unfit = nothing
    tapped = try
        with_taps(model, taps, pass)
    catch error
        unfit = "its layers cannot be replaced ($(first(split(sprint(showerror, error), '\n'))))"
        model
    end
    if unfit === nothing
        owners = IdDict{Any,Int}()
        for tap in values(taps), p in trained(layer(tap))
            owners[p] = get(owners, p, 0) + 1
        end
        all_trainable = IdDict{Any,Nothing}(p => nothing for p in trainable)
        foreign = findfirst(p -> !haskey(all_trainable, p), collect(keys(owners)))
        orphan = findfirst(p -> !haskey(owners, p), parameters)
        tied = findfirst(p -> get(owners, p, 0) > 1, parameters)
        orphan === nothing || (unfit = "a parameter of size $(size(parameters[orphan])) is in no layer that can be recorded")
        foreign === nothing || (unfit = "a layer holds another one's parameter, transposed or in other wrapping, or one that is not trained")
        tied === nothing || (unfit = "a parameter of size $(size(parameters[tied])) is in two layers")
    end
    return Recorder(model, tapped, collect(Tap, values(taps)), parameters, index, pass, unfit)
end

trained(l) = (p for p in parameters(l) if p isa AbstractArray)

# What holds no tap stays the same object: a Dropout must hear of test mode.
function with_taps(x, taps, pass)
    supported(x) && return get!(() -> Tap(x, pass), taps, x)
    Functors.isleaf(x) && return x
    children, rebuild = Functors.functor(x)
    replaced = map(child -> with_taps(child, taps, pass), children)
    same = all(a === b for (a, b) in zip(values(children), values(replaced)))
    return same ? x : rebuild(replaced)
end

"""
    record!(recorder, loss, batch) -> value, squares

One forward and one backward pass. `squares[i, p]` is the squared norm of observation `i`'s contribution to the gradient of
parameter `p`. Throws [`Unfit`](@ref).
"""
function record!(r::Recorder, loss, batch)
    foreach(reset!, r.taps)
    r.pass.observations = lot_observations(batch)
    r.pass.data = [id for array in arrays(batch) for id in Base.dataids(array)]
    value, back = Zygote.pullback(model -> scalar(loss(model, batch...)), r.tapped)
    isempty(collect_gradients!(IdDict{Any,Any}(), r.index, r.tapped, back(one(value))[1])) || throw(Unfit("the loss or a layer uses parameters outside their layer"))
    squares = zeros(r.pass.observations, length(r.parameters))
    foreach(tap -> squares!(squares, tap, r.index), r.taps)
    return value, squares
end

"""
    sums!(sums, recorder, weights)

Add to `sums` (an `IdDict` from parameter to array) the contributions of the last pass, observation `i` times
`weights[i, p]`.
"""
function sums!(sums, r::Recorder, weights)
    one_pass = IdDict{Any,Any}()
    for tap in r.taps
        sums!(one_pass, tap, weights, r.index)
        reset!(tap)
    end
    for (p, array) in one_pass
        haskey(sums, p) ? (sums[p] .+= array) : (sums[p] = array)
    end
    return sums
end

scalar(value::Real) = value
scalar(value::Union{Tuple,NamedTuple}) = scalar(first(value)) # a loss and what else the caller wants to see
scalar(value) = refuse_loss(value)

const NO_COUPLING = "a mean or a sum over examples, each depending on its own example alone"

refuse_loss(value) = throw(invalid("loss", summary(value), "one real number: $NO_COUPLING (mean or sum of what it is now; agg = mean in Flux's losses)"))
@non_differentiable refuse_loss(::Any)

"Every array of a batch."
arrays(x::AbstractArray) = (x,)
arrays(x::Union{Tuple,NamedTuple}) = Iterators.flatten(map(arrays, values(x)))
arrays(_) = ()
