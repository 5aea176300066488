# Comparisons of what people have: whole numbers, truth values, categories, tables.

using FluxGuard, FluxGuard.Sequences, FluxGuard.Drift, FluxGuard.Privacy, FluxGuard.Errors, Random, Test
using Main.Support

same(a, b) = sprint(show, MIME("text/plain"), a) == sprint(show, MIME("text/plain"), b)

@testset "whole numbers are numbers" begin
    rng = SplitMix64(1)
    x, y = rand(rng, 1:50, 3, 300), rand(rng, 1:60, 3, 200)
    for T in (Int8, Int32, UInt16, Int64, Int128)
        @test same(compare(T.(x), T.(y)), compare(Float64.(x), Float64.(y)))
        @test same(compare(fit(Reference, T.(x)), T.(y)), compare(Float64.(x), Float64.(y)))
    end
    holes = Array{Union{Missing,Int}}(y)
    holes[2, 1:3:end] .= missing
    @test same(compare(x, holes), compare(Float64.(x), [ismissing(v) ? NaN : Float64(v) for v in holes]))
    @test compare(x .> 25, y .> 25).columns[1].drift == compare(Float64.(x .> 25), Float64.(y .> 25)).columns[1].drift
    @test_throws InvalidArgument compare([2^53 + 1, 1], [1, 2])
end

@testset "a table of numbers and categories" begin
    rng = SplitMix64(2)
    draw(n; by = 0, kinds = ["a", "b", "c"]) = (amount = randn(rng, n) .+ by, kind = rand(rng, kinds, n), paid = rand(rng, n) .< 0.5,
        visits = rand(rng, 1:9, n))
    before = draw(800)
    c = compare(before, draw(500))
    @test [column.name for column in c.columns] == ["amount", "kind", "paid", "visits"]
    @test [column.tests[1].test for column in c.columns] == [:ks, :chi2, :chi2, :ks]
    @test !drifted(c)
    moved = draw(500; by = 1, kinds = ["a", "b", "c", "d"])
    c = compare(before, moved)
    @test [column.name for column in c.columns if column.drift] == ["amount", "kind"]
    # The order of columns, and how a table is made, are of no matter; nor what the categories are called.
    @test same(compare(before, (; (name => moved[name] for name in reverse(keys(moved)))...)), c)
    as_dict(t) = Dict(string(name) => column for (name, column) in pairs(t))
    @test Set(column.name for column in compare(as_dict(before), as_dict(moved)).columns if column.drift) == Set(["amount", "kind"])
    symbols(t) = merge(t, (kind = Symbol.(t.kind),))
    @test same(compare(symbols(before), symbols(moved)), c)
    codes(t) = merge(t, (kind = [Int(only(k)) for k in t.kind],))
    @test same(compare(codes(before), codes(moved); categorical = [:kind]), c)
    @test compare(codes(before), codes(moved)).columns[2].tests[1].test === :ks
    # The same from an array whose features are named.
    array(t) = permutedims(hcat(t.amount, Int.(first.(t.kind)), t.paid, t.visits))
    @test same(compare(array(before), array(moved); names = ["amount", "kind", "paid", "visits"], categorical = ["kind", "paid"]), c)
    # Tests of categories, of numbers, and of all numbers together are one family.
    c = compare(before, moved; tests = [:ks, :g, :hotelling], correction = :holm)
    @test [length(column.tests) for column in c.columns] == [2, 1, 1, 2]
    @test length(c.all_columns) == 1 && c.all_columns[1].drift
    missing_kind = merge(moved, (kind = [k == "d" ? missing : k for k in moved.kind],))
    column = compare(before, missing_kind).columns[2]
    @test column.missing_values.current == count(==("d"), moved.kind) && column.missing_values.test.drift
    @test only(compare(["a", "b", "a"], ["b", missing, "a"]).columns).missing_values.current == 1
end

