# What a guarded call costs when there is next to nothing to read.

# A model whose output is there already: its call costs nothing, so that what is measured is the hook.
struct Ready{Y}
    y::Y
end
(m::Ready)(x) = m.y

call(m, x) = m(x)
bytes_of_call(m, x) = (call(m, x); minimum(@allocated(call(m, x)) for _ in 1:10))

function hook_rows()
    topic = "The fixed cost of a guarded call, 10 x 1 Float32 output: guarded minus bare"
    rows = Row[]
    y = randn(MersenneTwister(1), Float32, 10, 1)
    for kind in (:values, :logits)
        guard = Guard(fit(Profile, randn(MersenneTwister(2), Float32, 10, 2000); output = kind); log = false)
        bare, hooked = Ready(y), guarded(Ready(y), guard)
        times = alternate([timer(x -> bare(x), y; calls = 100), timer(x -> hooked(x), y; calls = 100)]; rounds = 5000, seconds = 5)
        extra = times[:, 2] .- times[:, 1]
        push!(rows, Row(topic, ":$kind, time"; beside = @sprintf("%.1f ns", median(times[:, 1])), ours = duration(median(times[:, 2])),
            figure = @sprintf("%.0f ns", median(extra)), middle = @sprintf("%.0f - %.0f", quantile(extra, 0.25), quantile(extra, 0.75)),
            target = "<= 1000 ns", met = median(extra) <= 1000))
        allocated = bytes_of_call(hooked, y) - bytes_of_call(bare, y)
        push!(rows, Row(topic, ":$kind, allocated in Julia"; figure = "$allocated bytes", target = "0 bytes", met = allocated == 0))
        close(guard)
    end
    return rows
end
