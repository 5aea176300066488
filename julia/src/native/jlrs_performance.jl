# Estimates of performance, late labels and sketches: the part of jlrs.jl that calls src/ffi/julia/performance.rs and sketch.rs.

struct JlrsPerformance <: Native.PerformanceHandle
    handle::Rust.PerformanceHandle
end

Native.performance_fit(::JlrsFace, options::String, y::AbstractArray{<:Element}, observations::Int, predictions::Vector{Float64},
    labels::Vector{Float64}) = GC.@preserve y JlrsPerformance(made(Rust.PerformanceHandle,
    Rust.performance_fit(options, array(y), observations, predictions, labels)))
Native.performance_load(::JlrsFace, path::String) = JlrsPerformance(made(Rust.PerformanceHandle, Rust.performance_load(path)))
Native.performance_save(h::JlrsPerformance, path::String) = check(Rust.performance_save(h.handle, path))
Native.performance_describe(h::JlrsPerformance) = text(Rust.performance_describe(h.handle))
Native.performance_estimate(h::JlrsPerformance, y::AbstractArray{<:Element}, observations::Int, predictions::Vector{Float64},
    labels::Vector{Float64}) = GC.@preserve y text(Rust.performance_estimate(h.handle, array(y), observations, predictions, labels))

struct JlrsLate <: Native.LateHandle
    handle::Rust.LateHandle
end

Native.late_new(::JlrsFace, options::String) = JlrsLate(made(Rust.LateHandle, Rust.late_new(options)))
Native.late_load(::JlrsFace, path::String) = JlrsLate(made(Rust.LateHandle, Rust.late_load(path)))
Native.late_save(h::JlrsLate, path::String) = check(Rust.late_save(h.handle, path))
Native.late_describe(h::JlrsLate) = text(Rust.late_describe(h.handle))
Native.late_record(h::JlrsLate, ids::Vector{UInt64}, signed::Bool, values::Vector{Float64}, time::Float64) =
    text(Rust.late_record(h.handle, ids, UInt8(signed), values, time))
Native.late_label(h::JlrsLate, ids::Vector{UInt64}, signed::Bool, values::Vector{Float64}, time::Float64) =
    text(Rust.late_label(h.handle, ids, UInt8(signed), values, time))

struct JlrsSketch <: Native.SketchHandle
    handle::Rust.SketchHandle
end

Native.sketch_new(::JlrsFace, kind::String, size::UInt32) = JlrsSketch(made(Rust.SketchHandle, Rust.sketch_new(kind, size)))
Native.sketch_read(::JlrsFace, kind::String, bytes::Vector{UInt8}) = JlrsSketch(made(Rust.SketchHandle, Rust.sketch_read(kind, bytes)))
Native.sketch_update(h::JlrsSketch, y::AbstractArray{<:Element}) = GC.@preserve y check(Rust.sketch_update(h.handle, array(y)))
Native.sketch_update_words(h::JlrsSketch, words::String) = check(Rust.sketch_update_words(h.handle, words))
Native.sketch_merge(into::JlrsSketch, from::JlrsSketch) = check(Rust.sketch_merge(into.handle, from.handle))
Native.sketch_bytes(h::JlrsSketch) = Vector{UInt8}(codeunits(text(Rust.sketch_bytes(h.handle))))
Native.sketch_ask(h::JlrsSketch, question::String) = text(Rust.sketch_ask(h.handle, question))
