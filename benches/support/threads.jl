# Many threads on one guard, and what ten million observations leave behind.

const WIDTH = 10
const ROWS = 64

"Observations a second that `threads` tasks bring into one guard, and the same with the flush that tests them all."
function throughput(guard, batches, threads, calls)
    start = time_ns()
    tasks = [Threads.@spawn(feed(guard, batches[t], calls)) for t in 1:threads]
    foreach(wait, tasks)
    fed = time_ns()
    flush(guard)
    done = time_ns()
    n = threads * calls * ROWS
    return 1e9 * n / (fed - start), 1e9 * n / (done - start)
end

function feed(guard, y, calls)
    for _ in 1:calls
        FluxGuard.watch(guard, y)
    end
end

millions(x) = @sprintf("%.2f M/s", x / 1e6)

# What may be on its way at once (src/guard/worker.rs, slots.rs, state.rs): 64 chunks in the channel, 16 in slots, 8 spare,
# one in work; in each 4096 observations of `WIDTH` values and four scores of 4 bytes, a class of 4 and two flags. Vectors
# double, so up to twice that; and 32 MiB for summaries, for the baseline and for Julia's own heap.
const IN_FLIGHT = 2 * (64 + 16 + 8 + 1) * (4096 + ROWS) * (4WIDTH + 4 * 4 + 4 + 2)
const BOUND = IN_FLIGHT + 32 * 2^20

function threads_rows()
    profile = fit(Profile, randn(MersenneTwister(5), Float32, WIDTH, 10_000))
    batches = [randn(MersenneTwister(10 + t), Float32, WIDTH, ROWS) for t in 1:4]
    topic = "Threads on one guard, :logits, $WIDTH x $ROWS Float32 a call, a flat-out loop on $(Sys.CPU_THREADS) cores that the background thread shares"
    rows = Row[]
    one = 0.0
    for threads in (1, 2, 4)
        if threads > Threads.nthreads()
            push!(rows, Row(topic, "$threads threads"; figure = "skipped", background = "this Julia was started with $(Threads.nthreads()); some versions give no more than there are cores"))
            continue
        end
        guard = Guard(profile; log = false)
        throughput(guard, batches, threads, 1000)
        rates = [throughput(guard, batches, threads, 20_000 ÷ threads) for _ in 1:7]
        fed, tested = first.(rates), last.(rates)
        c = counters(guard)
        threads == 1 && (one = median(fed))
        push!(rows, Row(topic, "$threads thread$(threads == 1 ? "" : "s"): observations a second"; ours = millions(median(fed)),
            figure = @sprintf("%.2f x", median(fed) / one), middle = @sprintf("%.2f - %.2f M/s", quantile(fed, 0.25) / 1e6, quantile(fed, 0.75) / 1e6),
            background = @sprintf("tested: %.2f M/s; %.0f %% summarised by callers", median(tested) / 1e6, 100 * c.merged / c.observed)))
        close(guard)
    end
    return [rows; memory_row(profile, batches[1])]
end

function memory_row(profile, y)
    topic = "Memory of this process after 10^7 observations into one guard, flat out"
    resident() === nothing && return [Row(topic, "resident memory"; figure = "skipped: no /proc/self/status")]
    GC.gc()
    before = resident()
    guard = Guard(profile; log = false)
    feed(guard, y, cld(10^6, ROWS))
    flush(guard)
    early = resident()
    feed(guard, y, cld(9 * 10^6, ROWS))
    flush(guard)
    late = resident()
    c = counters(guard)
    close(guard)
    kept = @sprintf("%.0f MiB if the outputs were kept", 1e7 * 4WIDTH / 2^20)
    return [
        Row(topic, "resident, before and after"; beside = bytes(before), ours = bytes(late), figure = "+ " * bytes(late - before),
            target = "<= + " * bytes(BOUND), met = late - before <= BOUND && c.observed == c.tested, background = kept),
        Row(topic, "  of it between the 10^6th and the 10^7th"; beside = bytes(early), ours = bytes(late), figure = "+ " * bytes(late - early)),
    ]
end
