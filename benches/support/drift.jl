# A window that has drifted a little beside one that has not: what its tests cost.

function drift_rows()
    features, window = 2_000, 1_000
    rng = MersenneTwister(29)
    profile = fit(Profile, randn(rng, Float32, features, 2_000); output = :values)
    steady = randn(rng, Float32, features, window)
    drifted = randn(rng, Float32, features, window) .+ 0.3f0
    sides = map((steady, drifted)) do batch
        guard = Guard(profile; window = window, log = false, on_alert = identity)
        # Ten windows first, so that the drift is known, and is no news.
        foreach(_ -> FluxGuard.watch(guard, batch), 1:10)
        flush(guard)
        timer(flush, guard; warm = guard -> FluxGuard.watch(guard, batch))
    end
    times = alternate(collect(sides); rounds = 40, seconds = 30)
    return [ratio_row("A window of $window observations of $features features that has moved by 0.3 standard deviations beside one that has not, flush(guard)",
        "tests and alerts: of its time", times[:, 1], times[:, 2]; at_most = 3, digits = 2)]
end
