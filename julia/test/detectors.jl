using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Errors
using FluxGuard: DETECTORS, JSON, Native, describe, face
using Main.Support

reference = values_like(41, 3, 400)
probe = values_like(42, 3, 30)
probe[:, 7] .= (8.0, 5.0, -6.0)
probe[:, 8] .= (7.0, 0.1, -0.2)

@testset "every name of Rust has a type, and back" begin
    @test sort!(collect(keys(DETECTORS))) == sort!(String.(Native.ask(face(), "detector.names")))
end

# The types without options that must be there, so that each is fitted on its defaults.
# Those of classifiers have a topic of their own.
@testset "$name" for (name, type) in sort!(filter(pair -> !(pair.first in FluxGuard.OOD_NAMES), collect(DETECTORS)); by = first)
    d = fit(type, reference)
    @test nobs(d) == 400
    scores = score(d, probe)
    @test length(scores) == 30 && argmax(scores) == 7
    @test [score(d, probe[:, j])[1] for j in 1:30] == scores            # novelty mode
    @test score(d, view(probe, :, 1:2:29)) == scores[1:2:29]
    @test score(d, reshape(probe, 3, 1, 30)) == scores
    p = pvalue(d, probe)
    @test all(0 .< p .<= 1) && p[7] ≈ 1 / 401
    @test sortperm(scores; rev = true)[1] == argmin(p)
    t = threshold(d; rate = 0.05)
    @test (scores .> t) == (p .<= 0.05)
    parts = explain(d, probe)
    @test size(parts) == size(probe) && all(isfinite, parts)
    # One component is left out of three: its direction, not the feature, says what is left over.
    type === PCADetector || @test argmax(parts[:, 8]) == 1
    path = scratch("detector.fg")
    FluxGuard.save(path, d)
    again = FluxGuard.load(Detector, path)
    @test typeof(again) === type && score(again, probe) == scores && pvalue(FluxGuard.load(type, path), probe) == p
    @test nobs(fit!(again, reference)) == 400 && score(again, probe) == scores  # by the options that were saved
    @test occursin("400 observations", sprint(show, d)) && occursin(name, sprint(show, MIME("text/plain"), d))
end

@testset "element types" begin
    d = fit(KNN, Float32.(reference); neighbors = 3)
    @test score(d, Float32.(probe)) ≈ score(fit(KNN, reference; neighbors = 3), probe) rtol = 1e-5
    @test score(d, Float16.(probe)) ≈ score(d, probe) rtol = 1e-2
    one = fit(ZScore, reference[1:1, :])
    @test length(score(one, probe[1, :])) == 30
end

@testset "options cross" begin
    d = fit(KNN, reference; neighbors = 7, aggregate = :mean, metric = :inner_product)
    @test describe(d)["options"]["metric"] == "inner-product" && describe(d)["options"]["neighbors"] == 7
    @test sum(explain(fit(Mahalanobis, reference), probe); dims = 1)[:] ≈ score(fit(Mahalanobis, reference), probe)
    @test fit(KNN, reference; calibration = (cross = 2,)) isa KNN
    half = fit(KNN, reference; calibration = :holdout)
    @test describe(half)["calibration_size"] == 100
    none = fit(KNN, reference; calibration = :none)
    @test_throws Incompatible pvalue(none, probe)
    @test_throws Incompatible threshold(none; rate = 0.1)
    wide = fit(KNN, reference .* [1, 1000, 1]; standardize = true)
    @test score(wide, probe .* [1, 1000, 1]) ≈ score(fit(KNN, reference; standardize = true), probe) rtol = 1e-9
    two = fit!(Ensemble(members = [KNN(neighbors = 3), ECOD()], combine = :rank), reference)
    @test argmax(score(two, probe)) == 7
    @test length(describe(two)["members"]) in 1:2 && sum(m["weight"] for m in describe(two)["members"]) ≈ 1
    @test occursin("member ", repr("text/plain", two))
    equal = fit(Ensemble, reference; members = [KNN(neighbors = 3), ECOD()], weighting = :equal)
    @test [m["weight"] for m in describe(equal)["members"]] == [0.5, 0.5]
    @test_throws InvalidArgument fit(Ensemble, reference; weighting = :guess)
    graph = fit(KNN, reference; index = :hnsw, calibration = :none)
    @test score(graph, probe) ≈ score(fit(KNN, reference; calibration = :none), probe)
