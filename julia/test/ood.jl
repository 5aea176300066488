using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Errors
using FluxGuard: DETECTORS, OOD_NAMES, describe
using Main.Support

# Three clouds of features that are not negative, and a layer that tells them apart.
const LABELS = [mod1(j, 3) for j in 1:300]
cloud(seed, n) = max.([k == mod1(j, 3) ? 6.0 : 2.0 for k in 1:4, j in 1:n] .+ 0.7 .* values_like(seed, 4, n), 0)
const FEATURES, PROBE = cloud(51, 300), cloud(52, 30)
const WEIGHTS, BIAS = [1.0 0 0 0; 0 1 0 0; 0 0 1 0], [0.0, 0.1, -0.1]
far, between = [40.0, 2, 2, 30], [4.0, 4, 2, 2]

# Letters in random order, of which a third is each.
rand_letters(seed) = ["abc"[1 + (seed * 7 + 5 * i * i + i) % 3] for i in 1:(12 + seed % 5)]

all_of(type; options...) = fit(type, FEATURES; labels = LABELS, weights = WEIGHTS, bias = BIAS, options...)
small(type) = type === DeepKNN ? (neighbors = 5,) : type === ASH ? (percentile = 50,) : NamedTuple()

@testset "$name" for name in OOD_NAMES
    type = DETECTORS[name]
    d = all_of(type; small(type)...)
    scores = score(d, PROBE)
    @test length(scores) == 30 && all(isfinite, scores)
    @test [score(d, PROBE[:, j])[1] for j in 1:30] == scores            # novelty mode
    @test all(0 .< pvalue(d, PROBE) .<= 1) && (scores .> threshold(d; rate = 0.05)) == (pvalue(d, PROBE) .<= 0.05)
    @test size(explain(d, PROBE)) == size(PROBE)
    path = scratch("ood.fg")
    FluxGuard.save(path, d)
    again = FluxGuard.load(Detector, path)
    @test typeof(again) === type && score(again, PROBE) == scores
end

@testset "definitions" begin
    logits = WEIGHTS * PROBE .+ BIAS
    p = exp.(logits) ./ sum(exp.(logits); dims = 1)
    @test score(all_of(MSP), PROBE) ≈ vec(1 .- maximum(p; dims = 1))
    @test score(fit(MSP, WEIGHTS * FEATURES .+ BIAS), logits) ≈ score(all_of(MSP), PROBE)
    @test score(all_of(EnergyScore), PROBE) ≈ vec(-log.(sum(exp.(logits); dims = 1)))
    @test score(fit(EnergyScore, FEATURES; weights = WEIGHTS), PROBE) ≈ vec(-log.(sum(exp.(WEIGHTS * PROBE); dims = 1)))
    @test score(all_of(EntropyScore), PROBE) ≈ vec(-sum(p .* log.(p); dims = 1))
    @test score(all_of(MaxLogit), PROBE) ≈ vec(-maximum(logits; dims = 1))
    @test score(all_of(OOD), Float32.(PROBE)) ≈ score(all_of(OOD), PROBE) rtol = 0.05
    @test describe(all_of(OOD; members = [MSP(), ViM(components = 1)]))["options"]["members"][2]["detector"] == "vim"
end

@testset "the ensemble sees what is far, and what is between" begin
    d = all_of(OOD)
    @test all(pvalue(d, [far between]) .<= 0.02)
    @test pvalue(all_of(MSP), far)[1] > 0.9
    plain = fit(OOD, WEIGHTS * FEATURES .+ BIAS)                        # logits alone
    @test pvalue(plain, WEIGHTS * far .+ BIAS)[1] <= 0.02
end

@testset "bad input" begin
    @test_throws InvalidArgument fit(ViM, FEATURES)                      # no weights
    @test_throws InvalidArgument fit(SHE, FEATURES; weights = WEIGHTS, bias = BIAS)
    @test_throws InvalidArgument fit(KNN, FEATURES; labels = LABELS)
    @test_throws InvalidArgument fit(MSP, FEATURES; bias = BIAS)
    @test_throws InvalidArgument fit(MSP, FEATURES; weights = WEIGHTS, bias = [1.0])
    @test_throws InvalidArgument fit(MSP, FEATURES; weights = "text")
    @test_throws FeatureMismatch fit(MSP, FEATURES; weights = WEIGHTS[:, 1:3], bias = BIAS)
    for labels in (LABELS[1:9], LABELS .- 1, fill(4, 300), Int[], string.(LABELS))
        @test_throws InvalidArgument fit(ClassMahalanobis, FEATURES; labels = labels, weights = WEIGHTS, bias = BIAS)
    end
    @test_throws InvalidArgument fit(ClassMahalanobis, [FEATURES; zeros(1, 300)]; labels = LABELS)
    @test score(fit(ClassMahalanobis, [FEATURES; zeros(1, 300)]; labels = LABELS, covariance = :shrunk), [far; 0.0])[1] > 100
