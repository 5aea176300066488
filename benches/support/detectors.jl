# Detectors beside scikit-learn and pyod, on the same numbers, in turn, two threads each.

const DETECTOR_SCRIPT = joinpath(@__DIR__, "detectors_peers.py")

# What is asked of Python, what of us: name, features, rows, detector, at least so many times as fast, what is timed.
function detector_sides(rng)
    x10 = randn(rng, 10, 10_000)
    uncalibrated(type; kwargs...) = x -> fit(type, x; calibration = :none, kwargs...)
    fitted(type; kwargs...) = fit(type, x10; calibration = :none, kwargs...)
    one = x10[:, 1:1]
    forest, knn, ecod, hbos, maha = fitted(IsolationForest), fitted(KNN; neighbors = 20), fitted(ECOD), fitted(HBOS), fitted(Mahalanobis)
    return x10, [
        ("iforest fit, 10,000 x 10, 100 trees", "iforest_fit", uncalibrated(IsolationForest), x10, 4.0),
        ("iforest score, 10,000 x 10", "iforest_score", x -> score(forest, x), x10, 5.0),
        ("iforest score of a single row", "iforest_row", x -> score(forest, x), one, 100.0),
        ("LOF fit, 10,000 x 10, 20 neighbors", "lof_fit", uncalibrated(LOF), x10, 6.0),
        ("20 nearest neighbors, brute force, 10,000 x 10 against itself", "knn_score", x -> score(knn, x), x10, 2.0),
        ("ECOD score of a single row, 10,000 x 10 reference, beside pyod", "ecod_row", x -> score(ecod, x), one, 500.0),
        ("HBOS score of a single row, beside pyod", "hbos_row", x -> score(hbos, x), one, nothing),
        ("Mahalanobis score of a single row, beside EmpiricalCovariance", "mahalanobis_row", x -> score(maha, x), one, nothing),
    ]
end

function detectors_rows()
    topic = "Detectors beside scikit-learn and pyod, the same Float64 numbers, uncalibrated, $(Sys.CPU_THREADS) threads each"
    program = get(ENV, "FLUXGUARD_BENCH_PYTHON", "")
    isempty(program) && return [Row(topic, "beside peers"; figure = "skipped",
        note = get(ENV, "FLUXGUARD_BENCH_NO_PYTHON", "FLUXGUARD_BENCH_PYTHON is not set: run it by make bench"))]
    success(`$program -c "import sklearn, pyod"`) || return [Row(topic, "beside peers"; figure = "skipped", note = "scikit-learn or pyod does not load")]
    x, sides = detector_sides(MersenneTwister(11))
    path, io = mktemp()
    write(io, x) # a row after the other
    close(io)
    threads = map(name -> name => string(Sys.CPU_THREADS), ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "FLUXGUARD_BENCH_THREADS"))
    python = open(setenv(`$program $DETECTOR_SCRIPT $path $(size(x, 1)) $(size(x, 2))`, merge(Dict(ENV), Dict(threads))), "r+")
    rows = try
        detectors_rows("$topic; $(readline(python))", python, sides)
    finally
        close(python)
        rm(path; force = true)
    end
    return [rows; single_rows(program); ood_rows(program); sequence_rows()]
end

function detectors_rows(topic, python, sides)
    rows = Row[]
    for (what, question, ours, x, at_least) in sides
        peer = () -> parse(Float64, ask(python, question))
        calls = size(x, 2) == 1 ? 200 : 1
        times = alternate([peer, timer(ours, x; calls = calls)]; rounds = 200, seconds = 12)
        push!(rows, ratio_row(topic, what, times[:, 1], times[:, 2]; at_least = something(at_least, 1.0)))
        at_least === nothing && push!(rows, Row(topic, "  below a microsecond"; ours = duration(median(times[:, 2])), target = "<= 1 us",
            figure = duration(median(times[:, 2])), met = median(times[:, 2]) <= 1000))
    end
    return rows
end
