# The face for Julia 1.10 and later: functions that jlrs generates from the Rust library, GC-safe where they can be long, with
# typed arrays where they are hot. Included when the library has been loaded, in a module where `Rust` is what it exports
# (src/jlrs).

using FluxGuard: FluxGuard, Native, exception
using FluxGuard.Native: Answer, Element, Handle, JlrsFace, Request, dtype, heard, owned

FluxGuard.binding(::JlrsFace) = :jlrs

Native.perform(::JlrsFace, request::Ref{Request}, answer::Ref{Answer}) = GC.@preserve request answer Rust.call(
    UInt(Base.unsafe_convert(Ptr{Request}, request)), UInt(Base.unsafe_convert(Ptr{Answer}, answer)))

# A negative number is minus an error's code; its message belongs to this thread until the task yields.
Native.failure(::JlrsFace, code) = exception(code, Rust.last_error())
@noinline raise(code) = throw(exception(code, Rust.last_error()))
check(number::Int64) = number < 0 ? raise(-number) : number

# jlrs takes an Array. A view of one, off the hot path, becomes an Array of the same memory for the length of a call.
array(y::Array) = y
array(y::AbstractArray) = unsafe_wrap(Array, pointer(y), size(y))

Native.observe(h::Handle{:guard,JlrsFace}, y::Array{<:Element}, observations::Int, caller::UInt64, copied::Bool) =
    GC.@preserve h Rust.guard_observe(UInt(owned(h)), y, observations, caller, copied)
Native.observe(h::Handle{:guard,JlrsFace}, y::AbstractArray{T}, observations::Int, caller::UInt64, copied::Bool) where {T<:Element} =
    GC.@preserve h y Rust.guard_observe_at(UInt(owned(h)), dtype(T, copied), UInt(pointer(y)), length(y), observations, caller)

Native.score!(h::Handle{:detector,JlrsFace}, out::Vector{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve h y heard(flag -> (check(Rust.detector_score(UInt(owned(h)), array(y), observations, out, UInt(flag))); nothing))

Native.update!(h::Handle{:stream,JlrsFace}, y::AbstractArray{<:Element}, fired::Vector{UInt64}) =
    GC.@preserve h y heard(flag -> Int(check(Rust.online_update(UInt(owned(h)), array(y), fired, UInt(flag)))))

Native.moments!(::JlrsFace, out::Matrix{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y (check(Rust.moments(array(y), observations, out)); nothing)

Native.wake(h::Handle{:guard,JlrsFace}, callback::Ptr{Cvoid}, data::Ptr{Cvoid}) =
    GC.@preserve h (check(Rust.guard_wake(UInt(owned(h)), UInt(callback), UInt(data))); nothing)
