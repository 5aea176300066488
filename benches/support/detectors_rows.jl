# One row scored by every outlier detector, beside pyod where it has the same method; and sequences, a symbol.

const ROW_SCRIPT = joinpath(@__DIR__, "detectors_rows_pyod.py")

function single_rows(program)
    d, n = 10, 10_000
    topic = "One row scored by every outlier detector, reference $n x $d (ocsvm 2,000 x $d), uncalibrated, beside pyod's"
    rng = MersenneTwister(37)
    x = randn(rng, d, n)
    row = x[:, 1:1]
    path, io = mktemp()
    write(io, x)
    close(io)
    threads = map(name -> name => string(Sys.CPU_THREADS), ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"))
    python = open(setenv(`$program $ROW_SCRIPT $path $d $n`, merge(Dict(ENV), Dict(threads))), "r+")
    rows = Row[]
    try
        words = split(readline(python)) # names, then versions
        named, version = split(words[1], ','), join(words[2:end], ' ')
        for type in OUTLIERS
            name = FluxGuard.detector_name(type)
            detector = fit(type, type === OneClassSVM ? x[:, 1:2_000] : x; calibration = :none)
            once = timer(r -> score(detector, r), row)()
            ours = timer(r -> score(detector, r), row; calls = clamp(round(Int, 1e6 / once), 1, 200))
            if name in named
                peer = () -> parse(Float64, ask(python, name))
                times = alternate([peer, ours]; rounds = 100, seconds = 2)
                push!(rows, ratio_row("$topic; $version", name, times[:, 1], times[:, 2]; at_least = 1.0))
            else
                push!(rows, Row("$topic; $version", name; ours = duration(median([ours() for _ in 1:50])), note = "no peer"))
            end
        end
    finally
        close(python)
        rm(path; force = true)
    end
    return rows
end

# Sequences of 100 symbols of 50 kinds, as text; no peers.
function sequence_rows()
    topic = "Detectors of sequences, a symbol: 1,000 sequences of 100 symbols of 50 kinds, uncalibrated"
    rng = MersenneTwister(41)
    reference, current = [[string(rand(rng, 1:50)) for _ in 1:100] for _ in 1:1_000], [[string(rand(rng, 1:50)) for _ in 1:100] for _ in 1:100]
    rows = Row[]
    for (what, make) in (("frequency", () -> Frequency(calibration = :none)), ("markov, order 1", () -> MarkovChain(calibration = :none)),
        ("markov, order 3", () -> MarkovChain(order = 3, calibration = :none)), ("ngram, order 3", () -> NGram(calibration = :none)),
        ("ngram, order 5", () -> NGram(order = 5, calibration = :none)))
        fitted = [timer(r -> fit!(make(), r), reference)() / 100_000 for _ in 1:5]
        d = fit!(make(), reference)
        batch, one = (timer(x -> score(d, x), current; calls = 5), timer(x -> score(d, x), current[1:1]; calls = 50))
        push!(rows, Row(topic, "$what: fit"; ours = duration(median(fitted)), figure = @sprintf("%.2f bytes", FluxGuard.describe(d)["bytes"] / 100_000), note = "bytes of the file, a symbol of the reference"))
        push!(rows, Row(topic, "$what: score 100 sequences"; ours = duration(median([batch() for _ in 1:20]) / 10_000)))
        push!(rows, Row(topic, "$what: score one sequence"; ours = duration(median([one() for _ in 1:20]) / 100)))
    end
    return rows
end
