# The pass over an output, in multiples of `sum(abs2, y)` on the same array.

# One window's worth of observations in a burst, then the background thread catches up: it is never behind, and callers do
# none of its work.
const BURST = 4
const BATCH = 256

sum_of_squares(y) = sum(abs2, y)

"Nanoseconds of one observe in a burst on an array in the cache, after which the background thread catches up."
function burst_timer(guard, y)
    sink = Ref(nothing)
    observe(y) = FluxGuard.watch(guard, y)
    burst(y) = nanoseconds(observe, y, BURST, sink)
    for _ in 1:3
        burst(y)
        flush(guard)
    end
    return () -> (sum_of_squares(y); time = burst(y); flush(guard); time)
end

# Batches that were not seen before, as a model's are: repeated ones would look like drift, which costs the tests more.
function background_note(guard, p)
    rng = MersenneTwister(p + 2)
    before, seen = worker_time(), counters(guard).tested
    before === nothing && return ""
    for _ in 1:(p == 10 ? 200 : 10)
        batches = [randn(rng, Float32, p, BATCH) for _ in 1:BURST]
        foreach(y -> FluxGuard.watch(guard, y), batches)
        flush(guard)
    end
    return @sprintf("background: %.1f ns a value", (worker_time() - before) / (counters(guard).tested - seen) / p)
end

function pass_rows()
    rows = Row[]
    for p in (10, 1000)
        topic = "The pass over an output, $p x $BATCH Float32: in the call, beside sum(abs2, y). background: processor time of the worker thread, KS in windows of $(BURST * BATCH) against 2000"
        y = randn(MersenneTwister(p), Float32, p, BATCH)
        calls = calls_in(30e-6, sum_of_squares, y)
        base = timer(sum_of_squares, y; calls = calls, warm = sum_of_squares)
        out = zeros(5, p)
        ours = timer(y -> moments!(out, y), y; calls = max(1, calls ÷ 3), warm = sum_of_squares)
        times = alternate([base, ours]; rounds = 3000, seconds = 5)
        push!(rows, ratio_row(topic, "moments, range, non-finite counts", times[:, 1], times[:, 2]; at_most = 4))
        for (kind, at_most) in ((:values, 20), (:logits, 25))
            reference = randn(MersenneTwister(p + 1), Float32, p, 2000)
            guard = Guard(fit(Profile, reference; output = kind); window = BURST * BATCH, log = false)
            ours = burst_timer(guard, y)
            times = alternate([base, ours]; rounds = 2000, seconds = 8)
            push!(rows, ratio_row(topic, ":$kind observe, $(@sprintf("%.2f", median(times[:, 2]) / length(y))) ns a value",
                times[:, 1], times[:, 2]; at_most = at_most, note = background_note(guard, p)))
            close(guard)
        end
    end
    return rows
end
