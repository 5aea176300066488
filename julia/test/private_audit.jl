# Bounds of audits against exact values and known mechanisms; helpers for inference.
using Test, FluxGuard, FluxGuard.Privacy, FluxGuard.Audits, FluxGuard.Errors, Random
using Main.Support

@testset "Clopper-Pearson" begin
    reference = FluxGuard.JSON.parse(read(checkout_file("test", "reference", "audit.json"), String))
    for row in reference["clopper_pearson"]
        low, high = clopper_pearson(row["successes"], row["trials"]; confidence = row["confidence"])
        @test low ≈ row["low"] atol = 1e-10
        @test high ≈ row["high"] atol = 1e-10
    end
    @test_throws InvalidArgument clopper_pearson(3, 2)
end

@testset "one-run p-values" begin
    # every guess right at ε = 0: 2^-r
    @test FluxGuard.one_run_pvalue(100, 20, 20, 0.0, 0.0) ≈ 2.0^-20
    @test FluxGuard.one_run_pvalue(100, 20, 0, 1.0, 0.0) == 1
    @test FluxGuard.one_run_pvalue(100, 50, 45, 1.0, 1e-5) > FluxGuard.one_run_pvalue(100, 50, 45, 1.0, 0.0)
    # all of r right: the bound solves (e^ε/(1+e^ε))^r = 0.05
    q = 0.05^(1 / 100)
    scores = [1.0:50; -(1.0:50)]
    report = audit_one_run(scores, scores .> 0; guesses = 100)
    @test report.epsilon ≈ log(q / (1 - q)) rtol = 1e-6
    @test report.tpr == 1 && report.members == 100 && report.non_members == 100
end

@testset "the bound holds for randomized response, and is near it" begin
    rng = SplitMix64(1)
    ε = 2.0
    above = 0
    for _ in 1:100
        m = 500
        coins = rand(rng, Bool, m)
        answers = [rand(rng) < exp(ε) / (1 + exp(ε)) ? c : !c for c in coins]
        report = audit_one_run(answers .+ 0.1 .* rand(rng, m), coins; guesses = 500)
        above += report.epsilon > ε
        @test report.epsilon > 1.2
    end
    @test above <= 12    # expected at most 5 of 100; P(more than 12) < 0.002
end

@testset "scores of members and others" begin
    rng = SplitMix64(2)
    same = audit(randn(rng, 1000), randn(rng, 1000); delta = 1e-5)
    @test same.epsilon < 0.2 && 0.45 < same.auc < 0.55
    apart = audit(randn(rng, 1000) .+ 4, randn(rng, 1000); delta = 1e-5, claimed = 1.0)
    @test apart.epsilon > 2.5 && apart.violated && apart.auc > 0.99
    @test occursin("NOT", repr(MIME("text/plain"), apart)) && !same.violated
    @test_throws InvalidArgument audit([1.0, NaN, 1, 1], randn(rng, 10); delta = 0.1)
    @test_throws InvalidArgument audit([1.0], [2.0]; delta = 0.1)
    # the Gaussian mechanism with one step and noise multiplier 1: epsilon at 1e-5 is 4.38
    @test audit_canaries(included -> included + randn(rng), identity; runs = 2000, delta = 1e-5).epsilon < 4.38
    @test audit_canaries(included -> 20 * included + randn(rng), identity; runs = 1000, delta = 1e-5).epsilon > 4.38
end

@testset "LiRA" begin
    rng = SplitMix64(3)
    n = 120
    base = 3 .* randn(rng, n)
    memorized = audit_lira(ids -> ids, ids -> base .+ [i in ids ? 3.0 : 0.0 for i in 1:n] .+ 0.5 .* randn(rng, n), n; models = 8, delta = 1e-5)
    @test memorized.auc > 0.95 && memorized.method === :lira && memorized.epsilon > 1.5
    blind = audit_lira(ids -> ids, ids -> base .+ randn(rng, n), n; models = 8, delta = 1e-5)
    @test 0.4 < blind.auc < 0.6 && blind.epsilon < 0.3
    y = [2.0 0.0; 1.0 5.0; 0.0 1.0]
    p = exp.(y) ./ sum(exp.(y); dims = 1)
    @test label_confidence(y, [1 0; 0 1; 0 0]) ≈ [log(p[1, 1] / (1 - p[1, 1])), log(p[2, 2] / (1 - p[2, 2]))]
end

@testset "lots of arrays, without Flux" begin
    lots = PoissonSampler((zeros(3, 40), 1:40); rate = 0.5, steps = 5)
    @test all(size(x, 2) == length(y) for (x, y) in lots) && length(lots) == 5
    @test expected_lot_size(lots) == 20 && isprivate(lots)
    @test_throws InvalidArgument PoissonSampler((zeros(3, 40), 1:39); rate = 0.5)
    @test_throws InvalidArgument PoissonSampler(zeros(3, 40); rate = 1.5)
    @test_throws EmptyTensor PoissonSampler(zeros(3, 0); rate = 0.5)
end

@testset "helpers for inference" begin
    x = zeros(Float32, 50, 40)
    noisy = perturb_input(x; deviation = 0.5)
    @test x == zeros(50, 40) && abs(sum(abs2, noisy) / 2000 / 0.25 - 1) < 0.2
    @test perturb_input(x; deviation = 0) == x
    @test round_output([0.1234 0.98]; digits = 1) == [0.1 1.0]
    y = [1.0 5.0; 3.0 4.0; 2.0 9.0]
    @test top_k(y) == [0 0; 1 0; 0 1]
    @test top_k(y; k = 2) == [0 0.5; 1 0; 0.5 1]
    @test top_k(y; k = 2, values = true) == [0 5; 3 0; 2 9]
    @test_throws InvalidArgument top_k(y; k = 4)
    @test_throws InvalidArgument perturb_input(x; deviation = -1)
    @test_throws InvalidArgument round_output(y; digits = -1)
end
