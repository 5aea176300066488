# Detectors of sequences through jlrs: src/ffi/julia/sequence.rs.

struct JlrsSequence <: Native.SequenceHandle
    handle::Rust.SequenceHandle
end

jlrs_sequence(value) = JlrsSequence(made(Rust.SequenceHandle, value))
Native.sequence_names(::JlrsFace) = text(Rust.sequence_names())
Native.sequence_fit(::JlrsFace, name::String, options::String, reference::String) =
    jlrs_sequence(Rust.sequence_fit(name, options, reference))
Native.sequence_load(::JlrsFace, path::String) = jlrs_sequence(Rust.sequence_load(path))
Native.sequence_save(h::JlrsSequence, path::String) = check(Rust.sequence_save(h.handle, path))
Native.sequence_ask(h::JlrsSequence, question::String) = text(Rust.sequence_ask(h.handle, question))
