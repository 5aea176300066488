# What an examination holds for: a model as it is built, a loss with what it captured, and the methods of both. Where any of
# it changes, all is found out anew.

"""
    Key(model, loss)

The parts of a model and a loss that an examination depends on. `simple`: the model cannot change in place, so `===` knows
all about it.
"""
struct Key
    world::UInt
    simple::Bool
    model::Vector{Any}
    loss::Vector{Any}
end

Key(model, loss) = (of_model = leaves(model, true); Key(world_age(), !any(canchange, of_model), of_model, leaves(loss, false)))

"The age of the methods that this code calls: it grows where a method was redefined."
world_age() = ccall(:jl_get_tls_world_age, UInt, ())

canchange(x) = ismutable(x) && !(x isa Plain) && !(x isa Array && eltype(x) <: Number)

"""
Whether a model that is `===` to the key's, and a loss of its type, are still what the key was made of. Where nothing can
change in place this costs tens of nanoseconds, else some ten nanoseconds a field.
"""
holds(key::Key, model, loss) = key.world == world_age() && (key.simple || alike(key.model, leaves(model, true))) &&
    (Base.issingletontype(typeof(loss)) || alike(key.loss, leaves(loss, false)))

alike(a::Vector{Any}, b::Vector{Any}) = length(a) == length(b) && all(i -> alike(a[i], b[i]), eachindex(a))

# A coefficient that is annealed and a count of steps move all the time. They are looked at anew when they double, when they
# change their sign, or leave zero.
function alike(@nospecialize(a), @nospecialize(b))
    a === b && return true
    (a isa Bool || b isa Bool || !(a isa Real) || typeof(a) !== typeof(b)) && return false
    isfinite(a) && isfinite(b) && sign(a) == sign(b) || return false
    return abs(a) <= 2abs(b) && abs(b) <= 2abs(a)
end

# What is taken as it is. Flux's `active` says in which mode a layer is; an examination looks at one mode anyway.
const Plain = Union{Number,Symbol,String,Char,Type,Module,Nothing,Missing,Ptr,Task,IO,FluxGuard.Guard}

# So many leaves of what a loss captured are looked at: it may hold a data set.
const MOST_LEAVES = 10_000

"""
What a value is made of, in order. `own`: of a model, whose arrays and mutable parts count by identity; what a loss captured counts
by its values, without arrays (they may be data, new in each step).
"""
function leaves(x, own::Bool)
    found = Any[]
    leaves!(found, x, own, Base.IdSet{Any}())
    return found
end

function leaves!(found, @nospecialize(x), own, seen)
    own || length(found) < MOST_LEAVES || return
    if x isa Plain
        push!(found, x)
    elseif x isa Random.AbstractRNG
        push!(found, typeof(x))
    elseif x isa Array
        own ? push!(found, x, length(x)) : push!(found, typeof(x))
        # layers
        own && !(eltype(x) <: Number) && first_time!(seen, x) && foreach(i -> isassigned(x, i) && leaves!(found, x[i], own, seen), eachindex(x))
    elseif ismutable(x)
        push!(found, own ? x : typeof(x))
        first_time!(seen, x) && (x isa AbstractDict ? foreach(y -> leaves!(found, y, own, seen), values(x)) : fields!(found, x, own, seen))
    elseif fieldcount(typeof(x)) == 0
        push!(found, x)
    else
        fields!(found, x, own, seen)
    end
    return
end

first_time!(seen, x) = x in seen ? false : (push!(seen, x); true)

function fields!(found, @nospecialize(x), own, seen)
    for i in 1:fieldcount(typeof(x))
        isdefined(x, i) && fieldname(typeof(x), i) !== :active && leaves!(found, getfield(x, i), own, seen)
    end
    return
end
