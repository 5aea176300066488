# A network with a guard on its output and the same network without.

struct Layer{F}
    W::Matrix{Float32}
    b::Vector{Float32}
    σ::F
end
(l::Layer)(x) = l.σ.(l.W * x .+ l.b)

struct Layers{T<:Tuple}
    layers::T
end
(m::Layers)(x) = foldl((x, layer) -> layer(x), m.layers; init = x)

relu(x) = max(x, zero(x))

const SIZES = (784, 256, 128, 10)

function plain_network()
    rng = MersenneTwister(1)
    layer(in, out, σ) = Layer(randn(rng, Float32, out, in) .* sqrt(2.0f0 / in), zeros(Float32, out), σ)
    return Layers((layer(SIZES[1], SIZES[2], relu), layer(SIZES[2], SIZES[3], relu), layer(SIZES[3], SIZES[4], identity)))
end

# Where the environment has Flux, it is Flux's.
function network()
    Base.find_package("Flux") === nothing && return plain_network(), "plain Julia: Flux is not in the environment"
    flux = try
        Base.require(Main, :Flux)
    catch error
        return plain_network(), "plain Julia: Flux does not load ($(first(split(sprint(showerror, error), '\n'))))"
    end
    dense(in, out, σ) = Base.invokelatest(flux.Dense, in => out, σ)
    chain = Base.invokelatest(flux.Chain, dense(SIZES[1], SIZES[2], flux.relu), dense(SIZES[2], SIZES[3], flux.relu), dense(SIZES[3], SIZES[4], identity))
    return chain, "Flux $(Base.pkgversion(flux))"
end

function network_rows()
    model, origin = network()
    return Base.invokelatest(network_rows, model, origin) # Flux was loaded after this was compiled
end

function network_rows(model, origin)
    topic = "A $(join(SIZES, "-")) network ($origin, $(blas_threads()) BLAS threads): guarded beside bare, :logits"
    rows = Row[]
    reference = model(randn(MersenneTwister(3), Float32, SIZES[1], 5000))
    for (batch, at_most) in ((256, 1.02), (1, 1.15))
        guard = Guard(fit(Profile, reference); log = false)
        hooked = guarded(model, guard)
        x = randn(MersenneTwister(4), Float32, SIZES[1], batch)
        calls = calls_in(100e-6, model, x)
        bare = timer(model, x; calls = calls)
        # The bare side twice: how far the ratio of equal sides is from 1 is what this machine adds.
        times = alternate([bare, timer(hooked, x; calls = calls), timer(model, x; calls = calls)]; rounds = 10_000, seconds = 25)
        push!(rows, ratio_row(topic, "batch $batch", times[:, 1], times[:, 2]; at_most = at_most, digits = 3))
        push!(rows, ratio_row(topic, "  bare beside bare, for the noise", times[:, 1], times[:, 3]; digits = 3))
        close(guard)
    end
    return rows
end
