using Test, FluxGuard, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: Phase
using Main.Support

accountant() = step!(Accountant(unit_size = 2); noise_multiplier = 1.1, sample_rate = 0.01, steps = 70, dimension = 1000)

@testset "what is saved comes back: $(typeof(clip))" for clip in (1.5, [0.5, 2.0], AdaptiveClip(0.1; count_noise = 3))
    path = scratch("run.fgdp")
    schedule = [Phase(noise_multiplier = 1.1, sample_rate = 0.01, steps = 100), Phase(noise_multiplier = 2, sampler = :full_batch)]
    state = PrivacyState(accountant(); clip = clip, schedule = schedule)
    FluxGuard.save(path, state)
    loaded = FluxGuard.load(PrivacyState, path)
    @test loaded == state && hash(loaded) == hash(state)
    @test steps(loaded.accountant) == 70 && loaded.private
    # the same accounting goes on
    next(a) = epsilon(step!(a; noise_multiplier = 1.1, sample_rate = 0.01, steps = 30, dimension = 1000); delta = 1e-5)
    @test next(loaded.accountant) == next(accountant())
    FluxGuard.save(path, PrivacyState(accountant(); clip = 2, private = false)) # over the old one
    @test !FluxGuard.load(PrivacyState, path).private
    @test readdir(dirname(path)) == ["run.fgdp"]
    @test occursin("not private", sprint(show, FluxGuard.load(PrivacyState, path)))
end

@testset "a resumed run draws fresh noise, whatever is loaded" begin
    path = scratch("run.fgdp")
    FluxGuard.save(path, PrivacyState(accountant(); clip = 1))
    resume() = run_julia("FluxGuard.load(PrivacyState, $(repr(path))); print(add_noise!(zeros(4), PrivateRun(); sensitivity = 1, noise_multiplier = 1))")
    (code1, first_run, _), (code2, second_run, _) = resume(), resume()
    @test code1 == code2 == 0 && first_run != second_run
    @test_throws MethodError FluxGuard.save(path, PrivateRun())
    @test_throws MethodError FluxGuard.save(path, TreeNoise(3; steps = 2, clip_norm = 1, noise_multiplier = 1))
    # correlated noise is begun anew, and its cost is added to what was spent
    a = FluxGuard.load(PrivacyState, path).accountant
    before = epsilon(a; delta = 1e-5)
    step!(a, TreeNoise(3; steps = 2, clip_norm = 1, noise_multiplier = 3))
    @test epsilon(a; delta = 1e-5) > before
end

@testset "a file that is not whole is refused with the reason" begin
    path = scratch("run.fgdp")
    FluxGuard.save(path, PrivacyState(accountant(); clip = 1))
    bytes = read(path)
    refused(content) = (write(path, content); try FluxGuard.load(PrivacyState, path); "loaded" catch e; e end)
    for at in (1, 3, 9, 18, 20, length(bytes) ÷ 2, length(bytes))
        damaged = copy(bytes)
        damaged[at] ⊻= 0x10
        @test refused(damaged) isa FileDamaged
    end
    for length_kept in (0, 1, 10, 19, 20, 21, length(bytes) - 1)
        @test refused(bytes[1:length_kept]) isa FileDamaged
    end
    @test refused([bytes; 0x00]) isa FileDamaged
    @test occursin("checksum", refused([bytes[1:end-1]; ~bytes[end]]).message)
    other = copy(bytes)
    other[5] = 0x63
    fault = refused(other)
    @test fault isa FileVersion && occursin("99", fault.message)
    @test_throws PathUnusable FluxGuard.load(PrivacyState, scratch("none.fgdp"))
    @test_throws PathUnusable FluxGuard.save("/no/such/folder/run.fgdp", PrivacyState(accountant(); clip = 1))
    write(path, bytes)
    @test FluxGuard.load(PrivacyState, path) == PrivacyState(accountant(); clip = 1)
end