@testset "bad tables are named" begin
    t = (a = [1.0, 2.0, 3.0], b = ["x", "y", "x"])
    message(f) = try f(); "" catch error; error isa InvalidArgument ? error.message : rethrow() end
    @test startswith(message(() -> compare(t, (a = [1.0],))), "current: got no column b")
    @test startswith(message(() -> compare((a = [1.0],), t)), "reference: got no column b")
    @test occursin("column b of 2 values", message(() -> compare(t, (a = [1.0, 2.0, 3.0], b = ["x", "y"]))))
    @test startswith(message(() -> compare(t, t; categorical = ["c"])), "categorical: got \"c\"")
    @test startswith(message(() -> compare(t, t; tests = [:cvm])), "tests: got cvm")
    @test startswith(message(() -> compare(t, t; names = ["p", "q"])), "names: ")
    @test startswith(message(() -> compare(t, t; order = :given)), "order: ")
    @test startswith(message(() -> compare((;), (;))), "reference: got a table without columns")
    @test startswith(message(() -> compare([1.0, 2.0], [1.0, 2.0]; categorical = ["kind"])), "categorical: ")
    @test startswith(message(() -> compare((a = [Inf, 1.0],), (a = [1.0, 2.0],))), "reference: ")
    @test occursin("numbers and \"n/a\"", message(() -> compare((a = Any[1.0, "n/a"],), (a = [1.0, 2.0],))))
    @test occursin("numbers in one sample", message(() -> compare((a = ["1", "2"],), (a = [1.0, 2.0],))))
    @test occursin("as ids and times", message(() -> compare((a = string.(1:100),), (a = string.(201:300),))))
    @test startswith(message(() -> compare(Dict{Any,Any}(:a => [1.0], "a" => [2.0]), (a = [1.0],))), "reference: got two columns called a")
    @test startswith(message(() -> compare(t, [1.0, 2.0])), "current: ") && startswith(message(() -> compare([1.0], t)), "reference: ")
    @test startswith(message(() -> compare((a = Float64[],), (a = [1.0],))), "reference: got column a without values")
    steps(n) = string.(cumsum(rand(SplitMix64(n), n) .< 0.05) .% 4)
    @test startswith(message(() -> compare((s = steps(2000),), (s = steps(2001),); order = :given)), "order: ")
end

@testset "values decide, whatever the element type is" begin
    rng = SplitMix64(3)
    a, b = randn(rng, 200), randn(rng, 150) .+ 2
    plain = compare((a = a,), (a = b,))
    @test drifted(plain) && plain.columns[1].tests[1].test === :ks
    @test same(compare((a = Any[a...],), (a = Any[b...],)), plain)
    @test same(compare((a = Any[a..., missing],), (a = b,)), compare((a = [a; NaN],), (a = b,)))
    low, high = [fill(0.1f0, 50); fill(1f0, 50)], [fill(0.1, 50); fill(1.0, 50)]
    @test !drifted(compare((a = low,), (a = high,))) && !drifted(compare((a = low,), (a = high,); categorical = ["a"]))
    @test !drifted(compare((a = fill(0.0, 50),), (a = fill(-0.0, 50),); categorical = ["a"]))
    kinds = compare((a = [fill(NaN, 10); fill(1.0, 40)],), (a = [fill(NaN, 30); fill(1.0, 20)],); categorical = ["a"]).columns[1]
    @test (kinds.missing_values.reference, kinds.missing_values.current) == (10, 30)
    @test same(compare((a = a,), (a = b,); categorical = nothing), plain)
end

@testset "epochs are one, also where some observations are equal by chance" begin
    rng = SplitMix64(4)
    draw(n) = (a = [rand(rng) < 0.2 ? missing : randn(rng) for _ in 1:n], b = rand(rng, ["x", "y"], n))
    reference, now = draw(60), draw(300)
    once = compare(reference, now)
    again = compare(map(x -> repeat(x, 5), reference), now)
    @test again.copies == (5.0, 1.0) && once.copies == (1.0, 1.0)
    @test [t.p_value for c in again.columns for t in c.tests] == [t.p_value for c in once.columns for t in c.tests]
    levels = Float64.(rand(rng, 0:3, 4, 100))
    guard = Guard(fit(Profile, repeat(levels, 1, 20)[:, randperm(rng, 2000)]; output = :values); log = false)
    for _ in 1:10
        observe!(guard, Float64.(rand(rng, 0:3, 4, 1000)))
    end
    close(guard)
    @test isempty(alerts(guard))
    @test_throws BaselineTooSmall Guard(fit(Profile, randn(rng, 3, 2); output = :values); log = false)
end
