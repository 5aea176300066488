using Test, Flux, Zygote, FluxGuard
using Main.Support

x = Float32.(values_like(3, 2, 16))
labels = Flux.onehotbatch(repeat(1:4, 4), 1:4)

# What is compared is compared with ==: the hook changes no bit.
@testset "the gradient is the model's, exactly: $name" for (name, chain) in [
    "Dense" => Chain(Dense(2 => 5, tanh), Dense(5 => 4)),
    "BatchNorm" => Chain(Dense(2 => 5, relu), BatchNorm(5), Dense(5 => 4)),
    "named" => Chain(first = Dense(2 => 5, tanh), last = Dense(5 => 4)),
    "SkipConnection" => Chain(Dense(2 => 5), SkipConnection(Dense(5 => 5, gelu), +), Dense(5 => 4)),
    "vector of layers" => Chain([Dense(2 => 5, tanh), Dense(5 => 4)]),
]
    loss(m, x) = Flux.logitcrossentropy(m(x), labels)
    Guard(baseline(); log = false) do guard
        Guard(fit(Profile, values_like(1, 5, 500; T = Float32); output = :values); log = false) do inner
            plain_loss, (plain, plain_x) = Flux.withgradient(loss, deepcopy(chain), x)
            for model in (guarded(deepcopy(chain), guard), guarded(deepcopy(chain), guard, guard))
                guarded_loss, (gradient, gradient_x) = Flux.withgradient(loss, model, x)
                @test guarded_loss == plain_loss
                @test gradient == plain
                @test gradient_x == plain_x
            end
            model = guarded(deepcopy(chain), guard, 1 => inner)
            _, (gradient, gradient_x) = Flux.withgradient(loss, model, x)
            @test gradient_x == plain_x
            inside = gradient.layers[1]
            @test inside == plain.layers[1]
            @test counters(guard).observed == 4 * 16 && counters(inner).observed == 16
        end
    end
end

@testset "keyword arguments, several arguments" begin
    scale(x, w; shift) = x .* w .+ shift
    Guard(baseline(); log = false) do guard
        y = logits(1, 8)
        f(m) = w -> sum(abs2, m(y, w; shift = 1.0f0))
        @test Zygote.gradient(f(guarded(scale, guard)), 2.0f0) == Zygote.gradient(f(scale), 2.0f0)
        @test counters(guard).observed == 8
    end
end

@testset "observe! and verdict in a loss" begin
    Guard(baseline(); log = false) do guard
        y = logits(1, 8)
        loss(y) = (v = observe!(guard, y); sum(abs2, y) + 0 * verdict(guard).anomalous)
        @test Zygote.gradient(loss, y) == (2 .* y,)
    end
end

@testset "a second derivative" begin
    Guard(baseline(); log = false) do guard
        chain = Chain(Dense(2 => 3, tanh), Dense(3 => 4))
        inner(m, x) = sum(abs2, m(x))
        penalty(m) = x -> sum(abs2, Zygote.gradient(x -> inner(m, x), x)[1])
        @test Zygote.gradient(penalty(guarded(chain, guard)), x) == Zygote.gradient(penalty(chain), x)
    end
end
