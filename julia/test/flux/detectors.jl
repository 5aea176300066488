using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Errors, Flux
using Flux.Random: Xoshiro, randn, rand
using FluxGuard: describe
using Main.Support

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
    labeled = [plane(40) repeat(off, 1, 10) .+ 0.1f0 .* randn(rng, Float32, 4, 10)]
    rows = compare_detectors([Autoencoder(code = 2, epochs = 60, learning_rate = 0.01), ZScore()], reference, labeled, [j > 40 for j in 1:50]; rate = 0.05)
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
    same = fit(Autoencoder, ones(Float32, 3, 40); epochs = 5)            # all equal: no spread
    @test score(same, fill(9f0, 3, 1))[1] > score(same, ones(Float32, 3, 1))[1]
end

@testset "recurrent" begin
    # The next symbol depends on the one two before: no pair of neighbors is unusual in what follows.
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

# To the bit.
same(a, b) = isequal(score(a...), score(b...)) && isequal(pvalue(a...), pvalue(b...)) && threshold(a[1]; rate = 0.3) === threshold(b[1]; rate = 0.3)

# Each way in which a file can be broken is told, and what was there before stays whole.
function refuses_damage(path, read_again)
    bytes = read(path)
    refused(content) = (write(path, content); try read_again(); "loaded" catch e; e end)
    for at in (1, 20, length(bytes) ÷ 2, length(bytes))
        changed = copy(bytes)
        changed[at] ⊻= 0x10
        @test refused(changed) isa FileDamaged
    end
    for kept in (0, 1, 40, length(bytes) - 1)
        @test refused(bytes[1:kept]) isa FileDamaged
    end
    @test refused([bytes; 0x00]) isa FileDamaged
    header = String(copy(bytes[1:findfirst(isequal(0x0a), bytes)]))
    other = refused(Vector{UInt8}(replace(header, "\"version\":1" => "\"version\":9")))
    @test other isa FileVersion && occursin("9", other.message)
    write(path, bytes)
    @test readdir(dirname(path)) == [basename(path)]
end

@testset "an autoencoder in a file" begin
    reference = Float32[(k == 4 ? 5 : 1) * randn(rng) + k for k in 1:4, _ in 1:200]
    fresh = Float32[randn(rng) + k for k in 1:4, _ in 1:50]
    path = scratch("a.fg")
    d = fit(Autoencoder, reference; code = 2, epochs = 3)
    @test_throws InvalidArgument FluxGuard.save(path, Autoencoder())                # not fitted
    FluxGuard.save(path, d)
    e = FluxGuard.load(Autoencoder, path)
    @test same((d, fresh), (e, fresh)) && explain(e, fresh) == explain(d, fresh) && nobs(e) == nobs(d)
    @test e.options == d.options && e.model[1].weight isa Matrix{Float32}
    @test score(fit!(e, reference), fresh) == score(d, fresh)             # and can be fitted again
    refuses_damage(path, () -> FluxGuard.load(Autoencoder, path))
    @test_throws PathUnusable FluxGuard.save("/no/such/folder/a.fg", d)
    @test_throws PathUnusable FluxGuard.load(Autoencoder, scratch("none.fg"))
    @test_throws FileKind FluxGuard.load(Recurrent, path)
    @test_throws FileKind FluxGuard.load(Detector, path)
    code, out, err = run_julia("""
        using Flux
        print(bitstring(score(FluxGuard.load(Autoencoder, $(repr(path))), $(fresh[:, 1]))[1]))
    """)
    @test (code, out) == (0, bitstring(score(d, fresh[:, 1])[1]))
    code, out, _ = run_julia("try FluxGuard.load(Autoencoder, $(repr(path))) catch e print(sprint(showerror, e)) end")
    @test code == 0 && occursin("using Flux", out)
    # Many parameters and few observations: the file holds 4 bytes a parameter and little else.
    wide = fit(Autoencoder, randn(rng, Float32, 64, 40); code = 16, epochs = 1)
    FluxGuard.save(path, wide)
    parameters = sum(length, Flux.trainables(wide.model))
    @test filesize(path) < 4 * parameters + 8 * 40 + 2000
end