end

@testset "encoded" begin
    embed(texts) = Float64[count(==(c), t) for c in "abc", t in texts]
    texts = [join(rand_letters(seed)) for seed in 1:200]
    d = fit!(Encoded(embed, KNN(metric = :cosine)), texts)
    @test score(d, ["aabbc", "cccccccc"]) == score(d.detector, embed(["aabbc", "cccccccc"]))
    @test pvalue(d, ["cccccccc"])[1] < 0.05 && nobs(d) == 200
    @test threshold(d; rate = 0.1) == threshold(d.detector; rate = 0.1)
    @test_throws InvalidArgument FluxGuard.save(scratch("x"), d)
    @test_throws InvalidArgument fit!(Encoded(string, KNN()), texts)
    @test occursin("KNN", sprint(show, d))
    rows = compare_detectors([Encoded(x -> x[1:1, :], ZScore()), ZScore()], FEATURES, [PROBE far], [j == 31 for j in 1:31]; rate = 0.05)
    @test length(rows) == 2 && all(row.auroc == 1 for row in rows) && rows[1].error === nothing
end

@testset "inside a guard" begin
    profile = fit(Profile, FEATURES; output = :values)
    d = fit(Mahalanobis, FEATURES; calibration = :holdout)
    Guard(profile; detectors = [:zscore, d], anomaly_rate = 0.05, log = false) do guard
        observe!(guard, [PROBE far])
        v = verdict(guard)
        @test v.detectors == [:zscore, :mahalanobis]
        @test v.scores[2, :] ≈ score(d, [PROBE far]) rtol = 1e-6
        @test v.p_values[:mahalanobis] ≈ pvalue(d, [PROBE far]) atol = 0.02
        @test v.p_values[:mahalanobis][31] < 0.05 && 31 in v.indices
    end
    logits = WEIGHTS * FEATURES .+ BIAS
    energy = fit(EnergyScore, logits; calibration = :holdout)
    Guard(fit(Profile, logits; output = :logits); detectors = energy, log = false) do guard
        @test FluxGuard.describe(guard)["fitted"] == ["energy-2"] && length(FluxGuard.score(guard, logits).detectors) == 5
    end
    Guard(profile; detectors = [:zscore, d], anomaly_rate = 0.05, score_on = :worker, log = false) do guard
        observe!(guard, repeat(far, 1, 9))
        @test verdict(guard).detectors == [:zscore] && isempty(verdict(guard).p_values)
        flush(guard)
        @test counters(guard).anomalous == 9
    end
    # Not fitted: the guard fits it, as on the profile's sample with a holdout.
    Guard(profile; detectors = [:zscore, Mahalanobis(), KNN(neighbors = 3, calibration = (holdout = 0.5,))], anomaly_rate = 0.05, log = false) do guard
        observe!(guard, [PROBE far])
        v = verdict(guard)
        @test v.detectors == [:zscore, :mahalanobis, :knn]
        @test v.scores[2, :] ≈ score(d, [PROBE far]) rtol = 1e-6
        @test v.p_values[:knn] ≈ pvalue(fit(KNN, FEATURES; neighbors = 3, calibration = (holdout = 0.5,)), [PROBE far]) atol = 0.02
        @test 31 in v.indices
    end
    @test_throws InvalidArgument Guard(profile; detectors = [:zscore, d], score_on = :moon)
    @test_throws Incompatible Guard(profile; detectors = [fit(Mahalanobis, FEATURES)])
    @test_throws FeatureMismatch Guard(profile; detectors = [fit(ZScore, FEATURES[1:2, :]; calibration = :holdout)])
    @test_throws Incompatible Guard(profile; detectors = [KNN(calibration = :none)])
    @test_throws InvalidArgument Guard(profile; detectors = [KNN(neighbors = 10^6)])
    @test_throws BaselineTooSmall Guard(Profile(output = :values); detectors = [KNN()])
    @test_throws InvalidArgument Guard(profile; detectors = [Autoencoder()])
end
