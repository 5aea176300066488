using Test, FluxGuard, Flux
using Flux.Random: Xoshiro, randn, rand
using FluxGuard: describe

rng = Xoshiro(3)
labels = [mod1(j, 3) for j in 1:300]
inputs(n) = Float32[3 * (k == mod1(j, 3)) + 0.7 * randn(rng) for k in 1:5, j in 1:n]
x, probe = inputs(300), inputs(30)
model = Chain(Dense(5 => 16, relu), Dropout(0.5), Dense(16 => 3), softmax)
state = Flux.setup(Adam(0.01), model)
for _ in 1:60
    Flux.update!(state, model, Flux.gradient(m -> Flux.crossentropy(m(x), Flux.onehotbatch(labels, 1:3)), model)[1])
end

@testset "a Chain is split into features and head" begin
    body, head = model[1:2], model[3]
    for type in (OOD, MSP, ViM, SHE, ReAct, ASH, ClassMahalanobis)
        options = type === ClassMahalanobis ? (covariance = :shrunk,) : NamedTuple()
        d = fit(type, model, x; labels = labels, options...)
        by_hand = fit(type, body(x); labels = labels, weights = head.weight, bias = head.bias, options...)
        @test score(d, probe) == score(by_hand, body(probe)) && pvalue(d, probe) == pvalue(by_hand, body(probe))
        @test nobs(d) == 300
    end
    @test score(fit(MSP, model, x), probe) ≈ vec(1 .- maximum(model(probe); dims = 1)) rtol = 1e-3
    @test pvalue(fit(OOD, model, x; labels = labels), fill(-30f0, 5, 1))[1] < 0.02
    @test_throws InvalidArgument fit(OOD, Chain(Dense(5 => 3, relu)), x)
    @test_throws InvalidArgument fit(OOD, Chain(softmax), x)
    @test_throws InvalidArgument fit(KNN, model, x)
    watched = guarded(model, Guard(fit(Profile, model(x); output = :probabilities); log = false))
    @test score(fit(MSP, watched, x), probe) == score(fit(MSP, model, x), probe)
end

@testset "autoencoder" begin
    plane(n) = (a = randn(rng, 2, n); Float32[a; a[1:1, :] .+ a[2:2, :]; 5 .+ a[1:1, :]])
    reference = plane(600)
    d = fit(Autoencoder, reference; code = 2, epochs = 60, learning_rate = 0.01, seed = 1)
    off = Float32[1; 1; -1; 6]                                          # each value usual, off the plane
    @test pvalue(d, off)[1] < 0.02 && nobs(d) == 600
    scores = score(d, plane(200))
    @test count(pvalue(d, plane(1000)) .<= 0.1) / 1000 < 0.1 + 0.09       # of 150 scores: 4.5 deviations of the rate
    @test count(scores .> threshold(d; rate = 0.05)) < 40
    @test sum(explain(d, off)) ≈ score(d, off)[1] && size(explain(d, reference)) == size(reference)
    @test [score(d, reference[:, j])[1] for j in 1:20] ≈ score(d, reference[:, 1:20])
    @test isequal(isnan.(score(d, [reference[:, 1] [NaN, 0, 0, 0] [Inf, 0, 0, 0]])), [false, true, true])
    @test score(fit(Autoencoder, reference; code = 2, epochs = 60, learning_rate = 0.01, seed = 1), off) == score(d, off)
    labelled = [plane(40) repeat(off, 1, 10) .+ 0.1f0 .* randn(rng, Float32, 4, 10)]
    rows = compare_detectors([Autoencoder(code = 2, epochs = 60, learning_rate = 0.01), ZScore()], reference, labelled, [j > 40 for j in 1:50]; rate = 0.05)
    @test rows[1].detector == "Autoencoder" && rows[1].auroc > 0.95 && rows[1].bytes > 0 && rows[2].detector == "zscore"
    own = Chain(Dense(4 => 3, tanh), Dense(3 => 4))
    before = deepcopy(own)
    e = fit(Autoencoder, reference; model = own, epochs = 2)
    @test own[1].weight == before[1].weight                              # a copy is trained
    @test length(score(e, reference)) == 600
    @test_throws FeatureMismatch score(d, zeros(Float32, 3, 2))
    @test_throws NonFiniteBaseline fit(Autoencoder, Float32[1 NaN; 1 2])
    @test_throws BaselineTooSmall fit(Autoencoder, ones(Float32, 4, 1))
    @test_throws InvalidArgument fit(Autoencoder, reference; model = Chain(Dense(4 => 2)), epochs = 0)
    @test_throws InvalidArgument score(Autoencoder(), reference)
    @test_throws InvalidArgument fit(Autoencoder, reference; holdout = 2)
    @test_throws InvalidArgument save("x.fg", d)
    same = fit(Autoencoder, ones(Float32, 3, 40); epochs = 5)            # all equal: no spread
    @test score(same, fill(9f0, 3, 1))[1] > score(same, ones(Float32, 3, 1))[1]
end

@testset "recurrent" begin
    # The next symbol depends on the one two before: no pair of neighbours is unusual in what follows.
    function chain(n, orderly)
        s = rand(rng, 0:3, 2)
        while length(s) < n
            push!(s, orderly ? (s[end-1] + 1) % 4 : rand(rng, 0:3))
        end
        return s
    end
    reference = [chain(20, true) for _ in 1:80]
    d = fit(Recurrent, reference; hidden = 16, epochs = 25, seed = 2)
    orderly, disorder = [chain(20, true) for _ in 1:40], [chain(20, false) for _ in 1:40]
    @test count(score(d, disorder) .> threshold(d; rate = 0.1)) > 36
    @test count(pvalue(d, orderly) .<= 0.1) <= 16
    @test sum(explain(d, orderly)[1]) / 20 ≈ score(d, orderly)[1] && nobs(d) == 80
    @test isfinite(score(d, [[9, 9, 9]])[1]) && isnan(score(d, [Int[]])[1])
    wave(phase, f) = Float32[sin(f * t + phase + k) for k in 0:1, t in 1:30]
    numbers = [wave(6 * rand(rng), 0.5) for _ in 1:60]
    for cell in (:gru, :lstm)
        e = fit(Recurrent, numbers; cell = cell, hidden = 8, epochs = 15)
        @test all(score(e, [wave(1.0, 1.5), wave(2.0, 0.1)]) .> threshold(e; rate = 0.1))
        @test length(explain(e, numbers)[1]) == 29
        @test_throws FeatureMismatch score(e, [zeros(Float32, 3, 9)])
        @test_throws InvalidArgument score(e, [[1, 2]])
    end
    @test_throws InvalidArgument fit(Recurrent, [[1, 2], Int[]])
    @test_throws InvalidArgument fit(Recurrent, Any[[1, 2], zeros(2, 3)])
    @test_throws NonFiniteBaseline fit(Recurrent, [fill(NaN, 2, 3), zeros(2, 3)])
    @test_throws BaselineTooSmall fit(Recurrent, [[1, 2]])
    @test_throws InvalidArgument Recurrent(cell = :rnn)
end
