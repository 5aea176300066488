using Test, FluxGuard, FluxGuard.Sketches, FluxGuard.Errors
using FluxGuard: JSON
using Main.Support

unhex(text) = [parse(UInt8, text[i:(i + 1)]; base = 16) for i in 1:2:length(text)]
const THEIRS = JSON.parse(read(checkout_file("test", "reference", "sketches.json"), String))

@testset "what Python wrote is read, and comes back" begin
    for (name, kind) in (("kll", :kll), ("tdigest", :tdigest), ("hll", :hll), ("theta", :theta), ("frequent-items", :frequent_items))
        theirs = THEIRS["theirs"][name]
        s = Sketch(kind, unhex(theirs["bytes"]))
        if kind in (:kll, :tdigest)
            # Between the centroids of a t-digest the libraries interpolate differently; the numbers are uniform on [0, 1].
            @test quantiles(s, THEIRS["ranks"]) ≈ theirs["quantiles"] rtol = (kind === :kll ? 1e-12 : 0.03)
            @test nobs(s) == theirs["n"]
        elseif kind === :frequent_items
            @test sort([(f.item, f.estimate, f.lower, f.upper) for f in frequent(s)]) == [Tuple(row) for row in theirs["items"]]
        else
            @test collect(distinct(s)) ≈ theirs["distinct"]
        end
        again = Sketch(kind, sketch_bytes(s))
        # Frequent items stand in the order of a hash table.
        @test kind === :frequent_items ? frequent(again) == frequent(s) : sketch_bytes(again) == sketch_bytes(s)
    end
end

@testset "merged is a single pass" begin
    x = [Float64(i * 7919 % 100_003) for i in 1:50_000]
    for kind in (:kll, :tdigest)
        s = Sketch(kind)
        merge!(s, (fit!(Sketch(kind), part) for part in Iterators.partition(x, 9000))...)
        @test nobs(s) == 50_000
        sorted = sort(x)
        for (rank, q) in zip(0.1:0.2:0.9, quantiles(s, 0.1:0.2:0.9))
            @test abs(searchsortedlast(sorted, q) / 50_000 - rank) < 0.03
        end
    end
    words = ["word $(i % 700)" for i in 1:7000]
    for kind in (:hll, :theta)
        s = merge!(fit!(Sketch(kind), words[1:4000]), fit!(Sketch(kind), words[3000:end]))
        @test abs(distinct(s).estimate / 700 - 1) < 0.05 && distinct(s).lower <= 700 <= distinct(s).upper
    end
    f = merge!(fit!(Sketch(:frequent_items), words[1:4000]), fit!(Sketch(:frequent_items), words[4001:end]))
    @test all(row -> row.lower <= 10 <= row.upper, frequent(f)) && length(frequent(f)) == 700
end

@testset "the element type says what an item is" begin
    longs = [2^53 + i for i in 0:99]
    for kind in (:hll, :theta)
        @test round(distinct(fit!(Sketch(kind), longs)).estimate) == 100
        @test round(distinct(fit!(Sketch(kind), UInt64.(longs))).estimate) == 100
        @test round(distinct(fit!(Sketch(kind), Float64.(longs))).estimate) == 51
        # The integer 7, the double 7 and the text are three; all integer types agree.
        s = fit!(fit!(fit!(fit!(fit!(Sketch(kind), 7), Int8[7]), 7.0), "7"), big(7))
        @test round(distinct(s).estimate) == 3
        @test round(distinct(fit!(Sketch(kind), [1 missing; 2 1])).estimate) == 2
        @test round(distinct(fit!(Sketch(kind), ["a", missing, "b"])).estimate) == 2
        @test distinct(fit!(fit!(Sketch(kind), missing), Union{Missing,Int}[missing])).estimate == 0
    end
    f = fit!(Sketch(:frequent_longs), [typemin(Int), 2^53 + 1, 2^53 + 1])
    again = Sketch(:frequent_longs, sketch_bytes(f))
    @test [(r.item, r.lower) for r in frequent(again)] == [(string(2^53 + 1), 2), (string(typemin(Int)), 1)]
    theirs = THEIRS["theirs"]["frequent-longs"]
    @test sort([(r.item, r.estimate, r.lower, r.upper) for r in frequent(Sketch(:frequent_longs, unhex(theirs["bytes"])))]) ==
        sort([Tuple(row) for row in theirs["items"]])
    @test [(r.item, r.lower) for r in frequent(fit!(Sketch(:frequent_items), [2^53 + 1, 2^53 + 1]))] == [(string(2^53 + 1), 2)]
    @test_throws InvalidArgument fit!(Sketch(:hll), big(2)^64)
    @test_throws InvalidArgument fit!(f, [0.5])
    @test_throws InvalidArgument fit!(f, Any[1, missing])
    @test_throws InvalidArgument fit!(f, typemax(UInt64))
    @test_throws Incompatible fit!(f, "a")
    @test quantiles(fit!(Sketch(:kll), [1, 2, 3]), [1]) == [3] && nobs(fit!(Sketch(:tdigest), [1, missing])) == 1
