# Cost against n: time of each test of one column, of sketches, detectors and estimates, and how it grows. No peers. Asked for by
# name (`make bench ARGS=cost`), it writes its plots and tables into docs/; else into target/.

const COST_SIZES = (1_000, 10_000, 100_000, 1_000_000)

# A bar an order of magnitude, from a microsecond on: the plot.
bar(ns) = repeat('#', clamp(round(Int, 4 * log10(max(ns, 1e3) / 1e3)), 0, 32))

function cost_rows()
    folder = joinpath(dirname(dirname(@__DIR__)), "cost" in ARGS ? "docs" : "target")
    topic = "Cost against n: both samples of n values (Float64), median of 3; the growth is the power of n between the last two sizes"
    rng = MersenneTwister(23)
    tests = [:ks, :cvm, :ad, :kuiper, :mannwhitney, :welch, :epps_singleton, :chi2, :g, :psi, :js, :hellinger, :kl, :tv, :wasserstein, :energy]
    rows, panels, table = Row[], Panel[], Vector{String}[]
    cost!(topic, name, sample, f; options...) = growth!(rows, panels, table, topic, name, rng, sample, f; options...)
    for test in tests
        cost!(topic, string(test), n -> (randn(rng, n), randn(rng, n) .+ 0.1), x -> compare(x[1], x[2]; tests = [test]))
    end
    topic = "Cost against n: sketches, detectors and estimates of n observations"
    cost!(topic, "Sketch(:kll)", n -> randn(rng, n), x -> fit!(Sketch(:kll), x); size = x -> length(sketch_bytes(fit!(Sketch(:kll), x))))
    cost!(topic, "Sketch(:hll)", n -> randn(rng, n), x -> fit!(Sketch(:hll), x); size = x -> length(sketch_bytes(fit!(Sketch(:hll), x))))
    cost!(topic, "ADWIN", n -> randn(rng, n), x -> update!(ADWIN(), x))
    cost!(topic, "Martingale", n -> randn(rng, n), x -> update!(Martingale(reference = x[1:500]), x))
    cost!(topic, "PerformanceEstimator", n -> (p = rand(rng, n); (p, rand(rng, n) .< p)),
        x -> fit(PerformanceEstimator, x[1], x[2]; chunk_size = length(x[1]) ÷ 10))
    topic = "Cost against n: detectors of sequences, n symbols of 50 kinds in sequences of 100; fit (uncalibrated)"
    symbols(n) = [rand(rng, 1:50, 100) for _ in 1:n÷100]
    bytes_of(x, type) = FluxGuard.describe(fit(type, x; calibration = :none))["bytes"]
    for type in (Frequency, MarkovChain, NGram)
        cost!(topic, FluxGuard.detector_name(type), symbols, x -> fit(type, x; calibration = :none); size = x -> bytes_of(x, type))
    end
    write_plots(joinpath(folder, "cost-drift.svg"), "Time against n: tests of two samples, sketches, monitors, sequences", "observations", panels)
    more, detectors = detector_cost_rows(folder)
    write_cost_page(joinpath(folder, "cost.md"), table, detectors)
    return [rows; more]
end

markdown(header, lines) = join(["| " * join(line, " | ") * " |" for line in [[header]; [fill("---", length(header))]; lines]], "\n") * "\n"

function write_cost_page(path, drift, detectors)
    write(path, """
        # Cost

        `make bench ARGS=cost` measured this ($(cpu_model()), $(Sys.CPU_THREADS) cores, Julia $VERSION, binding $(FluxGuard.versions().binding)) and wrote this page
        and its plots. Other work on the machine disturbs single points.

        ## Detectors of observations

        ![Time against n](cost-detectors.svg)
        ![Time against the number of features](cost-detectors-features.svg)

        Uncalibrated; calibration fits five times more (by default), or once on three quarters. The last column is the file beside the reference
        (8 bytes a number): what a detector keeps. Fits that would take more than $(duration(LONGEST_FIT)) were left out; of those the table has
        the largest reference below.

        $(markdown(["detector", "reference", "fit", "grows as", "one row scored", "in a file", "file / reference"], detectors[1:length(OUTLIERS)]))
        ## Detectors of a classifier's outputs

        ![Time against n](cost-classifiers.svg)
        ![Time against the number of features](cost-classifiers-features.svg)

        Of features, with weights and labels of 10 classes.

        $(markdown(["detector", "reference", "fit", "grows as", "one row scored", "in a file", "file / reference"], detectors[length(OUTLIERS)+1:end]))
        ## Tests of two samples, sketches, monitors, sequences

        ![Time against n](cost-drift.svg)

        $(markdown(["what", ["n = $n" for n in COST_SIZES]..., "grows as"], drift))""")
end

# Of three calls; of one, where it takes more than half a second.
function median_time(f, x)
    once = 1e9 * @elapsed f(x)
    return once > 5e8 ? once : median([once; [1e9 * @elapsed(f(x)) for _ in 1:2]])
end

# A line a size, a panel, and a row of the page; a test that refuses a size says why.
function growth!(rows, panels, table, topic, name, rng, sample, f; size = nothing)
    times = Float64[]
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
    all_times = [times; fill(NaN, length(COST_SIZES) - length(times))]
    push!(panels, Panel(name, collect(Float64, COST_SIZES), ["time" => all_times]))
    grows = length(times) > 1 ? @sprintf("n^%.1f", log(times[end] / times[end-1]) / log(10)) : ""
    push!(table, [name, (isnan(t) ? "-" : duration(t) for t in all_times)..., grows])
end
