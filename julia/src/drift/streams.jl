# Online detectors: one observation after the other, and where the stream has changed.

"""
    StreamDetector{name}

An online detector: [`ADWIN`](@ref), [`PageHinkley`](@ref), [`DDM`](@ref), [`EDDM`](@ref), [`HDDMA`](@ref), [`HDDMW`](@ref),
[`KSWIN`](@ref), [`Cusum`](@ref), [`GMA`](@ref), [`OnlineMMD`](@ref), [`Martingale`](@ref), [`Betting`](@ref), of two streams
[`TwoSampleBetting`](@ref), of p-values [`LORD`](@ref) and [`SAFFRON`](@ref); by name,
`StreamDetector("page-hinkley"; threshold = 20)`. `name` is the name in the program and in JSON.

    d = ADWIN(delta = 0.01)
    update!(d, values)      # the positions (from 1, over the whole stream) at which it fired
    fit!(d, values)         # the same, and gives d
    drifted(d)              # whether it fired at the last observation
    statistic(d), nobs(d)   # what it compares with its threshold; observations so far
    reset!(d); FluxGuard.save(path, d); FluxGuard.load(StreamDetector, path)

A detector (but for `LORD` and `SAFFRON`) starts afresh after it fired. `values` is a number, or an array of `Float16`, `Float32` or `Float64`, in the order of
the stream. A batch with a value that the detector cannot take (NaN, Inf, out of its range) is refused whole. One lock a
detector: tasks may share it. A `deepcopy` goes on by itself, and Serialization and JLD2 keep it (`docs/copies.md`).

What a false alarm means differs: `Martingale`, `Betting` and `TwoSampleBetting` bound the probability of ever one, or the mean time between two; see
`docs/drift.md`.

Constructors throw [`InvalidArgument`](@ref) naming the option that is out of range, or that the detector has not.
"""
struct StreamDetector{name}
    handle::Native.StreamHandle
    lock::ReentrantLock
end

StreamDetector{name}(handle::Native.StreamHandle) where {name} = StreamDetector{name}(handle, ReentrantLock())

function StreamDetector{name}(; options...) where {name}
    return StreamDetector{name}(Native.make(:stream, face(), "online.new",
        (detector = word(name), options = given_keywords(stream_option, options))))
end
StreamDetector(name::Union{AbstractString,Symbol}; options...) = StreamDetector{symbol(String(name))}(; options...)

stream_option(value::Symbol) = word(value)
stream_option(value::AbstractArray{<:Real}) = vec(collect(Float64, value))
stream_option(value) = value

"""
    ADWIN(; delta = 0.002, clock = 32, max_buckets = 5, min_window_length = 5, grace_period = 10, keep_window = false)

An adaptive window that drops its old part when the means of some split differ (Bifet & Gavaldà 2007). Detections are river's;
`keep_window = true` keeps the newer part after a detection, as the paper has it. See [`StreamDetector`](@ref).
"""
const ADWIN = StreamDetector{:adwin}

"""
    PageHinkley(; min_instances = 30, delta = 0.005, threshold = 50, alpha = 0.9999, mode = :both)

A sum of deviations from the running mean, and how far it is from its extreme (Page 1954). `mode` is `:up`, `:down` or `:both`;
`delta` and `threshold` are in units of the observations. See [`StreamDetector`](@ref).
"""
const PageHinkley = StreamDetector{:page_hinkley}

"""
    DDM(; warm_start = 30, warning_threshold = 2, drift_threshold = 3)

The error rate of a classifier against the lowest that it had (Gama et al. 2004). Observations are 1 (wrong) or 0 (right). See
[`StreamDetector`](@ref).
"""
const DDM = StreamDetector{:ddm}

"""
    EDDM(; warm_start = 30, alpha = 0.95, beta = 0.9)

The distance between two errors of a classifier against the longest that it had (Baena-García et al. 2006; the warm-up is
river's). Observations are 1 (wrong) or 0 (right). See [`StreamDetector`](@ref).
"""
const EDDM = StreamDetector{:eddm}

"""
    HDDMA(; drift_confidence = 0.001, warning_confidence = 0.005, two_sided_test = false)

Means before and after the best cut, by Hoeffding's bound (Frías-Blanco et al. 2015, A-test). Observations are in [0, 1]. See
[`StreamDetector`](@ref).
"""
const HDDMA = StreamDetector{:hddm_a}

"""
    HDDMW(; drift_confidence = 0.001, warning_confidence = 0.005, lambda_val = 0.05, two_sided_test = false)

Weighted means before and after the best cut, by McDiarmid's bound (Frías-Blanco et al. 2015, W-test). Observations are in [0, 1].
See [`StreamDetector`](@ref).
"""
const HDDMW = StreamDetector{:hddm_w}

