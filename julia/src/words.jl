# From what a Julia user writes to the words that cross the border, and back.

"A name as it crosses the border: `:robust_z` is \"robust-z\"."
word(name::Union{Symbol,AbstractString}) = replace(String(name), '_' => '-')
word(name) = throw(invalid("name", repr(name), "a symbol or a string"))

"A list of names, or `nothing` for the default."
words(::Nothing) = nothing
words(name::Union{Symbol,AbstractString}) = [word(name)]
words(names) = String[word(name) for name in names]

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
        return Dict(word(name) => Float64(value) for (name, value) in named)
    catch error
        error isa Union{MethodError,BoundsError,ArgumentError} || rethrow()
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
