# Tables for people, one way for all that has a `show`.

"""
Print rows under a header in aligned columns, numbers (anything `Real`) to the right, with `indent` spaces before.
At most `limit` rows; what was left out is said.
"""
function print_table(io::IO, header, rows; indent = 2, limit = typemax(Int))
    shown = first_rows(rows, limit)
    columns = [column_cells([row[j] for row in shown]) for j in eachindex(header)]
    cells = [[column[i] for column in columns] for i in eachindex(shown)]
    widths = [maximum(textwidth(x) for x in [header[j]; [row[j] for row in cells]]) for j in eachindex(header)]
    right = [!isempty(shown) && all(row -> row[j] isa Union{Real,Nothing}, shown) for j in eachindex(header)]
    for row in [[collect(String, header)]; cells]
        line = join((right[j] ? pad_left(row[j], widths[j]) : pad_right(row[j], widths[j]) for j in eachindex(row)), "  ")
        println(io, ' '^indent, rstrip(line))
    end
    hidden = length(rows) - length(shown)
    hidden > 0 && println(io, ' '^indent, "… and ", hidden, " more")
    return nothing
end

first_rows(rows, limit) = collect(Iterators.take(rows, limit))

cell(x::AbstractString) = visible(x)
cell(x::Integer) = string(x)
cell(x::Bool) = x ? "yes" : "no"
cell(::Nothing) = "-"
cell(x::Real) = cell(x, 4)
cell(x::Real, digits) = isnan(x) ? "-" : digits <= 4 ? @sprintf("%.4g", x) : digits_of(Float64(x), digits)

# Numbers that are different look different: with as many digits as that takes, of one column.
digits_of(x::Float64, digits) = (y = round(x; sigdigits = digits); isinteger(y) && abs(y) < 1e15 ? @sprintf("%.0f", y) : string(y))
function column_cells(column)
    floats = Float64[x for x in column if x isa AbstractFloat && !isnan(x)]
    different = length(unique(floats))
    digits = 4
    while digits < 17 && length(unique(cell(x, digits) for x in floats)) < different
        digits += 1
    end
    return [x isa AbstractFloat ? cell(x, digits) : cell(x) for x in column]
end

"A bound from above as it may be shown: never less than it is."
function cell_above(x::Real)
    text = cell(x)
    isfinite(x) && parse(Float64, text) < x || return text
    return cell(parse(Float64, text) + exp10(floor(log10(abs(x))) - 3))
end
cell(x) = visible(string(x))

"""
    visible(text) -> String

`text` with what could steer a terminal or fake a line of a log escaped, as Rust does in messages: control characters, separators of lines
and paragraphs, marks that turn the direction of writing. Names are the users', and may hold anything.
"""
visible(text::AbstractString) = any(steers, text) ? sprint(io -> foreach(c -> print_visible(io, c), text)) : String(text)

steers(c::Char) = !isvalid(c) || iscntrl(c) || c in ('\u200e', '\u200f') || '\u2028' <= c <= '\u202e' || '\u2066' <= c <= '\u2069'

function print_visible(io::IO, c::Char)
    steers(c) || return print(io, c)
    c == '\n' ? print(io, "\\n") : c == '\r' ? print(io, "\\r") : c == '\t' ? print(io, "\\t") :
    isvalid(c) ? print(io, "\\u{", string(UInt32(c), base = 16), '}') : print(io, '\ufffd')
    return nothing
end

pad_left(x, width) = ' '^(width - textwidth(x)) * x
pad_right(x, width) = x * ' '^(width - textwidth(x))

# How many rows fit, where the place of output has a height.
row_limit(io::IO, taken) = get(io, :limit, false) ? max(3, displaysize(io)[1] - taken) : typemax(Int)

plural(n, noun) = n == 1 ? "$n $noun" : "$n $(noun)s"
