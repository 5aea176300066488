using Test, Random, FluxGuard, FluxGuard.Drift, FluxGuard.Errors
using Main.Support

same(a, b) = sprint(show, MIME("text/plain"), a) == sprint(show, MIME("text/plain"), b) && a.reference_size == b.reference_size &&
    [(t.statistic, t.p_value, t.adjusted_p_value, t.effect, t.method) for c in a.columns for t in c.tests] ==
    [(t.statistic, t.p_value, t.adjusted_p_value, t.effect, t.method) for c in b.columns for t in c.tests] &&
    [(t.statistic, t.p_value) for t in a.all_columns] == [(t.statistic, t.p_value) for t in b.all_columns]

const TESTS = [:ks, :cvm, :ad, :kuiper, :mannwhitney, :welch, :epps_singleton, :chi2, :g, :psi, :js, :hellinger, :tv, :kl, :wasserstein,
    :energy, :mmd, :energy_nd, :lsdd, :c2st, :pca, :hotelling]

@testset "a prepared reference gives the same, to the bit: $T" for T in (Float16, Float32, Float64)
    rng = SplitMix64(3)
    x, y = T.(randn(rng, 3, 150)), T.(randn(rng, 3, 90) .+ [0, 0.5, 0])
    r = fit(Reference, x)
    @test nobs(r) == 150 && sprint(show, r) == "Reference(3 features, 150 observations)"
    path = scratch("reference.fg")
    FluxGuard.save(path, r)
    for options in (NamedTuple(), (tests = TESTS,), (tests = [:ks, :mmd], method = (ks = :exact, mmd = :permutation), alpha = 0.01,
        correction = :holm, min_effect = (ks = 0.3,), names = ["a", "b", "c"]))
        of_sample = compare(x, y; options...)
        @test same(compare(r, y; options...), of_sample)
        @test same(compare(FluxGuard.load(Reference, path), y; options...), of_sample)
    end
    @test same(compare(r, Float64.(y)), compare(x, Float64.(y)))
    @test same(compare(r, view(y, :, 1:2:90); correction = :holm, names = ["a", "b", "c"]),
        compare(x, y[:, 1:2:90]; correction = :holm, names = ["a", "b", "c"]))
    two = T[0 1; 1 1; 0 0]
    @test same(compare(fit(Reference, two), two; tests = [:fisher]), compare(two, two; tests = [:fisher]))
end

@testset "one feature, and tasks share one" begin
    r = fit(Reference, collect(1.0:50))
    @test r.features == 1 && same(compare(r, collect(2.0:40)), compare(collect(1.0:50), collect(2.0:40)))
    results = fetch.([Threads.@spawn(compare(r, collect(1.0:k); tests = [:wasserstein])) for k in 20:35])
    @test all(same(result, compare(collect(1.0:50), collect(1.0:k); tests = [:wasserstein])) for (k, result) in zip(20:35, results))
end

@testset "bad input is named" begin
    r = fit(Reference, ones(3, 20) .* (1:20)')
    @test_throws InvalidArgument fit(Reference, [1.0, Inf])
    @test_throws EmptyTensor fit(Reference, zeros(3, 0))
    @test_throws ElementTypeUnsupported fit(Reference, [1im, 2im])
    @test_throws InvalidArgument fit(Reference, "text")
    @test_throws FeatureMismatch compare(r, ones(4, 9))
    @test_throws InvalidArgument compare(r, "text")
    @test_throws InvalidArgument compare(r, ones(3, 9); alpha = 2)
    @test_throws InvalidArgument compare(r, ones(3, 9); tests = [:coin])
    @test_throws MethodError compare(r, ones(3, 9); no_such = 1)
    @test_throws PathUnusable FluxGuard.save("/no/such/folder/r.fg", r)
    @test_throws PathUnusable FluxGuard.load(Reference, "/no/such/file")
    @test_throws FileKind FluxGuard.load(Reference, (path = scratch("p.fg"); FluxGuard.save(path, baseline()); path))
end

@testset "missing values are counted, left out, and their share is tested" begin
    x, y = randn(SplitMix64(1), 2, 400), randn(SplitMix64(2), 2, 300)
    holes = Array{Union{Missing,Float64}}(y)
    holes[1, 1:2:end] .= missing
    for now in (holes, [ismissing(v) ? NaN : v for v in holes])
        c = compare(x, now)
        @test c.drift && c.columns[1].drift && !c.columns[2].drift && c.columns[2].missing_values === nothing
        m = c.columns[1].missing_values
        @test (m.reference, m.current, m.test.test, m.test.effect) == (0, 150, :fisher, 0.5) && m.test.drift
        # What is there is compared as if the rest had never been.
        @test c.columns[1].tests[1].statistic == compare(x[1, :], y[1, 2:2:end]).columns[1].tests[1].statistic
        @test occursin("missing (fisher)", sprint(show, MIME("text/plain"), c))
        @test sprint(show, MIME("text/plain"), compare(fit(Reference, x), now)) == sprint(show, MIME("text/plain"), c)
    end
    c = compare(holes, x; tests = [:hotelling, :ks])
    @test c.columns[1].missing_values.reference == 150 && length(c.all_columns) == 1
    @test compare(Union{Missing,Float32}[missing, missing], Float32[1, 2]).columns[1].tests == []
    @test_throws InvalidArgument compare([Inf, 1.0], [1.0, 2.0])
    for bad in ([missing, missing], Any[1.0, missing], Union{Missing,Complex{Int}}[1, missing])
        @test_throws ElementTypeUnsupported compare(bad, [1.0, 2.0])
    end
end

@testset "neighbors that depend on each other are compared apart where asked" begin
    rng = SplitMix64(7)
    function depending(n)
        y = randn(rng, 1, n)
        foreach(i -> y[i] += 0.9y[i-1], 2:n)
        return y
    end
    found = Dict(:given => 0, :none => 0)
    for _ in 1:30
        before, after = depending(4000), depending(4000)
        for order in keys(found)
            c = compare(before, after; order = order, min_effect = (ks = 0,))
            found[order] += c.drift
            @test (c.every > 20) == (order == :given) && same(c, compare(fit(Reference, before), after; order = order, min_effect = (ks = 0,)))
            @test occursin("observation was compared", sprint(show, MIME("text/plain"), c)) == (order == :given)
        end
    end
    @test found[:given] < 8 && found[:none] > 15 # of 30 with a rate of 0.05: 8 once in some 5,000 suites
    @test compare(randn(rng, 2, 1000), randn(rng, 2, 1000); order = :given).reference_size > 300
    a, b = randn(rng, 2, 100), randn(rng, 2, 100)
    c = compare(repeat(a, 1, 3), b)
    @test c.copies == (3, 1) && c.reference_size == 100 && c.columns[1].tests[1].p_value == compare(a, b).columns[1].tests[1].p_value
    @test occursin("3.0 in the reference", sprint(show, MIME("text/plain"), c)) && compare(a, b).copies == (1, 1)
    @test_throws InvalidArgument compare(depending(300), depending(300); order = :given)
    @test_throws InvalidArgument compare(depending(300), depending(300); order = :sorted)
end
