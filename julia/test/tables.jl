# Tables in, tables out: NamedTuples and dictionaries always, other sources of Tables.jl where it is there.

using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Errors
using Main.Support

shown(x) = sprint(show, MIME("text/plain"), x)

columns = (age = 30 .+ 5 .* vec(values_like(1, 1, 400)), income = Float32.(vec(values_like(2, 1, 400))), children = repeat(0:3, 100))
matrix = [columns.age'; Float64.(columns.income)'; columns.children']
named = ["age", "income", "children"]
turned = (children = columns.children, age = columns.age, income = columns.income)

@testset "a table is its columns, by name" begin
    profile = fit(Profile, columns; output = :values)
    same = fit(Profile, matrix; output = :values, names = named)
    @test shown(profile) == shown(same)
    Guard(profile; log = false) do guard
        Guard(same; log = false) do other
            v = observe!(guard, turned) # in any order
            @test v.scores == observe!(other, matrix).scores
            @test FluxGuard.score(guard, Dict("age" => columns.age, "income" => columns.income, "children" => columns.children)).scores == v.scores
            @test no_anomalies(guard, turned; allowed = 400)
            @test counters(guard).observed == counters(other).observed == 400
        end
    end
    again = fit!(fit(Profile, columns; output = :values), turned)
    @test nobs(again) == 800
    # Without names a guard takes columns as they come.
    Guard(fit(Profile, matrix; output = :values); log = false) do guard
        @test observe!(guard, columns).observations == 400
    end
end

@testset "detectors" begin
    d = fit(ZScore, columns)
    @test d.names == named
    @test score(d, turned) == score(d, columns) == score(fit(ZScore, matrix; names = named), matrix)
    @test pvalue(d, turned) == pvalue(d, columns) && size(explain(d, turned)) == (3, 400)
    holes = (age = [missing; columns.age[2:end]], income = columns.income, children = columns.children)
    @test isnan(first(score(d, holes))) && score(d, holes)[2:end] == score(d, columns)[2:end]
    @test nobs(fit(ZScore, holes)) == 399
end

@testset "what is no table, or another one, is refused by name" begin
    profile = fit(Profile, columns; output = :values)
    said(f) = try f(); "" catch error; error isa FluxGuardError ? error.message : rethrow() end
    Guard(profile; log = false) do guard
        @test occursin("no column \"income\"", said(() -> observe!(guard, (age = columns.age, children = columns.children))))
        @test occursin("one more column, \"Age\"", said(() -> observe!(guard, merge(columns, (Age = columns.age,)))))
        @test occursin("written otherwise", said(() -> observe!(guard, (Age = columns.age, income = columns.income, children = columns.children))))
        @test occursin("column income of 3 values", said(() -> observe!(guard, merge(columns, (income = ones(3),)))))
        @test_throws InvalidArgument observe!(guard, "text")
        @test_throws InvalidArgument observe!(guard, nothing)
    end
    @test occursin("column city with \"Ulm\"", said(() -> fit(Profile, (city = ["Ulm", "Bonn"],))))
    @test occursin("column id with", said(() -> fit(Profile, (id = [:a, :b],))))
    @test occursin("2^53", said(() -> fit(ZScore, (id = [2^60, 1],))))
    @test_throws InvalidArgument fit(Profile, (logits = ones(2, 3), hidden = ones(2, 3))) # parts of an output
    @test_throws InvalidArgument fit(KNN, "text")
    @test_throws InvalidArgument score(fit(ZScore, columns), :x)
end

@testset "results are rows" begin
    found = compare(columns, turned)
    @test [r.name for r in FluxGuard.rows(found)] == named && !any(r -> r.drift, FluxGuard.rows(found))
    shifted = merge(columns, (age = columns.age .+ 9,))
    Guard(fit(Profile, columns; output = :values); window = 100, log = false) do guard
        v = observe!(guard, shifted)
        rows = FluxGuard.rows(v)
        @test length(rows) == 400 && [r.observation for r in rows if r.anomalous] == v.indices && [r.distance for r in rows] == v.scores[1, :]
        close(guard)
        @test [(r.id, r.kind) for r in FluxGuard.rows(alerts(guard))] == [(a.id, a.kind) for a in alerts(guard)]
        @test !isempty(FluxGuard.rows(windows(guard))) && FluxGuard.rows(first(windows(guard)))[1].window == 1
        @test isempty(FluxGuard.rows(alerts(guard)[1:0]))
    end
    @test [r.mean for r in FluxGuard.rows(moments(matrix))] == moments(matrix).mean
end

if isdefined(Base, :get_extension) && Base.find_package("Tables") !== nothing
    @eval using Tables
    @testset "sources of Tables.jl" begin
        source = Tables.table(permutedims(matrix); header = Symbol.(named))
        @test shown(fit(Profile, source; output = :values)) == shown(fit(Profile, matrix; output = :values, names = named))
        @test score(fit(ZScore, Tables.rowtable(columns)), source) == score(fit(ZScore, columns), columns)
        @test drifted(compare(source, merge(columns, (age = columns.age .+ 9,))))
        Guard(fit(Profile, source; output = :values); window = 100, log = false) do guard
            v = observe!(guard, merge(columns, (age = columns.age .+ 9,)))
            close(guard)
            for result in (v, alerts(guard), windows(guard), first(windows(guard)), compare(columns, turned), moments(matrix))
                @test Tables.istable(result)
                @test length(Tables.getcolumn(Tables.columns(result), 1)) == length(FluxGuard.rows(result))
            end
            @test Tables.columntable(alerts(guard)).kind == [a.kind for a in alerts(guard)]
            @test Tables.schema(alerts(guard)).names[1:3] == (:id, :time, :guard)
        end
    end
else
    skip_topic("tables: sources of Tables.jl", "Tables not in the environment")
end
