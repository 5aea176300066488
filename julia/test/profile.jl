using Test, FluxGuard, FluxGuard.Drift, FluxGuard.Errors
using FluxGuard: describe
using Main.Support

y = values_like(5, 3, 1000)

@testset "moments and range" begin
    p = fit(Profile, y; output = :values, names = ["a", "b", :c])
    d = describe(p)
    mean(row) = sum(row) / length(row)
    deviation(row) = sqrt(sum(abs2, row .- mean(row)) / (length(row) - 1))
    @test nobs(p) == 1000
    @test d["output"] == "values"
    @test d["features"] == 3
    @test d["names"] == ["a", "b", "c"]
    @test d["mean"] ≈ [mean(y[i, :]) for i in 1:3] rtol = 1e-12
    @test d["std"] ≈ [deviation(y[i, :]) for i in 1:3] rtol = 1e-12
    @test d["min"] == [minimum(y[i, :]) for i in 1:3]
    @test d["max"] == [maximum(y[i, :]) for i in 1:3]
end

@testset "batch by batch, merged, and in one go are the same" begin
    whole = describe(fit(Profile, y; output = :values))
    batches = [y[:, 1:300], y[:, 301:301], y[:, 302:1000]]
    merged = merge!(fit(Profile, batches[1]; output = :values), fit(Profile, batches[2:3]; output = :values))
    stepwise = Profile(output = :values)
    for batch in batches
        @test fit!(stepwise, batch) === stepwise
    end
    for p in (fit(Profile, batches; output = :values), fit(Profile, (b for b in batches); output = :values), merged, stepwise)
        d = describe(p)
        @test d["observations"] == 1000
        @test d["mean"] ≈ whole["mean"] rtol = 1e-12
        @test d["std"] ≈ whole["std"] rtol = 1e-12
        @test d["min"] == whole["min"] && d["max"] == whole["max"]
    end
end

@testset "any number of dimensions" begin
    d = describe(fit(Profile, reshape(y, 3, 10, 100)))
    @test (d["features"], d["observations"]) == (30, 100)
end

@testset "saved and loaded" begin
    p = fit(Profile, logits(1, 500); output = :logits)
    path = scratch("profile.fg")
    FluxGuard.save(path, p)
    @test describe(FluxGuard.load(path)) == describe(p)
    @test nobs(FluxGuard.load(Profile, path)) == 500
    FluxGuard.save(path, fit!(p, logits(2, 10))) # over the old one
    @test nobs(FluxGuard.load(path)) == 510
    @test readdir(dirname(path)) == ["profile.fg"]

    bytes = read(path)
    for damaged in (bytes[1:end-1], bytes[1:20], UInt8[], [bytes[1:end÷2]; ~bytes[end÷2+1]; bytes[end÷2+2:end]])
        write(path, damaged)
        @test_throws FileDamaged FluxGuard.load(path)
    end
    @test_throws PathUnusable FluxGuard.load(scratch("none.fg"))
    @test_throws PathUnusable FluxGuard.save("/no/such/folder/profile.fg", p)
end

@testset "a list of vectors is ambiguous" begin
    observations = [y[:, i] for i in 1:100]
    for list in (observations, (v for v in observations), AbstractArray[y, observations[1]])
        error = try fit(Profile, list; output = :values) catch e; e end
        @test error isa InvalidArgument && occursin("reduce(hcat, outputs)", error.message)
    end
    @test nobs(fit(Profile, reduce(hcat, observations); output = :values)) == 100
    @test nobs(fit(Profile, y[1, :]; output = :values)) == 1000
end

# Each value is nine tenths of the one before.
function depending(seed, n)
    y = values_like(seed, 1, n)
    foreach(i -> y[i] += 0.9y[i-1], 2:n)
    return y
end

@testset "observations that depend on each other count as fewer" begin
    y = depending(9, 20_000)
    guard = Guard(fit(Profile, y; output = :values); window = 5000, tests = [:ks])
    d = describe(guard)
    @test d["order_known"] && 10 < d["count_as_one"]["y1"] < 40
    @test occursin(r"dependent +y1: [0-9.]+ observations in a row count as one", sprint(show, MIME("text/plain"), guard))
    error = try Guard(fit(Profile, y; output = :values); window = 100, tests = [:ks]) catch e; e end
    @test error isa WindowTooShort && occursin("order = :none", error.message)
    shuffled = Guard(fit(Profile, y; output = :values, order = :none); window = 100, tests = [:ks])
    @test !describe(shuffled)["order_known"] && isempty(describe(shuffled)["count_as_one"])
    @test occursin("the reference's order says nothing", sprint(show, MIME("text/plain"), shuffled))
    @test_throws InvalidArgument Profile(order = :sorted)
    few = map(1:20) do i
        part = y[1000i-999:1000i-700]
        try close(Guard(fit(Profile, part; output = :values); window = 5000, tests = [:ks])) catch e; e end
    end
    @test any(e -> e isa BaselineTooSmall && occursin("order = :none", e.message), few)
    short = Guard(fit(Profile, values_like(11, 1, 60); output = :values); window = 1000, tests = [:ks])
    @test occursin("a reference of 60 is too short to tell", sprint(show, MIME("text/plain"), short))
    epochs = Guard(fit(Profile, repeat(values_like(10, 1, 100), 1, 3); output = :values); window = 1000, tests = [:ks])
    @test describe(epochs)["copies"] == 3 && describe(shuffled)["copies"] == 1
    @test occursin("each reference observation is there 3.0 times", sprint(show, MIME("text/plain"), epochs))
    foreach(close, (guard, shuffled, epochs, short))
end

@testset "show" begin
    p = fit(Profile, logits(1, 500))
    @test sprint(show, p) == "Profile(logits, 4 features, 500 observations)"
    text = sprint(show, MIME("text/plain"), p)
    @test occursin("500 observations", text) && occursin("mean", text)
    @test count(isequal('\n'), text) == 6
    @test occursin("0 observations", sprint(show, MIME("text/plain"), Profile()))
end
