using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Errors
using FluxGuard: describe
using Main.Support

x = values_like(51, 4, 300)
q = values_like(52, 4, 80)

# By definition, nearest first.
function naive(metric, points, row, k)
    product(a, b) = sum(a .* b)
    distance(p) = metric === :euclidean ? sqrt(sum(abs2, p .- row)) :
        metric === :cosine ? 1 - product(p, row) / sqrt(product(p, p) * product(row, row)) : -product(p, row)
    all = [distance(p) for p in eachcol(points)]
    order = sortperm(all)[1:k]
    return order, all[order]
end

@testset "$metric, found is what a sort finds" for metric in (:euclidean, :cosine, :inner_product)
    s = NeighborStore(4; metric = metric)
    @test length(s) == 0 && add!(s, x) == 300 && length(s) == nobs(s) == 300
    found = search(s, q; neighbors = 6)
    @test size(found.indices) == size(found.distances) == (6, 80)
    for j in 1:80
        indices, distances = naive(metric, x, q[:, j], 6)
        @test found.indices[:, j] == indices
        @test found.distances[:, j] ≈ distances rtol = 1e-10 atol = 1e-12
    end
    @test search(s, view(q, :, 3:3); neighbors = 6).indices == found.indices[:, 3:3]
    @test search(s, q[:, 3]; neighbors = 6).distances == found.distances[:, 3:3]
    metric === :cosine || @test points(s) == x
    path = scratch("store.fg")
    FluxGuard.save(path, s)
    for mapped in (false, true)
        again = FluxGuard.load(NeighborStore, path; mapped = mapped)
        @test describe(again)["mapped"] == mapped && search(again, q; neighbors = 6) == found
        @test occursin(mapped ? "mapped" : "300 points", sprint(show, again))
        @test add!(again, q) == 80 && length(again) == 380 && !describe(again)["mapped"]
    end
end

@testset "what comes in and what goes" begin
    s = NeighborStore(4; max_age = 10)
    flags = [j % 3 == 0 for j in 1:80]
    @test add!(s, Float32.(q); flagged = flags, time = 0) == count(!, flags)
    @test points(s) ≈ q[:, .!flags] rtol = 1e-6
    @test add!(s, x; time = 6) == 300
    @test evict!(s, 9.9) == 0 && evict!(s, 10) == count(!, flags) && length(s) == 300
    @test minimum(search(s, q).indices) > count(!, flags)     # indices count all that ever came in
    @test_throws InvalidArgument add!(s, q)                     # it must know the time
    @test_throws InvalidArgument add!(s, q; time = 5)           # which does not fall
    few = NeighborStore(1; max_points = 3)
    @test add!(few, [1.0, 2.0, 3.0, 4.0]) == 4 && points(few) == [2.0 3.0 4.0]
    @test search(few, [3.9, 0.0]; neighbors = 2).indices == [4 2; 3 3]
    d = fit(KNN, points(s); neighbors = 3, calibration = :none)
    @test score(d, q) ≈ search(s, q; neighbors = 3).distances[3, :]
end

@testset "a graph" begin
    s = NeighborStore(4; index = :hnsw)
    many = values_like(53, 4, 3000)
    add!(s, many)
    exact = NeighborStore(4)
    add!(exact, many)
    found, truth = search(s, q).indices, search(exact, q).indices
    @test count(j -> found[1, j] == truth[1, j], 1:80) >= 76
end

@testset "mapped detectors" for type in (KNN, LOF, KDE)
    d = fit(type, x)
    path = scratch("detector.fg")
    FluxGuard.save(path, d)
    @test score(FluxGuard.load(Detector, path; mapped = true), q) == score(d, q)
    @test pvalue(FluxGuard.load(type, path; mapped = true), q) == pvalue(d, q)
end

@testset "bad input" begin
    s = NeighborStore(2)
    @test_throws InvalidArgument search(s, [1.0, 2.0])                         # none to find
    add!(s, x[1:2, :])
    @test_throws InvalidArgument search(s, [1.0, 2.0]; neighbors = 301)
    @test_throws InvalidArgument search(s, [1.0, 2.0]; neighbors = 0)
    @test_throws FeatureMismatch search(s, x)
    @test_throws FeatureMismatch add!(s, x)
    @test_throws NonFiniteBaseline add!(s, [NaN, 1.0])
    @test_throws NonFiniteBaseline search(s, [Inf, 1.0])
    @test_throws InvalidArgument add!(s, x[1:2, :]; flagged = [true])
    @test_throws ElementTypeUnsupported add!(s, [1 2; 3 4])
    @test_throws InvalidArgument search(s, "text")
    @test_throws InvalidArgument evict!(s, NaN)
    for bad in (() -> NeighborStore(0), () -> NeighborStore(2; max_age = -1), () -> NeighborStore(2; max_points = 0),
        () -> NeighborStore(2; metric = :taxi), () -> NeighborStore(2; no_such = 1))
        @test_throws InvalidArgument bad()
    end
    path = scratch("store.fg")
    FluxGuard.save(path, s)
    whole = read(path)
    for mapped in (false, true)
        write(path, [whole[1:end-1]; whole[end] ⊻ 0x01])
        @test_throws FileDamaged FluxGuard.load(NeighborStore, path; mapped = mapped)
        write(path, whole[1:end-9])
        @test_throws FileDamaged FluxGuard.load(NeighborStore, path; mapped = mapped)
        @test_throws FileKind FluxGuard.load(Detector, path; mapped = mapped)
        @test_throws PathUnusable FluxGuard.load(NeighborStore, "/no/such/file"; mapped = mapped)
    end
    write(path, whole)
    held = FluxGuard.load(NeighborStore, path; mapped = true)
    open(io -> truncate(io, 64), path, "r+")
    @test_throws FileDamaged search(held, [1.0, 2.0])
    @test_throws FileDamaged points(held)
end
