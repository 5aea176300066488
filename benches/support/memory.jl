# What ten million observations leave behind, in a process that does nothing else.

# What may be on its way at once (src/guard/worker.rs, slots.rs, state.rs): 64 chunks in the channel, 16 in slots, 8 spare,
# one in work; in each 4096 observations of `WIDTH` values and four scores of 4 bytes, a class of 4 and two flags. Vectors
# double, so up to twice that; and 32 MiB for summaries, for the baseline and for Julia's own heap.
const IN_FLIGHT = 2 * (64 + 16 + 8 + 1) * (4096 + ROWS) * (4WIDTH + 4 * 4 + 4 + 2)
const BOUND = IN_FLIGHT + 32 * 2^20

const FIRST, LAST = 10^5, 10^7

const MEMORY_CODE = """
    using FluxGuard, Random
    include($(repr(joinpath(@__DIR__, "machine.jl"))))
    function feed(guard, y, calls)
        for _ in 1:calls
            FluxGuard.watch(guard, y)
        end
        flush(guard)
    end
    guard = Guard(fit(Profile, randn(MersenneTwister(5), Float32, $WIDTH, 10_000)); log = false)
    y = randn(MersenneTwister(6), Float32, $WIDTH, $ROWS)
    feed(guard, y, 1)
    GC.gc()
    print(resident())
    for observations in ($FIRST, $(LAST - FIRST))
        feed(guard, y, cld(observations, $ROWS))
        print(' ', resident())
    end
    c = counters(guard)
    print(' ', c.observed, ' ', c.tested)
    """

# What a guard keeps of what it found, of an output of so many features that all drift in every window and are told of every time
# (src/guard/kept.rs): some 260,000 columns of alerts and as many entries of reports.
const FEATURES, QUIET, EARLY, TOLD = 100_000, 3, 12, 36
const KEPT = 256 * 2^20

const KEPT_CODE = """
    using FluxGuard, Random
    include($(repr(joinpath(@__DIR__, "machine.jl"))))
    reference = randn(MersenneTwister(5), Float32, $FEATURES, 200)
    guard = Guard(fit(Profile, reference; output = :values); window = 50, repeat = true, log = false)
    function feed(guard, shift, windows)
        for seed in 1:windows
            FluxGuard.watch(guard, randn(MersenneTwister(seed), Float32, $FEATURES, 50) .+ Float32(shift))
            flush(guard)
        end
        GC.gc(); GC.gc()
        print(resident(), ' ', counters(guard).alerts, ' ')
    end
    feed(guard, 0, $QUIET); feed(guard, 2, $EARLY); feed(guard, 2, $(TOLD - EARLY))
    """

function kept_rows()
    topic = "Alerts and reports in memory: every window of 50 drifts in all of $FEATURES features, and each is told of"
    resident() === nothing && return [Row(topic, "resident memory"; figure = "skipped", note = "this system has no /proc/self/status")]
    command = `$(Base.julia_cmd()) --startup-file=no --project=$(Base.active_project()) -e $KEPT_CODE`
    quiet, none, early, _, late, alerts = parse.(Int, split(read(command, String)))
    return [
        Row(topic, "after $QUIET quiet windows and after $TOLD that drift"; beside = bytes(quiet), ours = bytes(late), figure = "+ " * bytes(late - quiet),
            target = "<= + " * bytes(KEPT), met = late - quiet <= KEPT && alerts - none >= TOLD, note = "$(alerts - none) alerts"),
        Row(topic, "  after $EARLY that drift and after $TOLD"; beside = bytes(early), ours = bytes(late), figure = "+ " * bytes(late - early)),
    ]
end

function memory_rows()
    topic = "Resident memory of a process that brings 10^7 observations of $WIDTH values into one guard, flat out"
    resident() === nothing && return [Row(topic, "resident memory"; figure = "skipped", note = "this system has no /proc/self/status")]
    command = `$(Base.julia_cmd()) --startup-file=no --project=$(Base.active_project()) -e $MEMORY_CODE`
    before, early, late, observed, tested = parse.(Int, split(read(command, String)))
    kept = @sprintf("%.0f MiB if the outputs were kept; observed %d, tested %d", 4WIDTH * LAST / 2^20, observed, tested)
    return [
        Row(topic, "before the first and after the last"; beside = bytes(before), ours = bytes(late), figure = "+ " * bytes(late - before),
            target = "<= + " * bytes(BOUND), met = late - before <= BOUND && observed == tested, note = kept),
        Row(topic, "  after 10^5 and after the last"; beside = bytes(early), ours = bytes(late), figure = "+ " * bytes(late - early)),
        kept_rows()...,
    ]
end
