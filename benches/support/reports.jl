# Drift reports beside Evidently and profiles beside whylogs, on the same numbers, in turn. Either has an environment of its own:
# they ask for versions of pandas and numpy that the other peers do not.

const REPORT_COLUMNS = 10
const REPORT_ROWS = 10_000

"Rows of a topic that asks a Python of its own, or why there are none. `variable` names the program, `package` the peer."
function beside_python(ask_for, topic, variable, package, script, arguments...)
    program = get(ENV, variable, "")
    isempty(program) && return [Row(topic, "beside $package"; figure = "skipped",
        note = get(ENV, variable * "_MISSING", "$variable is not set: run it by make bench"))]
    threads = map(name -> name => string(Sys.CPU_THREADS), ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"))
    path = joinpath(@__DIR__, script) # within backticks some Julias take the working folder for @__DIR__
    python = open(setenv(`$program $path $arguments`, merge(Dict(ENV), Dict(threads))), "r+")
    try
        return ask_for("$topic; $package $(readline(python))", question -> parse(Float64, ask(python, question)))
    finally
        close(python)
    end
end

function reports_rows()
    rng = MersenneTwister(21)
    reference = randn(rng, REPORT_COLUMNS, REPORT_ROWS)
    current = randn(rng, REPORT_COLUMNS, REPORT_ROWS) .+ range(0, 0.25; length = REPORT_COLUMNS)
    path, io = mktemp()
    write(io, reference, current) # a row after the other
    close(io)
    about = "$REPORT_COLUMNS columns, $REPORT_ROWS rows of Float64"
    try
        return [
            beside_python("Drift report, $about against as many", "FLUXGUARD_BENCH_EVIDENTLY", "Evidently", "reports_evidently.py",
                path, REPORT_COLUMNS, REPORT_ROWS) do topic, evidently
                report(test) = x -> sprint(show, MIME("text/plain"), compare(x, current; tests = [test]))
                [
                    ratio_row(topic, "Kolmogorov-Smirnov, exact p-values, table printed", report_times(evidently, "ks", report(:ks), reference)...; at_least = 100),
                    ratio_row(topic, "Wasserstein-1 of either, ours with p-values by 999 reassignments: of its time",
                        report_times(evidently, "default", report(:wasserstein), reference)...; digits = 2),
                ]
            end
            beside_python("Profile, $about", "FLUXGUARD_BENCH_WHYLOGS", "whylogs", "reports_whylogs.py", path, REPORT_COLUMNS, REPORT_ROWS) do topic, whylogs
                [
                    ratio_row(topic, "fit(Profile, x)", report_times(whylogs, "run", x -> fit(Profile, x), reference)...; at_least = 100),
                    ratio_row(topic, "moments, KLL and HLL of each column, what whylogs keeps of numbers: of its time",
                        report_times(whylogs, "run", sketched, reference)...; digits = 2),
                ]
            end
        ]
    finally
        rm(path; force = true)
    end
end

function report_times(peer, question, ours, x)
    times = alternate([() -> peer(question), timer(ours, x)]; rounds = 30, seconds = 60)
    return times[:, 1], times[:, 2]
end

function sketched(x)
    columns = map(axes(x, 1)) do k
        column = x[k, :]
        sketch_bytes(fit!(Sketch(:kll), column)), sketch_bytes(fit!(Sketch(:hll), column))
    end
    return moments(x), columns
end
