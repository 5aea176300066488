# What the background thread found, as structs and as lines of a journal.

"""
    Evidence

One feature's, score's or class's part in an alert: `name`, `test`, `statistic`, `p_value` (before any correction),
`effect` (`NaN` where the test has no such number).
"""
struct Evidence
    name::String
    test::Symbol
    statistic::Float64
    p_value::Float64
    effect::Float64
end

"""
    Alert

What [`alerts`](@ref) gives and a journal's line says.

| field | |
|:--|:--|
| `id` | rising; from 1, or from the highest number in the journal on |
| `time` | UTC |
| `guard`, `model` | names |
| `kind` | `:drift`, `:class_drift`, `:unseen_class`, `:vanished_class`, `:anomaly`, `:non_finite`, `:chart`, `:journal` (it cannot be written, or can be again), `:unwatched` (outputs could not be seen) |
| `severity` | `:info`, `:warning`, `:critical` |
| `feature` | name of the feature or score with the strongest evidence, or `nothing` |
| `class` | the class it is about (from 1), or `nothing` |
| `test`, `statistic`, `p_value`, `effect` | the test with the strongest evidence, in its source's units; `NaN` where there is no such number |
| `adjusted_p_value` | the p-value after the correction for all that was tested at once |
| `threshold` | the probability of a false alarm that this decision was allowed: what `adjusted_p_value` was compared with; 1 for a monitor that states none |
| `false_alarm_rate` | the expected false alarms of this kind of check in this window |
| `false_alarms` | what the guard was asked for, in words |
| `window` | [`Span`](@ref FluxGuard.Span) |
| `message` | one sentence |
| `features` | what was found, the strongest [`Evidence`](@ref FluxGuard.Evidence) first: all of it, but in old alerts of wide outputs that a guard keeps in memory |
| `found` | how many features, scores or classes were found |
"""
struct Alert
    id::Int
    time::DateTime
    guard::String
    model::String
    kind::Symbol
    severity::Symbol
    feature::Union{Nothing,String}
    class::Union{Nothing,Int}
    test::Symbol
    statistic::Float64
    p_value::Float64
    adjusted_p_value::Float64
    effect::Float64
    threshold::Float64
    false_alarm_rate::Float64
    false_alarms::String
    window::Span
    message::String
    features::Vector{Evidence}
    found::Int
end

Evidence(d::AbstractDict) =
    Evidence(d["name"], symbol(d["test"]), number(d["statistic"]), number(d["p_value"]), number(d["effect"]))

Alert(d::AbstractDict) = Alert(d["id"], utc(d["time"]), d["guard"], d["model"], symbol(d["kind"]), Symbol(d["severity"]),
    d["feature"], optional(from_zero, d["class"]), symbol(d["test"]), number(d["statistic"]), number(d["p_value"]),
    number(d["adjusted_p_value"]), number(d["effect"]), number(d["threshold"]), number(d["false_alarm_rate"]),
    d["false_alarms"], Span(d["window"]), d["message"], [Evidence(f) for f in d["features"]],
    get(d, "found", length(d["features"]))) # journals of before it was written

const TIME = dateformat"yyyy-mm-ddTHH:MM:SS.s"
utc(text::AbstractString) = DateTime(rstrip(text, 'Z'), TIME)

parse_alerts(list) = Alert[Alert(d) for d in list]

"""
    read_alerts(path) -> Vector{Alert}

The alerts in a journal (JSON Lines, one alert a line). A torn line, as a power cut in the middle of a write leaves it,
is passed over; the number of such lines is logged as a warning. Throws [`PathUnusable`](@ref), and [`FileKind`](@ref) where no line is
an alert and the file does not begin like one.
"""
function read_alerts(path::AbstractString)
    isfile(path) || throw(PathUnusable("path: $path: no such file; expected a path that can be read"))
    read_lines = [read_alert(line) for line in eachline(path) if !isempty(line)]
    torn = count(isnothing, read_lines)
    torn == length(read_lines) > 0 && !begins_as_alert(path) && throw(FileKind("path: $path: none of its " *
        "$(plural(length(read_lines), "line")) is an alert; expected a journal, as Guard(...; journal = path) writes it"))
    torn == 0 || @warn("$path: $torn of $(plural(length(read_lines), "line")) cannot be read as alerts and were passed over",
        _group = :fluxguard)
    return Alert[alert for alert in read_lines if alert !== nothing]
end

# A first alert that was torn leaves at least this.
begins_as_alert(path) = startswith("{\"id\":", String(open(io -> read(io, 6), path))) && filesize(path) > 0

function read_alert(line)
    try
        return Alert(JSON.parse(line))
    catch error
        error isa InterruptException && rethrow()
        return nothing
    end
end

Base.show(io::IO, a::Alert) =
    print(io, "Alert(", a.id, ", ", named(a.kind), ", ", a.severity, ": ", visible(a.message), ")")

function Base.show(io::IO, ::MIME"text/plain", a::Alert)
    println(io, "Alert ", a.id, " of guard ", repr(a.guard), ": ", visible(a.message))
    about = a.feature === nothing ? (a.class === nothing ? nothing : "class $(a.class)") : a.feature
    rows = [
        ("time", string(a.time, " UTC")), ("kind", named(a.kind)), ("severity", string(a.severity)), ("about", cell(about)),
        ("test", named(a.test)), ("statistic", cell(a.statistic)), ("p-value", cell(a.p_value)), ("adjusted", cell(a.adjusted_p_value)),
        ("effect", cell(a.effect)), ("threshold", cell(a.threshold)), ("false alarms", a.false_alarms),
        ("window", "$(a.window.index): observations $(a.window.first) to $(a.window.last)"),
    ]
    for (name, value) in rows
        println(io, "  ", rpad(name, 14), visible(value))
    end
    isempty(a.features) && return
    print_table(io, ["feature", "test", "statistic", "p-value", "effect"],
        [(f.name, named(f.test), f.statistic, f.p_value, f.effect) for f in a.features]; limit = row_limit(io, 16))
end

function Base.show(io::IO, ::MIME"text/plain", alerts::Vector{Alert})
    println(io, plural(length(alerts), "alert"))
    isempty(alerts) && return
    rows = [(a.id, Dates.format(a.time, "HH:MM:SS"), a.severity, named(a.kind), something(a.feature, a.class, "-"), named(a.test),
        a.statistic, a.p_value, a.effect, a.window.index) for a in alerts]
    print_table(io, ["id", "UTC", "severity", "kind", "about", "test", "statistic", "p-value", "effect", "window"], rows;
        limit = row_limit(io, 6))
end
