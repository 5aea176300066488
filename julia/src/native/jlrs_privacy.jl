# Privacy on the jlrs face: the functions of src/ffi/julia/privacy.rs. Arrays cross as addresses of memory that Julia
# keeps for the length of a call.

using FluxGuard.Native: Parameter

struct JlrsRun <: Native.RunHandle
    handle::Rust.RunHandle
end

struct JlrsSampler <: Native.SamplerHandle
    handle::Rust.SamplerHandle
end

struct JlrsCorrelated <: Native.CorrelatedHandle
    handle::Rust.CorrelatedHandle
end

address(array) = UInt(pointer(array))

Native.privacy_ask(::JlrsFace, question::String) = text(Rust.privacy_ask(question))

Native.privacy_clip_sum(::JlrsFace, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    GC.@preserve table norms text(Rust.privacy_clip_sum(
        options, dtype(T), address(table), length(table), examples, address(norms)))

Native.run_new(::JlrsFace, options::String) = JlrsRun(made(Rust.RunHandle, Rust.run_new(options)))
Native.run_ask(h::JlrsRun, question::String) = text(Rust.run_ask(h.handle, question))

Native.run_mean(h::JlrsRun, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    GC.@preserve table norms text(Rust.run_mean(
        h.handle, options, dtype(T), address(table), length(table), examples, address(norms)))

Native.run_sum(h::JlrsRun, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    GC.@preserve table norms text(Rust.run_sum(
        h.handle, options, dtype(T), address(table), length(table), examples, address(norms)))

Native.run_count(h::JlrsRun, options::String, norms::Vector{Float64}) =
    GC.@preserve norms text(Rust.run_count(h.handle, options, address(norms), length(norms)))

Native.run_begin(h::JlrsRun, options::String) = JlrsCorrelated(made(Rust.CorrelatedHandle, Rust.run_begin(h.handle, options)))

Native.sampler_new(::JlrsFace, options::String) = JlrsSampler(made(Rust.SamplerHandle, Rust.sampler_new(options)))
Native.sampler_id(h::JlrsSampler) = Int(check(Rust.sampler_id(h.handle)))
Native.sampler_draw(h::JlrsSampler, rate::Float64) = Int(check(Rust.sampler_draw(h.handle, rate)))
Native.sampler_take(h::JlrsSampler, lot::Vector{Int64}) =
    GC.@preserve lot Int(check(Rust.sampler_take(h.handle, address(lot), length(lot))))
Native.sampler_spend(h::JlrsSampler, draw::Int) = text(Rust.sampler_spend(h.handle, UInt64(draw)))

Native.correlated_step(h::JlrsCorrelated, sum::Vector{Float64}, examples::Union{Nothing,Vector{UInt64}}) =
    GC.@preserve sum examples check(Rust.correlated_step(h.handle, address(sum), length(sum), UInt(Native.names_at(examples)),
        examples === nothing ? 0 : length(examples)))
