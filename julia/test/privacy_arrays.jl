using Test, Random, FluxGuard, FluxGuard.Privacy, FluxGuard.Errors
using Main.Support

# By definition: the weight of each example, then the sum.
function naive(gradients, clip)
    examples = size(first(gradients), ndims(first(gradients)))
    columns(g) = reshape(Float64.(g), :, examples)
    length2(x) = sqrt(sum(abs2, x))
    norms = [length2(vcat((columns(g)[:, i] for g in gradients)...)) for i in 1:examples]
    return map(enumerate(gradients)) do (p, g)
        c = columns(g)
        total = zeros(size(c, 1))
        for i in filter(i -> isfinite(norms[i]), 1:examples)
            own, limit = clip isa Real ? (norms[i], clip) : (length2(c[:, i]), clip[p])
            total .+= min(1, limit / own) .* c[:, i]
        end
        reshape(total, Base.front(size(g)))
    end, norms
end

like(g) = Array{eltype(g)}(undef, Base.front(size(g)))
lot(seed, T, dims...; scale = 1) = randn(SplitMix64(seed), T, dims...) .* T(scale)

@testset "clip_sum! is its definition: $T, clip $clip" for T in (Float32, Float64), clip in (1.0, 30, [0.5, 2.0, 100.0])
    gradients = [lot(1, T, 7, 5, 33), lot(2, T, 2100, 33), lot(3, T, 3, 2, 2, 33; scale = 5)]
    out = like.(gradients)
    r = clip_sum!(out, gradients; clip = clip)
    sums, norms = naive(gradients, clip)
    @test all(isapprox.(out, sums; rtol = 10eps(T), atol = 10eps(T)))
    @test r.norms ≈ norms rtol = 1e-6
    @test r.examples == 33 && isempty(r.non_finite) && r.clip_norm ≈ (clip isa Real ? clip : sqrt(sum(abs2, clip)))
    @test r.clipped == 33
    together = Tuple(like.(gradients))
    clip_sum!(together, Tuple(gradients); clip = clip isa Real ? clip : Tuple(clip))
    @test collect(together) == out
end

@testset "forms of arrays" begin
    g = lot(4, Float32, 6, 40)
    expected = zeros(Float32, 6)
    clip_sum!(expected, g; clip = 2)
    out = zeros(Float32, 6)
    for form in (transpose(permutedims(g)), view(hcat(g, g), :, 1:40), view(lot(4, Float32, 6, 40), :, :), PermutedDimsArray(permutedims(g), (2, 1)))
        clip_sum!(out, form; clip = 2)
        @test out == expected
    end
    strided = zeros(Float32, 12)
    clip_sum!(view(strided, 1:2:12), g; clip = 2)
    @test strided[1:2:12] == expected && all(iszero, strided[2:2:12])
    number = zeros(Float64) # one feature
    clip_sum!(number, [3.0, -1.0, 0.25]; clip = 1)
    @test number[] == 0.25
end

@testset "NaN and Inf contribute zero and are reported" begin
    g = [lot(5, Float32, 50, 9), lot(6, Float32, 4, 9)]
    clean = [x[:, [1, 3, 4, 5, 6, 8, 9]] for x in g]
    g[1][7, 2] = NaN
    g[2][1, 7] = -Inf
    out, expected = like.(g), like.(g)
    r = clip_sum!(out, g; clip = 3)
    clip_sum!(expected, clean; clip = 3)
    @test all(isapprox.(out, expected; rtol = 1e-6))
    @test r.non_finite == [2, 7] && isnan(r.norms[2]) && isnan(r.norms[7]) && r.examples == 9
    text = sprint(show, MIME("text/plain"), r)
    @test occursin("9 examples", text) && occursin("2, 7", text)
    @test occursin("2 non-finite", sprint(show, r))
end

@testset "a lot may be empty" begin
    out = ones(Float32, 5, 4)
    @test clip_sum!(out, zeros(Float32, 5, 4, 0); clip = 1).examples == 0
    @test all(iszero, out)
    source = PrivateRun(seed = 1)
    private_mean!(out, zeros(Float32, 5, 4, 0), source; clip = 1, noise_multiplier = 1, expected_lot_size = 2)
    @test all(!iszero, out)
