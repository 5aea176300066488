using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: JSON, Native
using Main.Support

# As test/reference/online.py makes them.
still(seed) = (r = SplitMix64(seed); [Float64(uniform(r) < 0.3) for _ in 1:5000])
outcomes() = (r = SplitMix64(UInt64(5)); [Float64(uniform(r) < (i <= 1000 ? 0.05 : 0.6)) for i in 1:2000])

const TYPES = [ADWIN, PageHinkley, DDM, EDDM, HDDMA, HDDMW, KSWIN, Cusum, GMA, OnlineMMD, Martingale, Betting]
options(::Type) = NamedTuple()
options(::Type{GMA}) = (threshold = 0.2,)
options(::Type{OnlineMMD}) = (reference_size = 200, expected_run_time = 200, bandwidth = 1)

@testset "detections are river's" begin
    file = checkout_file("test", "reference", "online.json")
    for case in JSON.parse(read(file, String))["cases"]
        case["stream"] == "still" || continue
        d = StreamDetector(case["detector"]; (Symbol(key) => value for (key, value) in case["options"])...)
        @test update!(d, still(UInt64(case["seed"]))) == case["detections"] .+ 1
    end
end

@testset "$(T)" for T in TYPES
    x = outcomes()
    d = T(; options(T)...)
    fired = update!(d, x)
    @test any(i -> 1000 < i <= 1300, fired)
    @test nobs(d) == 2000
    # In batches, of any form, by way of a file: the same.
    parts = T(; options(T)...)
    path = scratch("detector.fg")
    found = Int[]
    for (k, batch) in enumerate(Iterators.partition(x, 333))
        form = (Float32.(batch), view(x, (333k - 332):min(333k, 2000)), batch .== 1, collect(batch))[mod1(k, 4)]
        append!(found, update!(parts, form))
        FluxGuard.save(path, parts)
        parts = FluxGuard.load(StreamDetector, path)
        @test parts isa T
    end
    @test found == fired
    @test statistic(parts) == statistic(d)
    @test nobs(reset!(parts)) == 0
    @test fit!(parts, 1.0) === parts && nobs(parts) == 1
    @test update!(parts, Float64[]) == Int[]
    name = T === OnlineMMD ? "OnlineMMD" : FluxGuard.type_name(d)
    @test startswith(sprint(show, d), "$name(2000 observations, $(length(fired)) detection")
    @test occursin("statistic", sprint(show, MIME("text/plain"), d))
    @test_throws InvalidArgument update!(d, [0.0, NaN])
    @test_throws InvalidArgument T(no_such_option = 1)
    @test_throws InvalidArgument update!(d, "text")
end

@testset "two streams side by side" begin
    x = outcomes()
    r = SplitMix64(UInt64(6))
    still = [Float64(uniform(r) < 0.05) for _ in 1:2000]
    d = TwoSampleBetting()
    fired = update!(d, still, x)
    @test !isempty(fired) && 1000 < fired[1] <= 1300
    @test nobs(d) == 2000 && statistic(d) > 0
    @test startswith(sprint(show, d), "TwoSampleBetting(2000 observations, ")
    parts, found, path = TwoSampleBetting(alpha = 0.01, warm_up = 20), Int[], scratch("pairs.fg")
    for (k, part) in enumerate(Iterators.partition(1:2000, 333))
        a, b = still[part], x[part]
        append!(found, k == 1 ? update!(parts, a, b) : k == 2 ? update!(parts, permutedims([a b])) : k == 3 ? update!(parts, Float32.(a), b .== 1) :
            reduce(vcat, [update!(parts, u, v) for (u, v) in zip(a, b)]))
        FluxGuard.save(path, parts)
        parts = FluxGuard.load(StreamDetector, path)
        @test parts isa TwoSampleBetting
    end
    @test found == fired && statistic(parts) == statistic(d)
    @test fit!(reset!(parts), still, x) === parts && nobs(parts) == 2000
    # One distribution: no alarm.
    @test isempty(update!(TwoSampleBetting(), still[1:1000], still[1001:2000]))
    for call in (() -> update!(d, [1.0], [1.0, 2.0]), () -> update!(d, [1.0, 2.0, 3.0, 4.0]), () -> update!(d, ones(3, 4)), () -> update!(d, 1.0),
        () -> update!(d, [NaN], [1.0]), () -> TwoSampleBetting(warm_up = 1), () -> TwoSampleBetting(threshold = 1))
        @test_throws InvalidArgument call()
    end
    @test_throws ElementTypeUnsupported update!(d, ["a"], [1.0])
    @test_throws ElementTypeUnsupported update!(d, [1.0], ["a"])
    @test nobs(d) == 2000