end

@testset "thresholds" begin
    usual = values_like(43, 1, 3000)[:]
    @test threshold(usual; method = :percentile, rate = 0.5) ≈ sort(usual)[1500] atol = 0.01
    @test count(usual .> threshold(usual; rate = 0.01)) == 29           # floor(0.01 * 3001) = 30, the 30th is not above itself
    @test threshold(usual; method = :pot, rate = 1e-4) > threshold(usual; rate = 1e-3)
    @test threshold(usual; method = :budget, alerts = 10, observations = 10_000) == threshold(usual; rate = 1e-3)
    @test_throws BaselineTooSmall threshold(usual; rate = 1e-5)
    @test_throws InvalidArgument threshold(usual; method = :guess)
    @test_throws InvalidArgument threshold([1.0, NaN]; rate = 0.5)
end

@testset "quality, curves, comparison" begin
    labels = [j in (7, 8) for j in 1:30]
    scores = score(fit(KNN, reference), probe)
    q = quality(scores, labels; threshold = sort(scores)[end-2])
    @test q == (auroc = 1.0, auprc = 1.0, fpr_at_95_tpr = 0.0, precision = 1.0, recall = 1.0, f1 = 1.0)
    @test quality([1.0, 1.0], [true, false]).auroc == 0.5
    curve = roc([3.0, 2.0, 1.0], [true, false, true])
    @test [(c.false_positive_rate, c.true_positive_rate) for c in curve] == [(0, 0), (0, 0.5), (1, 0.5), (1, 1)]
    @test curve[1].threshold == Inf
    @test [c.precision for c in precision_recall([3.0, 2.0, 1.0], [true, false, true])] ≈ [1, 1 / 2, 2 / 3]
    rows = compare_detectors([KNN(), IsolationForest(trees = 20), LOF(neighbors = 399)], reference, probe, labels; rate = 0.05)
    @test rows[1].auroc == 1.0 && rows[1].bytes > 0 && rows[1].error === nothing
    @test rows[3].detector == "lof" && isnan(rows[3].auroc) && occursin("folds", rows[3].error)
    @test keys(rows[1]) == (:detector, :auroc, :auprc, :fpr_at_95_tpr, :precision, :recall, :f1, :fit_seconds, :score_seconds, :bytes, :error)
    @test_throws InvalidArgument compare_detectors([KNN()], reference, probe, labels[1:9])
    @test_throws InvalidArgument quality(scores, trues(30))
end

@testset "bad input" begin
    @test_throws InvalidArgument score(KNN(), probe)                     # not fitted
    @test_throws InvalidArgument fit(KNN, reference; neighbour = 3)      # no such option
    @test_throws InvalidArgument fit(KNN, reference; neighbors = 401)
    @test_throws BaselineTooSmall fit(LOF, reference; neighbors = 399)  # enough for all, not for a fold
    @test_throws BaselineTooSmall fit(Mahalanobis, reference[:, 1:2])
    @test_throws InvalidArgument fit(Mahalanobis, [reference; sum(reference; dims = 1)]) # singular
    @test_throws ConstantFeature fit(Mahalanobis, [reference; ones(1, 400)])
    @test_throws NonFiniteBaseline fit(HBOS, [reference [NaN, 1, 2]])
    @test_throws ElementTypeUnsupported fit(HBOS, [1 2; 3 4])
    @test_throws InvalidArgument fit(HBOS, "text")
    d = fit(HBOS, reference)
    @test_throws FeatureMismatch score(d, ones(4, 2))
    @test_throws EmptyTensor score(d, ones(3, 0))
    spoiled = [probe[:, 1] [NaN, 0, 0] [0, Inf, 0]]
    @test isequal(isnan.(score(d, spoiled)), [false, true, true])
    @test isequal(isnan.(pvalue(d, spoiled)), [false, true, true])
    @test isequal(isnan.(explain(d, spoiled)), [falses(3) trues(3) trues(3)])
    same = fit(HBOS, ones(2, 50))                                        # all equal: no spread, no error where none is needed
    @test score(same, ones(2, 1)) < score(same, fill(9.0, 2, 1))
    path = scratch("knn.fg")
    FluxGuard.save(path, fit(KNN, reference))
    @test_throws Incompatible FluxGuard.load(LOF, path)
    @test_throws FileKind FluxGuard.load(Profile, path)
    write(path, read(path)[1:end-1])
    @test_throws FileDamaged FluxGuard.load(Detector, path)
    @test_throws InvalidArgument FluxGuard.save(path, KNN())
