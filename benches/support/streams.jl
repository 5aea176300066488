# Online detectors beside river's, on the same stream, in turn, and the anytime-valid monitor's observations a second.

const STREAM_SCRIPT = joinpath(@__DIR__, "streams_river.py")
const STREAM_LENGTH = 1_000_000

# Name, our detector, how many observations a block has on river's side, and the target.
const STREAM_PEERS = [
    ("adwin", () -> ADWIN(), 20_000, 10),
    ("page-hinkley", () -> PageHinkley(), 20_000, 10),
    ("kswin", () -> KSWIN(window_size = 100, stat_size = 50), 400, 20),
]

function streams_rows()
    # Level shifts every 50,000 observations.
    rng = MersenneTwister(8)
    x = randn(rng, STREAM_LENGTH) .+ repeat(rand(rng, STREAM_LENGTH ÷ 50_000); inner = 50_000)
    return [monitor_rows(x); peer_rows(x)]
end

"Nanoseconds an observation of a fresh detector."
function fresh_time(make, x)
    d = make()
    start = time_ns()
    update!(d, x)
    return Float64(time_ns() - start) / length(x)
end

function monitor_rows(x)
    topic = "The anytime-valid monitor, 1 thread, Float64, 20,000 observations a call"
    reference, still = randn(MersenneTwister(9), 10_000), randn(MersenneTwister(10), STREAM_LENGTH)
    return map([(:composite, "default bets"), (:jumper, "simple jumper")]) do (bets, what)
        make = () -> Martingale(reference = reference, alpha = 1e-6, bets = bets)
        times = [fresh_time(make, still[1:20_000]) for _ in 1:201]
        rate = 1e3 / median(times)
        Row(topic, "Martingale(reference = 10,000 values), $what"; ours = @sprintf("%.0f ns", median(times)),
            figure = @sprintf("%.1f M/s", rate), middle = @sprintf("%.1f - %.1f", 1e3 / quantile(times, 0.75), 1e3 / quantile(times, 0.25)),
            fastest = @sprintf("%.1f M/s", 1e3 / quantile(times, 0.1)), target = ">= 5 M/s", met = rate >= 5)
    end
end

function peer_rows(x)
    topic = "Online detectors, time an observation, Float64 in batches, 1 thread"
    program = get(ENV, "FLUXGUARD_BENCH_PYTHON", "")
    isempty(program) && return [Row(topic, "beside river"; figure = "skipped",
        note = get(ENV, "FLUXGUARD_BENCH_NO_PYTHON", "FLUXGUARD_BENCH_PYTHON is not set: run it by make bench"))]
    success(pipeline(`$program -c "import river"`; stderr = devnull)) || return [Row(topic, "beside river"; figure = "skipped",
        note = "river does not load in $program")]
    path, io = mktemp()
    write(io, x)
    close(io)
    python = open(`$program $STREAM_SCRIPT $path`, "r+")
    try
        version = readline(python)
        rows = Row[]
        for (name, make, block, target) in STREAM_PEERS
            # Blocks of a few milliseconds on either side: what else runs then interrupts both as rarely.
            ours = () -> fresh_time(make, x[1:(name == "kswin" ? 2_000 : 50_000)])
            times = alternate([() -> parse(Float64, ask(python, "$name $block")), ours]; rounds = 50, seconds = 15)
            push!(rows, ratio_row("$topic; river $version, one value a call", name, times[:, 1], times[:, 2]; at_least = target))
            same = parse.(Int, split(ask(python, "detections $name $block"))) .+ 1 == update!(make(), x[1:block])
            push!(rows, Row("$topic; river $version, one value a call", "  the same detections in the first $block";
                figure = same ? "yes" : "no", target = "yes", met = same))
        end
        return rows
    finally
        close(python)
        rm(path; force = true)
    end
end
