# Where randomness comes from.

"""
    NoiseSource(; seed = nothing)

Random bits for noise and lots: ChaCha20, keyed with 256 bits of the operating system's. No worker, restart or
checkpoint has the same stream: a source cannot be copied, serialized or saved.

With a `seed` (a whole number from 0) it is reproducible, for tests: such a run is **not private**, and
[`isprivate`](@ref) says so. May be used from several tasks; they take turns. Throws [`InvalidArgument`](@ref).
"""
struct NoiseSource
    handle::Native.NoiseHandle
    private::Bool
    function NoiseSource(; seed::Union{Nothing,Integer} = nothing)
        key = optional(x -> UInt64(whole("seed", x)), seed)
        return new(Native.noise_new(face(), key), seed === nothing)
    end
end

"""
    isprivate(source) -> Bool

Whether the randomness of a [`NoiseSource`](@ref), [`PoissonSampler`](@ref), [`TreeNoise`](@ref) or
[`BandedNoise`](@ref) was keyed by the operating system, and not by a seed.
"""
isprivate(source::NoiseSource) = source.private

Base.deepcopy_internal(::NoiseSource, ::IdDict) =
    throw(invalid("source", "a copy of a NoiseSource", "a new NoiseSource: two runs must not share noise"))

Base.show(io::IO, source::NoiseSource) =
    print(io, "NoiseSource(", source.private ? "keyed by the operating system" : "seeded: not private", ")")
