# Questions to the accountants, which are JSON, and what is checked before it becomes JSON: there NaN, Inf and negative
# counts have no form, and the error could not name them.

ask(question::Symbol; fields...) = Native.ask(face(), "privacy.$question", values(fields))

"A finite number."
function finite(argument, x)
    x isa Real && isfinite(x) || throw(invalid(argument, repr(x), "a finite number"))
    return Float64(x)
end

"A whole number of at least `least`."
function whole(argument, x, least = 0)
    x isa Integer && least <= x <= typemax(Int64) ||
        throw(invalid(argument, repr(x), "a whole number of at least $least"))
    return Int(x)
end

"One of some names, spelled as a symbol or a string, with `_` or `-`."
function one_of(argument, x, names)
    name = x isa Union{Symbol,AbstractString} ? Symbol(replace(lowercase(String(x)), '-' => '_')) : x
    name in names || throw(invalid(argument, repr(x), join(map(repr, names), ", ", " or ")))
    return name
end
