# Where a model runs: arrays of a device, half precision, tasks; the answer is the model's, and what could be seen was.

using Test, Flux, FluxGuard
using Zygote: Zygote
using Main.Support

small() = Chain(Dense(2 => 5, tanh), Dense(5 => 4))
x = Float32.(values_like(3, 2, 16))

@testset "half precision" begin
    Guard(baseline(); log = false, on_error = :throw) do guard
        bare = f16(small())
        model = f16(guarded(bare, guard))
        @test model isa FluxGuard.Guarded && eltype(model[1].weight) === Float16
        @test model(Float16.(x)) == bare(Float16.(x))
        @test counters(guard).observed == 16 && counters(guard).copied == 0
        @test f32(model)(x) == f32(bare)(x)
        @test Flux.gradient(m -> sum(m(Float16.(x))), model) == Flux.gradient(m -> sum(m(Float16.(x))), bare)
        @test counters(guard).observed == 48
    end
end

@testset "moves where there is no other device" begin
    Guard(baseline(); log = false, on_error = :throw) do guard
        bare = small()
        for move in (cpu, gpu, cpu_device(), gpu_device())
            @test move(guarded(bare, guard))(x) == bare(x) && guards(move(guarded(bare, guard))) == [() => guard]
        end
    end
end

if Base.find_package("JLArrays") === nothing
    skip_topic("flux/devices: arrays of a device", "JLArrays not in the environment")
else
    @eval using JLArrays, Adapt
    @testset "arrays of a device are brought here, and counted as copied" begin
        JLArrays.allowscalar(false)
        Guard(baseline(); log = false, on_error = :throw) do guard
            bare = small()
            model = fmap(leaf -> leaf isa Array{<:Number} ? JLArray(leaf) : leaf, guarded(bare, guard))
            @test model isa FluxGuard.Guarded && model[1].weight isa JLArray && guards(model) == [() => guard]
            y = model(JLArray(x))
            @test y isa JLArray && Array(y) ≈ bare(x)
            @test (counters(guard).observed, counters(guard).copied) == (16, 1) # a call
            v = observe!(guard, y)
            @test v.scores ≈ score(guard, bare(x)).scores rtol = 1e-4
            @test observe!(guard, view(y, :, 3:5)).observations == 3 && observe!(guard, reshape(y, 4, 4, 4)[:, 1, :]).observations == 4
        end
        # The reference, too.
        Guard(fit(Profile, JLArray(logits(1, 500))); log = false) do guard
            @test guard.output === :logits && observe!(guard, JLArray(logits(2, 100))).observations == 100
        end
        # A mask and the positions of a sequence.
        sequences = logits(3, 6 * 40)
        Guard(fit(Profile, reshape(sequences, 4, 6, 40); observation = (2, 3)); log = false) do guard
            mask = trues(6, 40); mask[4:6, 1:20] .= false
            here = observe!(guard, reshape(sequences, 4, 6, 40); mask = mask)
            there = observe!(guard, JLArray(reshape(sequences, 4, 6, 40)); mask = mask)
            @test here.observations == there.observations == 180 && here.scores == there.scores
            @test observe!(guard, JLArray(reshape(sequences, 4, 6, 40)); mask = JLArray(collect(mask))).scores == here.scores
        end
    end
end

@testset "tasks, and what takes no gradient" begin
    Guard(baseline(); log = false, on_error = :throw) do guard
        bare = small()
        model = guarded(bare, guard)
        answers = fetch.([Threads.@spawn(model(x .+ k)) for k in 1:20])
        @test answers == [bare(x .+ k) for k in 1:20] && counters(guard).observed == 320
        silent(m) = Zygote.ignore_derivatives(() -> sum(m(x)))
        loss(m) = sum(abs2, m(x)) + silent(m)
        @test Flux.gradient(loss, model) == Flux.gradient(loss, bare)
        @test counters(guard).observed == 352
    end
end
