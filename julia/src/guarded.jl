# The layer: a model whose outputs a guard sees.

"""
    Guarded(model, guards::Tuple)

A model that shows its output to guards and is otherwise the model: see [`guarded`](@ref). `m.model` and `m.guards` are
its parts; any other property is the model's.
"""
struct Guarded{M,G<:Tuple}
    model::M
    guards::G
end

"""
    guarded(model, guards...) -> Guarded
    guarded(model, place => guard, ...)

A layer that calls `model` with whatever arguments it takes, shows the output to each guard, and returns it unchanged.
It is trainable and transparent to Functors and Flux as the model is, and gradients through it are the model's, exactly.

With `place => guard`, the guard watches the output of a layer inside the model: `place` is an index or a name in
`model.layers` (as of a `Flux.Chain`), or a tuple of them for a layer inside a layer. Both forms go together.

```julia
guarded(model, guard)                          # the output
guarded(model, guard, 2 => activations)        # the output, and that of layer 2
guarded(model, (1, :conv) => features)         # that of layer :conv in layer 1
```

The call throws what [`observe!`](@ref) throws, so a closed guard stops the model: guard outputs only while it is open.
Throws [`InvalidArgument`](@ref) for a place that the model does not have.
"""
function guarded(model, watches::Union{Guard,Pair}...)
    isempty(watches) && throw(invalid("guards", "none", "at least one guard, or place => guard"))
    for watched in watches
        watched isa Pair && (model = guard_inside(model, watched.first, watched.second))
    end
    guards = Tuple(watched for watched in watches if watched isa Guard)
    return isempty(guards) ? model : wrap(model, guards)
end

wrap(model, guards::Tuple) = Guarded(model, guards)
wrap(m::Guarded, guards::Tuple) = Guarded(getfield(m, :model), (getfield(m, :guards)..., guards...))

function (m::Guarded)(args...; kwargs...)
    y = getfield(m, :model)(args...; kwargs...)
    watch(getfield(m, :guards), y)
    return y
end

Base.getproperty(m::Guarded, name::Symbol) =
    name === :model || name === :guards ? getfield(m, name) : getproperty(getfield(m, :model), name)
Base.propertynames(m::Guarded, private::Bool = false) =
    (:model, :guards, propertynames(getfield(m, :model))...)

# A container of layers often counts them and gives them by index.
Base.getindex(m::Guarded, i...) = getindex(getfield(m, :model), i...)
Base.length(m::Guarded) = length(getfield(m, :model))
Base.firstindex(m::Guarded) = firstindex(getfield(m, :model))
Base.lastindex(m::Guarded) = lastindex(getfield(m, :model))

guard_inside(model, place, guards) = throw(invalid("guards", "place => $(typeof(guards))", "place => a Guard, or a tuple of them"))
guard_inside(model, place, guard::Guard) = guard_inside(model, place, (guard,))
guard_inside(model, place, guards::Tuple{Vararg{Guard}}) = replace_layer(layer -> wrap(layer, guards), model, place)

replace_layer(f, model, place::Tuple) =
    isempty(place) ? f(model) : replace_layer(layer -> replace_layer(f, layer, Base.tail(place)), model, first(place))

replace_layer(f, m::Guarded, place::Union{Integer,Symbol}) =
    Guarded(replace_layer(f, getfield(m, :model), place), getfield(m, :guards))

function replace_layer(f, model, place::Union{Integer,Symbol})
    hasproperty(model, :layers) ||
        throw(invalid("place", "$place in a $(nameof(typeof(model)))", "a model with `layers`, such as a Chain"))
    layers = replace_in(f, model.layers, place)
    fields = map(name -> name === :layers ? layers : getfield(model, name), fieldnames(typeof(model)))
    return typeof(model).name.wrapper(fields...)
end

replace_layer(f, model, place) = throw(invalid("place", repr(place), "an index or a name in `layers`, or a tuple of them"))

function replace_in(f, layers::Union{Tuple,NamedTuple,AbstractVector}, place)
    place = place isa Integer && 1 <= place <= length(layers) ? keys(layers)[place] : place
    place in keys(layers) || throw(invalid("place", repr(place), "one of $(join(repr.(keys(layers)), ", "))"))
    layers isa AbstractVector && return [i == place ? f(layers[i]) : layers[i] for i in eachindex(layers)]
    return map((key, layer) -> key == place ? f(layer) : layer, keyed(layers), layers)
end

# The keys of a tuple or named tuple, in its own form, so that `map` over both gives that form back.
keyed(layers::Tuple) = keys(layers) isa Tuple ? keys(layers) : Tuple(keys(layers))
keyed(layers::NamedTuple{names}) where {names} = NamedTuple{names}(names)

Base.show(io::IO, m::Guarded) = print_guarded(io, m)

function print_guarded(io::IO, m::Guarded)
    print(io, "guarded(", getfield(m, :model))
    for guard in getfield(m, :guards)
        print(io, ", ", guard)
    end
    print(io, ")")
end
