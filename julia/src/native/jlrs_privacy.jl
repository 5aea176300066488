# Privacy on the jlrs face: the functions of src/ffi/julia/privacy.rs. Arrays cross as addresses of memory that Julia
# keeps for the length of a call.

using FluxGuard.Native: Parameter

struct JlrsNoise <: Native.NoiseHandle
    handle::Rust.NoiseHandle
end

struct JlrsSampler <: Native.SamplerHandle
    handle::Rust.SamplerHandle
end

struct JlrsCorrelated <: Native.CorrelatedHandle
    handle::Rust.CorrelatedHandle
end

address(array) = UInt(pointer(array))

Native.privacy_ask(::JlrsFace, question::String) = text(Rust.privacy_ask(question))

Native.noise_new(::JlrsFace, seed::Union{Nothing,UInt64}) =
    JlrsNoise(made(Rust.NoiseHandle, Rust.noise_new(seed !== nothing, something(seed, UInt64(0)))))

Native.privacy_clip_sum(::JlrsFace, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    GC.@preserve table norms text(Rust.privacy_clip_sum(
        options, dtype(T), address(table), length(table), examples, address(norms)))

Native.privacy_mean(h::JlrsNoise, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    GC.@preserve table norms text(Rust.privacy_mean(
        h.handle, options, dtype(T), address(table), length(table), examples, address(norms)))

Native.privacy_noise(h::JlrsNoise, options::String, T::Type, table::Vector{Parameter}) =
    GC.@preserve table check(Rust.privacy_noise(h.handle, options, dtype(T), address(table), length(table)))

Native.privacy_adapt(h::JlrsNoise, options::String, norms::Vector{Float64}) =
    GC.@preserve norms text(Rust.privacy_adapt(h.handle, options, address(norms), length(norms)))

Native.sampler_new(h::JlrsNoise, options::String) =
    JlrsSampler(made(Rust.SamplerHandle, Rust.sampler_new(h.handle, options)))
Native.sampler_draw(h::JlrsSampler) = Int(check(Rust.sampler_draw(h.handle)))
Native.sampler_take(h::JlrsSampler, lot::Vector{Int64}) =
    GC.@preserve lot check(Rust.sampler_take(h.handle, address(lot), length(lot)))

Native.correlated_new(h::JlrsNoise, options::String) =
    JlrsCorrelated(made(Rust.CorrelatedHandle, Rust.correlated_new(h.handle, options)))
Native.correlated_step(h::JlrsCorrelated, sum::Vector{Float64}) =
    GC.@preserve sum check(Rust.correlated_step(h.handle, address(sum), length(sum)))