end

@testset "forms, shown, and bad input" begin
    s = fit!(fit!(fit!(Sketch(:kll; size = 400), Float32[1, 2]), 3), view([4, 5, 6], 1:2))
    @test nobs(s) == 5 && quantiles(s, [0, 0.5, 1]) == [1, 3, 5]
    @test isnan(only(quantiles(Sketch(:kll), [0.5]))) && nobs(fit!(s, Float64[])) == 5
    @test startswith(sprint(show, s), "Sketch(kll, ") && occursin("observations", sprint(show, MIME("text/plain"), s))
    h = fit!(Sketch(:hll), "ü")
    @test round(distinct(h).estimate) == 1 && occursin("at least", sprint(show, MIME("text/plain"), h))
    for bad in (() -> Sketch(:nothing), () -> Sketch(:kll; size = 3), () -> Sketch(:kll; size = 0.5), () -> fit!(Sketch(:hll), NaN),
        () -> quantiles(s, [2]))
        @test_throws InvalidArgument bad()
    end
    for bad in (() -> fit!(Sketch(:kll), "word"), () -> merge!(s, h), () -> quantiles(h, [0.5]), () -> distinct(s), () -> nobs(h), () -> frequent(s))
        @test_throws Incompatible bad()
    end
    whole = sketch_bytes(s)
    for bytes in (UInt8[], whole[1:(end - 1)], reverse(whole), rand(UInt8, 60))
        @test_throws FileDamaged Sketch(:kll, bytes)
    end
end

@testset "of a profile" begin
    profile = fit(Profile, logits(1, 3000); output = :logits)
    kept, more = Float64.(logits(1, 3000)[2, :]), Float64.(logits(2, 5000)[3, :])
    s = merge!(Sketch(:kll, profile, 2), fit!(Sketch(:kll), more))
    @test nobs(s) == 8000
    sorted = sort([kept; more])
    # The stated error of a rank: 1.33 % with a probability of 99 % each.
    for (rank, q) in zip(0.05:0.15:0.95, quantiles(s, 0.05:0.15:0.95))
        @test abs(searchsortedlast(sorted, q) / 8000 - rank) < 0.0133
    end
    classes = frequent(Sketch(:frequent_items, profile))
    predicted = [argmax(column) for column in eachcol(logits(1, 3000))]
    @test Dict(f.item => f.estimate for f in classes) == Dict(string(k - 1) => count(isequal(k), predicted) for k in unique(predicted))
    for bad in (() -> Sketch(:kll, profile), () -> Sketch(:kll, profile, 0), () -> Sketch(:kll, profile, 9), () -> Sketch(:frequent_items, profile, 1))
        @test_throws InvalidArgument bad()
    end
    @test_throws Incompatible Sketch(:hll, profile, 1)
    @test_throws Incompatible Sketch(:frequent_items, fit(Profile, Float64.(logits(1, 100)); output = :values))
    @test_throws BaselineTooSmall Sketch(:kll, Profile(), 1)
end

@testset "tasks may share a sketch" begin
    s, other = Sketch(:kll), fit!(Sketch(:kll), 1.0)
    @sync for _ in 1:4
        Threads.@spawn for _ in 1:100
            fit!(s, [1.0, 2.0])
            merge!(s, other)
        end
    end
    @test nobs(s) == 4 * 100 * 3
end
