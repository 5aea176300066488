# Layers of Lux: guarded, they are layers of Lux with the same parameters and states.

using Test, FluxGuard, FluxGuard.Errors, Random
using Main.Support

if Base.find_package("Lux") === nothing
    skip_topic("flux/lux", "Lux not in the environment")
else
    @eval using Lux, Zygote
    @testset "a layer of Lux like any other" begin
        chain = Lux.Chain(Lux.Dense(2 => 5, tanh), Lux.BatchNorm(5), Lux.Dense(5 => 4))
        x = Float32.(values_like(3, 2, 16))
        Guard(baseline(); name = "out", log = false) do guard
            Guard(fit(Profile, values_like(1, 5, 500; T = Float32); output = :values); name = "hidden", log = false) do inner
                model = guarded(chain, guard, 1 => inner)
                @test model isa Lux.AbstractLuxLayer && length(guards(model)) == 2
                ps, st = Lux.setup(Xoshiro(1), chain)
                @test Lux.setup(Xoshiro(1), model) == (ps, st)
                @test Lux.parameterlength(model) == Lux.parameterlength(chain) && Lux.statelength(model) == Lux.statelength(chain)
                @test model(x, ps, st) == chain(x, ps, st) == Lux.apply(model, x, ps, st)
                @test (counters(guard).observed, counters(inner).observed) == (32, 32)
                loss(m, ps) = sum(abs2, first(m(x, ps, st)))
                @test Zygote.gradient(ps -> loss(model, ps), ps) == Zygote.gradient(ps -> loss(chain, ps), ps)
                @test (counters(guard).observed, counters(inner).observed) == (48, 48)
                still = Lux.testmode(st)
                @test model(x, ps, still) == chain(x, ps, still)
                longer(m) = first(Lux.Chain(m, Lux.WrappedFunction(y -> 2 .* y))(x, (layer_1 = ps, layer_2 = (;)), (layer_1 = st, layer_2 = (;))))
                @test longer(model) == longer(chain)
                @test unguarded(model)(x, ps, st) == chain(x, ps, st) && isempty(guards(unguarded(model)))
                @test counters(guard).observed == 80
                @test repr(MIME("text/plain"), model) == repr(MIME("text/plain"), chain)
                @test verdict(guard).observations == 16
                @test_throws InvalidArgument guarded(chain, 7 => guard)
            end
        end
        # A dead guard does not stop it.
        guard = Guard(baseline(); log = false)
        close(guard)
        model = guarded(chain, guard)
        ps, st = Lux.setup(Xoshiro(1), model)
        @test model(x, ps, st) == chain(x, ps, st) && counters(guard).unwatched == 1
    end
end
