# The portable face: the C ABI of include/fluxguard.h, for any Julia from 1.5 on.

"A loaded library, and where its functions are: looked up once, for finalizers, and for the calls that are hot."
struct Library
    handle::Ptr{Cvoid}
    path::String
    call::Ptr{Cvoid}
    free::Ptr{Cvoid}
    free_bytes::Ptr{Cvoid}
    last_error::Ptr{Cvoid}
    observe::Ptr{Cvoid}
    score::Ptr{Cvoid}
    update::Ptr{Cvoid}
    moments::Ptr{Cvoid}
    wake::Ptr{Cvoid}
end

function Library(path::AbstractString, handle::Ptr{Cvoid} = Libdl.dlopen(path))
    symbol(name) = Libdl.dlsym(handle, name)
    return Library(handle, path, symbol(:fg_call), symbol(:fg_free), symbol(:fg_free_bytes), symbol(:fg_last_error), symbol(:fg_guard_observe),
        symbol(:fg_detector_score), symbol(:fg_online_update), symbol(:fg_moments), symbol(:fg_guard_wake))
end

"The C face of a loaded library."
struct CFace <: Face
    library::Library
end

"The jlrs face of a loaded library. Its calls are generated when JlrsCore is loaded (jlrs.jl); its type is known everywhere, so that what was
saved by one face can be read by the other."
struct JlrsFace <: Face
    library::Library
end

library(face::Face) = face.library

"""
    cface(path) -> CFace

Load the library. Throws [`LibraryUnavailable`](@ref) where it cannot be loaded or speaks another version.
"""
function cface(path::AbstractString)
    handle = try
        Libdl.dlopen(path)
    catch error
        throw(LibraryUnavailable("$path cannot be loaded ($(sprint(showerror, error))); run `cargo build --release` again on this machine"))
    end
    symbol = Libdl.dlsym(handle, :fg_abi_version; throw_error = false)
    symbol === nothing && throw(LibraryUnavailable("$path is not FluxGuard's library: it has no fg_abi_version"))
    version = ccall(symbol, Int32, ())
    version == ABI_VERSION || throw(LibraryUnavailable(
        "$path speaks version $version of the border, this package version $ABI_VERSION; build the library from the package's own checkout"))
    return CFace(Library(path, handle))
end

perform(face::CFace, request, answer) = ccall(face.library.call, Int32, (Ref{Request}, Ref{Answer}), request, answer)

# The message belongs to the OS thread of the failed call: there must be no chance for the task to move in between.
check(face::CFace, code::Int64) = code < 0 ? raise(face, -code) : code
@noinline raise(face::CFace, code) = throw(failure(face, code))

"The exception of the last failed call. There must have been no chance for the task to move since."
failure(h::Handle, code) = failure(h.face, code)
function failure(face::CFace, code)
    answer = Ref{Answer}()
    ccall(face.library.last_error, Cvoid, (Ref{Answer},), answer)
    return exception(code, string_of(face, answer[]))
end

# The calls that are counted in nanoseconds.

"Take in a batch; gives how many observations are anomalous, or minus the code of an error, which [`failure`](@ref FluxGuard.Native.failure) makes of it."
observe(h::Handle{:guard,CFace}, y::AbstractArray{T}, observations::Int, caller::UInt64, copied::Bool) where {T<:Element} =
    GC.@preserve y h ccall(h.face.library.observe, Int64, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, UInt64),
        owned(h), dtype(T, copied), pointer(y), length(y), observations, caller)

"Write one score per observation."
score!(h::Handle{:detector,CFace}, out::Vector{Float64}, y::AbstractArray{T}, observations::Int) where {T<:Element} =
    GC.@preserve y h heard(flag -> (check(h.face, ccall(h.face.library.score, Int64,
        (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{Float64}, Csize_t, Ptr{Cint}),
        owned(h), dtype(T), pointer(y), length(y), observations, out, length(out), flag)); nothing))

"Take in values; writes to `fired` where the detector fired (from 0), and gives how often."
update!(h::Handle{:stream,CFace}, y::AbstractArray{T}, fired::Vector{UInt64}) where {T<:Element} =
    GC.@preserve y h heard(flag -> Int(check(h.face, ccall(h.face.library.update, Int64,
        (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Ptr{UInt64}, Ptr{Cint}), owned(h), dtype(T), pointer(y), length(y), fired, flag))))

"Write five numbers per feature."
moments!(face::CFace, out::Matrix{Float64}, y::AbstractArray{T}, observations::Int) where {T<:Element} =
    GC.@preserve y (check(face, ccall(face.library.moments, Int64, (Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{Float64}, Csize_t),
        dtype(T), pointer(y), length(y), observations, out, length(out))); nothing)

"Have Rust call `callback(data)` after it published alerts; `C_NULL`: no more."
wake(h::Handle{:guard,CFace}, callback::Ptr{Cvoid}, data::Ptr{Cvoid}) = GC.@preserve h (check(h.face,
    ccall(h.face.library.wake, Int64, (Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Cvoid}), owned(h), callback, data)); nothing)