end

@testset "observations of one sample, by detectors of the others" begin
    x = copy(reference)
    x[:, 17] .= (9.0, -9.0, 9.0)
    x[:, 30] .= x[:, 31]
    for d in (KNN(), fit(KNN, x), IsolationForest(), Mahalanobis(calibration = (cross = 3,)))
        found = score_within(d, x)
        @test argmax(found.scores) == 17 && found.pvalues[17] == 1 / 400
        @test found.pvalues == [count(>=(s), found.scores) / 400 for s in found.scores]
        @test found.scores[30] == found.scores[31]
        @test score_within(d, view(x, :, 1:400)) == found
    end
    @test score_within(KNN(), x).scores[17] > 0 # not its own neighbor
    @test_throws InvalidArgument score_within(KNN(calibration = :none), x)
    @test_throws ElementTypeUnsupported score_within(KNN(), round.(Int, x))
    known = (labels = mod1.(1:400, 2), weights = [1.0 0.5 -1; -0.5 1 1], bias = [0.0, 0.1])
    @test all(isfinite, score_within(OOD(), abs.(x); known...).scores)
    @test_throws InvalidArgument score_within(KNN(), x; labels = known.labels)
end

@testset "an observation that lacks a number has no score and is not learned from" begin
    for T in (Float64, Float32), shape in ((3, 400), (3, 1, 400), (1, 3, 400))
        y = Array{Union{Missing,T}}(reshape(T.(reference), shape))
        lacking = sort!(unique!([2, 5, 5, 77, 400]))
        foreach(k -> selectdim(y, ndims(y), k)[1 + k % 3] = missing, lacking)
        whole = setdiff(1:400, lacking)
        plain = Array{T}(T.(reference)[:, whole])
        for type in (KNN, IsolationForest, ECOD, Mahalanobis)
            d, same = fit(type, y), fit(type, plain)
            @test nobs(d) == length(whole)
            for f in (score, pvalue)
                @test isequal(f(d, y)[whole], f(same, plain)) && all(isnan, f(d, y)[lacking])
            end
            parts = explain(d, y)
            @test size(parts) == shape && reshape(parts, 3, 400)[:, whole] == explain(same, plain)
            found = score_within(type(), y)
            @test found.scores[whole] == score_within(type(), plain).scores && all(isnan, found.scores[lacking]) && all(isnan, found.pvalues[lacking])
        end
        view_of = view(y, ntuple(_ -> Colon(), ndims(y) - 1)..., 1:80)
        @test isequal(score(fit(KNN, y), view_of), score(fit(KNN, y), y)[1:80])
    end
    one = Union{Missing,Float64}[reference[1, :]; missing]
    d = fit(ZScore, one)
    @test nobs(d) == 400 && length(score(d, one)) == 401 && isnan(score(d, one)[401])
    holes = Array{Union{Missing,Float64}}(reference)
    holes[1, :] .= missing
    @test_throws EmptyTensor fit(KNN, holes)
    @test all(isnan, score(fit(KNN, reference), holes))
    # Missing and NaN are two things: NaN in a reference is a fault.
    @test_throws NonFiniteBaseline fit(KNN, [missing 1.0 NaN; 0.0 1.0 2.0])
    for bad in (Any[1.0 missing], Union{Missing,Int}[1 missing], [missing missing])
        @test_throws ElementTypeUnsupported fit(KNN, bad)
        @test_throws ElementTypeUnsupported score(fit(KNN, reference), bad)
        @test_throws ElementTypeUnsupported score_within(KNN(), bad)
    end
    # What goes with the observations goes with those that are left.
    classes = [1 + k % 2 for k in 1:400]
    lacking = Array{Union{Missing,Float64}}(reference)
    lacking[2, 1:50] .= missing
    d = fit(ClassMahalanobis, lacking; labels = classes)
    @test score(d, probe) == score(fit(ClassMahalanobis, reference[:, 51:end]; labels = classes[51:end]), probe)
    @test_throws InvalidArgument fit(ClassMahalanobis, lacking; labels = classes[1:350])
    truth = Union{Missing,Bool}[k in (7, 8) for k in 1:30]
    truth[30] = missing
    holes = Array{Union{Missing,Float64}}(probe)
    holes[1, 1] = missing
    row(rows) = [(r.detector, r.auroc, r.precision) for r in rows]
    @test row(compare_detectors([KNN(), HBOS()], lacking, holes, truth)) ==
        row(compare_detectors([KNN(), HBOS()], reference[:, 51:end], probe[:, 2:29], [k in (7, 8) for k in 2:29]))
    @test_throws InvalidArgument compare_detectors([KNN()], reference, holes, truth[1:29])
