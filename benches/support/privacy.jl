# Privacy: arrays beside the machine's read bandwidth, accounting beside dp-accounting, noise beside `randn`.

const GRADIENT = 235_146 # parameters of a 784-256-128-10 network
const LOT = 256

"Reads every number once, on all threads: the limit of a pass."
function read_all(x)
    share = cld(length(x), Threads.nthreads())
    sums = zeros(Float32, Threads.nthreads())
    Threads.@threads for t in 1:Threads.nthreads()
        sums[t] = read_part(x, 1 + (t - 1) * share, min(t * share, length(x)))
    end
    return sum(sums)
end

function read_part(x, from, to)
    total = 0f0
    @inbounds @simd for i in from:to
        total += x[i]
    end
    return total
end

milliseconds(x) = x < 10 ? @sprintf("%.2f ms", x) : @sprintf("%.1f ms", x)
rate(times, count) = count ./ times .* 1e3 # millions a second, of nanoseconds

"A row for a number of our own with a target."
function number_row(topic, what, values, show; at_least = nothing, at_most = nothing, beside = "", ours = "", note = "")
    m = median(values)
    return Row(topic, what; beside = beside, ours = ours, figure = show(m), middle = string(show(quantile(values, 0.25)), " - ", show(quantile(values, 0.75))),
        fastest = show(quantile(values, at_least === nothing ? 0.1 : 0.9)),
        target = at_least !== nothing ? ">= $(show(at_least))" : at_most !== nothing ? "<= $(show(at_most))" : "",
        met = at_least !== nothing ? m >= at_least : at_most !== nothing ? m <= at_most : nothing, note = note)
end

function array_rows()
    topic = "Private sums, $GRADIENT x $LOT Float32 ($(bytes(4 * GRADIENT * LOT))): two passes, beside reading all of it once on all threads"
    g = randn(MersenneTwister(1), Float32, GRADIENT, LOT)
    out, source = zeros(Float32, GRADIENT), PrivateRun(seed = 1)
    mean(noise) = timer(g -> private_mean!(out, g, source; clip = 1, noise_multiplier = 1, expected_lot_size = LOT, noise = noise), g)
    times = alternate([timer(read_all, g), timer(g -> clip_sum!(out, g; clip = 1), g), mean(:discrete), mean(:fast)]; rounds = 60, seconds = 30)
    percent(x) = @sprintf("%.0f%%", 100x)
    gigabytes(time) = @sprintf("%.1f GB/s", 4 * GRADIENT * LOT / time)
    row(i, what; at_least = nothing) = number_row(topic, what, 2 .* times[:, 1] ./ times[:, i], percent; at_least = at_least,
        beside = duration(median(times[:, 1])), ours = duration(median(times[:, i])), note = "read $(gigabytes(median(times[:, 1])))")
    return [row(2, "clip_sum!: share of the read bandwidth"; at_least = 0.6), row(3, "private_mean!, discrete noise"), row(4, "private_mean!, fast noise")]
end

function noise_rows()
    topic = "Gaussian noise, Float32"
    cores = Sys.CPU_THREADS
    many, gradient = zeros(Float32, 2^22), zeros(Float32, GRADIENT)
    source, rng = PrivateRun(seed = 1), MersenneTwister(2)
    add(noise) = x -> add_noise!(x, source; sensitivity = 1, noise_multiplier = 1, noise = noise)
    times = alternate([timer(x -> randn!(rng, x), many), timer(add(:fast), many), timer(add(:discrete), many), timer(add(:discrete), gradient)]; rounds = 60, seconds = 20)
    million(x) = @sprintf("%.0f M/s", x)
    julia = rate(times[:, 1], length(many))
    row(i, what; at_least = nothing) = number_row(topic, what, rate(times[:, i], length(many)) ./ cores, million; at_least = at_least,
        beside = million(median(julia)), ours = duration(median(times[:, i])), note = "beside: randn! on one core")
    return [
        row(2, "add_noise!, fast, 2^22 numbers, a core of $cores"; at_least = 150),
        row(3, "add_noise!, discrete (the default), the same"),
        number_row(topic, "add_noise!, discrete, $GRADIENT numbers, all cores", times[:, 4] ./ 1e6, milliseconds; at_most = 3),
    ]
