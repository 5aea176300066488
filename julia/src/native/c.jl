# The portable face: the C ABI of src/ffi/c.rs, for any Julia from 1.5 on.

dtype(::Type{Float16}) = Int32(1)
dtype(::Type{Float32}) = Int32(2)
dtype(::Type{Float64}) = Int32(3)

# Or-ed to the element type when the array had to be copied.
const COPIED = Int32(256)

dtype(T::Type, copied::Bool) = copied ? dtype(T) | COPIED : dtype(T)

"The C face of a loaded library."
struct CFace <: Face
    library::Ptr{Cvoid}
    path::String
    profile_free::Ptr{Cvoid} # looked up beforehand: finalizers call them
    guard_free::Ptr{Cvoid}
    moments::Ptr{Cvoid} # and this call is a hot one
end

mutable struct CProfile <: ProfileHandle
    pointer::Ptr{Cvoid}
    face::CFace
end

mutable struct CGuard <: GuardHandle
    pointer::Ptr{Cvoid}
    observe::Ptr{Cvoid} # looked up once: this call is the hot one
    face::CFace
end

# A string that Rust allocated.
struct Text
    pointer::Ptr{UInt8}
    length::Csize_t
end

"""
    cface(path) -> CFace

Load the library. Throws [`LibraryUnavailable`](@ref) where it cannot be loaded or speaks another version.
"""
function cface(path::AbstractString)
    library = try
        Libdl.dlopen(path)
    catch error
        throw(LibraryUnavailable("$path cannot be loaded ($(sprint(showerror, error))); run `cargo build --release` again on this machine"))
    end
    Libdl.dlsym(library, :fg_abi_version; throw_error = false) === nothing &&
        throw(LibraryUnavailable("$path is not FluxGuard's library: it has no fg_abi_version"))
    face = CFace(library, path, Libdl.dlsym(library, :fg_profile_free), Libdl.dlsym(library, :fg_guard_free),
        Libdl.dlsym(library, :fg_moments))
    version = abi_version(face)
    version == ABI_VERSION || throw(LibraryUnavailable(
        "$path speaks version $version of the border, this package version $ABI_VERSION; build the library from the package's own checkout"))
    return face
end

symbol(face::CFace, name::Symbol) = Libdl.dlsym(face.library, name)

function text(call, face::CFace)
    out = Ref(Text(C_NULL, 0))
    check(face, call(out))
    return take(face, out[])
end

function take(face::CFace, out::Text)
    out.pointer == C_NULL && return ""
    string = unsafe_string(out.pointer, out.length)
    ccall(symbol(face, :fg_text_free), Cvoid, (Ptr{UInt8}, Csize_t), out.pointer, out.length)
    return string
end

# The message belongs to the OS thread of the failed call: there must be no chance for the task to move in between.
check(face::CFace, code::Integer) = code < 0 ? raise(face, -code) : code

@noinline function raise(face::CFace, code::Integer)
    out = Ref(Text(C_NULL, 0))
    ccall(symbol(face, :fg_last_error), Int32, (Ref{Text},), out)
    throw(exception(code, take(face, out[])))
end

function handle(call, face::CFace)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check(face, call(out))
    return out[]
end

abi_version(face::CFace) = Int(ccall(symbol(face, :fg_abi_version), Int32, ()))

errors(face::CFace) = text(face) do out
    ccall(symbol(face, :fg_errors), Int32, (Ref{Text},), out)
end

panic(face::CFace, message::String) =
    check(face, ccall(symbol(face, :fg_panic), Int32, (Ptr{UInt8}, Csize_t), message, sizeof(message)))

# Profiles

function profile_new(face::CFace, options::String)
    pointer = handle(face) do out
        ccall(symbol(face, :fg_profile_new), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), options, sizeof(options), out)
    end
    h = CProfile(pointer, face)
    finalizer(free, h)
    return h
end

function profile_load(face::CFace, path::String)
    pointer = handle(face) do out
        ccall(symbol(face, :fg_profile_load), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), path, sizeof(path), out)
    end
    h = CProfile(pointer, face)
    finalizer(free, h)
    return h
end

profile_fit(h::CProfile, y::AbstractArray{T}, observations::Int, copied::Bool) where {T<:Element} =
    GC.@preserve y check(h.face, ccall(symbol(h.face, :fg_profile_fit), Int32,
        (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t), h, dtype(T, copied), pointer(y), length(y), observations))

profile_merge(into::CProfile, from::CProfile) =
    check(into.face, ccall(symbol(into.face, :fg_profile_merge), Int32, (Ptr{Cvoid}, Ptr{Cvoid}), into, from))

