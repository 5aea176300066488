# The table.

"""
A line of the table: `what` was measured, `beside` (the other side's time) and `ours`, `figure` (the number that the
target is for: a ratio mostly), `middle` (the middle half of the figure over the rounds), `fastest` (the same of the
fastest tenth of either side, where other work on the machine disturbs least), `target`, whether it was `met` (`nothing`
where there is no target), and a `note`.
"""
struct Row
    topic::String
    what::String
    beside::String
    ours::String
    figure::String
    middle::String
    fastest::String
    target::String
    met::Union{Nothing,Bool}
    note::String
end

Row(topic, what; beside = "", ours = "", figure = "", middle = "", fastest = "", target = "", met = nothing, note = "") =
    Row(topic, what, beside, ours, figure, middle, fastest, target, met, note)

function duration(ns)
    ns < 1e3 && return @sprintf("%.0f ns", ns)
    ns < 1e6 && return @sprintf("%.2f us", ns / 1e3)
    ns < 1e9 && return @sprintf("%.2f ms", ns / 1e6)
    return @sprintf("%.2f s", ns / 1e9)
end

bytes(n) = @sprintf("%.1f MiB", n / 2^20)

"A row for the ratio of two sides of `alternate`, with the target `at_most` (or `at_least`)."
function ratio_row(topic, what, beside, ours; at_most = nothing, at_least = nothing, digits = 1, note = "")
    ratios = at_least === nothing ? ours ./ beside : beside ./ ours
    show_ratio(x) = string(round(x; digits = digits), at_least === nothing ? " x" : " x faster")
    target = at_most !== nothing ? "<= $at_most x" : at_least !== nothing ? ">= $at_least x faster" : ""
    met = at_most !== nothing ? median(ratios) <= at_most : at_least !== nothing ? median(ratios) >= at_least : nothing
    return Row(topic, what; beside = duration(median(beside)), ours = duration(median(ours)), figure = show_ratio(median(ratios)),
        middle = string(round(quantile(ratios, 0.25); digits = digits), " - ", round(quantile(ratios, 0.75); digits = digits)),
        fastest = show_ratio(at_least === nothing ? quantile(ours, 0.1) / quantile(beside, 0.1) : quantile(beside, 0.1) / quantile(ours, 0.1)),
        target = target, met = met, note = note)
end

const HEADER = ["what", "beside", "ours", "median", "middle half", "fastest", "target", "", "note"]

function print_rows(rows)
    lines = [[r.what, r.beside, r.ours, r.figure, r.middle, r.fastest, r.target, r.met === nothing ? "" : r.met ? "met" : "MISSED", r.note] for r in rows]
    widths = [maximum(textwidth(line[j]) for line in [lines; [HEADER]]) for j in eachindex(HEADER)]
    show_line(cells) = println("  ", rstrip(join((j in 2:6 ? lpad(c, widths[j]) : rpad(c, widths[j]) for (j, c) in enumerate(cells)), "  ")))
    show_line(HEADER)
    topic = ""
    for (row, line) in zip(rows, lines)
        row.topic == topic || println("\n", row.topic)
        topic = row.topic
        show_line(line)
    end
    judged = [r.met for r in rows if r.met !== nothing]
    println("\n", count(judged), " of ", length(judged), " targets met")
end

const UNITS = Dict("ns" => 1.0, "us" => 1e3, "ms" => 1e6, "s" => 1e9)

"""
Write our time of each row that has one, in nanoseconds: a line `topic, what, time` with tabs between, for `scripts/bench-against`.
"""
function write_times(path, rows)
    open(path, "w") do io
        for row in rows
            time = match(r"^([0-9.]+) (ns|us|ms|s)$", row.ours)
            time === nothing || println(io, join((row.topic, row.what, parse(Float64, time[1]) * UNITS[time[2]]), '\t'))
        end
    end
end
