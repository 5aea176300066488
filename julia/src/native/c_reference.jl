# References, and many tests at once, through the C ABI: src/ffi/c/reference.rs. And a profile's sketches.

reference_new(face::CFace, y::AbstractArray{T}, observations::Int) where {T<:Element} = GC.@preserve y CReference(face, handle(face) do out
    ccall(symbol(face, :fg_reference_new), Int32, (Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ref{Ptr{Cvoid}}),
        dtype(T), pointer(y), length(y), observations, out)
end)

reference_compare(h::CReference, options::String, y::AbstractArray{T}, observations::Int) where {T<:Element} =
    GC.@preserve y text(h.face) do out
        ccall(symbol(h.face, :fg_reference_compare), Int32,
            (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ref{Text}),
            h, options, sizeof(options), dtype(T), pointer(y), length(y), observations, out)
    end

adjust(face::CFace, correction::String, p_values::Vector{Float64}) = text(face) do out
    ccall(symbol(face, :fg_adjust), Int32, (Ptr{UInt8}, Csize_t, Ptr{Float64}, Csize_t, Ref{Text}),
        correction, sizeof(correction), p_values, length(p_values), out)
end

e_bh(face::CFace, e_values::Vector{Float64}, alpha::Float64) = text(face) do out
    ccall(symbol(face, :fg_e_bh), Int32, (Ptr{Float64}, Csize_t, Float64, Ref{Text}), e_values, length(e_values), alpha, out)
end

profile_sketch(h::CProfile, kind::String, feature::Int) = CSketch(h.face, handle(h.face) do out
    ccall(symbol(h.face, :fg_profile_sketch), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Int64, Ref{Ptr{Cvoid}}),
        h, kind, sizeof(kind), feature, out)
end)
