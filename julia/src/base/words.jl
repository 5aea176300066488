# From what a Julia user writes to the words that cross the border, and back.

"A name as it crosses the border: `:robust_z` is \"robust-z\"."
word(name::Union{Symbol,AbstractString}) = replace(String(name), '_' => '-')
word(name) = word("name", name)
word(argument, name::Union{Symbol,AbstractString}) = word(name)
word(argument, name) = throw(invalid(argument, repr(name), "a symbol or a string"))

"""
A name from across the border as Julia has it: "robust-z" is `:robust_z`. In text, names keep their hyphens: [`named`](@ref FluxGuard.named).
"""
symbol(name::AbstractString) = Symbol(replace(name, '-' => '_'))
named(name::Symbol) = replace(String(name), '_' => '-')

"A list of names, or `nothing` for the default."
words(argument, ::Nothing) = nothing
words(argument, name::Union{Symbol,AbstractString}) = [word(name)]
words(argument, names::Union{AbstractVector,Tuple,AbstractSet}) = String[word(argument, name) for name in names]
words(argument, names) = throw(invalid(argument, repr(names), "a symbol, or a list of symbols"))

"True or false."
flag(argument, x::Bool) = x
flag(argument, other) = throw(invalid(argument, repr(other), "true or false"))


"A list of texts, or `nothing`."
texts(argument, ::Nothing) = nothing
texts(argument, list::Union{AbstractVector,Tuple}) = String[whole_text(argument, text isa AbstractString ? text : string(text)) for text in list]
texts(argument, other) = throw(invalid(argument, repr(other), "a list of texts"))

# Options that may be left open: what the method makes of `nothing` is in its docstring.
const OPEN = (:gamma, :members, :components, :extension_level, :max_age, :max_points, :discount, :initial_wealth, :reference, :bandwidth,
    :mean, :timeout)

"""
Keywords as they cross the border: each value by `form`; `nothing` is not given, where that is allowed.
"""
function given_keywords(form, kwargs)
    for (name, value) in kwargs
        value !== nothing || name in OPEN || throw(invalid(name, "nothing", "a value; leave it out for its default"))
    end
    return Dict{String,Any}(String(name) => form(value) for (name, value) in kwargs if value !== nothing)
end

"The length of a window: a number of observations, or a span of time."
span(argument, ::Nothing) = nothing
span(argument, observations::Integer) = (observations = observations,)
span(argument, time::Dates.FixedPeriod) = (seconds = Dates.toms(time) / 1000,)
span(argument, other) = throw(invalid(argument, repr(other), "a whole number of observations, or a time such as Minute(5)"))

"Numbers by name: a dictionary, a named tuple or pairs."
numbers(argument, ::Nothing) = nothing
function numbers(argument, values)
    named = values isa NamedTuple ? pairs(values) : values
    try
        return Dict(word(argument, name) => Float64(value) for (name, value) in named)
    catch error
        error isa Union{MethodError,BoundsError,ArgumentError,InvalidArgument} || rethrow()
        throw(invalid(argument, repr(values), "numbers by name, such as (ks = 0.1,)"))
    end
end

"Text of any kind, whole. JSON and Rust hold valid UTF-8 only."
whole_text(argument, text::AbstractString) = isvalid(text) ? String(text) :
    throw(invalid(argument, repr(String(text)), "text that is valid UTF-8"))
whole_text(argument, symbol::Symbol) = whole_text(argument, String(symbol))
whole_text(argument, other) = throw(invalid(argument, "$(repr(other)), a $(typeof(other))", "a string"))

"A path as text."
path_text(path::AbstractString; argument = "path") = whole_text(argument, path)
path_text(path; argument = "path") = throw(invalid(argument, "$(repr(path)), a $(typeof(path))", "a path: a string"))

# JSON has no NaN: null is one, where a number stands.
number(::Nothing) = NaN
number(x::Real) = Float64(x)

# What Rust counts from 0, Julia counts from 1.
from_zero(index::Integer) = Int(index) + 1

optional(f, ::Nothing) = nothing
optional(f, x) = f(x)

# A name that differs in case, spaces or signs alone, for an error.
function alike(name, others)
    plain(text) = lowercase(filter(c -> isletter(c) || isnumeric(c), text))
    found = findfirst(other -> plain(other) == plain(name), others)
    return found === nothing ? "" : " ($(repr(others[found])) is written otherwise)"
end