end

function accounting_rows()
    topic = "Accounting by privacy loss distributions, the grid of the tests, beside dp-accounting at its default grid"
    path = joinpath(@__DIR__, "..", "..", "test", "reference", "privacy_accounting.json")
    rows = FluxGuard.JSON.parse(read(path, String))["pld"]
    program = get(ENV, "FLUXGUARD_BENCH_PYTHON", "")
    peer_program = joinpath(@__DIR__, "privacy_dp_accounting.py") # in a command Julia 1.5 does not know where it is
    python = isempty(program) ? nothing : open(`$program $peer_program $path`, "r+")
    version = python === nothing ? "" : readline(python)
    peer(question) = python === nothing ? NaN : isempty(version) ? NaN : parse(Float64, first(split(ask(python, question))))
    theirs, ours = Float64[], Float64[]
    for (i, row) in enumerate(rows), delta in (1e-3, 1e-5, 1e-7)
        a = Accountant(relation = row["relation"])
        foreach(p -> step!(a; noise_multiplier = p[1], sample_rate = p[2], steps = Int(p[3])), row["phases"])
        push!(theirs, peer("epsilon $(i - 1) $delta") / 1e6)
        ask_ours = timer(a -> epsilon(a; delta = delta), a)
        push!(ours, minimum(ask_ours() for _ in 1:3) / 1e6)
    end
    beside(x) = all(isnan, x) ? "skipped" : milliseconds(median(x))
    note = isempty(version) ? get(ENV, "FLUXGUARD_BENCH_NO_PYTHON", "no dp-accounting in this Python") : "dp-accounting $version"
    result = [number_row(topic, "epsilon, $(length(ours)) of the tests", ours, milliseconds; at_most = 20, beside = beside(theirs), ours = milliseconds(median(ours)),
        note = @sprintf("%s; slowest %.1f ms, theirs %.0f ms", note, maximum(ours), maximum(theirs)))]
    for (target, rate, count) in ((1.0, 0.01, 1000), (8.0, 256 / 60_000, 14_000), (3.0, 0.001, 100_000))
        other = peer("calibrate $target $rate $count") / 1e6
        calibrated = timer(rate -> noise_multiplier(; target_epsilon = target, delta = 1e-5, sample_rate = rate, steps = count), rate)
        times = [calibrated() / 1e6 for _ in 1:9]
        push!(result, number_row(topic, @sprintf("noise_multiplier, epsilon %g, q %.4g, %d steps", target, rate, count), times, milliseconds; at_most = 200,
            beside = beside([other]), ours = milliseconds(median(times)), note = note))
    end
    python === nothing || close(python)
    # neither may keep anybody waiting: relations without a series, and noise so small that the loss is steep
    renyi = timer(rate -> noise_multiplier(; target_epsilon = 8, delta = 1e-6, sample_rate = rate, steps = 10_000, accountant = :rdp, relation = :replace_one), 0.001)
    steep = timer(sigma -> epsilon(; noise_multiplier = sigma, sample_rate = 0.5, steps = 10^9, delta = 1e-5), 0.001)
    for (what, ask, times) in (("noise_multiplier, rdp, replace-one, epsilon 8, q 0.001, 10^4 steps", renyi, 9), ("epsilon, sigma 0.001, q 0.5, 10^9 steps", steep, 3))
        push!(result, number_row(topic, what, [ask() / 1e6 for _ in 1:times], milliseconds; at_most = 1000))
    end
    run = million_steps()
    push!(result, number_row(topic, "epsilon of a run of 10^6 steps, asked again", [timer(run -> epsilon(run; delta = 1e-5), run)() / 1e6 for _ in 1:9], milliseconds; at_most = 1))
    return result
end

function million_steps()
    run, sum = PrivateRun(), zeros(Float32, 1)
    foreach(lot -> add_noise!(sum, run; sensitivity = 1, noise_multiplier = 4, lot = lot), PoissonSampler(100; rate = 0.01, steps = 10^6))
    return run
end

privacy_rows() = [array_rows(); noise_rows(); accounting_rows()]
