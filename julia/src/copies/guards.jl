# A guard is one thing, however often a model that holds it is copied; and it runs here: a thread tests, a task tells.

"What belongs to one guard."
const GuardPart = Union{Guard,Notifier,Native.GuardHandle}

called(g::Guard) = "Guard $(repr(g.name))"
called(n::Notifier) = "Guard $(repr(n.name))"
called(::Native.GuardHandle) = "a Guard"
for Part in (Guard, Notifier, Native.GuardHandle)
    @eval fix(::$Part) = "it runs in this process. Of a guarded model save Flux.state(model), or the model before it was guarded; " *
        "save the guard's Profile, and make the guard anew of it where it is to run"
end

# Guard itself: guard.jl.
Base.deepcopy_internal(notifier::Notifier, ::IdDict) = notifier
Base.deepcopy_internal(handle::Native.GuardHandle, ::IdDict) = handle
