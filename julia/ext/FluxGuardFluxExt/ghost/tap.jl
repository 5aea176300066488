# A tap stands in for a layer during one pass and records what goes in and what cotangent comes back.

"One call of a layer in a pass: its input, and the cotangent of its linear part once the backward pass has been there."
mutable struct Call
    input::Any
    cotangent::Any
end

"What all taps of a model share during a pass."
mutable struct Pass
    observations::Int
    data::Vector{UInt} # what the batch's memory is called: no cotangent is needed for it
end

"""
The model cannot be recorded: `reason` says why. Caught, and the per-example path is taken instead.
"""
struct Unfit <: Exception
    reason::String
end

struct Tap{L}
    layer::L
    calls::Vector{Call}
    kept::Base.RefValue{Any} # per-example gradients, where they were small enough to keep from norms to sums
    pass::Pass
end

Tap(layer, pass::Pass) = Tap(layer, Call[], Ref{Any}(nothing), pass)

layer(t::Tap) = getfield(t, :layer)
@non_differentiable layer(::Any)

# A struct's own code may ask a layer for its fields. A parameter taken so shows up in the pullback, and is refused there.
Base.getproperty(t::Tap, name::Symbol) = getproperty(getfield(t, :layer), name)

function reset!(t::Tap)
    empty!(getfield(t, :calls))
    getfield(t, :kept)[] = nothing
    return t
end

"""
    linear(tap, x...)

The part of a layer that holds parameters, before its activation. Each layer's file defines `forward(layer, x...)`,
`backward(layer, dy, x...)` (the cotangents of `x`), `squares!(n, tap, index)` and `sums!(sums, tap, weights, index)`.
"""
linear(t::Tap, xs...) = forward(layer(t), xs...)

function ChainRulesCore.rrule(::typeof(linear), t::Tap, xs...)
    pass = getfield(t, :pass)
    y = forward(layer(t), xs...)
    n = size(y, ndims(y))
    n == pass.observations && ndims(y) > 1 ||
        throw(Unfit("$(layer(t)) gave $(size(y)): its last dimension is not the lot of $(pass.observations)"))
    call = Call(xs, nothing)
    push!(getfield(t, :calls), call)
    function linear_pullback(ȳ)
        dy = unthunk(ȳ)
        dy isa AbstractZero && return (NoTangent(), NoTangent(), map(_ -> ZeroTangent(), xs)...)
        call.cotangent === nothing || throw(Unfit("the backward pass went through $(layer(t)) twice"))
        call.cotangent = dy = settled(dy, eltype(y))
        all(x -> isdata(pass, x), xs) && return (NoTangent(), NoTangent(), map(_ -> ZeroTangent(), xs)...)
        return (NoTangent(), NoTangent(), backward(layer(t), dy, xs...)...)
    end
    return y, linear_pullback
end

"Whether `x` is the caller's data or a view of it: nothing before it has parameters."
isdata(pass::Pass, x) = x isa AbstractArray && (eltype(x) <: Integer || any(in(pass.data), Base.dataids(x)))

"An array in memory with elements `T`: lazy ones (`Fill`, views, permutations) are written out."
settled(x::DenseArray{T}, ::Type{T}) where {T} = x
settled(x::AbstractArray, ::Type{T}) where {T} = copyto!(Array{T}(undef, size(x)), x)

kept(t::Tap) = getfield(t, :kept)[]
keep!(t::Tap, gradients) = getfield(t, :kept)[] = gradients

"The calls that took part in the loss."
calls(t::Tap) = filter(call -> call.cotangent !== nothing, getfield(t, :calls))
