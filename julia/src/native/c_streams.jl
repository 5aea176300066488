# Online detectors through the C ABI.

mutable struct CStream <: StreamHandle
    pointer::Ptr{Cvoid}
    free::Ptr{Cvoid} # looked up beforehand: the finalizer calls it
    face::CFace
end

Base.unsafe_convert(::Type{Ptr{Cvoid}}, h::CStream) = h.pointer

function cstream(pointer::Ptr{Cvoid}, face::CFace)
    h = CStream(pointer, symbol(face, :fg_stream_free), face)
    finalizer(free, h)
    return h
end

stream_new(face::CFace, name::String, options::String) = cstream(handle(face) do out
    ccall(symbol(face, :fg_stream_new), Int32, (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        name, sizeof(name), options, sizeof(options), out)
end, face)

stream_load(face::CFace, path::String) = cstream(handle(face) do out
    ccall(symbol(face, :fg_stream_load), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), path, sizeof(path), out)
end, face)

stream_update(h::CStream, y::AbstractArray{T}) where {T<:Element} = GC.@preserve y text(h.face) do out
    ccall(symbol(h.face, :fg_stream_update), Int32, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Ref{Text}),
        h, dtype(T), pointer(y), length(y), out)
end

stream_describe(h::CStream) = text(h.face) do out
    ccall(symbol(h.face, :fg_stream_describe), Int32, (Ptr{Cvoid}, Ref{Text}), h, out)
end

stream_reset(h::CStream) = (check(h.face, ccall(symbol(h.face, :fg_stream_reset), Int32, (Ptr{Cvoid},), h)); nothing)

stream_save(h::CStream, path::String) = check(h.face,
    ccall(symbol(h.face, :fg_stream_save), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t), h, path, sizeof(path)))

# Called as a finalizer: frees memory that no one else can see.
function free(h::CStream)
    pointer, h.pointer = h.pointer, C_NULL
    pointer == C_NULL || ccall(h.free, Cvoid, (Ptr{Cvoid},), pointer)
    return nothing
end