end

@testset "p-values that never end" begin
    theirs = JSON.parse(read(checkout_file("test", "reference", "lord_saffron.json"), String))
    p = Float64.(theirs["p_values"])
    for case in theirs["cases"]
        of_lord = !haskey(case, "lambda")
        make() = of_lord ? LORD(alpha = case["alpha"], initial_wealth = case["wealth"]) :
            SAFFRON(alpha = case["alpha"], initial_wealth = case["wealth"], lambda = case["lambda"])
        d = make()
        levels = Float64[]
        found = [(push!(levels, statistic(d)); !isempty(update!(d, value))) for value in p]
        @test levels ≈ Float64.(case["levels"]) rtol = 1e-9
        @test found == case["decisions"]
        @test update!(make(), p) == findall(found)
    end
    d = SAFFRON()
    @test update!(d, fill(1e-6, 5)) == 1:5
    @test startswith(sprint(show, d), "SAFFRON(5 observations, 5 detections)")
    path = scratch("lord.fg")
    FluxGuard.save(path, fit!(LORD(), [0.001, 0.5]))
    @test FluxGuard.load(StreamDetector, path) isa LORD && nobs(FluxGuard.load(StreamDetector, path)) == 2
    for call in (() -> update!(d, 1.5), () -> update!(d, [0.1, NaN]), () -> LORD(alpha = 0), () -> SAFFRON(lambda = 1), () -> LORD(delta = 1))
        @test_throws InvalidArgument call()
    end
end

@testset "states" begin
    d = DDM()
    @test !drifted(d) && !warned(d)
    x = outcomes()
    at = update!(d, x)[1]
    reset!(d)
    update!(d, x[1:at])
    @test drifted(d)
    careful = HDDMA()
    @test any(i -> (update!(careful, x[i]); warned(careful)), 1:2000)
end

@testset "options" begin
    x = outcomes()
    @test isempty(update!(Martingale(reference = x[1:500], alpha = 1e-6, form = :ever), x[501:1000]))
    sums = Martingale(form = :shiryaev_roberts, run_length = 1e4, bets = :jumper)
    @test any(i -> 1000 < i < 1200, update!(sums, x))
    @test StreamDetector(:page_hinkley; mode = :up) isa PageHinkley
    for call in (() -> ADWIN(delta = 2), () -> StreamDetector("adwn"), () -> Martingale(reference = [1.0, 2.0]), () -> Betting(mean = 3))
        @test_throws InvalidArgument call()
    end
    fault = try ADWIN(delta = 2) catch error; error end
    @test occursin("delta: got 2", sprint(showerror, fault))
    @test_throws PathUnusable FluxGuard.load(StreamDetector, "/no/such/file")
    @test_throws PathUnusable FluxGuard.save("/no/such/folder/d.fg", ADWIN())
    @test_throws FileKind FluxGuard.load(StreamDetector, (path = scratch("p.fg"); FluxGuard.save(path, baseline()); path))
end

@testset "tasks may share a detector" begin
    d = Cusum()
    @sync for k in 1:8
        Threads.@spawn for _ in 1:200
            update!(d, Float64[k, 1, 2])
        end
    end
    @test nobs(d) == 8 * 200 * 3
end
