# Options that are no option: NaN, Inf, nothing where that is not allowed, a text for a number. Each is an error that names
# the option, of every keyword of every constructor.

using Test, Dates, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: DETECTORS, SEQUENCE_DETECTORS, LIVE_THRESHOLDS, STREAM_TYPES, OOD_NAMES, OPEN, describe
using Main.Support

x = values_like(51, 3, 300)
texts = ["a b c", "b c a", "c a b a", "a a b", "b b c", "c c a"]

# The message of what the call throws: of FluxGuard's types, or Julia's own where a keyword has a type.
function refusal(call)
    try
        call()
        return nothing
    catch error
        return error isa Union{FluxGuardError,TypeError} ? sprint(showerror, error) : rethrow()
    end
end

named(message, name) = message !== nothing && occursin(name, message)

# What a value stands for: a text is an option of some names.
wrong_values(value) = value isa Union{AbstractString,Symbol} ? Any[NaN, 1.5, ["x"]] : value isa Bool ? Any[NaN, Inf, "x", 2] :
    Any[NaN, Inf, -Inf, "x"]

# The options of what was made without any, and the call with one of them.
made = Tuple{String,Dict{String,Any},Any}[]
for (name, type) in DETECTORS
    name in OOD_NAMES && continue
    push!(made, (name, merge(describe(fit(type, x))["options"], Dict{String,Any}("standardize" => false, "calibration" => "cross")),
        kwargs -> fit(type, x; kwargs...)))
end
for (name, type) in SEQUENCE_DETECTORS
    told = describe(fit(type, texts))
    push!(made, (name, merge(told["options"], Dict{String,Any}("tokens" => told["tokens"], "lowercase" => false, "calibration" => "cross")),
        kwargs -> fit(type, texts; kwargs...)))
end
# Streams do not tell their options: as their docstrings have them.
const STREAM_OPTIONS = [
    :adwin => (delta = 0.002, clock = 32, max_buckets = 5, min_window_length = 5, grace_period = 10, keep_window = false),
    :page_hinkley => (min_instances = 30, delta = 0.005, threshold = 50.0, alpha = 0.9999, mode = "both"),
    :ddm => (warm_start = 30, warning_threshold = 2.0, drift_threshold = 3.0), :eddm => (warm_start = 30, alpha = 0.95, beta = 0.9),
    :hddm_a => (drift_confidence = 0.001, warning_confidence = 0.005, two_sided_test = false),
    :hddm_w => (drift_confidence = 0.001, warning_confidence = 0.005, lambda_val = 0.05, two_sided_test = false),
    :kswin => (alpha = 0.005, window_size = 100, stat_size = 30, keep_window = false, seed = 0),
    :cusum => (min_instances = 30, delta = 0.005, threshold = 50.0, mode = "up"), :gma => (min_instances = 30, alpha = 0.99, threshold = 1.0, mode = "up"),
    :mmd => (reference_size = 500, window_size = 20, expected_run_time = 1000, bandwidth = nothing, seed = 0),
    :martingale => (reference_size = 100, relearn = true, form = "ever", alpha = 0.01, run_length = 100_000, bets = "composite", calibration = "full", seed = 0),
    :betting => (lower = 0.0, upper = 1.0, mean = nothing, alpha = 0.01, cells = 50),
    :two_sample => (alpha = 0.01, warm_up = 20), :lord => (alpha = 0.05, initial_wealth = nothing),
    :saffron => (alpha = 0.05, initial_wealth = nothing, lambda = 0.5)]
@test first.(STREAM_OPTIONS) == first.(STREAM_TYPES)
for (name, options) in STREAM_OPTIONS
    push!(made, (replace(String(name), '_' => '-'), Dict{String,Any}(String(k) => v for (k, v) in pairs(options)), kwargs -> StreamDetector(name; kwargs...)))
end
push!(made, ("spot", Dict{String,Any}("rate" => 1e-3, "level" => 0.98, "depth" => 0), kwargs -> Spot(randn(1000); kwargs...)))
push!(made, ("feedback", Dict{String,Any}("rate" => 0.01), kwargs -> Feedback(randn(1000); kwargs...)))
push!(made, ("neighbors", Dict{String,Any}("metric" => "euclidean", "index" => "exact", "max_age" => nothing, "max_points" => nothing),
    kwargs -> NeighborStore(3; kwargs...)))
push!(made, ("late", Dict{String,Any}("outcome" => "error", "order" => "prediction", "capacity" => 100, "timeout" => nothing, "chunk_size" => 100),
    kwargs -> LateLabels(; kwargs...)))
