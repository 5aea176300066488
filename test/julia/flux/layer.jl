using Test, Flux, Functors, Optimisers, FluxGuard
using Main.Support

small() = Chain(Dense(2 => 5, tanh), BatchNorm(5), Dropout(0.5), Dense(5 => 4))
x = Float32.(values_like(3, 2, 16))

with_guards(f) = Guard(baseline(); name = "out", log = false) do guard
    Guard(fit(Profile, values_like(1, 5, 500; T = Float32); output = :values); name = "hidden", log = false) do inner
        f(guard, inner)
    end
end

@testset "a layer like any other" begin
    with_guards() do guard, inner
        chain = Flux.testmode!(small())
        model = guarded(chain, guard, 1 => inner)
        @test model(x) == chain(x)
        @test (counters(guard).observed, counters(inner).observed) == (16, 16)
        @test Chain(model, softmax)(x) == softmax(chain(x))
        @test counters(guard).observed == 32
        @test model.layers[1] isa Guarded && model[4] === chain[4] && length(model) == 4
        @test verdict(guard).observations == 16
    end
end

@testset "what Flux finds in it is what it finds in the model" begin
    with_guards() do guard, inner
        chain = small()
        model = guarded(chain, guard, 1 => inner)
        @test all(a === b for (a, b) in zip(Flux.trainables(model), Flux.trainables(chain)))
        @test length(Flux.trainables(model)) == length(Flux.trainables(chain)) == 6
        @test Functors.children(guarded(chain, guard)) == (model = chain,)
        flat, rebuild = Flux.destructure(model)
        @test flat == first(Flux.destructure(chain))
        doubled = rebuild(2 .* flat)
        @test doubled.guards === (guard,)
        @test doubled.layers[1].guards === (inner,)
        @test first(Flux.destructure(doubled)) == 2 .* flat
    end
end

@testset "converted, moved and copied: the same guards" begin
    with_guards() do guard, inner
        model = guarded(small(), guard, 1 => inner)
        for other in (f64(model), cpu(model), gpu(model), fmap(identity, model), deepcopy(model))
            @test other isa Guarded && other.guards === (guard,) && other.layers[1].guards === (inner,)
        end
        @test eltype(f64(model).layers[4].weight) == Float64
        @test Flux.testmode!(f64(model))(Float64.(x)) isa Matrix{Float64}
    end
end

@testset "test and train mode reach the model" begin
    with_guards() do guard, inner
        model = guarded(small(), guard)
        @test Flux.testmode!(model) === model
        @test model(x) == model(x)
        Flux.trainmode!(model)
        @test model.layers[3].active === true
    end
end

@testset "state is saved and loaded as the model's" begin
    with_guards() do guard, inner
        a, b = guarded(small(), guard), guarded(small(), guard)
        Flux.loadmodel!(b, Flux.state(a))
        @test Flux.testmode!(a)(x) == Flux.testmode!(b)(x)
        @test Flux.state(a).model == Flux.state(a.model)
    end
end

@testset "it trains as the model does, step by step" begin
    with_guards() do guard, inner
        chain = Chain(Dense(2 => 5, tanh), Dense(5 => 4))
        model = guarded(deepcopy(chain), guard, 1 => inner)
        labels = Flux.onehotbatch(rand(1:4, 16), 1:4)
        loss(m, x, y) = Flux.logitcrossentropy(m(x), y)
        for rule in (Descent(0.1), Adam(0.01))
            for m in (chain, model)
                Flux.train!(loss, m, [(x, labels) for _ in 1:5], Flux.setup(rule, m))
            end
            @test first(Flux.destructure(model)) == first(Flux.destructure(chain))
        end
        @test counters(guard).observed == 2 * 5 * 16
    end
end

@testset "show" begin
    with_guards() do guard, inner
        model = guarded(small(), guard, 1 => inner)
        text = repr(MIME("text/plain"), model)
        @test occursin("Guarded(", text) && occursin("Dense(2 => 5, tanh)", text) && occursin("49 parameters", text)
        @test occursin("guarded(", repr(model)) && occursin("\"out\"", repr(model))
        @test occursin("Dense(5 => 4)", repr(MIME("text/plain"), Chain(model, softmax)))
    end
end

@testset "a guard cannot observe what is no array of floats" begin
    with_guards() do guard, inner
        @test_throws ElementTypeUnsupported guarded(x -> round.(Int, x), guard)(x)
        @test_throws InvalidArgument guarded(x -> (x, x), guard)(x)
    end
end
