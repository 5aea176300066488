using Test, FluxGuard, FluxGuard.Errors, Random
using Main.Support

# Classes × time × batch and the like: each position is an observation, with the softmax over the classes.

sequences(seed, time, batch) = permutedims(reshape(logits(seed, time * batch), 4, time, batch), (1, 2, 3))
images(seed, w, h, batch) = permutedims(reshape(logits(seed, w * h * batch), 4, w, h, batch), (2, 3, 1, 4))

@testset "positions are what a matrix of them is" begin
    y = sequences(1, 20, 30)
    flat = reshape(y, 4, :)
    of_positions, of_columns = fit(Profile, y; observation = (2, 3)), fit(Profile, flat)
    @test nobs(of_positions) == nobs(of_columns) == 600
    Guard(of_positions; log = false) do guard
        Guard(of_columns; log = false) do plain
            z = sequences(2, 7, 5)
            @test observe!(guard, z).scores == observe!(plain, reshape(z, 4, :)).scores
            @test counters(guard).copied == 0 # time and batch are next to each other: read in place
            # Lengths may vary, and one sequence without a batch is one.
            @test observe!(guard, z[:, :, 1]).observations == 7
            @test observe!(guard, sequences(3, 2, 4)).observations == 8
            model = guarded(identity, guard)
            before = counters(guard).observed
            @test model(z) === z
            @test counters(guard).observed == before + 35
            @test occursin("dimension 2, 3", repr(MIME("text/plain"), guard))
        end
    end
end

columns_of(z) = reshape(permutedims(z, (3, 1, 2, 4)), 4, :)

@testset "classes in the middle" begin
    y = images(1, 5, 6, 20)
    profile = fit(Profile, y; observation = (1, 2, 4))
    Guard(profile; log = false) do guard
        z = images(2, 5, 6, 3)
        v = observe!(guard, z)
        @test v.observations == 90
        @test v.scores == FluxGuard.score(guard, z).scores
        p = exp.(columns_of(z)) ./ sum(exp.(columns_of(z)); dims = 1)
        @test v.predicted == [argmax(p[:, j]) for j in 1:90]
        @test counters(guard).copied == 1
        guarded(identity, guard)(z)
        @test counters(guard).observed == 180
    end
    @test nobs(profile) == size(columns_of(y), 2)
end

@testset "padding is masked" begin
    y = sequences(1, 20, 30)
    profile = fit(Profile, y; observation = (2, 3))
    mask = rand(SplitMix64(1), 6, 5) .< 0.6
    z = sequences(2, 6, 5)
    Guard(profile; log = false) do guard
        v = observe!(guard, z; mask = mask)
        @test v.observations == count(mask)
        @test v.scores == FluxGuard.score(guard, z).scores[:, vec(mask)]
        # By a function of what the model is called with: here the tokens, of which 0 is padding.
        tokens = Int.(mask)
        model = guarded(_ -> z, guard; mask = tokens -> tokens .!= 0)
        @test model(tokens) === z
        @test counters(guard).observed == 2 * count(mask)
        @test observe!(guard, z; mask = falses(6, 5)).observations == 0
        @test_throws InvalidArgument observe!(guard, z; mask = trues(5, 6))
        @test_throws InvalidArgument observe!(guard, z; mask = ones(6, 5))
        before = counters(guard).unwatched
        guarded(_ -> z, guard; mask = trues(2, 2))(tokens)
        @test counters(guard).unwatched == before + 1
    end
    Guard(baseline(); log = false) do guard
        @test_throws InvalidArgument observe!(guard, logits(2, 16); mask = trues(16))
    end
    @test nobs(fit(Profile, y; observation = (2, 3), mask = trues(20, 30))) == 600
end

@testset "it stays with the profile" begin
    profile = fit(Profile, sequences(1, 20, 30); observation = (2, 3))
    mktempdir() do folder
        path = joinpath(folder, "profile.fg")
        FluxGuard.save(path, profile)
        @test FluxGuard.load(path).positions == [2, 3]
    end
    @test deepcopy(profile).positions == [2, 3]
    @test_throws Incompatible merge!(profile, fit(Profile, logits(1, 100)))
    for wrong in (:first, 0, (), (2, 2), 2.5, (0, 1))
        @test_throws InvalidArgument Profile(observation = wrong)
    end
    @test Profile(observation = 3).positions == [3]
end

@testset "a batch of nothing is fine" begin
    Guard(baseline(); log = false) do guard
        v = observe!(guard, logits(1, 16)[:, 1:0])
        @test v.observations == 0 && isempty(v.indices) && size(v.scores, 2) == 0
        @test v.detectors == observe!(guard, logits(1, 16)).detectors
        @test counters(guard).observed == 16
    end
end
