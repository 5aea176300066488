# What the background thread tested, found or not.

const ColumnEvidence = NamedTuple{(:name, :e_value, :capital, :effect, :drift),Tuple{String,Float64,Float64,Float64,Bool}}

const Detection = NamedTuple{(:name, :monitor, :statistic, :p_value, :effect, :drift),Tuple{String,Symbol,Float64,Float64,Float64,Bool}}

"""
    TestedWindow

| field | |
|:--|:--|
| `window` | which observations: a [`Span`](@ref FluxGuard.Span) |
| `level` | the expected false alarms that the window was allowed, over all its checks |
| `anomalous`, `non_finite` | observations called anomalous, and with NaN or Inf |
| `alarm` | whether something was found |
| `tests` | every drift test: a [`TestResult`](@ref FluxGuard.TestResult) each |
| `evidence` | what has come together over the windows so far: named tuples `name`, `e_value`, `capital` (alarms at 1), `effect`, `drift`, one per column |
| `detections` | where other monitors fired since the window before: named tuples `name`, `monitor`, `statistic` and `p_value` (Mann and Whitney's z of the pane, and its p-value), `effect`, `drift` |
"""
struct TestedWindow
    window::Span
    level::Float64
    anomalous::Int
    non_finite::Int
    alarm::Bool
    tests::Vector{TestResult}
    evidence::Vector{ColumnEvidence}
    detections::Vector{Detection}
end

TestedWindow(d::AbstractDict) = TestedWindow(Span(d["window"]), number(d["level"]), d["anomalous"], d["non_finite"],
    d["alarm"], [TestResult(t["name"], t) for t in d["tests"]],
    [ColumnEvidence((e["name"], number(e["e_value"]), number(e["capital"]), number(e["effect"]), e["drift"])) for e in d["evidence"]],
    [Detection((e["name"], symbol(e["monitor"]), number(e["statistic"]), number(e["p_value"]), number(e["effect"]), e["drift"])) for e in d["detections"]])

"""
    windows(guard; after = 0) -> Vector{TestedWindow}

The last tested windows (256 at most), oldest first: those whose index is above `after`. See [`TestedWindow`](@ref).
"""
windows(guard::Guard; after::Integer = 0) =
    TestedWindow[TestedWindow(d) for d in Native.ask(expect_here(guard).handle, "guard.windows", (after = after,))]

Base.show(io::IO, w::TestedWindow) = print(io, "TestedWindow(", w.window.index, ", ",
    plural(w.window.observations, "observation"), w.alarm ? ", alarm" : "", ")")

function Base.show(io::IO, ::MIME"text/plain", w::TestedWindow)
    println(io, "Window ", w.window.index, w.alarm ? " (alarm)" : "", ": observations ", w.window.first, " to ", w.window.last,
        ", ", w.anomalous, " anomalous, ", w.non_finite, " non-finite, level ", cell(w.level))
    isempty(w.tests) || print_tests(io, w.tests; taken = 6)
end

what_drifted(w::TestedWindow) = [[string(t.name, " (", named(t.test), ")") for t in w.tests if t.drift];
    [e.name * " (martingale)" for e in w.evidence if e.drift];
    [string(d.name, " (", named(d.monitor), ")") for d in w.detections if d.drift]]

function Base.show(io::IO, ::MIME"text/plain", list::Vector{TestedWindow})
    println(io, plural(length(list), "tested window"))
    isempty(list) && return
    rows = [(w.window.index, w.window.observations, w.anomalous, w.non_finite, w.level, w.alarm,
        join(what_drifted(w), ", ")) for w in list]
    print_table(io, ["window", "observations", "anomalous", "non-finite", "level", "alarm", "drift"], rows; limit = row_limit(io, 6))
end
