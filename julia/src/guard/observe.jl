# The hook. One call into Rust, nothing allocated in Julia.

# Names the calling task, so that each finds its own last verdict. A number to Rust, never followed as a pointer.
caller() = UInt64(pointer_from_objref(current_task()))

"""
What a guard sees of a model's output: a `part` of it, and of that the positions that are real. See [`guarded`](@ref).
"""
struct Watch{G<:Guard,P,M}
    guard::G
    part::P
    mask::M
end

"""
    watch(guard, y)

Feed an output to a guard, as [`observe!`](@ref) does, without making a [`Verdict`](@ref): what [`guarded`](@ref) calls. Never throws, unless
the guard says `on_error = :throw`: what goes wrong is counted and told (see missed.jl). Allocates nothing where `y` is an `Array` or a
contiguous view of one. Invisible to automatic differentiation.
"""
function watch(guard::Guard, y::AbstractArray{<:Native.Element})
    guard.positions === nothing || return watch_positions(guard, y, nothing)
    # Not `Native.host`, which for a view would make a pair of a type that depends on the view's value.
    Native.contiguous(y) || return watch(guard, Native.hostcopy(y), true)
    return watch(guard, y, false)
end

function watch(guard::Guard, y::AbstractArray, copied::Bool)
    guard.here || return missed(guard, :elsewhere)
    guard.untraced = true
    code = Native.observe(guard.handle, y, observations(guard, y), caller(), copied)
    code < 0 && missed(guard, y, code)
    return nothing
end

watch(guard::Guard, y) = missed(guard, y)

# Several guards of one output.
watch(::Tuple{}, y) = nothing
function watch(guards::Tuple, y)
    watch(first(guards), y)
    return watch(Base.tail(guards), y)
end

# All watches of a layer. `arguments` are those of the model's call.
watch(::Tuple{}, y, arguments) = nothing
function watch(watches::Tuple, y, arguments)
    watch(first(watches), y, arguments)
    return watch(Base.tail(watches), y, arguments)
end

watch(w::Watch{<:Guard,typeof(identity),Nothing}, y, arguments) = watch(w.guard, y)
function watch(w::Watch, y, arguments)
    try
        watch_part(w, y, arguments)
    catch error
        error isa InterruptException && rethrow()
        missed(w.guard, error)
    end
    return nothing
end

function watch_part(w::Watch, y, arguments)
    part = part_of(w.part, y)
    return w.mask === nothing ? watch(w.guard, part) : watch_positions(w.guard, part, mask_of(w.mask, arguments))
end

part_of(::typeof(identity), y) = y
function part_of(number::Integer, y)
    y isa AbstractArray{<:Number} && throw(invalid("output", "$number of a $(typeof(y))", "the number of a part, of an output that is a tuple of arrays"))
    applicable(length, y) && !(1 <= number <= length(y)) &&
        throw(invalid("output", "$number, of an output of $(plural(length(y), "part"))", "a number from 1 to $(length(y))"))
    return y[number]
end
function part_of(name::Symbol, y)
    names = y isa AbstractDict ? keys(y) : propertynames(y)
    name in names || throw(invalid("output", "$(repr(name)) of a $(nameof(typeof(y)))", "one of its parts: $(join(map(repr, collect(names)), ", "))"))
    return y isa AbstractDict ? y[name] : getproperty(y, name)
end
part_of(f, y) = of_user("output", f, y)

mask_of(mask::AbstractArray, arguments) = mask
mask_of(mask, arguments) = of_user("mask", mask, arguments...)

"What a user's function makes, and where it throws, which one did."
function of_user(argument, f, arguments...)
    try
        return f(arguments...)
    catch error
        error isa Union{InterruptException,FluxGuardError} && rethrow()
        throw(invalid(argument, "a function that throws: $(first(split(sprint(showerror, error), '\n')))",
            argument == "mask" ? "a function of the arguments of what is watched, the model or the layer at the place" : "a function of the model's output"))
    end
end

# A vector is many observations of one feature, or one observation of many.
observations(guard::Guard, y::AbstractVector) = guard.features == 1 ? length(y) : 1
observations(::Guard, y::AbstractArray) = observations(y)

"""
    observe!(guard, y; mask = nothing) -> Verdict

Feed a batch of outputs and say what it looks like. `y` is features × observations: any number of dimensions, the last
is the observation, all others together must be the baseline's features; a vector is one observation (of a guard with
one feature: many). Where the profile says `observation = dims`, each position of these dimensions is one, the others are the features, and
positions where `mask`, an array of `Bool` of their size, is false are left out. `Float16`, `Float32`, `Float64`. An `Array`, or a contiguous
view or reshape of one, is read in place; all else (permuted, lazy, masked, GPU) is copied first and counted as `copied`. Any thread may call
it. The verdict is made in the same pass. A batch of no observations is no error, and changes nothing.

`y` may be a table: its columns are the features, taken by the names that the profile has.

Throws [`ElementTypeUnsupported`](@ref), [`FeatureMismatch`](@ref), [`GuardClosed`](@ref),
[`WorkerFailed`](@ref), [`InvalidArgument`](@ref) of the mask. NaN and Inf are anomalies, not errors.
"""
function observe!(guard::Guard, y::AbstractArray{<:Native.Element}; mask = nothing)
    arranged, moved = arrange(guard, y, mask)
    holds_none(guard, arranged) && (forget(guard); return empty_verdict(guard))
    seen, copied = Native.host(arranged)
    return judged(guard, "guard.observe", (caller = caller(), copied = copied || moved), seen)
end
# Without features it is an error still.
holds_none(guard, y) = isempty(y) && observations(guard, y) == 0 && (ndims(y) == 1 || prod(Base.front(size(y))) == guard.features)

observe!(guard::Guard, y; mask = nothing) = observe!(guard, first(from_table("output", y, guard.names)); mask = mask)
