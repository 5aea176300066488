# A guard is one thing, however often a model that holds it is copied; and it runs here: a thread tests, a task tells. What is written of a
# guarded model is the model, and in the guard's place its name: read again, the model works and nobody watches it.

"What belongs to one guard."
const GuardPart = Union{Notifier,Native.GuardHandle}

called(n::Notifier) = "Guard $(repr(n.name))"
called(::Native.GuardHandle) = "a Guard"
for Part in (Notifier, Native.GuardHandle)
    @eval fix(::$Part) = "it runs in this process; save the model, or the guard's Profile, and make the guard anew of it where it is to run"
end

# Guard itself: guard.jl.
Base.deepcopy_internal(notifier::Notifier, ::IdDict) = notifier
Base.deepcopy_internal(handle::Native.GuardHandle, ::IdDict) = handle

"What stands for a guard in a stream or a file: what it is called, and what it watched. Mutable, so that JLD2 writes it once."
mutable struct GuardName
    name::String
    features::Int
    output::Symbol
end

GuardName(guard::Guard) = GuardName(guard.name, guard.features, guard.output)

"A guard that stayed elsewhere. Said once, when it is read; the models that it is in are not watched."
function stand_in(::Type{T}, n::GuardName) where {H,T<:Guard{H}}
    @warn("FluxGuard: guard $(repr(n.name)) was saved by name alone, for a guard runs in one process: outputs of the model that was read are not " *
        "watched; say guarded(unguarded(model), guard) with a guard that was made here", _group = :fluxguard)
    handle = Native.nobody(H)
    return Guard(handle, n.features, n.output, n.name, String[], (0, 0), nothing, Notifier(handle, n.name), false, :count)
end

expect_here(guard::Guard) = guard.here ? guard : throw(invalid("guard", "the name of guard $(repr(guard.name)), which was read from a file or a stream",
    "a guard that was made in this process"))
