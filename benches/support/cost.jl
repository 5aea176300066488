# Cost against n: time of each test of one column, of sketches, detectors and estimates, and how it grows. No peers.

const COST_SIZES = (1_000, 10_000, 100_000, 1_000_000)

# A bar an order of magnitude, from a microsecond on: the plot.
bar(ns) = repeat('#', clamp(round(Int, 4 * log10(max(ns, 1e3) / 1e3)), 0, 32))

function cost_rows()
    topic = "Cost against n: both samples of n values (Float64), median of 3; the growth is the power of n between the last two sizes"
    rng = MersenneTwister(23)
    tests = [:ks, :cvm, :ad, :kuiper, :mannwhitney, :welch, :epps_singleton, :chi2, :g, :psi, :js, :hellinger, :kl, :tv, :wasserstein, :energy]
    rows = Row[]
    for test in tests
        append!(rows, growth(topic, string(test), rng, n -> (randn(rng, n), randn(rng, n) .+ 0.1), x -> compare(x[1], x[2]; tests = [test])))
    end
    topic = "Cost against n: sketches, detectors and estimates of n observations"
    append!(rows, growth(topic, "Sketch(:kll)", rng, n -> randn(rng, n), x -> fit!(Sketch(:kll), x); size = x -> length(sketch_bytes(fit!(Sketch(:kll), x)))))
    append!(rows, growth(topic, "Sketch(:hll)", rng, n -> randn(rng, n), x -> fit!(Sketch(:hll), x); size = x -> length(sketch_bytes(fit!(Sketch(:hll), x)))))
    append!(rows, growth(topic, "ADWIN", rng, n -> randn(rng, n), x -> update!(ADWIN(), x)))
    append!(rows, growth(topic, "Martingale", rng, n -> randn(rng, n), x -> update!(Martingale(reference = x[1:500]), x)))
    append!(rows, growth(topic, "fit(PerformanceEstimator), binary", rng, n -> (p = rand(rng, n); (p, rand(rng, n) .< p)),
        x -> fit(PerformanceEstimator, x[1], x[2]; chunk_size = length(x[1]) ÷ 10)))
    return rows
end

# Of three calls; of one, where it takes more than half a second.
function median_time(f, x)
    once = 1e9 * @elapsed f(x)
    return once > 5e8 ? once : median([once; [1e9 * @elapsed(f(x)) for _ in 1:2]])
end

# A line a size; a test that refuses a size says why.
function growth(topic, name, rng, sample, f; size = nothing)
    rows, times = Row[], Float64[]
    f(sample(1_000)) # compiled
    for n in COST_SIZES
        x = sample(n)
        time = try
            median_time(f, x)
        catch error
            push!(rows, Row(topic, "$name, n = $n"; figure = "refused", note = first(sprint(showerror, error), 90)))
            break
        end
        push!(times, time)
        power = length(times) > 1 ? log(times[end] / times[end - 1]) / log(10) : NaN
        push!(rows, Row(topic, "$name, n = $n"; ours = duration(time), figure = isnan(power) ? "" : @sprintf("n^%.2f", power),
            note = bar(time) * (size === nothing ? "" : "  $(size(x)) bytes")))
        time > 5e9 && break # the next would take minutes
    end
    return rows
end
