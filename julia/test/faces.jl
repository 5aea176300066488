using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Sketches, FluxGuard.Privacy, FluxGuard.Errors
using Main.Support

@testset "which face, and why" begin
    @test FluxGuard.binding() in (:c, :jlrs)
    v = FluxGuard.versions()
    @test v.binding === FluxGuard.binding() && isfile(v.library) && v.abi == FluxGuard.Native.ABI_VERSION && v.julia == VERSION
    @test (v.jlrs === nothing) == (FluxGuard.binding() === :jlrs)
end

@testset "the override" begin
    code, out, _ = run_julia("print(FluxGuard.binding())"; env = Dict("FLUXGUARD_BINDING" => "c"))
    @test (code, out) == (0, "c")
    code, out, _ = run_julia("try FluxGuard.binding() catch error print(nameof(typeof(error))) end"; env = Dict("FLUXGUARD_BINDING" => "rust"))
    @test (code, out) == (0, "InvalidArgument")
end

# What the calls of the other topics give, as text: the same on both faces.
const SAME = """
    using Test
    show_fault(call) = try call(); "none" catch error sprint(showerror, error) end
    y = logits(1, 200)
    bad = copy(y); bad[2, 5] = NaN
    Guard(baseline(); name = "g", window = 100, log = false) do guard
        for form in (y, Float16.(y), Float64.(y), view(y, :, 1:2:9), vec(y[:, 1]), reshape(y, 2, 2, 200))
            v = observe!(guard, form)
            println(v.observations, v.indices, v.detectors, v.thresholds, v.scores, v.predicted, v.non_finite)
        end
        observe!(guard, y .+ 3)
        flush(guard)
        println(counters(guard))
        for a in alerts(guard)
            println(a.id, a.kind, a.severity, a.message, a.statistic, a.p_value, a.effect, a.window.index)
        end
        for call in (() -> observe!(guard, ones(3, 7)), () -> observe!(guard, zeros(4, 0)), () -> observe!(guard, [1 2; 3 4]),
            () -> observe!(guard, "text"), () -> (close(guard); observe!(guard, y)))
            println(show_fault(call))
        end
    end
    for call in (() -> fit(Profile, bad), () -> fit(Profile, [y, ones(3, 9)]), () -> Profile(output = :logit), () -> FluxGuard.load("/no/such/file"),
        () -> Guard(baseline(); window = 1), () -> Guard(baseline(); tests = :coin), () -> Guard(baseline(); journal = "/no/such/folder/j"),
        () -> Native.run(FluxGuard.face(), "library.panic", (message = "on purpose",)), () -> compare(y, ones(3, 9)))
        println(show_fault(call))
    end
    c = compare(y, logits(2, 300); tests = [:ks, :psi])
    @test drifted(c) === c.drift && !drifted(compare(y, y)) && drifted(compare(y, y .+ 9)) && all(drifted, compare(y, y .+ 9).columns)
    println(c.drift, [(t.test, t.statistic, t.p_value, t.adjusted_p_value, t.effect, t.method) for column in c.columns for t in column.tests])
    println(Native.ask(FluxGuard.face(), "library.errors"))
    """

