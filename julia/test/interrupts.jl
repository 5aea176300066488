using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Privacy
using Main.Support

# A process with a real SIGINT for each of many long calls. None of them would end within many minutes; what was given must be as
# before, the next call must work, and the exception must come once. A call that does not hear the signal is killed with its process.
const INTERRUPTED = """
    using Random
    ccall(:jl_exit_on_sigint, Cvoid, (Cint,), 0)

    # Compiled before it counts.
    kill(run(`sh -c "sleep 60"`; wait = false), 9)

    "Runs `call`, with a SIGINT a moment later. Gives what it threw, and what was thrown after that: nothing, if all is well."
    function interrupted(call)
        signals = run(`sh -c "sleep 1; kill -INT \$(getpid()); sleep 60; kill -KILL \$(getpid())"`; wait = false)
        thrown = try call(); "nothing" catch error; error end
        again = try
            kill(signals, 9)
            for _ in 1:5
                GC.gc(false)
                sleep(0.01)
            end
            "nothing"
        catch error
            error
        end
        return thrown, again
    end

    x(n, features = 16; shift = 0f0) = randn(SplitMix64(n), Float32, features, n) .+ shift
    const BIG, SMALL, PROBES = x(300_000), x(500), x(20)

    struct Long
        name::String
        given    # what the call is given
        call     # the long call
        state    # what one can see of what it was given
        next     # a short call, whose answer is the same before and after
    end

    fitted(type; options...) = fit(type, SMALL; options...)
    scores(d) = (score(d, PROBES), pvalue(d, PROBES))
    refit(d) = scores(fit(typeof(d), SMALL))

    function store(; options...)
        s = NeighborStore(16; options...)
        add!(s, SMALL)
        return s
    end
    full() = (s = store(); add!(s, BIG); s)
    permuted(a, b, n; test = :wasserstein) = repr(compare(a, b; tests = [test], method = :permutation, permutations = n))
    few(y) = permuted(SMALL, PROBES, 99)
    cells(n) = foldl((a, i) -> step!(a; noise_multiplier = 1 + i / 1000, sample_rate = 0.01, steps = 100), 1:n; init = Accountant())
    spent(a) = epsilon(step!(a; noise_multiplier = 2, sample_rate = 1); delta = 1e-5)
    seen(p) = sprint(show, "text/plain", p)
    kept() = fit(Profile, BIG; output = :values, capacity = 300_000)
    judged(p) = Guard(g -> repr(score(g, PROBES).scores), fit(Profile, SMALL; output = :values); detectors = [KNN()], log = false)

    const ENDING = [
        Long("fit! of KNN", () -> fitted(KNN), d -> fit!(d, BIG), scores, refit),
        Long("fit! of LOF", () -> fitted(LOF), d -> fit!(d, BIG), scores, refit),
        Long("fit! of KDE", () -> fitted(KDE), d -> fit!(d, BIG), scores, refit),
        Long("fit! of a forest", () -> IsolationForest(; trees = 100_000, sample_size = 10_000), d -> fit!(d, BIG), d -> sprint(show, d),
            d -> scores(fitted(IsolationForest))),
        Long("score", () -> fit(KDE, x(30_000); calibration = :none), d -> score(d, repeat(BIG, 1, 4)), d -> score(d, PROBES), refit),
        Long("score_within", () -> LOF(), d -> score_within(d, BIG), d -> sprint(show, d), d -> score_within(d, SMALL)),
        Long("compare_detectors", () -> [LOF(), KDE()], d -> compare_detectors(d, BIG, BIG, [isodd(i) for i in 1:300_000]), repr,
            d -> [row.auroc for row in compare_detectors(d, SMALL, BIG[:, 1:50], [isodd(i) for i in 1:50])]),
        Long("search", full, s -> search(s, BIG; neighbors = 5), s -> sprint(show, s), s -> search(s, PROBES; neighbors = 5)),
        Long("add! after a search that was left", full, s -> search(s, BIG; neighbors = 5), s -> sprint(show, s),
            s -> (add!(s, PROBES[:, 1:1]; flagged = [true]), search(s, PROBES; neighbors = 1))),
        Long("compare by permutations", () -> BIG, y -> permuted(y, BIG, 1_000_000), hash, few),
        Long("compare of rows", () -> x(7000), y -> permuted(y, x(7001), 10_000_000; test = :mmd), hash, few),
        Long("compare with a reference", () -> fit(Reference, BIG), r -> permuted(r, BIG, 1_000_000), r -> sprint(show, r),
            r -> permuted(fit(Reference, SMALL), PROBES, 99)),
        Long("Guard", kept, p -> Guard(p; detectors = [LOF()], log = false), seen, judged),
    ]

    # Those whose threads keep a processor to their end: the last ones, for they slow down what follows.
    const GOING_ON = [
        Long("fit! of a mixture", () -> fitted(GaussianMixtureDensity; components = 20, runs = 1000), d -> fit!(d, BIG), scores,
            d -> scores(fitted(GaussianMixtureDensity))),
        Long("epsilon", () -> cells(100), a -> epsilon(a; delta = collect(range(1e-6, 1e-3; length = 1000))), repr, a -> spent(Accountant())),
        Long("update! of a stream", () -> StreamDetector(:mmd; reference_size = 20_000, expected_run_time = 20_000),
            d -> update!(d, x(20_000, 1)), d -> (nobs(d), sprint(show, d)), d -> update!(StreamDetector(:adwin), vec(x(5000, 1)))),
        Long("add! to a graph", () -> store(; index = :hnsw), s -> add!(s, repeat(BIG, 1, 3)), s -> (sprint(show, s), points(s)),
            s -> search(s, PROBES; neighbors = 3)),
    ]

    function each(long)
        given = long.given()
        state, next = repr(long.state(given)), repr(long.next(given))
        thrown, again = interrupted(() -> long.call(given))
        println(join([long.name, thrown, again, repr(long.state(given)) == state, repr(long.next(given)) == next], '|'))
        flush(stdout)
    end

    foreach(each, ENDING)

    # A flush and a close of some seconds, after one that Julia compiles them for: its compiler swallows a signal.
    Guard(flush, fit(Profile, SMALL; output = :values); log = false)
    for finish in (flush, close)
        guard = Guard(fit(Profile, SMALL; output = :values); detectors = [fit(KDE, x(20_000); calibration = :holdout)],
            score_on = :worker, log = false)
        FluxGuard.watch(guard, x(40_000)) # `observe!` would wait for a verdict
        thrown, again = interrupted(() -> finish(guard))
        was_left = counters(guard).tested < counters(guard).observed
        finish(guard)
        println(join([finish, thrown, again, was_left, counters(guard).tested == counters(guard).observed == 40_000], '|'))
        close(guard)
    end

    foreach(each, GOING_ON)
    """

@testset "Ctrl-C ends long calls, and changes nothing" begin
    # On one thread the calls are long on any machine.
    code, out, err = run_julia(INTERRUPTED; env = Dict("FLUXGUARD_THREADS" => "1"))
    @test code == 0
    code == 0 || println(err)
    lines = split(strip(out), '\n')
    @test length(lines) == 19
    for line in lines
        name, thrown, again, same, next = split(line, '|')
        @testset "$name" begin
            @test thrown == "InterruptException()"
            @test again == "nothing"
            @test same == "true"
            @test next == "true"
        end
    end
end
