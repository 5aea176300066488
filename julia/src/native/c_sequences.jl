# Detectors of sequences through the C ABI: src/ffi/c/sequence.rs.

mutable struct CSequence <: SequenceHandle
    pointer::Ptr{Cvoid}
    free::Ptr{Cvoid} # looked up beforehand: the finalizer calls it
    face::CFace
end

Base.unsafe_convert(::Type{Ptr{Cvoid}}, h::CSequence) = h.pointer

function CSequence(face::CFace, pointer::Ptr{Cvoid})
    h = CSequence(pointer, symbol(face, :fg_sequence_free), face)
    finalizer(free, h)
    return h
end

# Called as a finalizer: frees memory that no one else can see.
function free(h::CSequence)
    pointer, h.pointer = h.pointer, C_NULL
    pointer == C_NULL || ccall(h.free, Cvoid, (Ptr{Cvoid},), pointer)
    return nothing
end

sequence_names(face::CFace) = text(out -> ccall(symbol(face, :fg_sequence_names), Int32, (Ref{Text},), out), face)

sequence_fit(face::CFace, name::String, options::String, reference::String) = CSequence(face, handle(face) do out
    ccall(symbol(face, :fg_sequence_fit), Int32,
        (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        name, sizeof(name), options, sizeof(options), reference, sizeof(reference), out)
end)

sequence_load(face::CFace, path::String) = CSequence(face, handle(face) do out
    ccall(symbol(face, :fg_sequence_load), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), path, sizeof(path), out)
end)

sequence_save(h::CSequence, path::String) = check(h.face,
    ccall(symbol(h.face, :fg_sequence_save), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t), h, path, sizeof(path)))

sequence_ask(h::CSequence, question::String) = text(h.face) do out
    ccall(symbol(h.face, :fg_sequence_ask), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Text}), h, question, sizeof(question), out)
end