# Privacy, detectors and streams: the functions that the guard's calls do not reach. All randomness is seeded.
const SAME_ARRAYS = """
    using Random
    fault(call) = try call(); "none" catch error sprint(showerror, error) end
    for T in (Float32, Float64)
        gradients = [randn(SplitMix64(1), T, 3, 4, 20), randn(SplitMix64(2), T, 7, 20)]
        gradients[1][2, 2, 5] = NaN
        out = [zeros(T, 3, 4), zeros(T, 7)]
        for clip in (1.0, [0.5, 0.25], AdaptiveClip(1; count_noise = 2)), noise in (:discrete, :fast)
            clip isa AdaptiveClip || println(clip_sum!(out, gradients; clip = clip), out)
            println(private_mean!(out, gradients, PrivateRun(seed = 4); clip = clip, noise_multiplier = 1.1,
                expected_lot_size = 20, noise = noise), out)
            println(add_noise!(out, PrivateRun(seed = 5); sensitivity = 1, noise_multiplier = 2, noise = noise))
        end
        println(fault(() -> clip_sum!(out, reverse(gradients); clip = 1)), fault(() -> clip_sum!(out, gradients; clip = -1)))
    end
    sampler = PoissonSampler(100; rate = 0.1, steps = 5, max_lot = 12, seed = 3)
    println(collect(sampler))
    for noise in (TreeNoise(5, PrivateRun(seed = 1); steps = 4, clip_norm = 1, noise_multiplier = 2),
        BandedNoise(5, PrivateRun(seed = 1); bands = 3, clip_norm = 1, noise_multiplier = 2))
        println([add_noise!(zeros(5), noise) for _ in 1:4])
    end
    a = step!(Accountant(unit_size = 2), sampler; noise_multiplier = 1.2, steps = 9, dimension = 19)
    println(report(a; delta = 1e-5), rdp(a; orders = [2, 8]), trade_off(a; fpr = 0.1), privacy_curve(a))
    println(noise_multiplier(; target_epsilon = 2, delta = 1e-5, sample_rate = 0.01, steps = 100))
    path = joinpath(mktempdir(), "state")
    FluxGuard.save(path, PrivacyState(a; clip = 2))
    println(FluxGuard.load(PrivacyState, path), bytes2hex(read(path)))
    for call in (() -> epsilon(a; delta = 2), () -> step!(a; noise_multiplier = -1, sample_rate = 0.1), () -> FluxGuard.load(PrivacyState, "/dev/null"))
        println(fault(call))
    end
    x = randn(SplitMix64(3), 3, 200)
    for (_, type) in sort!(collect(FluxGuard.DETECTORS); by = first)
        known = (labels = mod1.(1:200, 2), weights = [1.0 0.5 -1; -0.5 1 1], bias = [0.0, 0.1])
        d = try
            fit(type, x)
        catch # a classifier's: on features after relu, with labels and the last layer
            println(fault(() -> fit(type, x)))
            fit(type, abs.(x); known...)
        end
        println(score(d, x[:, 1:5] .+ 1), pvalue(d, x[:, 1:5]), explain(d, x[:, 1:2]), threshold(d; rate = 0.1))
        println(fault(() -> score(d, zeros(2, 3))))
    end
    store = NeighborStore(3; metric = :cosine, max_age = 5)
    println(add!(store, x; flagged = [i % 7 == 0 for i in 1:200], time = 1), add!(store, Float32.(x[:, 1:9]); time = 4))
    println(search(store, Float16.(x[:, 1:80]); neighbors = 3), evict!(store, 7), points(store), sprint(show, store))
    FluxGuard.save(path, store)
    println(search(FluxGuard.load(NeighborStore, path; mapped = true), x[:, 1:80]), bytes2hex(read(path)))
    println(fault(() -> search(store, x; neighbors = 500)), fault(() -> add!(store, x)), fault(() -> FluxGuard.load(NeighborStore, "/no/such")))
    FluxGuard.save(path, fit(KNN, x))
    println(score(FluxGuard.load(KNN, path; mapped = true), x[:, 1:9]))
    scores = randn(SplitMix64(6), 1000)
    for live in (Spot(scores; rate = 0.01), Feedback(scores))
        println(findall(update!(live, 1.2 .* reverse(scores))), threshold(dismiss!(live, 4.0)), counts(confirm!(live)))
        FluxGuard.save(path, live)
        println(FluxGuard.load(LiveThreshold, path), fault(() -> dismiss!(live, NaN)))
    end
    println(fault(() -> Spot([1.0])), fault(() -> Feedback(scores; rate = 2)))
    for stream in (ADWIN(), PageHinkley(), KSWIN(window_size = 50, stat_size = 15), Cusum(), Martingale(), Betting(), LORD(), SAFFRON())
        println([update!(stream, v) for v in [rand(SplitMix64(4), 300); rand(SplitMix64(5), 300) ./ 4]], statistic(stream))
    end
    pairs = TwoSampleBetting()
    println(update!(pairs, x[1, :], x[2, :] ./ 9), statistic(pairs), fault(() -> update!(pairs, [1.0], [NaN])), fault(() -> update!(pairs, 1.0)))
    p = rand(SplitMix64(6), 40) .^ 3
    println([adjust(p; correction = c) for c in (:bonferroni, :holm, :bh, :by)], e_bh(1 ./ p), fault(() -> adjust([2.0])), fault(() -> adjust(p; correction = :no)))
    println(adjust(Float64[]), e_bh(Float64[]), fault(() -> e_bh([-1.0])))
    reference = fit(Reference, Float32.(x))
    path = joinpath(mktempdir(), "reference")
    FluxGuard.save(path, reference)
    for r in (reference, FluxGuard.load(Reference, path)), current in (x .+ 0.5, Float16.(x), view(x, :, 1:2:99))
        c = compare(r, current; tests = [:ks, :wasserstein, :mmd])
        println(r, [(t.statistic, t.p_value) for column in c.columns for t in column.tests], [(t.statistic, t.p_value) for t in c.all_columns])
    end
    println(fault(() -> compare(reference, ones(2, 3))), fault(() -> fit(Reference, [Inf])), fault(() -> FluxGuard.load(Reference, "/no/such/file")), read(path)[1:8])
    cd(mktempdir()) do # a NUL in a path or a name ends nothing: it is refused
        FluxGuard.save("x", reference)
        whole = read("x")
        for call in (() -> FluxGuard.save("x\\0.tmp", fit(Reference, x[:, 1:9])), () -> FluxGuard.load(Reference, "x\\0.other"), () -> FluxGuard.load(Profile, "x\\0"),
            () -> StreamDetector("adwin\\0x"), () -> Sketch("kll\\0"))
            println(fault(call) == "none", fault(call))
        end
        println(read("x") == whole, readdir())
    end
    profile = fit(Profile, x; output = :values)
    println(quantiles(Sketch(:kll, profile, 3), 0:0.1:1), fault(() -> Sketch(:kll, profile, 7)), fault(() -> Sketch(:frequent_items, profile)))
    println(fault(() -> Guard(profile; monitors = [:adwin => (deltas = 2,)])), fault(() -> Guard(profile; monitors = [:lord])))
    """

@testset "both faces give the same: $name" for (name, code) in (("guard", SAME), ("arrays", SAME_ARRAYS))
    status, c, err = run_julia(code; env = Dict("FLUXGUARD_BINDING" => "c"))
    @test status == 0
    status == 0 || print(stderr, err)
    @test count(isequal('\n'), c) > 20
    missing_jlrs = jlrs_missing()
    if missing_jlrs === nothing
        status, jlrs, err = run_julia(code; env = Dict("FLUXGUARD_BINDING" => "jlrs"))
        @test status == 0
        status == 0 || print(stderr, err)
        @test jlrs == c
    else
        skip_topic("faces: both give the same, $name", missing_jlrs)
    end
end
