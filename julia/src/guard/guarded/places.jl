# Places: a path of names and numbers through a model, and the model with another layer there.

# How a struct is taken apart and built again, (children, rebuild): by its fields and its constructor. Functors knows more of a model's types,
# and is asked where it is there (the extension for Functors).
const TAKE_APART = Ref{Any}(nothing)

parts(x::Union{Tuple,NamedTuple}) = (x, identity)
parts(x::AbstractVector) = eltype(x) <: Number ? ((), identity) : (x, identity)
parts(x::Union{Number,AbstractArray,AbstractString,Symbol,Nothing,Function,Type,Module,Guard}) = ((), identity)
parts(x) = TAKE_APART[] === nothing ? by_fields(x) : TAKE_APART[](x)

function by_fields(x::T) where {T}
    names = fieldnames(T)
    isempty(names) && return (), identity
    return NamedTuple{names}(map(name -> getfield(x, name), names)), children -> T.name.wrapper(children...)
end

map_children(f, children::Union{Tuple,NamedTuple}) = map(f, children)
map_children(f, children::AbstractVector) = [f(child) for child in children]
map_children(f, children::AbstractDict) = Dict(key => f(child) for (key, child) in children)

function rebuilt(rebuild, children, x, got)
    try
        return rebuild(children)
    catch error
        throw(invalid("model", "$got ($(first(split(sprint(showerror, error), '\n'))))",
            "a type that Functors can rebuild, whose fields take any layer (a type parameter each); or a guard around the whole $(nameof(typeof(x)))"))
    end
end

# The container that a model is called by: what people number are the layers of a Chain.
has_layers(x) = hasfield(typeof(x), :layers) && !(x isa Union{Tuple,NamedTuple}) && holds_layers(getfield(x, :layers))
holds_layers(x::Union{Tuple,NamedTuple}) = true
holds_layers(x::AbstractVector) = !(eltype(x) <: Number)
holds_layers(x) = is_guarded(x) ? holds_layers(inner(x)) : has_layers(x) # a Chain in a SkipConnection, in a model of one's own

"The layers of `x` as people call them: pairs of an index or a name, and the layer."
named_layers(x::AbstractVector) = eltype(x) <: Number ? Pair[] : Pair[i => x[i] for i in eachindex(x)]
named_layers(x) = has_layers(x) ? [named_layers(getfield(x, :layers)); named_children(beside_layers(x))] : named_children(first(parts(x)))
named_layers(x::Union{Tuple,NamedTuple}) = named_children(x)
"What a container has beside its layers, such as the connection of a Parallel."
beside_layers(x) = (children = first(parts(x)); NamedTuple{Tuple(filter(!=(:layers), collect(keys(children))))}(children))

named_children(children) = Pair[name => children[name] for name in keys(children)]

"A place as a tuple of its steps."
path(place::Union{Integer,Symbol}) = (place,)
path(place::Tuple) = all(step -> step isa Union{Integer,Symbol}, place) ? place : no_path(place)
path(place) = hasfield(typeof(place), :keys) && getfield(place, :keys) isa Tuple ? path(getfield(place, :keys)) : no_path(place) # a KeyPath of Functors
no_path(place) = throw(invalid("place", repr(place), "an index or a name, a tuple of them, or a KeyPath"))

# `holder`: the type that people know what stands here by, of a Chain and not of the tuple within it.
replace_at(f, model, ::Tuple{}; holder = nothing) = f(model)
function replace_at(f, model, steps::Tuple; holder = nameof(typeof(model)))
    is_guarded(model) && return rewrap(model, replace_at(f, inner(model), steps))
    among = has_layers(model) && first(steps) !== :layers && !(first(steps) in keys(beside_layers(model)))
    among && return replace_child(model, :layers, layers -> replace_at(f, layers, steps; holder = holder))
    children = first(parts(model))
    name = name_of(children, first(steps))
    name === nothing && throw(invalid("place", "$(repr(first(steps))) in a $holder", expected_places(model, children)))
    return replace_child(model, name, child -> replace_at(f, child, Base.tail(steps)))
end

"The child that a step names: by its name, or by its number."
function name_of(children, step)
    step in keys(children) && return step
    step isa Integer && 1 <= step <= length(children) && return collect(keys(children))[step]
    return nothing
end

function expected_places(model, children)
    isempty(children) && return "a place in a layer that has layers"
    return "one of " * join((repr(name) for name in keys(children)), ", ")
end

function replace_child(x, name, f)
    children, rebuild = parts(x)
    new = f(children[name])
    model = rebuilt(rebuild, exchanged(children, name, new), x, "a guard in a $(nameof(typeof(x))), which cannot be built again with it")
    # A field of a layer's type, as in `struct S; rnn::RNN; end`, takes the layer out of its guard again.
    is_guarded(new) && length(guards(first(parts(model))[name])) < length(guards(new)) && throw(invalid("place",
        "the field $(repr(name)) of a $(nameof(typeof(x))), whose type holds no guarded layer",
        "a field with a type parameter: struct $(nameof(typeof(x))){L}; $name::L; end; or a guard around the $(nameof(typeof(x)))"))
    return model
end

exchanged(children::Union{Tuple,NamedTuple}, name, new) =
    typeof_container(children)(Tuple(key == name ? new : children[key] for key in keys(children)))
exchanged(children::AbstractVector, name, new) = [i == name ? new : children[i] for i in eachindex(children)]
exchanged(children::AbstractDict, name, new) = Dict(key => key == name ? new : child for (key, child) in children)

typeof_container(::Tuple) = identity
typeof_container(::NamedTuple{names}) where {names} = NamedTuple{names}
