export Served, print_header, print_served

using Printf: @printf, @sprintf

"""
    Served(images, correct, flagged, alerts)

What came of a stretch of service: the number of images, how many the model read correctly (`missing` where there is
nothing to read), how many each guard called anomalous, and the alerts, each a pair `alert => after how many images of
the stretch`. Stretches can be added.
"""
struct Served
    images::Int
    correct::Union{Int,Missing}
    flagged::Tuple{Int,Int}
    alerts::Vector{Pair}
end

Base.:+(a::Served, b::Served) =
    Served(a.images + b.images, a.correct + b.correct, a.flagged .+ b.flagged, vcat(a.alerts, b.alerts))

"""
    print_header(guards)

The head of the table that [`print_served`](@ref) fills, with the names of the two guards.
"""
function print_header(guards)
    @printf("  %-24s %8s %6s  %15s\n", "", "", "", "anomalous by")
    @printf("  %-24s %8s %6s  %7s %7s  %s\n", "served", "accuracy", "images", guards..., "alerts, after so many images")
end

"""
    print_served(what, served::Served)

A row of the table; alerts of one guard, severity and moment share a line.
"""
function print_served(what, served::Served)
    lines = alert_lines(served.alerts)
    accuracy = ismissing(served.correct) ? "-  " : @sprintf("%.1f %%", 100 * served.correct / served.images)
    @printf("  %-24s %8s %6d  %7d %7d  ", what, accuracy, served.images, served.flagged...)
    println(isempty(lines) ? "none" : join(lines, "\n" * " "^60))
end

function alert_lines(alerts)
    shared((alert, after)) = (alert.guard, alert.severity, after)
    return map(unique(shared.(alerts))) do (guard, severity, after)
        kinds = [replace(string(alert.kind), '_' => '-') for (alert, when) in alerts if shared(alert => when) == (guard, severity, after)]
        return string(guard, ": ", join(kinds, ", "), " (", severity, ") after ", after)
    end
end
