using Test, FluxGuard
using FluxGuard: watch
using Main.Support

# A measurement inside a function, after a warm-up: what the hook itself allocates in Julia.
function allocated(guards, y)
    watch(guards, y)
    least = typemax(Int)
    for _ in 1:5
        least = min(least, @allocated watch(guards, y))
    end
    return least
end

struct Identity end
(::Identity)(x) = x

function allocated_by_layer(model, y)
    model(y)
    return minimum(@allocated(model(y)) for _ in 1:5)
end

@testset "0 bytes a call: $T, $(size(y))" for T in (Float16, Float32, Float64), y in (logits(2, 1; T = T), logits(2, 256; T = T))
    Guard(baseline(); log = false) do guard
        @test allocated(guard, y) == 0
        @test allocated((guard, guard), y) == 0
        @test allocated(guard, view(y, :, 1:size(y, 2))) == 0
        @test allocated(guard, vec(y)[1:4]) == 0
        @test allocated_by_layer(guarded(Identity(), guard), y) == 0
    end
end

@testset "0 bytes a call for values" begin
    Guard(fit(Profile, values_like(1, 10, 500); output = :values); log = false) do guard
        @test allocated(guard, values_like(2, 10, 64)) == 0
    end
end
