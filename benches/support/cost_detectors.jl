# Cost of every detector against the number of reference observations and of features: time to fit, time to score a row, and
# the bytes of a file beside the reference's. No peers.

const COST_REFERENCES = (1_000, 3_000, 10_000, 30_000, 100_000)
const COST_FEATURES = (2, 8, 32, 128)
const OUTLIERS = [RootMeanSquareZ, ZScore, RobustZ, Iqr, IsolationForest, ExtendedIsolationForest, LOF, KNN, KMeansDistance,
    GaussianMixtureDensity, OneClassSVM, KDE, HBOS, ECOD, COPOD, PCADetector, Mahalanobis, Ensemble]
const CLASSIFIERS = [MSP, MaxLogit, EnergyScore, EntropyScore, MarginScore, GEN, ODIN, ClassMahalanobis, RelativeMahalanobis, DeepKNN, ViM, SHE,
    ReAct, ASH, OOD]
# A fit that would take longer than so many nanoseconds is not begun: the power is judged by the last two sizes.
const LONGEST_FIT = 1e10

function reference_of(rng, type, d, n)
    type in CLASSIFIERS || return randn(rng, d, n), NamedTuple()
    x, weights = abs.(randn(rng, d, n)), abs.(randn(rng, 10, d)) # as after a relu, which ash asks for
    weights ./= sqrt.(sum(abs2, weights; dims = 2)) # of length 1: none is between others, where it would never lead
    logits = weights * x
    return x, (labels = [argmax(view(logits, :, j)) for j in 1:n], weights = weights, bias = zeros(10))
end

"(fit, row, bytes): nanoseconds and the size of a file."
function detector_cost(type, (x, options))
    d = fit(type, x; calibration = :none, options...)
    taken = median_time(x -> fit(type, x; calibration = :none, options...), x)
    row = x[:, 1]
    once = timer(r -> score(d, r), row)()
    calls = clamp(round(Int, 1e6 / once), 1, 100)
    return taken, minimum(timer(r -> score(d, r), row; calls = calls)() for _ in 1:10), FluxGuard.describe(d)["bytes"]
end

"Costs along `sizes`; NaN from where a fit would take too long, or is refused."
function costs_along(type, sizes, sample)
    costs = [(NaN, NaN, NaN) for _ in sizes]
    why = ""
    for (k, size) in enumerate(sizes)
        if k > 2
            power = max(1.0, log(costs[k-1][1] / costs[k-2][1]) / log(sizes[k-1] / sizes[k-2]))
            costs[k-1][1] * (size / sizes[k-1])^power > LONGEST_FIT && (why = "more than $(duration(LONGEST_FIT)) to fit from $size on"; break)
        end
        costs[k] = try
            detector_cost(type, sample(size))
        catch error
            error isa FluxGuardError || rethrow()
            why = first(sprint(showerror, error), 90)
            break
        end
    end
    return costs, why
end

function detector_cost_rows(folder)
    rng, rows, table = MersenneTwister(29), Row[], Vector{String}[]
    for (group, types, d, n) in (("detectors", OUTLIERS, 10, 4000), ("classifiers", CLASSIFIERS, 64, 4000))
        against_n, against_d = Panel[], Panel[]
        for type in types
            name = FluxGuard.detector_name(type)
            of_n, why = costs_along(type, COST_REFERENCES, size -> reference_of(rng, type, d, size))
            of_d, why_d = costs_along(type, COST_FEATURES, size -> reference_of(rng, type, size, n))
            for (sizes, costs, what, panels, reason) in ((COST_REFERENCES, of_n, size -> "$d features, n = $size", against_n, why),
                (COST_FEATURES, of_d, size -> "$size features, n = $n", against_d, why_d))
                topic = "Cost of $group: fit (uncalibrated), one row scored, bytes in a file; $(what(sizes[1])) and on"
                for (size, (fitted, row, file)) in zip(sizes, costs)
                    isnan(fitted) && continue
                    push!(rows, Row(topic, "$name, $(what(size))"; beside = duration(fitted), ours = duration(row), figure = "$(Int(file)) bytes", note = "beside: fit; ours: one row"))
                end
                isempty(reason) || push!(rows, Row(topic, name; figure = "stopped", note = reason))
                push!(panels, Panel(name, collect(Float64, sizes), ["fit" => first.(costs), "score of one row" => getindex.(costs, 2)]))
            end
            push!(table, cost_line(name, d, of_n))
        end
        write_plots(joinpath(folder, "cost-$group.svg"), "Time against the reference's observations ($d features)", "reference observations", against_n)
        write_plots(joinpath(folder, "cost-$group-features.svg"), "Time against the features ($n reference observations)", "features", against_d)
    end
    push!(rows, Row("Cost of detectors: plots and tables", "written to"; figure = folder))
    return rows, table
end

# A row of the page's table: times at 10,000 observations, and the file beside the reference, 8 bytes a number.
function cost_line(name, d, costs)
    at = findfirst(isequal(10_000), COST_REFERENCES)
    last_one = findlast(c -> !isnan(c[1]), costs)
    last_one === nothing && return [name; fill("-", 6)]
    k = min(at, last_one)
    n, (fitted, row, file) = COST_REFERENCES[k], costs[k]
    grows = length(costs) > 1 && last_one > 1 ?
        @sprintf("n^%.1f", log(costs[last_one][1] / costs[last_one-1][1]) / log(COST_REFERENCES[last_one] / COST_REFERENCES[last_one-1])) : ""
    return [name, "$n x $d", duration(fitted), grows, duration(row), size_words(file), @sprintf("%.2g", file / (8 * n * d))]
end

size_words(bytes) = bytes < 1e3 ? "$(Int(bytes)) B" : bytes < 1e6 ? @sprintf("%.1f kB", bytes / 1e3) : @sprintf("%.1f MB", bytes / 1e6)
