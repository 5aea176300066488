# Online detectors through the C ABI.

stream_new(face::CFace, name::String, options::String) = CStream(face, handle(face) do out
    ccall(symbol(face, :fg_stream_new), Int32, (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        name, sizeof(name), options, sizeof(options), out)
end)

stream_update(h::CStream, y::AbstractArray{T}) where {T<:Element} = GC.@preserve y text(h.face) do out
    ccall(symbol(h.face, :fg_stream_update), Int32, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Ref{Text}),
        h, dtype(T), pointer(y), length(y), out)
end

stream_reset(h::CStream) = (check(h.face, ccall(symbol(h.face, :fg_stream_reset), Int32, (Ptr{Cvoid},), h)); nothing)
