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
    observe::Ptr{Cvoid} # looked up once: these calls are the hot ones
    score::Ptr{Cvoid}
    moments::Ptr{Cvoid}
    listen::Ptr{Cvoid}
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
    face = CFace(library, path, Libdl.dlsym(library, :fg_guard_observe), Libdl.dlsym(library, :fg_detector_score),
        Libdl.dlsym(library, :fg_moments), Libdl.dlsym(library, :fg_listen))
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

listen(face::CFace, flag::Ptr{Cint}) = ccall(face.listen, Cvoid, (Ptr{Cint},), flag)

shutdown(face::CFace) = (ccall(symbol(face, :fg_shutdown), Cvoid, ()); nothing)

file_replace(face::CFace, path::String, bytes::Vector{UInt8}) = check(face, ccall(symbol(face, :fg_file_replace), Int32,
    (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t), path, sizeof(path), bytes, length(bytes)))

file_save(face::CFace, path::String, kind::String, version::UInt32, bytes::Vector{UInt8}) =
    check(face, ccall(symbol(face, :fg_file_save), Int32, (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, UInt32, Ptr{UInt8}, Csize_t),
        path, sizeof(path), kind, sizeof(kind), version, bytes, length(bytes)))

file_load(face::CFace, path::String, kind::String, version::UInt32) = Vector{UInt8}(codeunits(text(face) do out
    ccall(symbol(face, :fg_file_load), Int32, (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, UInt32, Ref{Text}),
        path, sizeof(path), kind, sizeof(kind), version, out)
end))

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