"""
    KSWIN(; alpha = 0.005, window_size = 100, stat_size = 30, keep_window = false, seed = 0)

The newest `stat_size` observations against as many drawn from the others of the window, by the exact Kolmogorov-Smirnov test
(Raab et al. 2020). See [`StreamDetector`](@ref).
"""
const KSWIN = StreamDetector{:kswin}

"""
    Cusum(; min_instances = 30, delta = 0.005, threshold = 50, mode = :up)

A sum of deviations from the running mean that never falls below 0 (Page 1954). See [`StreamDetector`](@ref).
"""
const Cusum = StreamDetector{:cusum}

"""
    GMA(; min_instances = 30, alpha = 0.99, threshold = 1, mode = :up)

The geometric moving average of deviations from the running mean (Roberts 1959). See [`StreamDetector`](@ref).
"""
const GMA = StreamDetector{:gma}

"""
    OnlineMMD(; reference = nothing, reference_size = 500, window_size = 20, expected_run_time = 1000, bandwidth = nothing, seed = 0)

The newest observations against a reference by the maximum mean discrepancy, with a threshold that is simulated so that a false
alarm comes after `expected_run_time` observations on average: at most 50,000, and five times the reference, which has 200 to 20,000
observations. Without a `reference`, the first `reference_size` of the stream are it. See [`StreamDetector`](@ref).
"""
const OnlineMMD = StreamDetector{:mmd}

"""
    Martingale(; reference = nothing, reference_size = 100, relearn = true, form = :ever, alpha = 0.01, run_length = 100_000,
               bets = :composite, calibration = :full, seed = 0)

A conformal test martingale. While the stream stays as it is, the probability of **ever** a false alarm is at most `alpha` (`form
= :ever`), or a false alarm comes after at least `run_length` observations on average (`:shiryaev_roberts`, `:cusum`).
`bets`: `:composite` (changes of place and spread), `:jumper`, `:mixture`, `:power`. Without a `reference`, the first
`reference_size` observations of the stream are it; after an alarm a new one is learned, unless `relearn = false`. See
[`StreamDetector`](@ref).
"""
const Martingale = StreamDetector{:martingale}

"""
    Betting(; lower = 0, upper = 1, mean = nothing, alpha = 0.01, cells = 50)

Bets on the mean of a stream within bounds (Waudby-Smith & Ramdas 2024): is it `mean`, or, where none is given, has it changed?
The probability of **ever** a false alarm is at most `alpha`, whatever the distribution and the dependence, as long as each
observation's mean given those before is the same. See [`StreamDetector`](@ref).
"""
const Betting = StreamDetector{:betting}

"""
    TwoSampleBetting(; alpha = 0.01, warm_up = 20)

Two streams side by side: have they one distribution? A test by betting (Shekhar & Ramdas 2024): while the two observations of each
pair are exchangeable, the probability of **ever** a false alarm is at most `alpha`; successive pairs need not be independent. The
first `warm_up` pairs only choose where to bet.

    d = TwoSampleBetting()
    update!(d, old, new)     # the pairs (from 1) at which it fired; `old` and `new` as long as each other
    update!(d, pairs)        # the same, of a matrix 2 × observations

`statistic` is the evidence, an e-value. See [`StreamDetector`](@ref).
"""
const TwoSampleBetting = StreamDetector{:two_sample}

"""
    LORD(; alpha = 0.05, initial_wealth = nothing)

The p-values of tests that never end: LORD++ (Ramdas et al. 2017). It fires where a test's hypothesis is rejected, and holds the false
discovery rate at `alpha` at any time, for independent p-values. `initial_wealth` (`nothing`: half of `alpha`) may be spent before the
first rejection. `statistic` is the level of the next test. It does not start afresh: what was rejected pays for the tests to come.

    update!(LORD(), p_values)     # the positions of those that are rejected

See [`SAFFRON`](@ref), which finds more where many hypotheses are false, [`adjust`](@ref) for a batch, [`StreamDetector`](@ref).
"""
const LORD = StreamDetector{:lord}

"""
    SAFFRON(; alpha = 0.05, initial_wealth = nothing, lambda = 0.5)

As [`LORD`](@ref), by SAFFRON (Ramdas et al. 2018): p-values above `lambda` cost nothing and are never rejected.
"""
const SAFFRON = StreamDetector{:saffron}

const STREAM_TYPES = [:adwin => "ADWIN", :page_hinkley => "PageHinkley", :ddm => "DDM", :eddm => "EDDM",
    :hddm_a => "HDDMA", :hddm_w => "HDDMW", :kswin => "KSWIN", :cusum => "Cusum", :gma => "GMA",
    :mmd => "OnlineMMD", :martingale => "Martingale", :betting => "Betting",
    :two_sample => "TwoSampleBetting", :lord => "LORD", :saffron => "SAFFRON"]

