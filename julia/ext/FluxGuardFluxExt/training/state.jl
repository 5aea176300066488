# What an evaluation leaves behind in a model: running statistics and other buffers of data, which no noise would cover.

# Not numbers that could hold data.
const Mute = Union{Bool,Nothing,Missing,Symbol,Char,AbstractString,Type,Module,Ptr,Task,IO,Random.AbstractRNG,FluxGuard.Guard,Base.AbstractLock}

"""
    difference(a, b, place)

Where two models of one build differ in a number or an array of numbers: `"model.layers[2].μ"`; `nothing` where they do not.
"""
difference(a, b, place = "model") = difference(a, b, place, Base.IdSet{Any}())

function difference(@nospecialize(a), @nospecialize(b), place, seen)
    (a === b || a isa Mute && b isa Mute) && return nothing
    if a isa Union{Number,AbstractArray{<:Number}} || b isa Union{Number,AbstractArray{<:Number}}
        return isequal(a, b) ? nothing : place
    end
    typeof(a) === typeof(b) || return place
    ismutable(a) && (a in seen ? (return nothing) : push!(seen, a))
    if a isa Array
        length(a) == length(b) || return place
        return first_difference(i -> (a[i], b[i], "$place[$i]"), eachindex(a), seen)
    elseif a isa AbstractDict
        length(a) == length(b) || return place
        shared = [key for key in keys(a) if haskey(b, key)]     # keys that are copies are not found
        return first_difference(key -> (a[key], b[key], "$place[$(repr(key))]"), shared, seen)
    end
    fields = [i for i in 1:fieldcount(typeof(a)) if fieldname(typeof(a), i) !== :active && isdefined(a, i) && isdefined(b, i)]
    return first_difference(i -> (getfield(a, i), getfield(b, i), a isa Tuple ? "$place[$i]" : "$place.$(fieldname(typeof(a), i))"), fields, seen)
end

function first_difference(pair, keys, seen)
    for key in keys
        a, b, place = pair(key)
        found = difference(a, b, place, seen)
        found === nothing || return found
    end
    return nothing
end

"""
    check_state!(trial, frozen, lot, other)

Evaluate the model on `lot` and see whether that has changed it. If so, it is seen whether the change depends on the data, by
evaluating another copy on `other`, a lot of the same size: refused. A change that does not (a count of steps, a table that
is made at the first call) is no harm; every evaluation then begins with the model as it was.
"""
function check_state!(t::Trial, frozen, lot, other)
    result = outcome(t, lot; whole = true)
    difference(t.plain, t.model) === nothing && return result
    first_copy = t.model
    renew!(t, frozen)
    outcome(t, other; whole = true)
    place = difference(first_copy, t.model)
    place === nothing || throw(kept_data(place))
    t.stateful = true
    renew!(t, frozen)
    return result
end

kept_data(place) = invalid("model", "$place, which a call changes by what it was called with: no noise covers it",
    "no running statistics and no other memory of the data (GroupNorm, LayerNorm: privatize(model)); or an array that is trained")
