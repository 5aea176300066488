# The layer: a model whose outputs guards see, and which is otherwise the model.

"""
    Guarded

A model that shows its output to guards and is otherwise the model: see [`guarded`](@ref). Every property is the model's own.
[`unguarded`](@ref) gives the model, [`guards`](@ref) says who watches what.
"""
struct Guarded{M,W<:Tuple}
    model::M
    watches::W # of type Watch
end

# Not by name: `m.model` is a field of the model, if it has one of that name. Differentiable, with the model's own gradient
# (the extension for ChainRulesCore): so that of a guarded model has the form of the bare one's.
inner(m::Guarded) = getfield(m, :model)
watches(m::Guarded) = getfield(m, :watches)

# Layers of Lux are guarded by a layer of Lux: the extension for LuxCore.
is_guarded(x) = false
is_guarded(::Guarded) = true

# Something in a model's place, watched as `m` is.
rewrap(m, model) = wrap(model, watches(m))
wrap(model, watches::Tuple) = Guarded(model, watches)
wrap(m::Guarded, more::Tuple) = Guarded(inner(m), (watches(m)..., once(more, watches(m))...))

"`more`, none of which stands among `watches`: a guard that sees an output twice counts each observation twice."
function once(more, watches)
    twice = findfirst(w -> any(v -> v.guard === w.guard && v.part == w.part, watches), more)
    twice === nothing || throw(invalid("guards", "guard $(repr(more[twice].guard.name)) on an output that it watches already", "each guard once; unguarded(model) is the model without"))
    return more
end

"""
    guarded(model, guards...; output = identity, mask = nothing) -> Guarded
    guarded(model, place => guard, ...; output, mask)

A layer that calls `model` with whatever arguments it takes, shows the output to each guard, and returns it unchanged. Gradients,
parameters, state, optimizer states, what is printed and saved are those of `model`, so that one may stand for the other anywhere;
[`unguarded`](@ref) gives the model back.

With `place => guard`, the guard watches the output of a layer inside the model. A place is an index or a name, or a tuple of them for a
layer in a layer: of the layers of a `Chain` (or of anything with a field `layers`), or of the fields of any struct. Both forms go together.

```julia
guarded(model, guard)                          # the output
guarded(model, guard, 2 => activations)        # the output, and that of layer 2
guarded(model, (:encoder, 1) => features)      # that of layer 1 in the field :encoder
guarded(model, a, b; output = (:mean, :std))   # two parts of an output that is a NamedTuple
```

A layer of Lux becomes a layer of Lux, with the same parameters and states; a `mask` is then a function of its input alone.

# Keywords
- `output`: what the guard sees of an output that is no array: a function of it, such as `first`; a `Symbol`, the name of a part; an
  `Int`, its number. A tuple of these: one per guard.
- `mask`: which positions are real and not padding, for all guards of this call, whose profiles say `observation = dims`: an array of `Bool`, of the
  size of these dimensions, or a function that makes one of the arguments of what is watched, the model or the layer at the place:
  `mask = tokens -> tokens .!= PAD`.

What goes wrong in a guard (it is closed, the output has another length or type, its thread has died) does not stop the model's
answer: it is counted (`counters(guard).unwatched`), logged once, and an alert of kind `:unwatched`. With
`Guard(...; on_error = :throw)`, for tests, the call throws.

Throws [`InvalidArgument`](@ref) for a place that the model does not have, with those that it has, and for a field whose type holds no guarded layer
(`d::Dense`; but of `c::Chain`, `SkipConnection` and `Parallel` the part that makes the output is guarded).
"""
function guarded(model, guards::Union{Guard,Pair}...; output = identity, mask = nothing)
    isempty(guards) && throw(invalid("guards", "none", "at least one guard, or place => guard"))
    parts = output isa Tuple ? output : ntuple(_ -> output, length(guards))
    length(parts) == length(guards) || throw(invalid("output", plural(length(parts), "part"), "one per guard: $(length(guards))"))
    outer = ()
    for (watched, part) in zip(guards, parts)
        if watched isa Guard
            outer = (outer..., once((Watch(watched, part, mask),), outer)...)
        else
            model = guard_inside(model, watched.first, watched.second, part, mask)
        end
    end
    return isempty(outer) ? model : wrap(model, outer)
end

function guarded(model, guards...; kwargs...)
    other = first(guard for guard in guards if !(guard isa Union{Guard,Pair}))
    throw(invalid("guards", "a $(nameof(typeof(other)))", "guards, or place => guard; of a profile: guarded(model, Guard(profile))"))
end

guard_inside(model, place, guard::Guard, part, mask) = guard_inside(model, place, (guard,), part, mask)
guard_inside(model, place, guards, part, mask) =
    throw(invalid("guards", "place => $(typeof(guards))", "place => a Guard, or a tuple of them"))
function guard_inside(model, place, guards::Tuple{Vararg{Guard}}, part, mask)
    inside = map(guard -> Watch(guard, part, mask), guards)
    return replace_at(layer -> wrap(layer, inside), model, path(place))
end

function (m::Guarded)(args...; kwargs...)
    y = inner(m)(args...; kwargs...)
    watch(watches(m), y, args)
    return y
end

"""
    unguarded(model) -> model

The model without its guards: of a guarded one, and of one with guards on inner layers. What holds no guard stays the same object.
"""
unguarded(model) = unguarded(model, IdDict{Any,Any}())

function unguarded(x, seen::IdDict)
    haskey(seen, x) && return seen[x]
    is_guarded(x) && return seen[x] = unguarded(inner(x), seen)
    children, rebuild = parts(x)
    isempty(children) && return x
    seen[x] = x
    new = map_children(child -> unguarded(child, seen), children)
    all(a === b for (a, b) in zip(values(children), values(new))) && return x
    return seen[x] = rebuilt(rebuild, new, x, "a guard in a $(nameof(typeof(x))), which cannot be built again without it")
end

"""
    guards(model) -> Vector{Pair}

Which guard watches what: `place => guard`, the outermost first. The place of a guard of the whole model is `()`.
"""
guards(model) = collect_guards!(Pair{Tuple,Guard}[], model, (), IdDict{Any,Nothing}())

function collect_guards!(found, x, place, seen)
    haskey(seen, x) && return found
    ismutable(x) && (seen[x] = nothing)
    if is_guarded(x)
        foreach(w -> push!(found, place => w.guard), watches(x))
        return collect_guards!(found, inner(x), place, seen)
    end
    foreach(((name, child),) -> collect_guards!(found, child, (place..., name), seen), named_layers(x))
    return found
end

Base.show(io::IO, m::Guarded) = show(io, inner(m))
Base.show(io::IO, mime::MIME"text/plain", m::Guarded) = show(io, mime, unguarded(m)) # also for its size
