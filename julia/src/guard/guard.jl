# The guard: a baseline, thresholds and windows, fed by a model's outputs and tested by the background thread.

"""
    Guard(profile; kwargs...) -> Guard
    Guard(f, profile; kwargs...)           # calls f(guard) and closes it: the `do` form

Watch outputs against a baseline. Each batch is scored at once (see [`observe!`](@ref), [`guarded`](@ref)); windows of
observations are tested for drift by the background thread, which raises [`alerts`](@ref).

# Arguments
- `name = "guard"`, `model = ""`: what alerts and the journal call it.
- `output = nothing`: the kind of output, if given it must be the profile's.
- `false_alarms = every(Week(1))`: the rate of false drift alerts that a never-ending unchanged stream may raise:
  see [`FalseAlarms`](@ref).
- `anomaly_rate = nothing`: the fraction of unchanged observations that may be called anomalous; `nothing`: 1/1000, or the
  lowest that the baseline supports. Only more anomalies than that explains raise an alert.
- `detectors = nothing`: per-observation scores: `:msp`, `:entropy`, `:margin`, `:energy` (logits only) for
  `:logits` and `:probabilities`; `:msp` for `:binary` and `:binary_logit`; `:entropy` and `:joint_energy` for `:multilabel` and `:multilabel_logits`;
  `:distance` and `:entropy` (of the predicted distribution) for `:gaussian` and `:mixture`; `:distance`, `:zscore`, `:robust_z`, `:iqr` for `:values`; `:score`
  for `:scores`; `nothing` for the default of the kind of output. [`Detector`](@ref)s of the same output stand beside the names (alone, they join the default):
  each scores every batch in the call, [`verdict`](@ref) has its `p_values`, and its scores are flagged and tested like the
  others. One that is not fitted, `detectors = [KNN(neighbors = 5)]`, is fitted here, on three quarters of the sample of outputs that the
  profile keeps, and calibrated by the others (`calibration = (holdout = 0.5,)` for another part); a fitted one must be fitted with
  `calibration = :holdout`. Non-finite values and unseen or vanished classes are always watched.
- `score_on = :call`: where fitted detectors score; with `:worker` the call only copies the observations, and their scores are tested and
  flagged but not in the verdict (calls that are ahead of the background thread by millions of numbers score some themselves).
- `charts = nothing`: control charts: `:shewhart`, `:ewma`, `:cusum`.
- `monitors = [:martingale]`: monitors of every feature and score over windows; `nothing` or empty for none. `:martingale` adds up evidence, so that
  a change too small for any single window is found, and has its part of `false_alarms`. The online detectors `:adwin`,
  `:page_hinkley`, `:hddm_a`, `:hddm_w`, `:kswin`, `:cusum`, `:gma`, `:mmd`, `:betting` see one value a pane (a
  `slide`, else a window): the mean rank of its observations among the baseline's, standardized. They see a middle that moves, not a
  spread, and state no rate of false alarms: their alerts have `threshold == 1`. Options
  other than the defaults stand behind the name: `monitors = [:martingale, :page_hinkley => (threshold = 20,)]`. Most need tens of panes: take a short `slide`.
- `tests = [:ks]`: drift tests: `:ks`, `:chi2`, `:g`, `:psi`, `:js`, `:hellinger`, `:kl`, `:wasserstein`, `:mannwhitney` (of the counts
  between quantiles of the baseline that a window keeps), `:welch` (of means and variances; without a result for a column of fewer than two
  finite values, or of values whose squares overflow).
- `window = 1000`: the length of a tested window: observations, or a time such as `Minute(5)`.
- `slide = nothing`: a new window starts after so much (observations or a time); `nothing`: windows tumble.
- `min_effect = nothing`: the least effect size by test that is worth an alert, such as `(ks = 0.2,)`; `nothing`: 0.1 on
  each test's own scale.
- `correction = :benjamini_hochberg`: for all tests of a window at once; or `:bonferroni`, `:holm`, `:benjamini_yekutieli`.
- `journal = nothing`: the path of a file; each alert is appended as a line of JSON before it is delivered, and its number goes on from those
  in the file. While the file cannot be written (a full disk, a folder that is gone) the guard goes on: alerts wait in memory, one of kind
  `:journal` says so, another that they were written after all. Guards and processes may share a journal, and it may be rotated (`docs/tensor-to-alert.md`).
- `on_alert = nothing`: a function of an [`Alert`](@ref), see [`on_alert`](@ref).
- `log = true`: alerts go to Julia's logging as `@warn` with `_group = :fluxguard`.
- `repeat = false`: whether a finding that lasts is alerted in every window.
- `on_error = :count`: what the hook of a [`guarded`](@ref) model does when it cannot see an output (the guard is closed, the output has another
  length or type): the model's answer is given all the same, `counters(guard).unwatched` counts the call, and one alert of kind `:unwatched` says
  why. `:throw`, for tests, throws it.

Throws [`InvalidArgument`](@ref), [`WindowTooShort`](@ref), [`BaselineTooSmall`](@ref), [`ConstantFeature`](@ref),
[`Incompatible`](@ref), [`PathUnusable`](@ref).

A guard that is open when the process ends, or that is forgotten, is closed as by `close`. It belongs to its process: `deepcopy` of a
model that it guards keeps the same guard, and Serialization, BSON and JLD2 write its name in its place (`docs/copies.md` says what to save).
"""
mutable struct Guard{H<:Native.GuardHandle}
    handle::H
    features::Int
    output::Symbol
    name::String
    names::Vector{String} # of the features, where the profile has some
    rows::Tuple{Int,Int} # of a verdict's scores, and of its p-values, at most
    positions::Union{Nothing,Vector{Int}} # the dimensions that count observations; the last one
    notifier::Notifier{H}
    here::Bool # not so of a guard that was read from a stream or file: a stand-in with its name
    on_error::Symbol
    untraced::Bool # it saw an output outside of a backward pass
    unwatched::Threads.Atomic{Int}
    told::Vector{Symbol} # kinds of errors that were told
    lock::ReentrantLock
    Guard(handle::H, features, output, name, names, rows, positions, notifier::Notifier{H}, here, on_error) where {H<:Native.GuardHandle} =
        new{H}(handle, features, output, name, names, rows, positions, notifier, here, on_error, false, Threads.Atomic{Int}(0), Symbol[], ReentrantLock())
