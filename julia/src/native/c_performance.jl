# Estimates of performance, late labels and sketches through the C ABI: src/ffi/c/performance.rs, src/ffi/c/sketch.rs.

function performance_fit(face::CFace, options::String, y::AbstractArray{T}, observations::Int, predictions::Vector{Float64},
    labels::Vector{Float64}) where {T<:Element}
    made = GC.@preserve y handle(face) do out
        ccall(symbol(face, :fg_performance_fit), Int32,
            (Ptr{UInt8}, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{Float64}, Csize_t, Ptr{Float64}, Csize_t, Ref{Ptr{Cvoid}}),
            options, sizeof(options), dtype(T), pointer(y), length(y), observations, predictions, length(predictions),
            labels, length(labels), out)
    end
    return CPerformance(face, made)
end

performance_estimate(h::CPerformance, y::AbstractArray{T}, observations::Int, predictions::Vector{Float64},
    labels::Vector{Float64}) where {T<:Element} = GC.@preserve y text(h.face) do out
    ccall(symbol(h.face, :fg_performance_estimate), Int32,
        (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{Float64}, Csize_t, Ptr{Float64}, Csize_t, Ref{Text}),
        h, dtype(T), pointer(y), length(y), observations, predictions, length(predictions), labels, length(labels), out)
end

late_new(face::CFace, options::String) = CLate(face, handle(face) do out
    ccall(symbol(face, :fg_late_new), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), options, sizeof(options), out)
end)

for (name, call) in ((:late_record, :fg_late_record), (:late_label, :fg_late_label))
    @eval $name(h::CLate, ids::Vector{UInt64}, signed::Bool, values::Vector{Float64}, time::Float64) = text(h.face) do out
        ccall(symbol(h.face, $(QuoteNode(call))), Int32, (Ptr{Cvoid}, Ptr{UInt64}, UInt8, Ptr{Float64}, Csize_t, Float64, Ref{Text}),
            h, ids, signed, values, length(ids), time, out)
    end
end

sketch_new(face::CFace, kind::String, size::UInt32) = CSketch(face, handle(face) do out
    ccall(symbol(face, :fg_sketch_new), Int32, (Ptr{UInt8}, Csize_t, UInt32, Ref{Ptr{Cvoid}}), kind, sizeof(kind), size, out)
end)

sketch_read(face::CFace, kind::String, bytes::Vector{UInt8}) = CSketch(face, handle(face) do out
    ccall(symbol(face, :fg_sketch_read), Int32, (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        kind, sizeof(kind), bytes, length(bytes), out)
end)

sketch_update(h::CSketch, y::AbstractArray{T}) where {T<:Element} = GC.@preserve y check(h.face,
    ccall(symbol(h.face, :fg_sketch_update), Int32, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t), h, dtype(T), pointer(y), length(y)))

sketch_update_words(h::CSketch, words::String) = check(h.face,
    ccall(symbol(h.face, :fg_sketch_update_words), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t), h, words, sizeof(words)))

sketch_merge(into::CSketch, from::CSketch) = GC.@preserve from check(into.face,
    ccall(symbol(into.face, :fg_sketch_merge), Int32, (Ptr{Cvoid}, Ptr{Cvoid}), into, from))

sketch_bytes(h::CSketch) = Vector{UInt8}(codeunits(text(h.face) do out
    ccall(symbol(h.face, :fg_sketch_bytes), Int32, (Ptr{Cvoid}, Ref{Text}), h, out)
end))

sketch_ask(h::CSketch, question::String) = text(h.face) do out
    ccall(symbol(h.face, :fg_sketch_ask), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Text}), h, question, sizeof(question), out)
end
