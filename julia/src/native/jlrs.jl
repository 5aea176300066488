# The face for Julia 1.10 and later: functions that jlrs generates from the Rust library, with typed arrays and handles
# that Julia's garbage collector owns. Included when the library has been loaded, in a module where `Rust` is what it
# exports (src/ffi/julia/exports.rs).

using FluxGuard: FluxGuard, Native, exception
using FluxGuard.Native: Element, dtype

"The jlrs face of a loaded library."
struct JlrsFace <: Native.Face
    path::String
end

struct JlrsProfile <: Native.ProfileHandle
    handle::Rust.ProfileHandle
end

struct JlrsGuard <: Native.GuardHandle
    handle::Rust.GuardHandle
end

FluxGuard.binding(::JlrsFace) = :jlrs

# A negative number is minus an error's code; its message belongs to this thread until the task yields.
@noinline raise(code) = throw(exception(code, Rust.last_error()))
check(number::Int64) = number < 0 ? raise(-number) : number
made(::Type{T}, value) where {T} = value isa Int64 ? raise(-value) : value::T
text(value) = made(String, value)

# jlrs takes an Array. A view of one, off the hot path, becomes an Array of the same memory for the length of a call.
array(y::Array) = y
array(y::AbstractArray) = unsafe_wrap(Array, pointer(y), size(y))

Native.abi_version(::JlrsFace) = Int(Rust.abi_version())
Native.errors(::JlrsFace) = text(Rust.errors())
Native.panic(::JlrsFace, message::String) = check(Rust.panic(message))
Native.listen(::Union{JlrsFace,Native.Handle}, flag::Ptr{Cint}) = Rust.listen(UInt(flag))
Native.shutdown(::JlrsFace) = (check(Rust.shutdown()); nothing)

Native.file_replace(::JlrsFace, path::String, bytes::Vector{UInt8}) = check(Rust.file_replace(path, bytes))
Native.file_save(::JlrsFace, path::String, kind::String, version::UInt32, bytes::Vector{UInt8}) =
    check(Rust.file_save(path, kind, version, bytes))
Native.file_load(::JlrsFace, path::String, kind::String, version::UInt32) =
    Vector{UInt8}(codeunits(text(Rust.file_load(path, kind, version))))

Native.profile_new(::JlrsFace, options::String) = JlrsProfile(made(Rust.ProfileHandle, Rust.profile_new(options)))
Native.profile_load(::JlrsFace, path::String) = JlrsProfile(made(Rust.ProfileHandle, Rust.profile_load(path)))
Native.profile_fit(h::JlrsProfile, y::AbstractArray{<:Element}, observations::Int, ::Bool) =
    GC.@preserve y check(Rust.profile_fit(h.handle, array(y), observations))
Native.profile_merge(into::JlrsProfile, from::JlrsProfile) = check(Rust.profile_merge(into.handle, from.handle))
Native.profile_describe(h::JlrsProfile) = text(Rust.profile_describe(h.handle))
Native.profile_save(h::JlrsProfile, path::String) = check(Rust.profile_save(h.handle, path))

Native.guard_new(::JlrsFace, profile::JlrsProfile, options::String) =
    JlrsGuard(made(Rust.GuardHandle, Rust.guard_new(profile.handle, options)))
Native.observe(h::JlrsGuard, y::Array{<:Element}, observations::Int, caller::UInt64, copied::Bool) =
    Int(check(Rust.guard_observe(h.handle, y, observations, caller, copied)))
Native.observe(h::JlrsGuard, y::AbstractArray{T}, observations::Int, caller::UInt64, copied::Bool) where {T<:Element} =
    GC.@preserve y Int(check(Rust.guard_observe_at(
        h.handle, dtype(T, copied), UInt(pointer(y)), length(y), observations, caller)))
