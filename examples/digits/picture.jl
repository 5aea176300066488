export write_picture

"""
    write_picture(path, stretches, watched)

A picture (SVG) of what was served and what the guards said of it. `stretches` are pairs `what => observations served by its end`; `watched` are pairs
`name => (windows, alerts)`. For each guard a bar per tested window, as high as the share of anomalous images in it, and a triangle where it alerted.
"""
function write_picture(path, stretches, watched)
    total = last(last(stretches))
    left, top, width, height, gap = 60, 96, 1000, 110, 26
    x(observation) = round(left + width * observation / total; digits = 1)
    bottom(k) = top + k * height + (k - 1) * gap
    io = IOBuffer()
    size = "width=\"$(left + width + 20)\" height=\"$(bottom(length(watched)) + 38)\""
    println(io, "<svg xmlns=\"http://www.w3.org/2000/svg\" $size font-family=\"sans-serif\" font-size=\"11\">")
    println(io, "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>")
    println(io, "<text x=\"$left\" y=\"18\" font-size=\"13\">A guarded classifier of digits: anomalous images per window, and alerts</text>")
    start = 0
    for (what, stop) in stretches
        clean = startswith(what, "clean")
        clean || println(io, "<rect x=\"$(x(start))\" y=\"$(top - 6)\" width=\"$(round(x(stop) - x(start); digits = 1))\" ",
            "height=\"$(bottom(length(watched)) - top + 6)\" fill=\"#fbeee3\"/>")
        middle = (x(start) + x(stop)) / 2
        for (line, words) in enumerate(clean ? [] : split_label(what))
            println(io, "<text x=\"$middle\" y=\"$(top - 36 + 13 * line)\" text-anchor=\"middle\">$words</text>")
        end
        start = stop
    end
    for (k, (name, (windows, alerts))) in enumerate(watched)
        base = bottom(k)
        println(io, "<text x=\"8\" y=\"$(base - height / 2)\">$name</text><line x1=\"$left\" y1=\"$base\" x2=\"$(left + width)\" y2=\"$base\" stroke=\"#888\"/>")
        println(io, "<text x=\"$(left - 4)\" y=\"$(base - height + 18)\" text-anchor=\"end\" fill=\"#777\">100 %</text>")
        for w in windows
            share = (height - 14) * w.anomalous / w.window.observations
            println(io, "<rect x=\"$(x(w.window.first))\" y=\"$(round(base - share; digits = 1))\" width=\"$(round(x(w.window.last) - x(w.window.first) - 1; digits = 1))\" ",
                "height=\"$(round(share; digits = 1))\" fill=\"#1f6fb4\"/>")
        end
        for last in unique(alert.window.last for alert in alerts)
            at = x(last)
            println(io, "<path d=\"M$(at - 5) $(base + 12)h10l-5 -9z\" fill=\"#c0392b\"/>")
        end
    end
    base = bottom(length(watched)) + 30
    println(io, "<path d=\"M$left $(base)h10l-5 -9z\" fill=\"#c0392b\"/><text x=\"$(left + 16)\" y=\"$base\">an alert; between the troubles, clean digits</text>")
    println(io, "</svg>")
    write(path, take!(io))
    return path
end

# A label in lines that are short enough to stand beside each other.
function split_label(what)
    words = split(what)
    aside = findfirst(word -> startswith(word, "("), words)
    cut = aside === nothing ? cld(length(words), 2) : aside - 1
    return [join(words[1:cut], ' '), join(words[cut+1:end], ' ')]
end
