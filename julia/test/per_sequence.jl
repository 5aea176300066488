# Whole sequences and images, by the scores of their positions.

using Test, FluxGuard, FluxGuard.Errors
using FluxGuard: describe
using Main.Support

softmax(z) = exp.(z) ./ sum(exp.(z); dims = 1)
entropy(z) = (p = softmax(z); -sum(p .* log.(p)))

z = reshape(values_like(5, 4, 7 * 300), 4, 7, 300) # classes × time × batch

@testset "the mean and the highest of each sequence" begin
    for (by, f) in ((:mean, x -> sum(x) / length(x)), (:max, maximum)), T in (Float32, Float64)
        p = PerSequence(:logits; observation = (2, 3), by = by)
        s = p(T.(z))
        @test size(s) == (4, 300)
        @test s[3, 5] ≈ f([entropy(z[:, t, 5]) for t in 1:7]) rtol = 1e-5
        mask = [t <= 1 + j % 7 for t in 1:7, j in 1:300]
        masked = p(T.(z); mask = mask)
        @test masked[3, 5] ≈ f([entropy(z[:, t, 5]) for t in 1:6]) rtol = 1e-5
        @test p(T.(z[:, :, 5])) ≈ s[:, 5:5]                                  # one sequence without a batch
        @test p(permutedims(T.(z), (2, 1, 3))[:, :, 1:2] |> y -> permutedims(y, (2, 1, 3))) ≈ s[:, 1:2]
        mask[:, 2] .= false
        @test p(T.(z); mask = mask) == masked[:, [1; 3:300]]                 # nothing but padding is no sequence
    end
    image = PerSequence(:probabilities; observation = (1, 2, 4))
    y = permutedims(reshape(softmax(reshape(z, 4, :)), 4, 7, 10, 30), (2, 3, 1, 4))
    @test image(y)[2, 3] ≈ sum(entropy(log.(y[i, j, :, 3])) for i in 1:7, j in 1:10) / 70 rtol = 1e-5
    @test isnan(PerSequence(:logits; observation = (2, 3))(fill(NaN, 4, 2, 1))[1])
    @test size(PerSequence(:logits; observation = (2, 3))(zeros(4, 7, 0))) == (4, 0)
end

@testset "a guard of sequences" begin
    p = PerSequence(:logits; observation = (2, 3), by = :max)
    profile = fit(Profile, p, [z[:, :, 1:100], z[:, :, 101:300]])
    @test nobs(profile) == 300 && describe(profile)["names"] == ["msp (max)", "energy (max)", "entropy (max)", "margin (max)"]
    guard = Guard(profile; anomaly_rate = 0.01, on_error = :throw)
    watched = guarded(x -> 2 .* x, guard; output = p, mask = x -> x[1, :, :] .< 1e6)
    x = z[:, :, 1:20] ./ 2
    @test watched(x) == 2 .* x
    @test counters(guard).observed == 20
    odd = copy(z[:, :, 1:3])
    odd[:, 4, 2] .= -20 # one position that is like nothing known
    @test observe!(guard, p(odd)).indices == [2]
    close(guard)
end

@testset "what cannot be is refused by name" begin
    fault(f) = try f(); "" catch error; error isa InvalidArgument ? error.message : rethrow() end
    @test occursin("by: got :median", fault(() -> PerSequence(:logits; observation = (2, 3), by = :median)))
    @test occursin("observation: got :last", fault(() -> PerSequence(:logits; observation = :last)))
    @test occursin("output: got :values", fault(() -> PerSequence(:values; observation = (2, 3))))
    @test occursin("output: got :logit,", fault(() -> PerSequence(:logit; observation = (2, 3))))
    # Of each kind that it takes, outputs have scores.
    for (output, features) in ("logits" => 3, "probabilities" => 2, "binary" => 1, "binary_logit" => 1, "multilabel" => 2, "multilabel_logits" => 2, "gaussian" => 2, "mixture" => 3)
        @test !isempty(PerSequence(output; observation = (2, 3))(fill(0.5f0, features, 4, 2)))
    end
    @test length(FluxGuard.PER_POSITION) == 8
    @test occursin("mask: got size", fault(() -> PerSequence(:logits; observation = (2, 3))(z; mask = trues(2, 2))))
    @test_throws ElementTypeUnsupported PerSequence(:logits; observation = (2, 3))(["a"])
    @test_throws EmptyTensor fit(Profile, PerSequence(:logits; observation = (2, 3)), [])
end