profile_describe(h::CProfile) = text(h.face) do out
    ccall(symbol(h.face, :fg_profile_describe), Int32, (Ptr{Cvoid}, Ref{Text}), h, out)
end

profile_save(h::CProfile, path::String) = check(h.face,
    ccall(symbol(h.face, :fg_profile_save), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t), h, path, sizeof(path)))

# Called as a finalizer: frees memory that no one else can see.
function free(h::CProfile)
    pointer, h.pointer = h.pointer, C_NULL
    pointer == C_NULL || ccall(h.face.profile_free, Cvoid, (Ptr{Cvoid},), pointer)
    return nothing
end

# Guards

function guard_new(face::CFace, profile::CProfile, options::String)
    pointer = handle(face) do out
        ccall(symbol(face, :fg_guard_new), Int32,
            (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), profile, options, sizeof(options), out)
    end
    h = CGuard(pointer, symbol(face, :fg_guard_observe), face)
    finalizer(free, h)
    return h
end

function observe(h::CGuard, y::AbstractArray{T}, observations::Int, caller::UInt64, copied::Bool) where {T<:Element}
    anomalous = GC.@preserve y h ccall(h.observe, Int64, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, UInt64),
        h.pointer, dtype(T, copied), pointer(y), length(y), observations, caller)
    anomalous < 0 && raise(h.face, -anomalous)
    return Int(anomalous)
end

verdict(h::CGuard, caller::UInt64) = text(h.face) do out
    ccall(symbol(h.face, :fg_guard_verdict), Int32, (Ptr{Cvoid}, UInt64, Ref{Text}), h, caller, out)
end

score(h::CGuard, y::AbstractArray{T}, observations::Int) where {T<:Element} = GC.@preserve y text(h.face) do out
    ccall(symbol(h.face, :fg_guard_score), Int32, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ref{Text}),
        h, dtype(T, false), pointer(y), length(y), observations, out)
end

for (name, export_name) in ((:alerts, :fg_guard_alerts), (:windows, :fg_guard_windows))
    @eval $name(h::CGuard, after::Integer) = text(h.face) do out
        ccall(symbol(h.face, $(QuoteNode(export_name))), Int32, (Ptr{Cvoid}, UInt64, Ref{Text}), h, after, out)
    end
end

for (name, export_name) in ((:counters, :fg_guard_counters), (:describe, :fg_guard_describe))
    @eval $name(h::CGuard) = text(h.face) do out
        ccall(symbol(h.face, $(QuoteNode(export_name))), Int32, (Ptr{Cvoid}, Ref{Text}), h, out)
    end
end

flush(h::CGuard, close::Bool) =
    UInt64(check(h.face, ccall(symbol(h.face, :fg_guard_flush), Int64, (Ptr{Cvoid}, Int32), h, close)))

wait(h::CGuard, ticket::UInt64, milliseconds::Integer) = 1 == check(h.face,
    ccall(symbol(h.face, :fg_guard_wait), Int32, (Ptr{Cvoid}, UInt64, UInt32), h, ticket, milliseconds))

function wake(h::CGuard, callback::Ptr{Cvoid}, data::Ptr{Cvoid})
    check(h.face, ccall(symbol(h.face, :fg_guard_wake), Int32, (Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Cvoid}), h, callback, data))
    return nothing
end

# Called as a finalizer: Rust closes an open guard in the background and does not keep the caller.
function free(h::CGuard)
    pointer, h.pointer = h.pointer, C_NULL
    pointer == C_NULL || ccall(h.face.guard_free, Cvoid, (Ptr{Cvoid},), pointer)
    return nothing
end

# The process

shutdown(face::CFace) = (ccall(symbol(face, :fg_shutdown), Cvoid, ()); nothing)

compare(face::CFace, options::String, a::AbstractArray{S}, m::Int, b::AbstractArray{T}, n::Int) where {S<:Element,T<:Element} =
    GC.@preserve a b text(face) do out
        ccall(symbol(face, :fg_compare), Int32,
            (Ptr{UInt8}, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ref{Text}),
            options, sizeof(options), dtype(S, false), pointer(a), length(a), m, dtype(T, false), pointer(b), length(b), n, out)
    end

function moments(face::CFace, out::Matrix{Float64}, y::AbstractArray{T}) where {T<:Element}
    code = GC.@preserve y out ccall(face.moments, Int32, (Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{Float64}),
        dtype(T), pointer(y), length(y), FluxGuard.observations(y), out)
    check(face, code)
    return nothing
end

Base.unsafe_convert(::Type{Ptr{Cvoid}}, h::Union{CProfile,CGuard}) = h.pointer
