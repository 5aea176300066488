# Detectors of a classifier's outputs beside their formulas in numpy (and scikit-learn's neighbors), on the same numbers, in turn.

const OOD_SCRIPT = joinpath(@__DIR__, "detectors_numpy.py")
const OOD_FEATURES, OOD_REFERENCE, OOD_CLASSES, OOD_BATCH = 64, 5_000, 10, 1_000

function ood_rows(program)
    d, n, classes, m = OOD_FEATURES, OOD_REFERENCE, OOD_CLASSES, OOD_BATCH
    topic = "Detectors of classifiers beside numpy, $n x $d features, $classes classes, Float64, uncalibrated; of one observation, and of $m"
    rng = MersenneTwister(31)
    weights, bias = randn(rng, classes, d), zeros(classes)
    weights .-= sum(weights; dims = 2) ./ d # so that no class is ahead of all others where features are positive
    x, batch = max.(randn(rng, d, n), 0), max.(randn(rng, d, m), 0)
    logits = weights * x .+ bias
    labels = [argmax(view(logits, :, j)) for j in 1:n]
    outputs = weights * batch .+ bias
    path, io = mktemp()
    foreach(a -> write(io, a), (x, batch, permutedims(weights), bias, outputs, Float64.(labels .- 1))) # a row after the other
    close(io)
    threads = map(name -> name => string(Sys.CPU_THREADS), ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"))
    python = open(setenv(`$program $OOD_SCRIPT $path $d $n $classes $m`, merge(Dict(ENV), Dict(threads))), "r+")
    rows = Row[]
    try
        topic = "$topic; $(readline(python))"
        for type in CLASSIFIERS
            name = FluxGuard.detector_name(type)
            of_logits = name in ("msp", "max-logit", "energy", "entropy", "margin", "gen", "odin")
            options = name == "relative-mahalanobis" || name == "class-mahalanobis" ? (covariance = :shrunk,) : NamedTuple()
            detector = of_logits ? fit(type, logits; calibration = :none) :
                fit(type, x; labels = labels, weights = weights, bias = bias, calibration = :none, options...)
            input = of_logits ? outputs : batch
            for (what, part, calls) in (("one observation", input[:, 1:1], 200), ("$m observations", input, 5))
                ours = timer(x -> score(detector, x), part; calls = calls)
                if name == "ood" # no peer
                    times = [ours() for _ in 1:20]
                    push!(rows, Row(topic, "$name, $what"; ours = duration(median(times)), note = "four members, each a p-value"))
                    continue
                end
                peer = () -> parse(Float64, ask(python, size(part, 2) == 1 ? "$name one" : "$name batch"))
                times = alternate([peer, ours]; rounds = 60, seconds = 2)
                push!(rows, ratio_row(topic, "$name, $what", times[:, 1], times[:, 2]; at_least = 1.0))
            end
        end
    finally
        close(python)
        rm(path; force = true)
    end
    return rows
end
