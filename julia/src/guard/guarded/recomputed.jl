# `Zygote.checkpointed` makes a call twice: forward, as if nobody wanted a gradient, and again in the backward pass.

"Whether a guard of these saw an output outside of a backward pass, as the first of two such calls does."
untraced(watches::Tuple) = any(w -> w.guard.untraced, watches)
traced!(watches::Tuple) = foreach(w -> w.guard.untraced = false, watches)

# What is known of places in the code: whether they are in the backward pass of a checkpoint.
const CHECKPOINTS = Dict{UInt,Bool}()
const CHECKPOINTS_LOCK = ReentrantLock()

"Whether this call is one that the backward pass of a checkpoint makes again."
recomputed() = any(is_checkpoint, backtrace())

is_checkpoint(place) = false # interpreted code
function is_checkpoint(place::Union{Ptr{Cvoid},UInt})
    known = lock(() -> get(CHECKPOINTS, UInt(place), nothing), CHECKPOINTS_LOCK)
    known === nothing || return known
    found = any(frame -> occursin("pullback_checkpointed", string(frame.func)), Base.StackTraces.lookup(place))
    lock(() -> CHECKPOINTS[UInt(place)] = found, CHECKPOINTS_LOCK)
    return found
end
