using Test, FluxGuard, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Errors
using Dates: DateTime, Day, datetime2unix
using FluxGuard: JSON
using Main.Support

# The streams of test/reference/performance.py.
function binary(seed, n, power, shift)
    r = SplitMix64(UInt64(seed))
    scores, labels = Float64[], Bool[]
    for _ in 1:n
        p = shift + (1 - 2shift) * uniform(r)
        score = p
        for _ in 2:power
            score *= p
        end
        push!(scores, score)
        push!(labels, uniform(r) < p)
    end
    return scores, labels
end

reference_rows() = JSON.parse(read(checkout_file("test", "reference", "performance.json"), String))

@testset "estimates are NannyML's" begin
    for case in reference_rows()["binary"]
        case["power"] == 2 || continue
        scores, labels = binary(3, 3000, 2, 0.0)
        e = fit(PerformanceEstimator, scores, labels; chunk_size = 500)
        now, truth = binary(4, 1500, 2, case["shift"])
        r = estimate_performance(e, now; labels = truth)
        for row in case["rows"]
            ours = only(c for c in r.chunks if c.metric == row["metric"] && c.chunk == row["chunk"] + 1)
            @test ours.estimate ≈ row["estimate"] rtol = (row["metric"] == "auroc" ? 1e-6 : 1e-9)
            @test ours.realized ≈ row["realized"] rtol = 1e-9
            @test ours.alert == row["alert"]
        end
        @test r.drift == any(row -> row["alert"], case["rows"])
    end
end

@testset "scores the wrong way round are told" begin
    r = SplitMix64(UInt64(8))
    p = [uniform(r) for _ in 1:2000]
    labels = [uniform(r) < q ? 1 : 0 for q in p]
    shown(scores) = sprint(show, MIME("text/plain"), fit(PerformanceEstimator, scores, labels; chunk_size = 500))
    @test occursin("far below 0.5", shown(1 .- p)) && !occursin("far below 0.5", shown(p))
end

@testset "more classes count from 1, and matrices, views and half precision are read" begin
    r = SplitMix64(UInt64(5))
    n = 2000
    raw = [uniform(r)^3 + 0.05 for _ in 1:3, _ in 1:n]
    p = raw ./ sum(raw; dims = 1)
    labels = [(u = uniform(r); u < p[1, j] ? 1 : u < p[1, j] + p[2, j] ? 2 : 3) for j in 1:n]
    e = fit(PerformanceEstimator, p, labels; problem = :multiclass, chunk_size = 500, metrics = [:accuracy, :auroc])
    found = estimate_performance(e, p; labels = labels)
    @test length(found.chunks) == 8
    right = count(j -> argmax(p[:, j]) == labels[j], 1:500) / 500
    @test found.chunks[1].realized ≈ right
    @test abs(found.chunks[1].estimate - right) < 3 * found.chunks[1].sampling_error
    given = estimate_performance(e, view(p, :, 1:600); predictions = [argmax(p[:, j]) for j in 1:600])
    @test given.chunks[1].estimate ≈ found.chunks[1].estimate && given.chunks[end].last == 600
    @test isnan(given.chunks[1].realized)
    @test abs(estimate_performance(e, Float16.(p)).chunks[1].estimate - found.chunks[1].estimate) < 0.01
    @test_throws InvalidArgument fit(PerformanceEstimator, p, labels .- 1; problem = :multiclass, chunk_size = 500)
end

@testset "losses" begin
    r = SplitMix64(UInt64(7))
    draw(n, wide) = (x = [k == 1 ? wide * uniform(r) : uniform(r) for k in 1:2, _ in 1:n]; ŷ = vec(sum(x; dims = 1));
        (x, ŷ, [ŷ[j] + x[1, j] * (uniform(r) + uniform(r) - 1) for j in 1:n]))
    x, ŷ, y = draw(4000, 1.0)
    e = fit(PerformanceEstimator, x, y; problem = :regression, predictions = ŷ, chunk_size = 500)
    x, ŷ, y = draw(1000, 0.5)
    found = estimate_performance(e, x; predictions = ŷ, labels = y)
    @test found.drift && all(c -> c.alert, found.chunks)
    @test all(c -> abs(c.estimate - c.realized) < 4 * c.sampling_error, found.chunks)
    path = scratch("estimator.fg")
    FluxGuard.save(path, e)
    @test estimate_performance(FluxGuard.load(PerformanceEstimator, path), x; predictions = ŷ).chunks[1].estimate == found.chunks[1].estimate
    @test_throws InvalidArgument fit(PerformanceEstimator, x, y; problem = :regression)
    @test_throws FileKind FluxGuard.load(LateLabels, path)
end

@testset "shown, and bad input" begin
    scores, labels = binary(3, 2000, 1, 0.0)
    e = fit(PerformanceEstimator, scores, labels; chunk_size = 500, calibration = :never)
    @test nobs(e) == 2000
    @test sprint(show, e) == "PerformanceEstimator(binary, 2000 observations)"
    @test occursin("0 of 1 score calibrated", sprint(show, MIME("text/plain"), e))
    r = estimate_performance(e, scores)
    @test occursin("accuracy", sprint(show, MIME("text/plain"), r)) && startswith(sprint(show, r), "PerformanceReport(")
    @test_throws BaselineTooSmall fit(PerformanceEstimator, scores, labels)
    for bad in (() -> fit(PerformanceEstimator, scores, labels[1:5]), () -> fit(PerformanceEstimator, scores, "labels"),
        () -> fit(PerformanceEstimator, scores .+ 1, labels; chunk_size = 500), () -> estimate_performance(e, [0.5, NaN]),
        () -> fit(PerformanceEstimator, scores, labels; chunk_size = 500, metrics = :mae), () -> estimate_performance(e, "text"))
        @test_throws InvalidArgument bad()
    end
    @test_throws ElementTypeUnsupported fit(PerformanceEstimator, [1, 0], [1, 0])
