# The hook. One call into Rust, nothing allocated in Julia.

# Names the calling task, so that each finds its own last verdict. A number to Rust, never followed as a pointer.
caller() = UInt64(pointer_from_objref(current_task()))

"""
    watch(guard, y)
    watch(guards::Tuple, y)

Feed an output to a guard, as [`observe!`](@ref) does, without making a [`Verdict`](@ref): what [`guarded`](@ref) calls.
Allocates nothing where `y` is an `Array` or a contiguous view of one. Invisible to automatic differentiation.
"""
function watch(guard::Guard, y::AbstractArray{<:Native.Element})
    # Not `Native.host`, which for a view would make a pair of a type that depends on the view's value.
    Native.contiguous(y) || return watch(guard, Native.hostcopy(y), true)
    return watch(guard, y, false)
end

function watch(guard::Guard, y::AbstractArray, copied::Bool)
    Native.observe(guard.handle, y, observations(guard, y), caller(), copied)
    return nothing
end

watch(::Guard, y) = Native.unsupported("output", y)

watch(::Tuple{}, y) = nothing
function watch(guards::Tuple, y)
    watch(first(guards), y)
    return watch(Base.tail(guards), y)
end

# A vector is many observations of one feature, or one observation of many.
observations(guard::Guard, y::AbstractVector) = guard.features == 1 ? length(y) : 1
observations(::Guard, y::AbstractArray) = observations(y)

"""
    observe!(guard, y) -> Verdict

Feed a batch of outputs and say what it looks like. `y` is features × observations: any number of dimensions, the last
is the observation, all others together must be the baseline's features; a vector is one observation (of a guard with
one feature: many). `Float16`, `Float32`, `Float64`. An `Array`, or a contiguous view or reshape of one, is read in
place; all else (permuted, lazy, GPU) is copied first and counted as `copied`. Any thread may call it. The
verdict is made in the same pass.

Throws [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref), [`FeatureMismatch`](@ref), [`GuardClosed`](@ref),
[`WorkerFailed`](@ref). NaN and Inf are anomalies, not errors.
"""
function observe!(guard::Guard, y::AbstractArray{<:Native.Element})
    seen, copied = Native.host(y)
    return judged(guard, "guard.observe", (caller = caller(), copied = copied), seen)
end
observe!(::Guard, y) = Native.unsupported("output", y)
