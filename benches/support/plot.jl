# Small plots in one SVG, on logarithmic axes: nothing but text is needed to draw them.

"""
A small plot: `x` and the curves' `y` (nanoseconds) by label; points that are NaN are left out.
"""
struct Panel
    title::String
    x::Vector{Float64}
    curves::Vector{Pair{String,Vector{Float64}}}
end

const PANEL_WIDTH, PANEL_HEIGHT = 170, 130
const COLORS = ("#1f6fb4", "#d1601f", "#2f8f46", "#8a4fb0")

decades(values) = (floor(Int, log10(minimum(values)) + 1e-9), ceil(Int, log10(maximum(values)) - 1e-9))

# 10^k nanoseconds, and 10^k things, in words.
time_words(k) = k < 3 ? "$(10^k) ns" : k < 6 ? "$(10^(k - 3)) us" : k < 9 ? "$(10^(k - 6)) ms" : "$(10^(k - 9)) s"
count_words(k) = k < 3 ? "$(10^k)" : k < 6 ? "$(10^(k - 3))k" : "$(10^(k - 6))M"

"""
    write_plots(path, title, xlabel, panels; columns = 6)

All panels with the same axes, so that they can be compared; the labels of the first panel's curves are the legend.
"""
function write_plots(path, title, xlabel, panels; columns = 6)
    ys = filter(isfinite, reduce(vcat, [reduce(vcat, last.(p.curves)) for p in panels]))
    (x0, x1), (y0, y1) = decades(reduce(vcat, [p.x for p in panels])), decades(ys)
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
    rows = cld(length(panels), columns)
    left, top = 46, 58
    width, height = left + columns * PANEL_WIDTH + 10, top + rows * PANEL_HEIGHT + 14
    io = IOBuffer()
    println(io, """<svg xmlns="http://www.w3.org/2000/svg" width="$width" height="$height" viewBox="0 0 $width $height" font-family="sans-serif" font-size="10">""")
    println(io, """<rect width="$width" height="$height" fill="white"/><text x="10" y="18" font-size="13">$title</text>""")
    for (k, (label, _)) in enumerate(first(panels).curves)
        at = 10 + 150 * (k - 1)
        println(io, """<line x1="$at" y1="36" x2="$(at + 18)" y2="36" stroke="$(COLORS[k])" stroke-width="2"/><text x="$(at + 23)" y="40">$label</text>""")
    end
    println(io, """<text x="$(10 + 150 * length(first(panels).curves))" y="40" fill="#555">across: $xlabel</text>""")
    for (k, panel) in enumerate(panels)
        x, y = left + mod(k - 1, columns) * PANEL_WIDTH, top + div(k - 1, columns) * PANEL_HEIGHT
        draw(io, panel, x, y, (x0, x1), (y0, y1), mod(k - 1, columns) == 0)
    end
    println(io, "</svg>")
    write(path, String(take!(io)))
    return path
end

function draw(io, panel, x, y, (x0, x1), (y0, y1), named)
    w, h = PANEL_WIDTH - 14, PANEL_HEIGHT - 34
    across(v) = round(x + w * (log10(v) - x0) / (x1 - x0); digits = 1)
    up(v) = round(y + h - h * (log10(v) - y0) / (y1 - y0); digits = 1)
    println(io, """<rect x="$x" y="$y" width="$w" height="$h" fill="none" stroke="#999"/><text x="$(x + 4)" y="$(y + 12)" font-weight="bold">$(panel.title)</text>""")
    for k in y0:max(1, cld(y1 - y0, 4)):y1
        line = up(10.0^k)
        println(io, """<line x1="$x" y1="$line" x2="$(x + w)" y2="$line" stroke="#e4e4e4"/>""")
        named && println(io, """<text x="$(x - 4)" y="$(line + 3)" text-anchor="end">$(time_words(k))</text>""")
    end
    for k in x0:x1
        anchor = k == x0 ? "start" : k == x1 ? "end" : "middle"
        println(io, """<text x="$(across(10.0^k))" y="$(y + h + 11)" text-anchor="$anchor" fill="#555">$(count_words(k))</text>""")
    end
    for (j, (_, values)) in enumerate(panel.curves)
        points = [(across(a), up(b)) for (a, b) in zip(panel.x, values) if isfinite(b) && b > 0]
        isempty(points) && continue
        println(io, """<polyline fill="none" stroke="$(COLORS[j])" stroke-width="1.6" points="$(join(["$a,$b" for (a, b) in points], ' '))"/>""")
        for (a, b) in points
            println(io, """<circle cx="$a" cy="$b" r="1.8" fill="$(COLORS[j])"/>""")
        end
    end
end
