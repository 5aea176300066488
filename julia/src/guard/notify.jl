# How alerts reach Julia. The worker thread calls uv_async_send after it published; that wakes a task, which fetches
# what is new, logs it and calls the user's functions. Wake-ups coalesce, so each one fetches all there is.
#
# The task must not keep a forgotten guard alive: a Notifier holds the native handle and not the Guard, and the Guard's
# finalizer only raises a flag and wakes the task, which then closes the guard as `close` would.

const RUNNING, ABANDONED, STOPPING, FINISHED = 0, 1, 2, 3

mutable struct Notifier{H<:Native.GuardHandle}
    handle::H
    name::String
    condition::Base.AsyncCondition
    state::Threads.Atomic{Int}
    handlers::Vector{Any}
    handlers_lock::ReentrantLock
    log::Bool
    delivered::Int
    given_up::Bool # a close has said that it waits no longer
    task::Task
    Notifier(handle::H, name, log, handlers) where {H} = new{H}(
        handle, name, Base.AsyncCondition(), Threads.Atomic{Int}(RUNNING), handlers, ReentrantLock(), log, 0, false)

    # Of a guard that stayed elsewhere: there is nothing to tell.
    function Notifier(handle::H, name) where {H}
        condition = Base.AsyncCondition()
        close(condition)
        return new{H}(handle, name, condition, Threads.Atomic{Int}(FINISHED), Any[], ReentrantLock(), false, 0, false)
    end
end

# Every notifier whose task has not ended, for the end of the process.
const NOTIFIERS = Set{Notifier}()
const NOTIFIERS_LOCK = ReentrantLock()

function start!(notifier::Notifier)
    Native.wake(notifier.handle, cglobal(:uv_async_send), notifier.condition.handle)
    notifier.task = Task(() -> attend(notifier))
    lock(() -> push!(NOTIFIERS, notifier), NOTIFIERS_LOCK)
    schedule(notifier.task)
    return notifier
end

# Safe in a finalizer and on any thread: neither blocks nor allocates. The condition is open while the task runs.
wake(notifier::Notifier) = ccall(:uv_async_send, Cint, (Ptr{Cvoid},), notifier.condition.handle)

function attend(notifier::Notifier)
    try
        while true
            notifier.state[] == ABANDONED && finish_testing(notifier.handle)
            stopping = notifier.state[] != RUNNING # read before the last fetch, so that the fetch sees all
            deliver(notifier)
            stopping && break
            wait(notifier.condition)
        end
    catch error
        error isa EOFError || @error(
            "FluxGuard: alerts of guard $(repr(notifier.name)) are no longer delivered; alerts(guard) still has them",
            exception = (error, catch_backtrace()), _group = :fluxguard)
    finally
        Native.wake(notifier.handle, C_NULL, C_NULL)
        notifier.state[] = FINISHED
        lock(() -> delete!(NOTIFIERS, notifier), NOTIFIERS_LOCK)
    end
end

# Gives a ticket to wait for.
begin_flush(handle, close) = Native.number(handle, "guard.flush", (close = close,))
alerts_after(handle, after) = parse_alerts(Native.ask(handle, "guard.alerts", (after = after,)))

# Refuse what comes, and test what came. Yields while it waits.
function finish_testing(handle)
    try
        await(handle, begin_flush(handle, true))
    catch error
        error isa GuardClosed || rethrow()
    end
end

# Wait for the worker in short naps, so that other tasks go on. Ctrl-C in a nap is thrown after it, in this task.
function await(handle, ticket; until = Inf)
    while Native.number(handle, "guard.wait", (ticket = ticket, milliseconds = 2)) == 0
        time() < until || return false
        yield()
    end
    return true
end

function deliver(notifier::Notifier)
    for alert in alerts_after(notifier.handle, notifier.delivered)
        notifier.delivered = alert.id
        notifier.log && log_alert(alert)
        for handler in lock(() -> copy(notifier.handlers), notifier.handlers_lock)
            call_handler(handler, alert)
        end
    end
end

function log_alert(a::Alert)
    @warn(visible(a.message), guard = visible(a.guard), model = visible(a.model), kind = a.kind, severity = a.severity,
        feature = optional(visible, a.feature),
        class = a.class, test = a.test, statistic = a.statistic, p_value = a.p_value,
        adjusted_p_value = a.adjusted_p_value, effect = a.effect, threshold = a.threshold, false_alarms = a.false_alarms,
        window = a.window.index, id = a.id, _group = :fluxguard, _id = :fluxguard_alert)
end

# A user's mistake must not cost the alerts that follow.
function call_handler(handler, alert)
    try
        Base.invokelatest(handler, alert)
    catch error
        @error("FluxGuard: a function given to on_alert failed",
            exception = (error, catch_backtrace()), alert = alert.id, _group = :fluxguard)
    end
end

# So long does a close wait for a function given to `on_alert` that does not return. It may wait itself for the task that closes, or for
# a lock that this one holds, and nobody can see that; then neither would ever go on. Said once: who closes again does not wait again, or a
# function that waits for a close at each alert would take as long for each.
const DELIVERY_SECONDS = Ref(30.0)

# Ends the task when it has delivered all; then nobody can send to the condition, and it may be closed.
function stop!(notifier::Notifier; until = Inf)
    Threads.atomic_cas!(notifier.state, RUNNING, STOPPING) == RUNNING && wake(notifier)
    current_task() === notifier.task && return # close() in an on_alert function: the task ends after it
    delivered, since = notifier.delivered, time()
    while !istaskdone(notifier.task)
        time() < until && !(notifier.given_up && until == Inf) || return
        if delivered != notifier.delivered
            delivered, since = notifier.delivered, time()
        elseif time() > since + DELIVERY_SECONDS[]
            notifier.given_up = true
            @error("FluxGuard: close of guard $(repr(notifier.name)) waits no longer for a function given to on_alert, which has " *
                "not returned for $(DELIVERY_SECONDS[]) s (does it wait for the task that closes?); the guard is closed and all is " *
                "tested, and the alerts that are left are delivered when it returns", alert = delivered, _group = :fluxguard)
            return
        end
        sleep(0.001)
    end
    isopen(notifier.condition) && close(notifier.condition)
    return
end

# Called as a guard's finalizer: sets a flag and wakes the task.
function abandon(notifier::Notifier)
    Threads.atomic_cas!(notifier.state, RUNNING, ABANDONED) == RUNNING && wake(notifier)
    return nothing
end

# At most this long does the end of a process wait for what is still to be tested.
const EXIT_SECONDS = Ref(30.0)

"""
Called at process exit: closes every guard, tests all that was observed, delivers its alerts and ends the worker.
Bounded in time: a function given to `on_alert` that does not return cannot hold the process.
"""
function shutdown()
    used = FACE[]
    used === nothing && return
    until = time() + EXIT_SECONDS[]
    done = true
    for notifier in lock(() -> collect(NOTIFIERS), NOTIFIERS_LOCK)
        try
            done &= await(notifier.handle, begin_flush(notifier.handle, true); until = until)
        catch error
            error isa FluxGuardError || rethrow()
        end
        stop!(notifier; until = until)
        Native.wake(notifier.handle, C_NULL, C_NULL)
    end
    done || @error("FluxGuard: the background worker was not done after $(EXIT_SECONDS[]) s, the process ends without it",
        _group = :fluxguard)
    done && Native.run(used, "library.shutdown")
    return
end