Native.verdict(h::JlrsGuard, caller::UInt64) = text(Rust.guard_verdict(h.handle, caller))
Native.score(h::JlrsGuard, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y text(Rust.guard_score(h.handle, array(y), observations))
Native.alerts(h::JlrsGuard, after::Integer) = text(Rust.guard_alerts(h.handle, UInt64(after)))
Native.windows(h::JlrsGuard, after::Integer) = text(Rust.guard_windows(h.handle, UInt64(after)))
Native.counters(h::JlrsGuard) = text(Rust.guard_counters(h.handle))
Native.describe(h::JlrsGuard) = text(Rust.guard_describe(h.handle))
Native.flush(h::JlrsGuard, close::Bool) = UInt64(check(Rust.guard_flush(h.handle, close)))
Native.wait(h::JlrsGuard, ticket::UInt64, milliseconds::Integer) =
    1 == check(Rust.guard_wait(h.handle, ticket, UInt32(milliseconds)))
Native.wake(h::JlrsGuard, callback::Ptr{Cvoid}, data::Ptr{Cvoid}) =
    (check(Rust.guard_wake(h.handle, UInt(callback), UInt(data))); nothing)

Native.compare(::JlrsFace, options::String, a::AbstractArray{<:Element}, m::Int, b::AbstractArray{<:Element}, n::Int) =
    GC.@preserve a b text(Rust.compare(options, array(a), m, array(b), n))

function Native.moments(::JlrsFace, out::Matrix{Float64}, y::AbstractArray{<:Element})
    GC.@preserve y check(Rust.moments(out, array(y), FluxGuard.observations(y)))
    return nothing
end

struct JlrsStream <: Native.StreamHandle
    handle::Rust.StreamHandle
end

jlrs_stream(value) = JlrsStream(made(Rust.StreamHandle, value))
Native.stream_new(::JlrsFace, name::String, options::String) = jlrs_stream(Rust.stream_new(name, options))
Native.stream_load(::JlrsFace, path::String) = jlrs_stream(Rust.stream_load(path))
Native.stream_update(h::JlrsStream, y::AbstractArray{<:Element}) = GC.@preserve y text(Rust.stream_update(h.handle, array(y)))
Native.stream_describe(h::JlrsStream) = text(Rust.stream_describe(h.handle))
Native.stream_reset(h::JlrsStream) = (check(Rust.stream_reset(h.handle)); nothing)
Native.stream_save(h::JlrsStream, path::String) = check(Rust.stream_save(h.handle, path))
Base.include(@__MODULE__, joinpath(@__DIR__, "jlrs_privacy.jl"))
Base.include(@__MODULE__, joinpath(@__DIR__, "jlrs_performance.jl"))
Base.include(@__MODULE__, joinpath(@__DIR__, "jlrs_reference.jl"))
struct JlrsDetector <: Native.DetectorHandle
    handle::Rust.DetectorHandle
end

Native.detector_names(::JlrsFace) = text(Rust.detector_names())
Native.detector_fit(::JlrsFace, name::String, options::String, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y JlrsDetector(made(Rust.DetectorHandle, Rust.detector_fit(name, options, array(y), observations)))
Native.detector_fit_classifier(::JlrsFace, name::String, options::String, y::AbstractArray{<:Element}, observations::Int,
    labels::Vector{UInt32}, weights::Matrix{Float64}, bias::Vector{Float64}) = GC.@preserve y JlrsDetector(made(Rust.DetectorHandle,
        Rust.detector_fit_classifier(name, options, array(y), observations, labels, weights, bias)))
Native.detector_score_within(::JlrsFace, name::String, options::String, y::AbstractArray{<:Element}, observations::Int,
    labels::Vector{UInt32}, weights::Matrix{Float64}, bias::Vector{Float64}, scores::Vector{Float64}, p_values::Vector{Float64}) =
    GC.@preserve y check(Rust.detector_score_within(name, options, array(y), observations, labels, weights, bias, scores, p_values))
Native.detector_load(::JlrsFace, path::String) = JlrsDetector(made(Rust.DetectorHandle, Rust.detector_load(path)))
Native.detector_load_mapped(::JlrsFace, path::String) = JlrsDetector(made(Rust.DetectorHandle, Rust.detector_load_mapped(path)))
Native.detector_save(h::JlrsDetector, path::String) = check(Rust.detector_save(h.handle, path))
Native.detector_score(h::JlrsDetector, out::Vector{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y check(Rust.detector_score(h.handle, out, array(y), observations))
Native.detector_pvalues(h::JlrsDetector, out::Vector{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y check(Rust.detector_pvalues(h.handle, out, array(y), observations))
Native.detector_explain(h::JlrsDetector, out::Vector{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y check(Rust.detector_explain(h.handle, out, array(y), observations))
Native.detector_share(h::JlrsDetector) = Int(check(Rust.detector_share(h.handle)))
Native.detector_describe(h::JlrsDetector) = text(Rust.detector_describe(h.handle))
Native.detector_threshold(h::JlrsDetector, options::String) = text(Rust.detector_threshold(h.handle, options))
Native.threshold(::JlrsFace, options::String, scores::Vector{Float64}) = text(Rust.threshold(options, scores))
Native.quality(::JlrsFace, scores::Vector{Float64}, labels::Vector{UInt8}, threshold::Float64, curves::Bool) =
    text(Rust.quality(scores, labels, threshold, curves))
Native.compare_detectors(::JlrsFace, options::String, a::AbstractArray{<:Element}, m::Int, b::AbstractArray{<:Element}, n::Int,
    labels::Vector{UInt8}) = GC.@preserve a b text(Rust.compare_detectors(options, array(a), m, array(b), n, labels))
Base.include(@__MODULE__, joinpath(@__DIR__, "jlrs_sequences.jl"))
Base.include(@__MODULE__, joinpath(@__DIR__, "jlrs_neighbours.jl"))
