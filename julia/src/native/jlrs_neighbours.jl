# Neighbour stores and live thresholds through jlrs: src/ffi/julia/neighbours.rs, src/ffi/julia/threshold.rs.

struct JlrsNeighbours <: Native.NeighboursHandle
    handle::Rust.NeighboursHandle
end

struct JlrsThreshold <: Native.ThresholdHandle
    handle::Rust.ThresholdHandle
end

jlrs_neighbours(value) = JlrsNeighbours(made(Rust.NeighboursHandle, value))
Native.neighbours_new(::JlrsFace, options::String) = jlrs_neighbours(Rust.neighbours_new(options))
Native.neighbours_load(::JlrsFace, path::String, mapped::Bool) = jlrs_neighbours(Rust.neighbours_load(path, mapped))
Native.neighbours_save(h::JlrsNeighbours, path::String) = check(Rust.neighbours_save(h.handle, path))
Native.neighbours_add(h::JlrsNeighbours, y::AbstractArray{<:Element}, observations::Int, flagged::Vector{UInt8}, time::Float64) =
    GC.@preserve y Int(check(Rust.neighbours_add(h.handle, array(y), observations, flagged, time)))
Native.neighbours_search(h::JlrsNeighbours, y::AbstractArray{<:Element}, observations::Int, numbers::Matrix{UInt64},
    distances::Matrix{Float64}) = GC.@preserve y check(Rust.neighbours_search(h.handle, array(y), observations, numbers, distances))
Native.neighbours_evict(h::JlrsNeighbours, now::Float64) = Int(check(Rust.neighbours_evict(h.handle, now)))
Native.neighbours_points(h::JlrsNeighbours, out::Matrix{Float64}) = check(Rust.neighbours_points(h.handle, out))
Native.neighbours_describe(h::JlrsNeighbours) = text(Rust.neighbours_describe(h.handle))

jlrs_threshold(value) = JlrsThreshold(made(Rust.ThresholdHandle, value))
Native.live_threshold_new(::JlrsFace, options::String, scores::Vector{Float64}) = jlrs_threshold(Rust.live_threshold_new(options, scores))
Native.live_threshold_load(::JlrsFace, path::String) = jlrs_threshold(Rust.live_threshold_load(path))
Native.live_threshold_save(h::JlrsThreshold, path::String) = check(Rust.live_threshold_save(h.handle, path))
Native.live_threshold_update(h::JlrsThreshold, scores::Vector{Float64}, verdicts::Vector{UInt8}) =
    check(Rust.live_threshold_update(h.handle, scores, verdicts))
Native.live_threshold_tell(h::JlrsThreshold, words::String) = text(Rust.live_threshold_tell(h.handle, words))
