# Detectors through the C ABI: src/ffi/c/detector.rs.

detector_names(face::CFace) = text(out -> ccall(symbol(face, :fg_detector_names), Int32, (Ref{Text},), out), face)

function detector_fit(face::CFace, name::String, options::String, y::AbstractArray{T}, observations::Int) where {T<:Element}
    pointer = GC.@preserve y handle(face) do out
        ccall(symbol(face, :fg_detector_fit), Int32,
            (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ref{Ptr{Cvoid}}),
            name, sizeof(name), options, sizeof(options), dtype(T), pointer_to(y), length(y), observations, out)
    end
    return CDetector(face, pointer)
end

function detector_fit_classifier(face::CFace, name::String, options::String, y::AbstractArray{T}, observations::Int,
    labels::Vector{UInt32}, weights::Matrix{Float64}, bias::Vector{Float64}) where {T<:Element}
    pointer = GC.@preserve y handle(face) do out
        ccall(symbol(face, :fg_detector_fit_classifier), Int32,
            (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{UInt32}, Csize_t,
                Ptr{Float64}, Csize_t, Ptr{Float64}, Csize_t, Ref{Ptr{Cvoid}}),
            name, sizeof(name), options, sizeof(options), dtype(T), pointer_to(y), length(y), observations, labels,
            length(labels), weights, length(weights), bias, length(bias), out)
    end
    return CDetector(face, pointer)
end

detector_score_within(face::CFace, name::String, options::String, y::AbstractArray{T}, observations::Int, labels::Vector{UInt32},
    weights::Matrix{Float64}, bias::Vector{Float64}, scores::Vector{Float64}, p_values::Vector{Float64}) where {T<:Element} =
    GC.@preserve y check(face, ccall(symbol(face, :fg_detector_score_within), Int32,
        (Ptr{UInt8}, Csize_t, Ptr{UInt8}, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{UInt32}, Csize_t,
            Ptr{Float64}, Csize_t, Ptr{Float64}, Csize_t, Ptr{Float64}, Ptr{Float64}, Csize_t),
        name, sizeof(name), options, sizeof(options), dtype(T), pointer(y), length(y), observations, labels, length(labels),
        weights, length(weights), bias, length(bias), scores, p_values, length(scores)))

# `pointer` is a variable above.
pointer_to(y) = pointer(y)

detector_load_mapped(face::CFace, path::String) = CDetector(face, handle(face) do out
    ccall(symbol(face, :fg_detector_load_mapped), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), path, sizeof(path), out)
end)

write_numbers(h::CDetector, call::Ptr{Cvoid}, out::Vector{Float64}, y::AbstractArray{T}, observations::Int) where {T<:Element} =
    GC.@preserve y out check(h.face, ccall(call, Int32, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{Float64}, Csize_t),
        h, dtype(T), pointer(y), length(y), observations, out, length(out)))

detector_score(h::CDetector, out::Vector{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    write_numbers(h, h.face.score, out, y, observations)
detector_pvalues(h::CDetector, out::Vector{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    write_numbers(h, symbol(h.face, :fg_detector_pvalues), out, y, observations)
detector_explain(h::CDetector, out::Vector{Float64}, y::AbstractArray{<:Element}, observations::Int) =
    write_numbers(h, symbol(h.face, :fg_detector_explain), out, y, observations)

detector_share(h::CDetector) = Int(check(h.face, ccall(symbol(h.face, :fg_detector_share), Int64, (Ptr{Cvoid},), h)))

detector_threshold(h::CDetector, options::String) = text(h.face) do out
    ccall(symbol(h.face, :fg_detector_threshold), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Text}), h, options, sizeof(options), out)
end

threshold(face::CFace, options::String, scores::Vector{Float64}) = text(face) do out
    ccall(symbol(face, :fg_threshold), Int32, (Ptr{UInt8}, Csize_t, Ptr{Float64}, Csize_t, Ref{Text}),
        options, sizeof(options), scores, length(scores), out)
end

quality(face::CFace, scores::Vector{Float64}, labels::Vector{UInt8}, threshold::Float64, curves::Bool) = text(face) do out
    ccall(symbol(face, :fg_quality), Int32, (Ptr{Float64}, Ptr{UInt8}, Csize_t, Float64, Int32, Ref{Text}),
        scores, labels, length(scores), threshold, curves, out)
end

compare_detectors(face::CFace, options::String, a::AbstractArray{S}, m::Int, b::AbstractArray{T}, n::Int,
    labels::Vector{UInt8}) where {S<:Element,T<:Element} = GC.@preserve a b text(face) do out
    ccall(symbol(face, :fg_compare_detectors), Int32,
        (Ptr{UInt8}, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{UInt8}, Ref{Text}),
        options, sizeof(options), dtype(S), pointer(a), length(a), m, dtype(T), pointer(b), length(b), n, labels, out)
end