end

@testset "late labels" begin
    r = SplitMix64(UInt64(2))
    wrong = [uniform(r) < (i <= 2000 ? 0.1 : 0.4) for i in 1:4000]
    direct = update!(HDDMA(drift_confidence = 1e-4), wrong)
    for (order, delay) in ((:prediction, 200), (:arrival, 0))
        l = LateLabels(:hddm_a; order = order, chunk_size = 500, drift_confidence = 1e-4)
        found = Int[]
        for i in 1:(4000 + delay)
            i <= 4000 && append!(found, [d.outcome for d in record!(l, [i], [false])])
            j = i - delay
            j >= 1 && append!(found, [d.outcome for d in label!(l, j:j, wrong[j:j])])
        end
        @test found == direct
        @test counts(l).joined == 4000 == nobs(l) && counts(l).waiting == 0
        @test [c.mean for c in realized(l)] ≈ [count(wrong[(500k - 499):500k]) / 500 for k in 1:8]
        @test realized(l)[1].standard_error > 0
    end
    l = LateLabels(capacity = 3, timeout = 10, outcome = :absolute_error, upper = 2)
    @test isempty(record!(l, [1, 2, 3], [0.5, 0.5, 0.5]; time = 0))
    @test isempty(label!(l, [2, 2, 9], [1, 1, 1]; time = 1))
    record!(l, [4], [0.0]; time = 11)
    label!(l, [1], [1.0]; time = 11)
    c = counts(l)
    @test (c.joined, c.duplicate, c.unknown, c.expired, c.late) == (1, 1, 1, 2, 1)
    path = scratch("late.fg")
    FluxGuard.save(path, l)
    @test counts(FluxGuard.load(LateLabels, path)) == c
    # What is missing has not come yet.
    gap = LateLabels(:hddm_a)
    record!(gap, [1, 2, missing], [0.0, missing, 1.0])
    label!(gap, [1, 2], [missing, 1.0])
    @test (counts(gap).predictions, counts(gap).labels, counts(gap).joined, counts(gap).waiting) == (1, 1, 0, 1)
    label!(gap, [1], [0.0])
    @test counts(gap).joined == 1
    # Any time that a DateTime holds, from the year 1 to 9999, and before the first there was none.
    for year in (1, 1066, 1969, 1970, 2024, 9998)
        dated = LateLabels(:hddm_a; timeout = Day(7))
        at = DateTime(year, 12, 30)
        record!(dated, [1, 2], zeros(2); time = at)
        label!(dated, [1], [0.0]; time = at + Day(7))
        label!(dated, [2], [0.0]; time = at + Day(8))
        @test (counts(dated).joined, counts(dated).expired, counts(dated).late) == (1, 1, 1)
        @test_throws InvalidArgument record!(dated, [3], [0.0]; time = at)
        same = LateLabels(:hddm_a)
        label!(same, [1], [0.0])
        @test isempty(record!(same, [1], [0.0]; time = datetime2unix(at))) && counts(same).unknown == 1
    end
    @test_throws InvalidArgument record!(LateLabels(:hddm_a), [1], [0.0]; time = "yesterday")
    @test_throws InvalidArgument record!(LateLabels(:hddm_a), [1], [0.0]; time = -Inf)
    # Ids of 64 bits come back as they were.
    for ids in ([typemin(Int64), -1, 2^53 + 1, typemax(Int64)], [0x0, typemax(UInt64), UInt64(2)^63], Any[big(2)^64 - 1, 7])
        join = LateLabels(:hddm_a; order = :arrival, drift_confidence = 0.01, warning_confidence = 0.05)
        before = 1000:1299
        record!(join, before, zeros(300))
        @test isempty(label!(join, before, zeros(300)))
        others = 2000:2001 # two errors before: the third one fires
        record!(join, others, zeros(2))
        label!(join, others, ones(2))
        record!(join, ids, zeros(length(ids)))
        path = scratch("ids.fg")
        FluxGuard.save(path, join)
        found = label!(FluxGuard.load(LateLabels, path), reverse(ids), ones(length(ids)))
        @test !isempty(found) && all(d -> d.id == reverse(ids)[d.outcome - 302], found)
    end
    @test occursin("expired", sprint(show, MIME("text/plain"), l)) && !drifted(l) && statistic(l) >= 0
    for bad in (() -> record!(l, [5], Float64[]), () -> record!(l, Any[-1, typemax(UInt64)], [0.0, 0.0]), () -> record!(l, [big(2)^64], [0.0]), () -> record!(l, ["a"], [0.0]), () -> label!(l, [4], [NaN]),
        () -> label!(l, [4], [9.0]), () -> record!(l, [5], [0.0]; time = 3), () -> LateLabels(:adwn), () -> LateLabels(capacity = 0))
        @test_throws InvalidArgument bad()
    end
end
