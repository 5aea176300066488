using Test, Random, FluxGuard, FluxGuard.Drift, FluxGuard.Errors
using FluxGuard: Native
using Main.Support

# By definition, in two passes and double precision.
function naive(y)
    rows = reshape(Float64.(y), :, size(y, ndims(y)))
    return map(1:size(rows, 1)) do k
        x = filter(isfinite, rows[k, :])
        mean = sum(x) / length(x)
        std = length(x) < 2 ? NaN : sqrt(sum((x .- mean) .^ 2) / (length(x) - 1))
        (mean, std, isempty(x) ? NaN : minimum(x), isempty(x) ? NaN : maximum(x), count(!isfinite, rows[k, :]))
    end
end

function agree(m::Moments, y)
    rows = naive(y)
    same(a, b) = isequal(a, b) || isapprox(a, b; rtol = 1e-9, atol = 1e-9)
    return length(m.mean) == length(rows) && m.observations == size(y, ndims(y)) &&
        all(k -> all(map(same, (m.mean[k], m.std[k], m.min[k], m.max[k], m.non_finite[k]), rows[k])), eachindex(rows))
end

@testset "$T, $dims" for T in (Float16, Float32, Float64), dims in ((1, 7), (3, 1), (10, 256), (17, 40), (40, 17), (2, 5, 9), (4, 3, 2, 6), (300, 11))
    y = randn(SplitMix64(prod(dims)), T, dims) .* T(2) .+ T(5)
    @test agree(moments(y), y)
    bad = copy(y)
    bad[1] = NaN
    bad[end] = -Inf
    @test agree(moments(bad), bad)
end

@testset "a large mean costs no digits" begin
    y = 1e9 .+ values_like(1, 3, 1000)
    @test agree(moments(y), y)
end

@testset "every form is its plain copy" begin
    y = values_like(3, 4, 24; T = Float32)
    for form in (view(y, :, 3:9), view(y, :, 1:2:9), transpose(permutedims(y)), view(y, 2:3, :), reshape(y, 2, 2, 24))
        @test agree(moments(form), copy(form))
    end
    @test agree(moments(y[1, :]), y[1:1, :])
    @test isequal(moments(fill(NaN, 2, 3)).min, [NaN, NaN])
end

@testset "in place, without allocation" begin
    y = values_like(4, 10, 1000; T = Float32)
    out = zeros(5, 10)
    @test moments!(out, y) === out
    m = moments(y)
    @test out == permutedims([m.mean m.std m.min m.max m.non_finite])
    allocated(out, y) = (moments!(out, y); minimum(@allocated(moments!(out, y)) for _ in 1:5))
    @test allocated(out, y) == 0
    @test occursin("10 features, 1000 observations", sprint(show, MIME("text/plain"), m))
end

@testset "bad input" begin
    @test_throws ElementTypeUnsupported moments([1 2; 3 4])
    @test_throws InvalidArgument moments("text")
    @test_throws EmptyTensor moments(zeros(3, 0))
    @test_throws EmptyTensor moments(zeros(0, 3))
    @test_throws InvalidArgument moments!(zeros(5, 3), zeros(4, 2))
    @test_throws InvalidArgument moments!(zeros(5, 4), "text")
end
