# The program on files that are wide: a process a call, the reading of the file included.

const WIDE_COLUMNS = 50_000

function program_rows()
    topic = "The program, a process a call"
    program = get(ENV, "FLUXGUARD_BENCH_PROGRAM", "")
    isempty(program) && return [Row(topic, "a wide header"; figure = "skipped", note = "FLUXGUARD_BENCH_PROGRAM is not set: run it by make bench")]
    return mktempdir() do folder
        path = joinpath(folder, "wide.csv")
        open(path, "w") do io
            println(io, join(("feature_$k" for k in 1:WIDE_COLUMNS), ','))
            foreach(_ -> println(io, join((k % 7 for k in 1:WIDE_COLUMNS), ',')), 1:2)
        end
        last_column = `$program sketch $path --kind kll --column feature_$WIDE_COLUMNS --json`
        nothing_to_read = `$program --version`
        call(command) = _ -> (run(pipeline(command; stdout = devnull)); nothing)
        times = alternate([timer(call(nothing_to_read), 0), timer(call(last_column), 0)]; rounds = 20, seconds = 10)
        [number_row(topic, "a header of $WIDE_COLUMNS columns and two lines: beside `--version`", times[:, 2] ./ 1e6, milliseconds; at_most = 100,
            beside = milliseconds(median(times[:, 1] ./ 1e6)), ours = milliseconds(median(times[:, 2] ./ 1e6)))]
    end
end
