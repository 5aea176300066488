using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Errors
using Main.Support

softmax(y) = (e = exp.(y .- maximum(y; dims = 1)); e ./ sum(e; dims = 1))

@testset "scores are the field's, checked against plain Julia" begin
    Guard(baseline(); detectors = [:msp, :entropy, :margin, :energy], log = false) do guard
        y = logits(2, 64; T = Float64)
        v = observe!(guard, y)
        p = softmax(y)
        sorted = sort(p; dims = 1, rev = true)
        row(name) = v.scores[findfirst(isequal(name), v.detectors), :]
        @test row(:msp) ≈ 1 .- vec(maximum(p; dims = 1)) rtol = 1e-5
        @test row(:entropy) ≈ vec(-sum(p .* log.(p); dims = 1)) rtol = 1e-5
        @test row(:margin) ≈ 1 .- (sorted[1, :] .- sorted[2, :]) rtol = 1e-5
        @test row(:energy) ≈ vec(-log.(sum(exp.(y); dims = 1))) rtol = 1e-5
        @test v.predicted == [argmax(y[:, j]) for j in 1:64]
        @test (v.observations, size(v.scores)) == (64, (4, 64))
        # A fitted detector of the same name says the same.
        for (name, detector) in ((:msp, MSP), (:entropy, EntropyScore), (:margin, MarginScore), (:energy, EnergyScore))
            @test row(name) ≈ FluxGuard.score(fit(detector, logits(1, 200; T = Float64)), y) rtol = 1e-5
        end
    end
end

@testset "anomalous: beyond a threshold, and no other" begin
    Guard(baseline(); log = false) do guard
        y = logits(2, 50)
        y[:, 7] .= 0    # no class leads
        v = observe!(guard, y)
        expected = [j for j in 1:50 if any(i -> FluxGuard.beyond(v, i, j), eachindex(v.detectors))]
        @test v.indices == expected
        @test 7 in v.indices
        @test v.anomalous == length(expected)
    end
end

@testset "values" begin
    reference = values_like(1, 3, 4000)
    Guard(fit(Profile, reference; output = :values); detectors = [:distance, :zscore], log = false) do guard
        y = values_like(2, 3, 20)
        y[2, 4] = 50
        v = observe!(guard, y)
        mean = sum(reference; dims = 2) / 4000
        z = (y .- mean) ./ sqrt.(sum(abs2, reference .- mean; dims = 2) / 3999)
        row(name) = v.scores[findfirst(isequal(name), v.detectors), :]
        @test row(:zscore) ≈ vec(maximum(abs.(z); dims = 1)) rtol = 1e-5
        @test row(:distance) ≈ vec(sqrt.(sum(abs2, z; dims = 1) / 3)) rtol = 1e-5
        @test 4 in v.indices
        @test v.predicted === nothing
    end
end

@testset "each task finds its own" begin
    Guard(baseline(); log = false) do guard
        observe!(guard, logits(2, 3))
        other = fetch(@async observe!(guard, logits(3, 8)).observations)
        @test other == 8
        @test verdict(guard).observations == 3
    end
end

@testset "none yet" begin
    Guard(baseline(); log = false) do guard
        @test_throws InvalidArgument verdict(guard)
    end
end

@testset "what is no distribution is refused, whoever asks" begin
    p = softmax(logits(3, 500))
    Guard(fit(Profile, p; output = :probabilities); log = false, on_error = :throw) do guard
        for ask in (observe!, FluxGuard.score, FluxGuard.watch), wrong in (zeros(Float32, 4, 5), p[:, 1:5] .* 100, p[:, 1:5] .- 0.5f0)
            error = try ask(guard, wrong) catch e; e end
            @test error isa InvalidArgument && occursin("output: got observation 1", error.message)
        end
        @test FluxGuard.score(guard, p[:, 1:5]).observations == 5
    end
end

@testset "scoring feeds nothing" begin
    Guard(baseline(); log = false) do guard
        v = observe!(guard, logits(2, 3))
        @test FluxGuard.score(guard, logits(2, 3)).scores == v.scores
        FluxGuard.score(guard, logits(4, 9))
        @test counters(guard).observed == 3
        @test verdict(guard).observations == 3
    end
end

@testset "show" begin
    Guard(baseline(); log = false) do guard
        y = logits(2, 50)
        y[:, 7] .= 0
        v = observe!(guard, y)
        @test sprint(show, v) == "Verdict($(v.anomalous) of 50 observations anomalous)"
        text = sprint(show, MIME("text/plain"), v)
        @test occursin("observation", text) && occursin("*", text) && occursin("threshold", text)
        clean = FluxGuard.score(guard, logits(1, 1))
        @test occursin("anomalous above", sprint(show, MIME("text/plain"), clean)) || clean.anomalous > 0
    end
end
