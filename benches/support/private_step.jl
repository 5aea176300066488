# The step that private.jl measures: `private_step.jl mlp|cnn fast|discrete` prints nanoseconds of the ordinary and the
# private step, a line a round, and last the bytes that each allocates.

using FluxGuard, FluxGuard.Privacy, Flux
using Random: MersenneTwister, randn

include("measure.jl")

const RNG = MersenneTwister(1)

mlp() = Chain(Dense(784 => 256, relu), Dense(256 => 128, relu), Dense(128 => 10)), randn(RNG, Float32, 784, 256)
cnn() = Chain(Conv((5, 5), 1 => 16, relu; stride = 2, pad = 2), Conv((3, 3), 16 => 32, relu; pad = 1), MaxPool((2, 2)), Flux.flatten,
    Dense(7 * 7 * 32 => 64, relu), Dense(64 => 10)), randn(RNG, Float32, 28, 28, 1, 128)

function step(model, ad, x, y)
    opt = Flux.setup(Descent(1e-2), model)
    loss(m, x, y) = Flux.logitcrossentropy(m(x), y)
    return batch -> (Flux.update!(opt, model, Flux.withgradient(loss, ad, model, batch...).grad[1]); nothing)
end

function main(network, noise)
    model, x = network == "mlp" ? mlp() : cnn()
    n = size(x, ndims(x))
    y = Flux.onehotbatch(rand(RNG, 0:9, n), 0:9)
    dp = AutoDP(AutoZygote(); clip = 1.0, noise_multiplier = 1.0, lot_size = n, lots = :any, relation = :replace_one, noise = Symbol(noise))
    steps = [step(deepcopy(model), ad, x, y) for ad in (AutoZygote(), dp)]
    for _ in 1:3, f in steps
        f((x, y))
    end
    # five steps a block: garbage is collected on both sides
    times = alternate([timer(f, (x, y); calls = 5) for f in steps]; rounds = 60, seconds = 60)
    foreach(row -> println(join(row, " ")), eachrow(times))
    println(join((@allocated(f((x, y))) for f in steps), " "))
end

main(ARGS...)
