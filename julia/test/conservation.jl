using Test, FluxGuard, FluxGuard.Errors
using Main.Support

# Law 3: whatever the interleaving of observers, each observation is in exactly one tested window.
@testset "observed == tested, $threads threads" for threads in (1, 4)
    code, out, err = run_julia("""
        import Random
        profile = baseline()
        for round in 1:5
            guard = Guard(profile; window = 128, log = false)
            total = Threads.Atomic{Int}(0)
            @sync for worker in 1:8
                Threads.@spawn begin
                    rng = SplitMix64(100round + worker)
                    for step in 1:100
                        n = rand(rng, 1:90)
                        seen = observe!(guard, logits(step, n))
                        seen.observations == n || error("a verdict of another task")
                        Threads.atomic_add!(total, n)
                        rand(rng) < 0.02 && flush(guard)
                    end
                end
            end
            flush(guard)
            c = counters(guard)
            println(c.observed == c.tested == total[], " ", c.observed)
            close(guard)
            tested = counters(guard)
            println(tested.observed == tested.tested == total[], " ", sum(w.window.observations for w in windows(guard)) <= tested.tested)
        end
        println(Threads.nthreads())
        """; threads = threads)
    @test code == 0
    code == 0 || print(stderr, err)
    lines = split(strip(out), '\n')
    @test length(lines) == 11
    @test all(line -> startswith(line, "true"), lines[1:end-1])
    @test parse(Int, last(lines)) >= min(threads, Sys.CPU_THREADS) # older Julias start no more threads than the machine has
end

@testset "closing under observers: what was taken is tested, the rest is refused" begin
    code, out, err = run_julia("""
        guard = Guard(baseline(); window = 128, log = false)
        total = Threads.Atomic{Int}(0)
        refused = Threads.Atomic{Int}(0)
        y = logits(1, 40)
        @sync begin
            for worker in 1:4
                Threads.@spawn for step in 1:2000
                    try
                        FluxGuard.watch(guard, y)
                        Threads.atomic_add!(total, 40)
                    catch error
                        error isa GuardClosed || rethrow()
                        Threads.atomic_add!(refused, 1)
                    end
                end
            end
            Threads.@spawn (sleep(0.02); close(guard))
        end
        close(guard)
        c = counters(guard)
        print(c.observed == c.tested == total[])
        """; threads = 4)
    @test (code, out) == (0, "true")
    code == 0 || print(stderr, err)
end
