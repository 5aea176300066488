# Our own private gradients pass an audit; broken ones do not.
using Test, Flux, FluxGuard, FluxGuard.Privacy, FluxGuard.Audits, Random
using Main.Support

Random.seed!(22)
const CANARIES = 400
model = Chain(Dense(1600 => 8, relu), Dense(8 => 10))
# large random inputs: gradients are nearly orthogonal, and far above the clip norm
x = 10 .* randn(Float32, 1600, CANARIES)
y = Flux.onehotbatch(rand(1:10, CANARIES), 1:10)
loss(m, x, y) = Flux.logitcrossentropy(m(x), y)
const σ, C, LOT, δ = 2.0, 1.0, 200, 1e-5
private() = AutoDP(AutoZygote(); clip = C, noise_multiplier = σ, lot_size = LOT, lots = :any, relation = :replace_one)
claimed = epsilon(; noise_multiplier = σ, sampler = :full_batch, steps = 1, delta = δ) # a canary in or out
attack(step) = audit_one_run(step, loss, model, (x, y); delta = δ, claimed = claimed)

@testset "sound: $path" for path in (:ghost, :each)
    dp = private()
    f = path === :ghost ? loss : (m, x, y) -> loss(m, x, y) + 0 * sum(m[1].weight)   # a parameter outside its layer
    r = attack(lot -> private_gradient(dp, f, model, lot).gradient)
    @test !r.violated
    @test isempty(dp.parts) || (only(dp.parts).recorder.unfit === nothing) == (path === :ghost)
end

@testset "noise dropped in one layer is caught" begin
    dp = private()
    step(lot) = begin
        g = private_gradient(dp, loss, model, lot).gradient
        quiet = AutoDP(AutoZygote(); clip = C, noise_multiplier = 1e-3, lot_size = LOT, lots = :any, relation = :replace_one)
        exact = private_gradient(quiet, loss, model, lot).gradient
        (layers = (exact.layers[1], g.layers[2]),)
    end
    r = attack(step)
    @test r.violated && r.epsilon > claimed
end

@testset "the mean clipped in place of each example is caught" begin
    step(lot) = begin
        g = Flux.gradient(m -> loss(m, lot...), model)[1]
        flat, rebuild = Flux.destructure(model)
        v = reduce(vcat, [vec(p) for p in Flux.trainables(g)])
        v = v .* min(1, C / sqrt(sum(abs2, v))) .+ Float32(σ * C / LOT) .* randn(Float32, length(v))
        m = rebuild(v)
        (layers = map(l -> (weight = l.weight, bias = l.bias, σ = nothing), m.layers),)
    end
    r = attack(step)
    @test r.violated && r.epsilon > claimed
end

@testset "a model that memorized shows it, by its losses" begin
    rng = SplitMix64(1)
    a, b = randn(rng, Float32, 20, 60), randn(rng, Float32, 20, 60)
    la, lb = (Flux.onehotbatch(rand(rng, 1:4, 60), 1:4) for _ in 1:2)
    m = Chain(Dense(20 => 64, relu), Dense(64 => 4))
    opt = Flux.setup(Adam(0.01), m)
    for _ in 1:300
        Flux.train!(loss, m, [(a, la)], opt)
    end
    r = audit(m, (a, la), (b, lb); loss = loss, delta = δ)
    @test r.auc > 0.9 && r.epsilon > 0.5 && r.method === :threshold
end

@testset "a whole run on Poisson lots, deviation $drawn instead of $σ" for drawn in (σ, 0.05σ)
    rng = SplitMix64(2)
    # the canary alone has the first feature
    data, targets = vcat(zeros(Float32, 1, 40), randn(rng, Float32, 9, 40)), randn(rng, Float32, 1, 40)
    canary = vcat(20f0, zeros(Float32, 9))
    squares(m, x, y) = Flux.mse(m(x), y)
    function train(included)
        X, Y = included ? (hcat(data, canary), hcat(targets, 1f0)) : (data, targets)
        m = Dense(zeros(Float32, 1, 10), false)
        dp = AutoDP(AutoZygote(); clip = 1.0, noise_multiplier = drawn, lot_size = 0.2 * size(X, 2))
        Flux.train!(squares, dp, m, PoissonSampler((X, Y); rate = 0.2, steps = 10), Flux.setup(Descent(1f0), m))
        @assert steps(dp) == 10
        return m
    end
    ε = epsilon(; noise_multiplier = σ, sample_rate = 0.2, steps = 10, delta = δ)
    r = audit_canaries(train, m -> m.weight[1]; runs = 300, delta = δ, claimed = ε)
    @test r.violated == (drawn != σ)
end