end

@testset "elements of several types" begin
    mixed = convert(Matrix{Union{Float32,Float64}}, reference)
    @test score(fit(KNN, mixed), convert(Matrix{Union{Float32,Float64}}, probe)) == score(fit(KNN, reference), probe)
end

@testset "features by name" begin
    names = ["fixed acidity", "b", "c_c"]
    other = ["c_c", "fixed acidity", "b"] # where each stands: 2, 3, 1
    by_name(x) = x[[3, 1, 2], :]
    for type in (KNN, ECOD, Ensemble)
        d, plain = fit(type, reference; names = names), fit(type, reference)
        path = scratch("named.fg")
        FluxGuard.save(path, d)
        for d in (d, FluxGuard.load(Detector, path), deepcopy(d))
            @test d.names == names && describe(d)["names"] == names && occursin("fixed acidity, b, c_c", sprint(show, MIME("text/plain"), d))
            for call in (score, pvalue)
                @test call(d, probe) == call(d, probe; names = names) == call(d, by_name(probe); names = other) == call(plain, probe)
                @test call(d, reshape(by_name(probe), 3, 1, 30); names = Symbol.(other)) == call(plain, probe)
            end
            @test explain(d, by_name(probe); names = other) == by_name(explain(plain, probe))
            @test score(d, by_name(probe)[:, 1]; names = other) == score(plain, probe[:, 1])
            holes = convert(Matrix{Union{Missing,Float64}}, by_name(probe))
            holes[2, 4] = missing
            @test isnan(score(d, holes; names = other)[4]) && isequal(score(d, holes; names = other)[[1:3; 5:30]], score(plain, probe)[[1:3; 5:30]])
        end
        @test isempty(fit!(d, reference).names) && isempty(plain.names)
    end
    d = fit(ZScore, reference; names = names)
    for (bad, words) in ((["c_c", "b"], ("\"fixed acidity\"",)), ([names; "id"], ("\"id\"", "not fitted on")), (["b", "b", "c_c"], ("differ",)),
        (["Fixed_Acidity", "b", "c_c"], ("\"fixed acidity\"", "\"Fixed_Acidity\" is written otherwise")), ("b", ("names",)))
        error = try score(d, probe; names = bad) catch error error end
        @test error isa InvalidArgument && all(word -> occursin(word, error.message), words)
    end
    @test_throws InvalidArgument score(fit(ZScore, reference), probe; names = names)
    @test_throws FeatureMismatch score(d, probe[1:2, :]; names = other)
    for bad in (["a", "b"], ["a", "b", "a"], "a")
        @test_throws InvalidArgument fit(ZScore, reference; names = bad)
    end
end

@testset "scores that are the wrong way round are told" begin
    labels = [j in (7, 8) || j > 20 for j in 1:30]
    scores = [labels[j] ? -1.0 - j : 1.0 / j for j in 1:30]
    @test_logs (:warn, r"AUROC of 0.0 is far below 0.5.*the wrong way round") quality(scores, labels)
    @test_logs quality(-scores, labels)
    @test_logs quality(scores[5:8], labels[5:8]) # of so few it may be chance
    far = hcat(8 .* values_like(43, 3, 15), 0.1 .* values_like(44, 3, 15))
    anomalous = [j <= 15 for j in 1:30]
    for detectors in ([ZScore(), KNN()], [Encoded(identity, ZScore())], [KNN(), Encoded(identity, ZScore())])
        @test_logs (:warn, r"far below 0.5") compare_detectors(detectors, reference, far, .!anomalous)
        rows = @test_logs compare_detectors(detectors, reference, far, anomalous)
        @test length(rows) == length(detectors) && all(row -> row.auroc > 0.9, rows)
    end
end