push!(made, ("profile", Dict{String,Any}("output" => "values", "capacity" => 100, "constant_features" => "error"),
    kwargs -> Profile(; kwargs...)))
push!(made, ("compare", Dict{String,Any}("tests" => "ks", "method" => "auto", "permutations" => 99, "seed" => 0, "alpha" => 0.05,
    "correction" => "holm"), kwargs -> compare(x, x; kwargs...)))
profile = fit(Profile, x; output = :values)
push!(made, ("guard", Dict{String,Any}("output" => "values", "false_alarms" => 0.1, "score_on" => "call",
    "tests" => "ks", "monitors" => "martingale", "window" => 100, "correction" => "holm", "log" => false, "repeat" => false),
    kwargs -> close(Guard(profile; log = false, kwargs...))))
push!(made, ("guard", Dict{String,Any}("anomaly_rate" => 0.1, "slide" => 10, "min_effect" => 0.1, "on_alert" => 1),
    kwargs -> close(Guard(profile; log = false, window = 100, kwargs...))))
push!(made, ("threshold", Dict{String,Any}("rate" => 0.1), kwargs -> threshold(randn(100); kwargs...)))
push!(made, ("performance", Dict{String,Any}("problem" => "binary", "chunk_size" => 50, "calibration" => "auto", "threshold" => 0.5,
    "deviations" => 3.0, "seed" => 0), kwargs -> fit(PerformanceEstimator, abs.(tanh.(x[1:1, :])), mod.(1:300, 2); chunk_size = 50, kwargs...)))

@testset "$name" for (name, options, make) in made
    for (option, value) in options, wrong in wrong_values(value)
        (name, option, wrong) == ("kde", "bandwidth", 1.5) && continue # a number, or a name
        message = refusal(() -> make((; Symbol(option) => wrong)))
        named(message, option) || @error "not refused by name" name option wrong message
        @test named(message, option)
    end
    # What may be left open is `nothing` by default.
    for (option, value) in options
        value === nothing || Symbol(option) in OPEN || name in ("guard", "profile", "performance", "compare") && continue
        message = refusal(() -> make((; Symbol(option) => nothing)))
        Symbol(option) in OPEN || named(message, option) || @error "nothing was taken" name option message
        @test Symbol(option) in OPEN ? message === nothing || named(message, option) : named(message, option)
    end
    # Of the others Julia says it itself.
    name in ("guard", "profile", "late", "compare", "performance") || @test named(refusal(() -> make((no_such_option = 1,))), "no_such_option")
end

# What was found, by name.
@testset "options that once were defaults" begin
    test_faults([
        ("anomaly_rate", InvalidArgument, ["anomaly_rate", "NaN"], () -> Guard(profile; anomaly_rate = NaN, log = false)),
        ("journal", InvalidArgument, ["journal", "x"], () -> Guard(profile; journal = :x, log = false)),
        ("name", InvalidArgument, ["name", "UTF-8"], () -> Guard(profile; name = "a\xffb", log = false)),
        ("on_alert", InvalidArgument, ["on_alert", "3"], () -> Guard(profile; on_alert = 3, log = false)),
        ("on_alert of a guard", InvalidArgument, ["on_alert", "3"], () -> Guard(g -> on_alert(3, g), profile; log = false)),
        ("monitors", InvalidArgument, ["bandwidth", "NaN"], () -> Guard(profile; monitors = [:mmd => (bandwidth = NaN,)], log = false)),
        ("calibration", InvalidArgument, ["cross", "NaN"], () -> fit(KNN, x; calibration = (cross = NaN,))),
        ("members", InvalidArgument, ["neighbors", "NaN"], () -> fit(Ensemble, x; members = [KNN(neighbors = NaN)])),
        ("rate of a comparison", InvalidArgument, ["rate", "NaN"], () -> compare_detectors([KNN()], x, x, [i < 9 for i in 1:300]; rate = NaN)),
        ("complex", InvalidArgument, ["neighbors", "Complex"], () -> fit(KNN, x; neighbors = 1 + 2im)),
    ])
end

@testset "elements of several types" begin
    y = convert(Matrix{Union{Float32,Float64}}, x)
    Guard(profile; log = false) do guard
        @test observe!(guard, y).scores == observe!(guard, x).scores
        @test counters(guard).copied == 1
        FluxGuard.watch(guard, y)
        @test counters(guard).copied == 2
    end
    @test compare(y, y).drift == false && moments(y).mean == moments(x).mean
    @test update!(ADWIN(), view(y, 1, :)) == update!(ADWIN(), x[1, :])
    @test_throws ElementTypeUnsupported add_noise!(y, PrivateRun(seed = 1); sensitivity = 1, noise_multiplier = 1)
end
