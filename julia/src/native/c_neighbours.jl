# Neighbour stores and live thresholds through the C ABI: src/ffi/c/neighbours.rs, src/ffi/c/threshold.rs.

neighbours_new(face::CFace, options::String) = CNeighbours(face, handle(face) do out
    ccall(symbol(face, :fg_neighbours_new), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), options, sizeof(options), out)
end)

neighbours_load(face::CFace, path::String, mapped::Bool) = CNeighbours(face, handle(face) do out
    ccall(symbol(face, :fg_neighbours_load), Int32, (Ptr{UInt8}, Csize_t, Int32, Ref{Ptr{Cvoid}}), path, sizeof(path), mapped, out)
end)

neighbours_add(h::CNeighbours, y::AbstractArray{T}, observations::Int, flagged::Vector{UInt8}, time::Float64) where {T<:Element} =
    GC.@preserve y Int(check(h.face, ccall(symbol(h.face, :fg_neighbours_add), Int64,
        (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ptr{UInt8}, Csize_t, Float64),
        h, dtype(T), pointer(y), length(y), observations, flagged, length(flagged), time)))

neighbours_search(h::CNeighbours, y::AbstractArray{T}, observations::Int, numbers::Matrix{UInt64}, distances::Matrix{Float64}) where {T<:Element} =
    GC.@preserve y check(h.face, ccall(symbol(h.face, :fg_neighbours_search), Int32,
        (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Csize_t, Ptr{UInt64}, Ptr{Float64}),
        h, dtype(T), pointer(y), length(y), observations, size(numbers, 1), numbers, distances))

neighbours_evict(h::CNeighbours, now::Float64) =
    Int(check(h.face, ccall(symbol(h.face, :fg_neighbours_evict), Int64, (Ptr{Cvoid}, Float64), h, now)))

neighbours_points(h::CNeighbours, out::Matrix{Float64}) = check(h.face,
    ccall(symbol(h.face, :fg_neighbours_points), Int32, (Ptr{Cvoid}, Ptr{Float64}, Csize_t), h, out, length(out)))

live_threshold_new(face::CFace, options::String, scores::Vector{Float64}) = CThreshold(face, handle(face) do out
    ccall(symbol(face, :fg_live_threshold_new), Int32, (Ptr{UInt8}, Csize_t, Ptr{Float64}, Csize_t, Ref{Ptr{Cvoid}}),
        options, sizeof(options), scores, length(scores), out)
end)

live_threshold_update(h::CThreshold, scores::Vector{Float64}, verdicts::Vector{UInt8}) = check(h.face,
    ccall(symbol(h.face, :fg_live_threshold_update), Int32, (Ptr{Cvoid}, Ptr{Float64}, Csize_t, Ptr{UInt8}),
        h, scores, length(scores), verdicts))

live_threshold_tell(h::CThreshold, words::String) = text(h.face) do out
    ccall(symbol(h.face, :fg_live_threshold_tell), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Text}), h, words, sizeof(words), out)
end
