using Test, Random, FluxGuard, FluxGuard.Performance, FluxGuard.Privacy, FluxGuard.Errors

@testset "lots are Poisson samples, empty ones included" begin
    sampler = PoissonSampler(500; rate = 0.01, steps = 4000, seed = 3)
    lots = collect(sampler)
    @test length(lots) == length(sampler) == 4000
    @test eltype(sampler) == Vector{Int64}
    @test all(lot -> issorted(lot) && allunique(lot) && all(i -> 1 <= i <= 500, lot), lots)
    sizes = length.(lots)
    @test abs(sum(sizes) / 4000 - 5) < 5 * sqrt(5 / 4000)
    @test 0 < count(iszero, sizes) < 80 # 4,000 (1 - 0.01)^500 = 26
    counts = zeros(500)
    foreach(lot -> counts[lot] .+= 1, lots)
    @test sum(abs2, counts .- 40) / 39.6 < 500 + 5 * sqrt(1000) # chi-squared with 500 degrees of freedom
    @test expected_lot_size(sampler) == 5
end

@testset "reproducible only when asked" begin
    draw(; options...) = collect(PoissonSampler(1000; rate = 0.1, steps = 3, options...))
    @test draw() != draw()
    @test draw(seed = 1) == draw(seed = 1) != draw(seed = 2)
    sampler = PoissonSampler(1000; rate = 0.1, steps = 3, seed = 1)
    @test collect(sampler) != collect(sampler) # every iteration draws anew
    @test !isprivate(sampler) && isprivate(PoissonSampler(10; rate = 0.5))
    @test occursin("not private", sprint(show, sampler))
    @test length(PoissonSampler(1000; rate = 0.3)) == 4
    @test_throws InvalidArgument deepcopy(sampler)
end

@testset "truncated lots, whole data" begin
    lots = collect(PoissonSampler(50; rate = 0.5, steps = 200, max_lot = 20))
    @test maximum(length.(lots)) == 20 && minimum(length.(lots)) < 20
    @test all(lot -> issorted(lot) && allunique(lot), lots)
    @test collect(PoissonSampler(7; rate = 1, steps = 2)) == [1:7, 1:7]
    @test isempty(collect(PoissonSampler(7; rate = 0.5, steps = 0)))
end

@testset "a step on a sampler's lot is accounted for" begin
    a = step!(Accountant(), PoissonSampler(1000; rate = 0.1); noise_multiplier = 1.2, steps = 3)
    @test a == step!(Accountant(); noise_multiplier = 1.2, sample_rate = 0.1, steps = 3)
    a = step!(Accountant(), PoissonSampler(1000; rate = 0.1, max_lot = 120); noise_multiplier = 1.2)
    @test a == step!(Accountant(); noise_multiplier = 1.2, sample_rate = 0.1, max_lot = 120, dataset_size = 1000)
end

@testset "tree noise: prefix sums have the noise of at most log2(t) + 1 nodes" begin
    dimension = 4000
    tree = TreeNoise(dimension, PrivateRun(seed = 1); steps = 16, clip_norm = 0.5, noise_multiplier = 3)
    @test FluxGuard.sensitivity(tree) ≈ sqrt(5)
    prefix = zeros(dimension)
    for t in 1:16
        sum_t = fill(Float64(t), dimension)
        @test add_noise!(sum_t, tree) === sum_t
        prefix .+= sum_t .- t
        variance = sum(abs2, prefix) / dimension
        @test variance ≈ count_ones(t) * (3 * 0.5)^2 * 5 rtol = 5 * sqrt(2 / dimension) + 1e-3
    end
    @test_throws InvalidArgument add_noise!(zeros(dimension), tree)
    # two arrays are one sum of all their numbers
    arrays = (zeros(Float32, 3, 4), zeros(Float32, 5))
    tree = TreeNoise(arrays; steps = 4, clip_norm = 1, noise_multiplier = 1)
    add_noise!(arrays, tree)
    @test all(!iszero, arrays[1]) && all(!iszero, arrays[2])
    @test occursin("17 numbers", sprint(show, tree))
end

@testset "banded noise undone by its band is white" begin
    dimension = 4000
    noise = BandedNoise(dimension, PrivateRun(seed = 2); coefficients = [1, 0.5, 0.375], clip_norm = 1, noise_multiplier = 2)
    released = [zeros(dimension) for _ in 1:3]
    for t in 1:6
        row = zeros(dimension)
        add_noise!(row, noise)
        pushfirst!(released, row)
        white = released[1] .+ 0.5 .* released[2] .+ 0.375 .* released[3]
        @test sum(abs2, white) / dimension ≈ 4 * (1 + 0.25 + 0.375^2) rtol = 5 * sqrt(2 / dimension) + 1e-3
    end
    @test BandedNoise(3; clip_norm = 1, noise_multiplier = 2, bands = 3).options.coefficients == [1, 0.5, 0.375]
end

@testset "what correlated noise costs" begin
    tree = TreeNoise(10; steps = 8, clip_norm = 1, noise_multiplier = 4)
    gaussian(count) = epsilon(step!(Accountant(); noise_multiplier = 4, sampler = :full_batch, steps = count); delta = 1e-5)
    @test epsilon(step!(Accountant(), tree; trees = 3); delta = 1e-5) ≈ gaussian(3) rtol = 1e-4
    banded = BandedNoise(10; clip_norm = 1, noise_multiplier = 4, bands = 4)
    @test epsilon(step!(Accountant(), banded; participations = 5); delta = 1e-5) ≈ gaussian(5) rtol = 1e-4
    sampled = step!(Accountant(), banded; sample_rate = 0.1, steps = 101)
    @test (sampled.phases[1].steps, sampled.phases[1].sample_rate) == (26, 0.1)
    @test_throws InvalidArgument step!(Accountant(), banded)
    @test_throws InvalidArgument step!(Accountant(), banded; sample_rate = 0.1)
    @test_throws InvalidArgument step!(Accountant(), banded; participations = 1, steps = 3)
end