@testset "an autoencoder of a model of one's own in a file" begin
    x = randn(rng, Float32, 6, 100)
    path = scratch("own.fg")
    own(f = tanh; T = Float64, hidden = 3, eps = 1f-5) = (T === Float64 ? Flux.f64 : Flux.f32)(Chain(
        Dense(6 => hidden, f), BatchNorm(hidden; eps = eps), Dropout(0.2), SkipConnection(Dense(hidden => hidden), +), Dense(hidden => 6; bias = false)))
    d = fit(Autoencoder, x; model = own(), epochs = 3)
    FluxGuard.save(path, d)
    for T in (Float64, Float32)                                           # element types are the file's
        e = FluxGuard.load(Autoencoder, path; model = own(T = T))
        @test same((d, x), (e, x)) && e.model[1].weight isa Matrix{Float64} && e.model[2].μ == d.model[2].μ
    end
    given = own()
    FluxGuard.load(Autoencoder, path; model = given)
    @test given[1].weight != d.model[1].weight                            # a copy was filled
    message(call) = try call(); "none" catch e; e isa Incompatible ? e.message : rethrow() end
    @test occursin("layers.1.weight: got an array of size (4, 6), expected (3, 6)", message(() -> FluxGuard.load(Autoencoder, path; model = own(hidden = 4))))
    @test occursin("layers.1.σ: got relu, expected tanh", message(() -> FluxGuard.load(Autoencoder, path; model = own(relu))))
    @test occursin("layers.2.ϵ", message(() -> FluxGuard.load(Autoencoder, path; model = own(eps = 1f-3))))
    @test occursin("no such array", message(() -> FluxGuard.load(Autoencoder, path; model = own()[1:4])))
    @test_throws InvalidArgument FluxGuard.load(Autoencoder, path)                  # none was given
    # What has no name is told by what it does.
    nameless(f) = Chain(Dense(6 => 3, f), Dense(3 => 6))
    d = fit(Autoencoder, x; model = nameless(v -> v / (1 + abs(v))), epochs = 2)
    FluxGuard.save(path, d)
    @test same((FluxGuard.load(Autoencoder, path; model = nameless(v -> v / (1 + abs(v)))), x), (d, x))
    @test occursin("test point", message(() -> FluxGuard.load(Autoencoder, path; model = nameless(v -> v^2))))
    halves = fit(Autoencoder, x; model = Flux.f16(Chain(Dense(6 => 6))), epochs = 0)
    FluxGuard.save(path, halves)
    @test FluxGuard.load(Autoencoder, path; model = Chain(Dense(6 => 6))).model[1].weight isa Matrix{Float16}
end

@testset "a recurrent network in a file" begin
    path = scratch("r.fg")
    kinds = (["a", "b", "ä\n\"c"], [:x, :y, :z], ['p', 'q', '∞'], [3, 1, -2], Any["a", :a, 'a'])
    for symbols in kinds, cell in (:gru, :lstm)
        reference = [[symbols[mod1(t + s, 3)] for t in 1:8] for s in 1:12]
        d = fit(Recurrent, reference; cell = cell, hidden = 4, epochs = 2)
        FluxGuard.save(path, d)
        e = FluxGuard.load(Recurrent, path)
        probes = [symbols, reverse(symbols), Any["unseen", symbols[1]]]
        @test same((d, probes), (e, probes)) && explain(d, probes) == explain(e, probes) && nobs(e) == 12 && e.options == d.options
    end
    refuses_damage(path, () -> FluxGuard.load(Recurrent, path))
    waves = [Float32[sin(t + s) * k for k in 1:2, t in 1:10] for s in 1:12]
    d = fit(Recurrent, waves; hidden = 4, epochs = 2)
    FluxGuard.save(path, d)
    e = FluxGuard.load(Recurrent, path)
    @test same((d, waves), (e, waves))
    @test_throws FeatureMismatch score(e, [zeros(Float32, 3, 9)])
    @test_throws InvalidArgument FluxGuard.save(path, Recurrent())
    @test same((FluxGuard.load(Recurrent, path), waves), (d, waves))                # what was refused left the file alone
    @test_throws InvalidArgument FluxGuard.save(path, fit(Recurrent, [["\xff", "b"] for _ in 1:4]; epochs = 1))
end

@testset "an encoder and its detector in a file" begin
    path = scratch("e.fg")
    blank() = Chain(Dense(5 => 16, relu), Dropout(0.5), Dense(16 => 3), softmax)
    for type in (OOD, ViM, ClassMahalanobis)
        options = type === ClassMahalanobis ? (covariance = :shrunk,) : NamedTuple()
        d = fit(type, model, x; labels = labels, options...)
        FluxGuard.save(path, d)
        e = FluxGuard.load(Encoded, path; encoder = blank())
        @test same((d, probe), (e, probe)) && nobs(e) == 300 && typeof(e.detector) === type
    end
    refuses_damage(path, () -> FluxGuard.load(Encoded, path; encoder = blank()))
    @test_throws Incompatible FluxGuard.load(Encoded, path; encoder = Chain(Dense(5 => 8, relu), Dropout(0.5), Dense(8 => 3)))
    @test_throws InvalidArgument FluxGuard.load(Encoded, path; encoder = Chain(Dense(5 => 16, relu)))
    @test_throws InvalidArgument FluxGuard.load(Encoded, path; encoder = x -> x)
    plain = fit!(Encoded(Chain(Dense(5 => 4, tanh)), KNN()), x)
    FluxGuard.save(path, plain)
    @test same((FluxGuard.load(Encoded, path; encoder = Chain(Dense(5 => 4, tanh))), probe), (plain, probe))
    @test_throws InvalidArgument FluxGuard.save(path, fit!(Encoded(v -> 2v, KNN()), x))
end
