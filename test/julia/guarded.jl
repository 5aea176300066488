using Test, FluxGuard
using Main.Support

# A model of plain Julia, with what a Flux model may have: parameters, keyword arguments, several arguments.
struct Linear
    weight::Matrix{Float32}
end
(l::Linear)(x) = l.weight * x
(l::Linear)(x, scale; shift = 0) = l.weight * x .* scale .+ shift

struct Sequence{T}
    layers::T
end
(s::Sequence)(x) = foldl((x, layer) -> layer(x), Tuple(s.layers); init = x)

linear = Linear([1 0; 0 1; 1 1; 1 -1])
x = Float32.(values_like(3, 2, 16))

@testset "the model's output, unchanged" begin
    Guard(baseline(); log = false) do guard
        model = guarded(linear, guard)
        @test model(x) == linear(x)
        @test model(x, 2; shift = 1) == linear(x, 2; shift = 1)
        @test counters(guard).observed == 32
        @test verdict(guard).observations == 16
        @test verdict(guard).scores == FluxGuard.score(guard, linear(x, 2; shift = 1)).scores
    end
end

@testset "its parts and its model's properties" begin
    Guard(baseline(); name = "out", log = false) do guard
        model = guarded(linear, guard)
        @test model.model === linear
        @test model.guards === (guard,)
        @test model.weight === linear.weight
        @test :weight in propertynames(model) && :model in propertynames(model)
        @test_throws Exception model.bias
        @test occursin("Linear", sprint(show, model)) && occursin("\"out\"", sprint(show, model))
    end
end

@testset "several guards, inner layers" begin
    profile = baseline()
    inner_profile = fit(Profile, values_like(1, 2, 500; T = Float32); output = :values)
    Guard(profile; log = false) do a
        Guard(profile; log = false) do b
            Guard(inner_profile; log = false) do inner
                model = guarded(Sequence((identity, linear)), a, b, 1 => inner)
                @test model(x) == linear(x)
                @test [counters(g).observed for g in (a, b, inner)] == [16, 16, 16]
                @test guarded(guarded(linear, a), b).guards === (a, b)
                @test length(guarded(Sequence((identity, linear)), a).layers) == 2

                named = Sequence((first = identity, last = Sequence([identity, linear])))
                for place in ((:last, 1), (2, 1))
                    before = counters(inner).observed
                    model = guarded(named, place => inner)
                    @test model(x) == linear(x)
                    @test counters(inner).observed == before + 16
                    @test keys(model.layers) == (:first, :last)
                end
                deep = guarded(guarded(named, a), :first => (inner, inner))
                before = counters(inner).observed
                deep(x)
                @test counters(inner).observed == before + 32
            end
        end
    end
end

@testset "places that are none" begin
    Guard(baseline(); log = false) do guard
        model = Sequence((identity, linear))
        @test_throws InvalidArgument guarded(model)
        @test_throws InvalidArgument guarded(model, 3 => guard)
        @test_throws InvalidArgument guarded(model, :head => guard)
        @test_throws InvalidArgument guarded(model, 2.5 => guard)
        @test_throws InvalidArgument guarded(linear, 1 => guard)
        @test_throws InvalidArgument guarded(model, 1 => "guard")
    end
end

@testset "a closed guard stops the model" begin
    guard = Guard(baseline(); log = false)
    model = guarded(linear, guard)
    model(x)
    close(guard)
    @test_throws GuardClosed model(x)
end

@testset "a copy of the model has the same guard" begin
    Guard(baseline(); log = false) do guard
        model = deepcopy(guarded(linear, guard))
        @test model.guards[1] === guard
        @test model.weight !== linear.weight
        model(x)
        @test counters(guard).observed == 16
    end
end