end

function Guard(profile::Profile; name = "guard", model = "", output = nothing, false_alarms = every(Week(1)),
    anomaly_rate = nothing, detectors = nothing, score_on = :call, charts = nothing, tests = [:ks], monitors = [:martingale], window = 1000,
    slide = nothing, min_effect = nothing, correction = :benjamini_hochberg, journal = nothing, on_alert = nothing,
    log = true, repeat = false, on_error = :count)
    on_error in (:count, :throw) || throw(invalid("on_error", repr(on_error), ":count or :throw"))
    name, model = label("name", name), label("model", model)
    on_alert === nothing || expect_handler(on_alert)
    check_output(profile, output)
    rate = FalseAlarms(false_alarms)
    options = Dict{String,Any}(
        "name" => name, "model" => model, "false_alarms" => (rate = rate.rate, per = rate.per),
        "anomaly_rate" => anomaly_rate, "tests" => words("tests", tests), "monitors" => monitors_of(monitors), "window" => span("window", window),
        "slide" => span("slide", slide), "min_effect" => numbers("min_effect", min_effect),
        "score_on" => word("score_on", score_on), "correction" => word("correction", correction), "journal" => optional(path -> path_text(path; argument = "journal"), journal), "repeat" => flag("repeat", repeat))
    names, others = detectors_by_kind(detectors)
    names === nothing || (options["detectors"] = names)
    charts === nothing || (options["charts"] = words("charts", charts))
    handles = [d.handle for d in others if !(d.handle isa NotFitted)]
    options["unfitted"] = Any[option(d) for d in others if d.handle isa NotFitted]
    log = flag("log", log)
    handle = lock(() -> Native.make(:guard, Any[profile.handle; handles], "guard.new", options), PROFILE_LOCK)
    d = Native.ask(handle, "guard.describe")
    log && !isempty(d["constant"]) && @info("FluxGuard: guard $(repr(name)): $(constant_words(d["constant"])) (constant_features = :error " *
        "refuses them)", _group = :fluxguard)
    handlers = on_alert === nothing ? Any[] : Any[on_alert]
    notifier = start!(Notifier(handle, name, log, handlers))
    guard = Guard(handle, Int(d["features"]), symbol(d["output"]), name, names_given(profile), (length(d["thresholds"]), length(d["fitted"])), profile.positions,
        notifier, true, on_error)
    finalizer(g -> abandon(g.notifier), guard)
    return guard
