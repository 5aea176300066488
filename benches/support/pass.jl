# The pass over an output, in multiples of `sum(abs2, y)` on the same array.

# One window's worth of observations in a burst, then the background thread catches up: it is never behind, and callers do
# none of its work.
const BURST = 4
const BATCH = 256

sum_of_squares(y) = sum(abs2, y)

"Nanoseconds of one observe in a burst, after which the background thread catches up."
function burst_timer(guard, y)
    burst(y) = nanoseconds(y -> FluxGuard.watch(guard, y), y, BURST, Ref(nothing))
    for _ in 1:3
        burst(y)
        flush(guard)
    end
    return () -> (time = burst(y); flush(guard); time)
end

function pass_rows()
    rows = Row[]
    for p in (10, 1000)
        topic = "The pass over an output, $p x $BATCH Float32: in the call, beside sum(abs2, y); on the background thread, its processor time"
        y = randn(MersenneTwister(p), Float32, p, BATCH)
        calls = calls_in(30e-6, sum_of_squares, y)
        base = timer(sum_of_squares, y; calls = calls)
        out = zeros(5, p)
        ours = timer(y -> moments!(out, y), y; calls = max(1, calls ÷ 3))
        times = alternate([base, ours]; rounds = 3000, seconds = 5)
        push!(rows, ratio_row(topic, "moments, range, non-finite counts", times[:, 1], times[:, 2]; at_most = 4))
        for (kind, at_most) in ((:values, 20), (:logits, 25))
            reference = randn(MersenneTwister(p + 1), Float32, p, 2000)
            guard = Guard(fit(Profile, reference; output = kind); window = BURST * BATCH, log = false)
            ours = burst_timer(guard, y)
            before, seen = worker_time(), counters(guard).tested
            times = alternate([base, ours]; rounds = 2000, seconds = 8)
            after, tested = worker_time(), counters(guard).tested - seen
            background = before === nothing || after === nothing ? "" :
                @sprintf("%.1f ns a value, %.0f x sum", (after - before) / (tested * p), (after - before) / tested * BATCH / median(times[:, 1]))
            push!(rows, ratio_row(topic, ":$kind observe, $(@sprintf("%.2f", median(times[:, 2]) / length(y))) ns a value",
                times[:, 1], times[:, 2]; at_most = at_most, background = background))
            close(guard)
        end
    end
    return rows
end