end

@testset "the mean is divided by the expected lot size, and its noise is σC: $kind" for kind in (:discrete, :fast)
    n = 200_000
    g = lot(7, Float64, n, 3)
    sums, mean = zeros(n), zeros(n)
    clip_sum!(sums, g; clip = 2)
    private_mean!(mean, g, PrivateRun(seed = 2); clip = 2, noise_multiplier = 1.5, expected_lot_size = 50, noise = kind)
    noise = 50 .* mean .- sums
    @test abs(sum(noise) / n) < 5 * 3 / sqrt(n)
    @test abs(sum(abs2, noise) / n / 9 - 1) < 5 * sqrt(2 / n) + 1e-3
    sums_noised = copy(sums)
    @test add_noise!(sums_noised, PrivateRun(seed = 3); sensitivity = 2, noise_multiplier = 1.5, noise = kind) === sums_noised
    @test abs(sum(abs2, sums_noised .- sums) / n / 9 - 1) < 5 * sqrt(2 / n) + 1e-3
    pair = (zeros(Float32, 10), zeros(Float32, 2, 3))
    add_noise!(pair, PrivateRun(); sensitivity = 1, noise_multiplier = 1, noise = kind)
    @test all(!iszero, pair[1]) && all(!iszero, pair[2])
    strided = zeros(20)
    add_noise!(view(strided, 1:2:20), PrivateRun(); sensitivity = 1, noise_multiplier = 1, noise = kind)
    @test all(!iszero, strided[1:2:20]) && all(iszero, strided[2:2:20])
end

@testset "randomness is fresh unless seeded" begin
    noise(source) = add_noise!(zeros(20), source; sensitivity = 1, noise_multiplier = 1)
    @test noise(PrivateRun()) != noise(PrivateRun())
    @test noise(PrivateRun(seed = 5)) == noise(PrivateRun(seed = 5)) != noise(PrivateRun(seed = 6))
    source = PrivateRun(seed = 5)
    @test noise(source) != noise(source)
    @test isprivate(PrivateRun()) && !isprivate(source)
    @test occursin("not private", sprint(show, source))
    @test_throws InvalidArgument deepcopy(source)
end

@testset "the adaptive norm follows its quantile, and is paid for" begin
    clip = AdaptiveClip(100.0; count_noise = 5, quantile = 0.5)
    source = PrivateRun(seed = 8)
    out = zeros(10)
    local r
    for t in 1:300
        r = private_mean!(out, lot(t, Float64, 10, 200), source; clip = clip, noise_multiplier = 1, expected_lot_size = 200)
    end
    @test r.adapted.norm == clip.norm
    @test 2.8 < clip.norm < 3.4 # the median of a chi with 10 degrees of freedom is 3.06
    @test effective_noise_multiplier(1.0, clip) ≈ 1 / sqrt(1 + 1 / 100)
    before = clip.norm
    clip_sum!(out, lot(1, Float64, 10, 200); clip = clip)
    @test clip.norm == before
    moved = adapt!(clip, clip_sum!(out, lot(1, Float64, 10, 200); clip = clip), source; expected_lot_size = 200)
    @test clip.norm == moved.norm != before
    @test occursin("quantile 0.5", sprint(show, clip))
end

@testset "calls from several tasks, while others collect garbage" begin
    code, out, err = run_julia("""
        g = randn(2000, 64)
        source = PrivateRun()
        expected = zeros(2000); clip_sum!(expected, g; clip = 1)
        fine = Threads.Atomic{Int}(0)
        Threads.@threads for i in 1:40
            out = zeros(2000)
            i % 5 == 0 && GC.gc(false)
            clip_sum!(out, g; clip = 1)
            out == expected && Threads.atomic_add!(fine, 1)
            private_mean!(out, g, source; clip = 1, noise_multiplier = 1, expected_lot_size = 64)
        end
        print(fine[])
        """; threads = 2)
    @test (code, out) == (0, "40")
    code == 0 || print(stderr, err)
end
