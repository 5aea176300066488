# Many threads on one guard.

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

function threads_rows()
    profile = fit(Profile, randn(MersenneTwister(5), Float32, WIDTH, 10_000))
    batches = [randn(MersenneTwister(10 + t), Float32, WIDTH, ROWS) for t in 1:4]
    topic = "Threads on one guard, :logits, $WIDTH x $ROWS Float32 a call, a flat-out loop on $(Sys.CPU_THREADS) cores that the background thread shares"
    rows = Row[]
    one = 0.0
    for threads in (1, 2, 4)
        if threads > Threads.nthreads()
            push!(rows, Row(topic, "$threads threads"; figure = "skipped", note = "this Julia was started with $(Threads.nthreads()); some versions give no more than there are cores"))
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
            note = @sprintf("tested: %.2f M/s; %.0f %% summarized by callers", median(tested) / 1e6, 100 * c.merged / c.observed)))
        close(guard)
    end
    return rows
end