end

function Guard(f, profile::Profile; kwargs...)
    guard = Guard(profile; kwargs...)
    try
        return f(guard)
    finally
        close(guard)
    end
end

Guard(other; kwargs...) = throw(invalid("profile", "a $(nameof(typeof(other)))", "a Profile; of outputs: Guard(fit(Profile, outputs))"))

"Features that never varied, in words."
constant_words(names) = string(join(visible.(names[1:min(5, end)]), ", "), length(names) > 5 ? " and $(length(names) - 5) more" : "",
    " never varied in the reference: any change is told")

"Monitors as they cross the border: names, or names with options."
monitors_of(::Nothing) = Any[]
monitors_of(name::Union{Symbol,AbstractString,Pair}) = monitors_of([name])
monitors_of(monitors::Union{AbstractVector,Tuple}) = Any[monitor_of(monitor) for monitor in monitors]
monitors_of(other) = throw(invalid("monitors", repr(other), "names, such as [:martingale], or nothing"))
monitor_of(name) = word("monitors", name)
monitor_of(monitor::Pair) = Dict(word("monitors", first(monitor)) => monitor_options(last(monitor)))
monitor_options(options::Union{NamedTuple,AbstractDict}) =
    given_keywords(stream_option, (Symbol(key) => value for (key, value) in pairs(options)))
monitor_options(other) = throw(invalid("monitors", repr(other), "options by name, such as :page_hinkley => (threshold = 20,)"))

# What alerts call a guard or its model: text, or what has a text, such as a symbol or a number.
label(argument, x) = whole_text(argument, x isa AbstractString ? x : string(x))

function expect_handler(f)
    hasmethod(f, Tuple{Alert}) && return f
    throw(invalid("on_alert", "$(repr(f)), a $(typeof(f))", "a function of an Alert, such as a -> println(a.message)"))
end

function check_output(profile, output)
    output === nothing && return
    fitted = describe(profile)["output"]
    word("output", output) == fitted ||
        throw(Incompatible("output: $(word(output)) does not go with a baseline of $fitted; " *
            "say fit(Profile, outputs; output = $(repr(symbol(word(output)))))"))
end

"""
    close(guard)

Refuse what comes, test all that was observed (an unfinished window included), deliver the alerts and end the delivery.
Returns when that is done, and at once on a closed guard; other tasks go on meanwhile. Verdicts, alerts and counters
can still be read. Called in an `on_alert` function it returns before the alerts that follow are delivered. A function that
does not return for 30 seconds, as one that waits for the task that closes, is waited for no longer: that is logged as an
error, and what is left is delivered when it returns.
"""
function Base.close(guard::Guard)
    guard.here || return nothing
    finish_testing(guard.handle)
    GC.@preserve guard stop!(guard.notifier)
    return nothing
end

"""
    isopen(guard) -> Bool

Whether the guard still takes observations.
"""
Base.isopen(guard::Guard) = describe(guard)["open"]::Bool

"""
    flush(guard)

Test all that was observed so far, an unfinished window included, and return when that is done: [`alerts`](@ref) and a
journal then have what was found. Delivery (log and `on_alert`) goes on in its task. Throws [`WorkerFailed`](@ref).
"""
function Base.flush(guard::Guard)
    await(expect_here(guard).handle, begin_flush(guard.handle, false))
    return nothing
