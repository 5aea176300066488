using Test, FluxGuard
using Main.Support

if Base.find_package("EnzymeCore") === nothing
    skip_topic("flux/enzyme rules", "EnzymeCore not in the environment")
else
    @eval using EnzymeCore
    @testset "Enzyme's rules know the hook" begin
        Guard(baseline(); log = false) do guard
            y = logits(1, 3)
            @test EnzymeCore.EnzymeRules.inactive(FluxGuard.watch, guard, y) === nothing
            @test EnzymeCore.EnzymeRules.inactive(FluxGuard.observe!, guard, y) === nothing
            @test EnzymeCore.EnzymeRules.inactive_type(typeof(guard))
        end
    end
end

if Base.find_package("Enzyme") === nothing
    skip_topic("flux/enzyme", "Enzyme not in the environment")
else
    @eval using Flux, Enzyme
    @testset "Enzyme: the gradient is the model's" begin
        Guard(baseline(); log = false) do guard
            chain = Chain(Dense(2 => 3, tanh), Dense(3 => 4))
            x = Float32.(values_like(3, 2, 16))
            gradient(m) = Enzyme.gradient(Reverse, x -> sum(abs2, m(x)), x)[1]
            @test gradient(guarded(chain, guard)) ≈ gradient(chain)
        end
    end
end
