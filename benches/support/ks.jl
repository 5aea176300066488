# The two-sample Kolmogorov-Smirnov test beside scipy's, on the same numbers, in turn.

const COLUMNS = 10
const SAMPLE = 10_000
const SCRIPT = joinpath(@__DIR__, "ks_scipy.py")

ask(python, question) = (println(python, question); flush(python); readline(python))

function ks_rows()
    topic = "Kolmogorov-Smirnov, $COLUMNS columns, $SAMPLE reference rows in order against $SAMPLE current ones, Float64, exact p-values"
    program = get(ENV, "FLUXGUARD_BENCH_PYTHON", "")
    isempty(program) && return [Row(topic, "beside scipy.stats.ks_2samp"; figure = "skipped",
        note = get(ENV, "FLUXGUARD_BENCH_NO_PYTHON", "FLUXGUARD_BENCH_PYTHON is not set: run it by make bench"))]

    rng = MersenneTwister(6)
    reference = sort(randn(rng, COLUMNS, SAMPLE); dims = 2)
    # Shifts from none to a quarter of a deviation: p-values from near 1 to near 0.
    current = randn(rng, COLUMNS, SAMPLE) .+ range(0, 0.25; length = COLUMNS)
    path, io = mktemp()
    write(io, permutedims(reference), permutedims(current)) # a column after the other
    close(io)
    one_thread = map(name -> name => "1", ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"))
    python = open(setenv(`$program $SCRIPT $path $COLUMNS $SAMPLE`, merge(Dict(ENV), Dict(one_thread))), "r+")
    try
        return ks_rows("$topic; scipy $(readline(python)), 1 thread", python, reference, current)
    finally
        close(python)
        rm(path; force = true)
    end
end

function ks_rows(topic, python, reference, current)
    ours = compare(reference, current; tests = [:ks])
    theirs = parse.(Float64, split(ask(python, "values")))
    statistics = [c.tests[1].statistic for c in ours.columns]
    p_values = [c.tests[1].p_value for c in ours.columns]
    relative(a, b) = abs(a - b) / max(abs(b), floatmin(Float64))
    far = maximum(map(relative, [statistics; p_values], theirs))

    scipy = () -> parse(Float64, ask(python, "run"))
    compared = timer(x -> compare(x, current; tests = [:ks]), reference)
    again = timer(r -> compare(r, current; tests = [:ks]), fit(Reference, reference))
    times = alternate([scipy, compared, again]; rounds = 300, seconds = 25)
    return [
        ratio_row(topic, "compare(reference, current; tests = [:ks])", times[:, 1], times[:, 2]; at_least = 8),
        ratio_row(topic, "  the same with fit(Reference, reference)", times[:, 1], times[:, 3]; at_least = 8),
        Row(topic, "  largest relative difference of 10 statistics and 10 p-values"; figure = @sprintf("%.1e", far), target = "<= 1e-9", met = far <= 1e-9,
            note = @sprintf("p-values from %.1e to %.2f", minimum(p_values), maximum(p_values))),
    ]
end