end

describe(guard::Guard) = Native.ask(expect_here(guard).handle, "guard.describe")

"""
    counters(guard) -> NamedTuple

`observed`, `tested`, `merged` (observations whose summaries were merged because the worker was behind), `copied` (arrays
that could not be read in place), `windows`, `alerts`, `suppressed` (findings that were no news), `anomalous`, `unwatched` (calls of guarded models
whose output the guard could not see).
After `flush` or `close`, `observed == tested`.
"""
function counters(guard::Guard)
    d = Native.ask(expect_here(guard).handle, "guard.counters")
    return (; (name => Int(d[string(name)]) for name in COUNTERS)..., unwatched = guard.unwatched[])
end

const COUNTERS = (:observed, :tested, :merged, :copied, :windows, :alerts, :suppressed, :anomalous)

"""
    alerts(guard; after = 0) -> Vector{Alert}

What was found so far, oldest first: the alerts whose `id` is above `after`. See [`Alert`](@ref).
"""
alerts(guard::Guard; after::Integer = 0) = alerts_after(expect_here(guard).handle, after)

"""
    on_alert(f, guard) -> guard

Call `f(alert)` for each [`Alert`](@ref) that is delivered from now on, in a Julia task and one after the other. An
exception in `f` is logged and costs no other alert. `close(guard)` waits for `f`, so `f` must not wait for a task that
closes the guard; it may call `close(guard)` itself.
"""
function on_alert(f, guard::Guard)
    expect_handler(f)
    n = guard.notifier
    lock(() -> push!(n.handlers, f), n.handlers_lock)
    return guard
end

# A guard is one thing, however often a model that holds it is copied.
Base.deepcopy_internal(guard::Guard, ::IdDict) = guard

Base.show(io::IO, guard::Guard) =
    print(io, "Guard(", repr(guard.name), ", ", guard.output, ", ", plural(guard.features, "feature"), guard.here ? ")" : ", not in this process)")

function Base.show(io::IO, ::MIME"text/plain", guard::Guard)
    guard.here || return show(io, guard)
    d, c = describe(guard), counters(guard)
    println(io, "Guard ", repr(guard.name), d["open"] ? " (open)" : " (closed)", ": ", d["output"], ", ",
        plural(d["features"], "feature"))
    isempty(d["model"]) || println(io, "  model        ", visible(d["model"]))
    println(io, "  observed     ", c.observed, " (", c.tested, " tested in ", plural(c.windows, "window"), ")")
    println(io, "  anomalous    ", c.anomalous)
    c.unwatched == 0 || println(io, "  unwatched    ", plural(c.unwatched, "call"), " whose output could not be seen")
    guard.positions === nothing || println(io, "  observation  each position of dimension ", join(guard.positions, ", "))
    println(io, "  alerts       ", c.alerts, c.suppressed == 0 ? "" : " (and $(c.suppressed) suppressed)")
    for (name, count) in sort!(collect(d["count_as_one"]); by = last, rev = true)[1:min(3, end)]
        println(io, "  dependent    ", visible(name), ": ", round(count; digits = 1), " observations in a row count as one")
    end
    d["copies"] > 1 && println(io, "  copies       each reference observation is there ", round(d["copies"]; digits = 1), " times; they count as one")
    d["held_out"] > 0 && println(io, "  held out     own scores are compared with those of ", d["held_out"], " reference observations, by the others")
    d["order_known"] || println(io, "  independent  observations are taken to be: the reference's order says nothing")
    d["too_short_to_tell"] && println(io, "  independent  observations are taken to be: a reference of ", d["reference_size"], " is too short to tell (where neighbors look alike, they count as fewer)")
    isempty(d["constant"]) || println(io, "  constant     ", constant_words(d["constant"]))
    rows = [(name, number(d["thresholds"][name])) for name in sort!(collect(keys(d["thresholds"])))]
    isempty(rows) || print_table(io, ["detector", "threshold"], rows)
end
