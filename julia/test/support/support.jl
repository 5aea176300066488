# What several topics need: reference outputs with a known seed, and Julia as a subprocess.

module Support

using FluxGuard, Random, Test

export skip_topic, checkout_file, run_julia, logits, values_like, SplitMix64, uniform, baseline, scratch, jlrs_missing, eventually, test_faults

# (what, why) of each topic that cannot run here.
const SKIPPED = Tuple{String,String}[]

skip_topic(what, why) = (push!(SKIPPED, (what, why)); nothing)

"The generator of test/reference/splitmix64.py, for data that other languages make too; whose numbers no version of Julia changes."
mutable struct SplitMix64 <: AbstractRNG
    state::UInt64
end

function bits!(r::SplitMix64)
    r.state += 0x9E3779B97F4A7C15
    z = r.state
    z = xor(z, z >> 30) * 0xBF58476D1CE4E5B9
    z = xor(z, z >> 27) * 0x94D049BB133111EB
    return xor(z, z >> 31)
end

Random.rng_native_52(::SplitMix64) = UInt64
Random.rand(r::SplitMix64, ::Random.SamplerType{T}) where {T<:Union{Bool,Base.BitInteger64}} = bits!(r) % T
Random.rand(r::SplitMix64, ::Random.SamplerType{UInt128}) = UInt128(bits!(r)) << 64 | bits!(r)

"The next number in (0, 1)."
uniform(r::SplitMix64) = ((bits!(r) >> 12) + 0.5) / 2.0^52

"Classifier outputs before softmax, features × observations: one class leads in each."
function logits(seed, observations; classes = 4, T = Float32, sharpness = 4)
    rng = SplitMix64(seed)
    y = randn(rng, T, classes, observations)
    for j in 1:observations
        y[rand(rng, 1:classes), j] += T(sharpness)
    end
    return y
end

"Plain values, features × observations, standard normal and shifted by `shift`."
values_like(seed, features, observations; T = Float64, shift = 0) =
    randn(SplitMix64(seed), T, features, observations) .+ T(shift)


"A baseline of 2,000 logits of 4 classes, or of values."
baseline(; output = :logits, features = 4) =
    fit(Profile, output === :logits ? logits(1, 2000; classes = features) : values_like(1, features, 2000); output = output)

"""
A file of the checkout that the package stands in: one that was installed from its folder alone has none, and topics that call this are skipped.
"""
checkout_file(parts...) = joinpath(CHECKOUT, parts...)
const CHECKOUT = dirname(dirname(dirname(@__DIR__)))
has_checkout() = isfile(joinpath(CHECKOUT, "Cargo.toml"))

"A path in a folder that is removed when Julia ends."
scratch(name) = joinpath(mktempdir(), name)

"Why the jlrs face cannot be used here, or `nothing` where it can: asked of a Julia that is free to choose."
function jlrs_missing()
    code, out, err = run_julia("print(something(FluxGuard.versions().jlrs, \"\"))"; env = Dict("FLUXGUARD_BINDING" => ""))
    return code != 0 ? err : isempty(out) ? nothing : out
end

# What code in another process begins with: all that is public, and the border.
const PRELUDE = "using FluxGuard" * join(", FluxGuard.$room" for room in ("Outliers", "Sequences", "Drift", "Performance", "Sketches", "Privacy", "Audits", "Errors")) *
    "\nusing FluxGuard: Native\n"

"""
Run `code` in a Julia of its own with FluxGuard loaded. Gives (exit code, what it wrote to stdout, and to stderr); a
process that was ended by signal `s` has exit code -s.
"""
function run_julia(code; threads = 1, env = Dict{String,String}(), prelude = PRELUDE)
    script = scratch("script.jl")
    write(script, prelude * "include($(repr(@__FILE__))); using .Support\n" * code)
    command = `$(Base.julia_cmd()) --startup-file=no --threads=$threads --project=$(Base.active_project()) $script`
    out, err = IOBuffer(), IOBuffer()
    process = run(pipeline(ignorestatus(setenv(command, merge(Dict(ENV), env))); stdout = out, stderr = err))
    code = process.termsignal == 0 ? process.exitcode : -process.termsignal
    return code, String(take!(out)), String(take!(err))
end

"Whether `condition()` becomes true within so many seconds."
eventually(condition; seconds = 20) = timedwait(condition, float(seconds); pollint = 0.01) === :ok

"Tests that each call throws its exception, whose message has these words: (what, type, words, call)."
test_faults(cases) = @testset "$what" for (what, type, words, call) in cases
    fault = try
        call()
        nothing
    catch error
        error
    end
    @test fault isa type
    @test fault isa FluxGuardError
    for word in words
        @test occursin(word, fault === nothing ? "" : sprint(showerror, fault))
    end
end

include("witness.jl")
include("programs.jl")

end
