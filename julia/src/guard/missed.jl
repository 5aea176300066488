# What a guard could not see. A model's answer is never held up by its monitor: what goes wrong in the hook is counted, logged once for each
# kind of error, and told by an alert of kind `:unwatched`.

"""
    missed(guard, y)                a value that cannot be read
    missed(guard, y, code)          Rust's answer to the hook
    missed(guard, error)            an exception on the way

Counts it, tells it the first time; throws if the guard says `on_error = :throw`.
"""
@noinline function missed(guard::Guard, y::AbstractArray, code::Integer)
    error = Native.failure(guard.handle, -code)
    # A batch of nothing is no error.
    error isa EmptyTensor && isempty(y) && return forget(guard)
    return missed(guard, error)
end

# Numbers that carry something else through the model: dual numbers, the sizes of Flux.outputsize, a compiler's tracers.
@noinline missed(guard::Guard, y::AbstractArray{<:Real}) = eltype(y) <: Union{Integer,AbstractFloat,Rational} ? unreadable(guard, y) : count_missed!(guard)
@noinline missed(guard::Guard, y) = unreadable(guard, y)

# A guard that stayed in another process: said when it was read.
@noinline missed(guard::Guard, ::Symbol) = count_missed!(guard)

function unreadable(guard, y)
    try
        Native.unsupported("output", y)
    catch error
        return missed(guard, error)
    end
end

@noinline function missed(guard::Guard, error::Exception)
    guard.on_error === :throw && (forget(guard); throw(error))
    count_missed!(guard)
    kind = nameof(typeof(error))
    lock(() -> kind in guard.told || (push!(guard.told, kind); false), guard.lock) && return nothing
    tell_missed(guard, sprint(showerror, error))
    return nothing
end

count_missed!(guard) = (Threads.atomic_add!(guard.unwatched, 1); forget(guard); nothing)

# The verdict of the calling task is that of its last batch, of which nothing was seen; not of the one before.
forget(guard) = (guard.here && Native.run(guard.handle, "guard.forget", (caller = caller(),)); nothing)

# The alert reaches the log as any other does; that of a guard which is closed or whose thread has died is not delivered any more.
function tell_missed(guard, text)
    message = "outputs are not watched: $text; the model's answers are not held up, and each call is counted (counters(guard).unwatched)"
    delivered = try
        Native.run(guard.handle, "guard.unwatched", (message = message,))
        guard.notifier.state[] == RUNNING && guard.notifier.log
    catch error
        error isa FluxGuardError || rethrow()
        false
    end
    delivered || @error("FluxGuard: guard $(repr(guard.name)): $message", _group = :fluxguard)
    return nothing
end
