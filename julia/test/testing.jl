using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Errors
using Main.Support

reference, same, shifted = values_like(1, 3, 800), values_like(2, 3, 600), values_like(3, 3, 600)
shifted[2, :] .+= 1

@testset "no_drift" begin
    io = IOBuffer()
    @test no_drift(reference, same; io = io)
    @test isempty(take!(io))
    @test no_drift(reference, shifted; names = ["a", "b", "c"], io = io) === false
    text = String(take!(io))
    for word in ("Drift in 1 of 3 features", "600 observations against 800", "b", "ks", "p-value", "effect")
        @test occursin(word, text)
    end
    # What drifted stands first, with its effect.
    lines = split(text, '\n')
    @test startswith(strip(lines[3]), "b ") && endswith(strip(lines[3]), "yes")
    @test no_drift(reference, shifted; min_effect = (ks = 0.9,))
    @test !no_drift(reference, shifted; tests = [:wasserstein, :psi], io = io)
    @test occursin("wasserstein", String(take!(io)))
end

@testset "a failing test fails, and prints" begin
    code, out, err = run_julia("""
        using Test
        @testset "drift" begin
            @test no_drift(values_like(1, 3, 800), values_like(2, 3, 800; shift = 1))
        end
        """)
    @test code == 1
    @test occursin("Drift in 3 of 3 features", err)
    @test occursin("Test Failed", out) && !occursin("Non-Boolean", out)
end

@testset "compare" begin
    c = compare(reference, shifted; tests = [:ks, :wasserstein], names = ["a", "b", "c"])
    @test c isa Comparison
    @test c.drift
    @test (c.reference_size, c.current_size, c.alpha) == (800, 600, 0.05)
    @test [column.name for column in c.columns] == ["a", "b", "c"]
    @test [column.drift for column in c.columns] == [false, true, false]
    @test [t.test for t in c.columns[1].tests] == [:ks, :wasserstein]
    # The statistic by its definition: the largest distance between the two empirical distribution functions.
    for (i, column) in enumerate(c.columns)
        a, b = sort(reference[i, :]), sort(shifted[i, :])
        d = maximum(abs(searchsortedlast(a, x) / 800 - searchsortedlast(b, x) / 600) for x in [a; b])
        @test column.tests[1].statistic ≈ d rtol = 1e-12
        @test column.tests[1].adjusted_p_value >= column.tests[1].p_value
    end
    @test occursin("Comparison(drift in 1 of 3 features)", sprint(show, c))
    @test isempty(c.all_columns)
    c = compare(reference, shifted; tests = [:cvm, :energy_nd, :hotelling])
    @test [t.test for t in c.all_columns] == [:energy_nd, :hotelling]
    @test all(t -> t.drift, c.all_columns)
    @test [t.test for t in c.columns[1].tests] == [:cvm]
    @test occursin("and in all together", sprint(show, c))
    c = compare(reference, shifted; tests = [:lsdd, :c2st, :pca, :mmd, :ks], method = (mmd = :random_features, ks = :asymptotic))
    @test [(t.test, t.method) for t in c.all_columns] ==
        [(:lsdd, "permutation"), (:c2st, "logistic"), (:pca, "exact"), (:mmd, "random-features")]
    @test all(t -> t.drift, c.all_columns[[1, 2, 4]])
    @test all(column -> column.tests[1].method == "asymptotic", c.columns)
    @test compare(reference, shifted; tests = [:c2st], method = :forest).all_columns[1].method == "forest"
    error = try compare(reference, same; tests = [:ks, :welch], method = :exact) catch e; e end
    @test error isa InvalidArgument && occursin("a method of welch: asymptotic", sprint(showerror, error))
    @test_throws InvalidArgument compare(reference, same; method = 3)
    drawn(; options...) = compare(reference, same; tests = [:energy, :mmd], options...)
    p(c) = [[t.p_value for column in c.columns for t in column.tests]; [t.p_value for t in c.all_columns]]
    few = p(drawn(; permutations = 39, seed = 7))
    @test all(x -> x >= 1 / 40 && isapprox(40x, round(40x); atol = 1e-9), few)
    @test p(drawn()) == p(drawn(; permutations = 999, seed = 0)) != p(drawn(; seed = typemax(UInt64)))
    for (bad, named) in [((permutations = 0,), "permutations"), ((permutations = 10^9,), "permutations"), ((seed = -1,), "seed")]
        error = try drawn(; bad...) catch e; e end
        @test error isa InvalidArgument && occursin(named, sprint(showerror, error))
    end
    @test_throws InvalidArgument compare(reference, shifted; tests = [:fisher])
    @test compare(vec(reference[1, :]), vec(same[1, :])).columns[1].tests[1].statistic < 0.1
    @test compare(view(reference, 1:2, :), PermutedDimsArray(permutedims(same[1:2, :]), (2, 1))).columns[1].tests ==
        compare(reference[1:2, :], same[1:2, :]).columns[1].tests
end

@testset "no_anomalies" begin
    Guard(baseline(); log = false) do guard
        io = IOBuffer()
        y = logits(1, 40) # of the baseline itself
        odd = copy(y)
        odd[:, 7] .= 0
        odd[:, 9] .= NaN
        @test no_anomalies(guard, y[:, setdiff(1:40, FluxGuard.score(guard, y).indices)]; io = io)
        @test isempty(take!(io))
        @test no_anomalies(guard, odd[:, 1:10]; io = io) === false
        text = String(take!(io))
        @test occursin("of 10 observations anomalous", text) && occursin("threshold", text) && occursin("*", text)
        @test occursin(r"^\s+7 "m, text) && occursin(r"^\s+9 "m, text)
        @test no_anomalies(guard, odd[:, [7, 9]]; allowed = 2)
        @test counters(guard).observed == 0
    end
end