"""
    update!(d::StreamDetector, values) -> Vector{Int}

Take in the next observations, in order; gives the positions (from 1, over the whole stream) of those at which `d` fired.
Throws [`InvalidArgument`](@ref), [`ElementTypeUnsupported`](@ref).
"""
update!(d::StreamDetector, values::AbstractArray{<:Native.Element}) = take_in!(d, values)

function take_in!(d::StreamDetector, values)
    y, _ = Native.host(values)
    fired = Vector{UInt64}(undef, length(y))
    n = lock(() -> Native.update!(d.handle, y, fired), d.lock)
    return Int[from_zero(index) for index in view(fired, 1:n)]
end
update!(d::StreamDetector, x::Real) = update!(d, [Float64(x)])
update!(d::StreamDetector, values::AbstractArray{<:Union{Bool,Integer}}) = update!(d, Float64.(values))
update!(::StreamDetector, values) = Native.unsupported("values", values)

"""
    update!(d::TwoSampleBetting, x, y) -> Vector{Int}

Take in the next observations of two streams, pair by pair: numbers, or arrays of one length. Gives the pairs (from 1, over the whole
stream) at which `d` fired.
"""
function update!(d::TwoSampleBetting, x::AbstractArray{<:Real}, y::AbstractArray{<:Real})
    length(x) == length(y) || throw(invalid("y", plural(length(y), "observation"), "$(length(x)), as many as x has"))
    return take_in!(d, Float64[pair[k] for k in 1:2, pair in zip(vec(x), vec(y))])
end
update!(d::TwoSampleBetting, x::Real, y::Real) = update!(d, [x], [y])
update!(::TwoSampleBetting, x, y) = Native.unsupported(x isa AbstractArray{<:Real} ? "y" : "x", x isa AbstractArray{<:Real} ? y : x)
function update!(d::TwoSampleBetting, pairs::AbstractArray{<:Native.Element})
    ndims(pairs) == 2 && size(pairs, 1) == 2 ||
        throw(invalid("values", "an array of size $(size(pairs))", "pairs: two arrays, or a matrix of size (2, observations)"))
    return take_in!(d, pairs)
end

"""
    fit!(d::StreamDetector, values) -> d

Take in the next observations, in order. [`update!`](@ref) also says where `d` fired.
"""
fit!(d::StreamDetector, values) = (update!(d, values); d)
fit!(d::TwoSampleBetting, x, y) = (update!(d, x, y); d)

describe(d::StreamDetector) = lock(() -> Native.ask(d.handle, "online.describe"), d.lock)

"""
    drifted(d::StreamDetector) -> Bool

Whether `d` fired at the last observation.
"""
drifted(d::StreamDetector) = describe(d)["state"] == "drift"

"""
    warned(d::StreamDetector) -> Bool

Whether `d` is at its warning level ([`DDM`](@ref), [`EDDM`](@ref), [`HDDMA`](@ref), [`HDDMW`](@ref)).
"""
warned(d::StreamDetector) = describe(d)["state"] == "warning"

"""
    statistic(d::StreamDetector) -> Float64

What `d` compares with its threshold, as of the last observation; for [`Martingale`](@ref), [`Betting`](@ref)
and [`TwoSampleBetting`](@ref) the evidence, for [`LORD`](@ref) and [`SAFFRON`](@ref) the level of the next test.
"""
statistic(d::StreamDetector) = number(describe(d)["statistic"])

nobs(d::StreamDetector) = Int(describe(d)["observations"])

"""
    reset!(d::StreamDetector) -> d

Forget all observations; the options stay.
"""
reset!(d::StreamDetector) = (lock(() -> Native.run(d.handle, "online.reset"), d.lock); d)

save(path::AbstractString, d::StreamDetector) = lock(() -> Native.run(d.handle, "online.save", (path = path_text(path),)), d.lock)

function load(::Type{StreamDetector}, path::AbstractString)
    handle = Native.make(:stream, face(), "online.load", (path = path_text(path),))
    return StreamDetector{symbol(Native.ask(handle, "online.describe")["detector"])}(handle)
end

function type_name(::StreamDetector{name}) where {name}
    found = findfirst(pair -> first(pair) === name, STREAM_TYPES)
    return found === nothing ? "StreamDetector($(repr(name)))" : last(STREAM_TYPES[found])
end

function Base.show(io::IO, d::StreamDetector)
    now = describe(d)
    print(io, type_name(d), "(", plural(now["observations"], "observation"), ", ", plural(now["detections"], "detection"), ")")
end

function Base.show(io::IO, ::MIME"text/plain", d::StreamDetector)
    now = describe(d)
    println(io, type_name(d), ": ", plural(now["observations"], "observation"))
    print_table(io, ["state", "statistic", "detections"], [(now["state"], number(now["statistic"]), now["detections"])])
end
