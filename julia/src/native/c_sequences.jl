# Detectors of sequences through the C ABI: src/ffi/c/sequence.rs.

sequence_names(face::CFace) = text(out -> ccall(symbol(face, :fg_sequence_names), Int32, (Ref{Text},), out), face)

sequence_fit(face::CFace, name::String, options::String, reference::String) = CSequence(face, handle(face) do out
    ccall(symbol(face, :fg_sequence_fit), Int32,
        (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        name, sizeof(name), options, sizeof(options), reference, sizeof(reference), out)
end)

sequence_ask(h::CSequence, question::String) = text(h.face) do out
    ccall(symbol(h.face, :fg_sequence_ask), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Text}), h, question, sizeof(question), out)
end
