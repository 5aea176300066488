# References, and many tests at once: the part of jlrs.jl that calls src/ffi/julia/reference.rs. And a profile's sketches.

struct JlrsReference <: Native.ReferenceHandle
    handle::Rust.ReferenceHandle
end

Native.reference_new(::JlrsFace, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y JlrsReference(made(Rust.ReferenceHandle, Rust.reference_new(array(y), observations)))
Native.reference_load(::JlrsFace, path::String) = JlrsReference(made(Rust.ReferenceHandle, Rust.reference_load(path)))
Native.reference_save(h::JlrsReference, path::String) = check(Rust.reference_save(h.handle, path))
Native.reference_describe(h::JlrsReference) = text(Rust.reference_describe(h.handle))
Native.reference_compare(h::JlrsReference, options::String, y::AbstractArray{<:Element}, observations::Int) =
    GC.@preserve y text(Rust.reference_compare(h.handle, options, array(y), observations))
Native.adjust(::JlrsFace, correction::String, p_values::Vector{Float64}) = text(Rust.adjust(correction, p_values))
Native.e_bh(::JlrsFace, e_values::Vector{Float64}, alpha::Float64) = text(Rust.e_bh(e_values, alpha))
Native.profile_sketch(h::JlrsProfile, kind::String, feature::Int) =
    JlrsSketch(made(Rust.SketchHandle, Rust.profile_sketch(h.handle, kind, feature)))
