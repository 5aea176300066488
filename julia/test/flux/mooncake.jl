using Test, Flux, FluxGuard
using Main.Support

if Base.find_package("Mooncake") === nothing
    skip_topic("flux/mooncake", "Mooncake not in the environment")
else
    @eval using Mooncake
    @testset "Mooncake: the gradient is the model's" begin
        Guard(baseline(); log = false) do guard
            chain = Chain(Dense(2 => 3, tanh), Dense(3 => 4))
            model = guarded(chain, guard)
            x = Float32.(values_like(3, 2, 16))
            gradient(m) = (f = x -> sum(abs2, m(x)); rule = Mooncake.build_rrule(f, x); Mooncake.value_and_gradient!!(rule, f, x)[2][2])
            @test gradient(model) == gradient(chain)
            @test counters(guard).observed >= 16
        end
    end
end
