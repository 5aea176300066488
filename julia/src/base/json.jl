# The words that cross the border are JSON (RFC 8259), and the standard library has no reader. This one is strict:
# what is not JSON is refused with its position, never guessed at.

module JSON

using ..FluxGuard: invalid

export JSONError

"""
    JSONError(message, position)

Text that is not JSON (RFC 8259), with the byte (from 1) at which that showed.
"""
struct JSONError <: Exception
    message::String
    position::Int
end

Base.showerror(io::IO, e::JSONError) = print(io, "JSONError: ", e.message, " at byte ", e.position)

# Deeper than anything FluxGuard writes, and shallow enough for every stack.
const MAX_DEPTH = 256

mutable struct Reader
    bytes::Base.CodeUnits{UInt8,String}
    at::Int
end

fail(r::Reader, message) = throw(JSONError(message, r.at))
peek(r::Reader) = r.at <= length(r.bytes) ? @inbounds(r.bytes[r.at]) : 0x00
atend(r::Reader) = r.at > length(r.bytes)

function skipspace!(r::Reader)
    while !atend(r) && peek(r) in (0x20, 0x09, 0x0a, 0x0d)
        r.at += 1
    end
end

function expect!(r::Reader, literal::String, value)
    for byte in codeunits(literal)
        peek(r) == byte || fail(r, "expected `$literal`")
        r.at += 1
    end
    return value
end

"""
    JSON.parse(text) -> value

Read one JSON value: objects become `Dict{String,Any}`, arrays `Vector{Any}`, numbers `Int` where they are whole and
fit, else `Float64`, `null` is `nothing`. Throws [`JSONError`](@ref) on anything that RFC 8259 does not allow, on
trailing text, on a name given twice, and on nesting deeper than 256.
"""
function parse(text::AbstractString)
    string = String(text)
    r = Reader(codeunits(string), 1)
    isvalid(string) || fail(r, "the text is not UTF-8")
    value = readvalue!(r, 0)
    skipspace!(r)
    atend(r) || fail(r, "unexpected text after the value")
    return value
end

function readvalue!(r::Reader, depth::Int)
    depth > MAX_DEPTH && fail(r, "nested deeper than $MAX_DEPTH")
    skipspace!(r)
    atend(r) && fail(r, "the text ends where a value was expected")
    byte = peek(r)
    byte == UInt8('{') && return readobject!(r, depth)
    byte == UInt8('[') && return readarray!(r, depth)
    byte == UInt8('"') && return readstring!(r)
    byte == UInt8('t') && return expect!(r, "true", true)
    byte == UInt8('f') && return expect!(r, "false", false)
    byte == UInt8('n') && return expect!(r, "null", nothing)
    (byte == UInt8('-') || isdigitbyte(byte)) && return readnumber!(r)
    fail(r, "unexpected character $(repr(Char(byte)))")
end

function readobject!(r::Reader, depth::Int)
    object = Dict{String,Any}()
    r.at += 1
    skipspace!(r)
    peek(r) == UInt8('}') && (r.at += 1; return object)
    while true
        skipspace!(r)
        peek(r) == UInt8('"') || fail(r, "expected a name in quotes")
        name = readstring!(r)
        haskey(object, name) && fail(r, "the name $(repr(name)) stands twice in one object")
        skipspace!(r)
        expect!(r, ":", nothing)
        object[name] = readvalue!(r, depth + 1)
        skipspace!(r)
        peek(r) == UInt8('}') && (r.at += 1; return object)
        peek(r) == UInt8(',') || fail(r, "expected `,` or `}`")
        r.at += 1
    end
end

function readarray!(r::Reader, depth::Int)
    array = Any[]
    r.at += 1
    skipspace!(r)
    peek(r) == UInt8(']') && (r.at += 1; return array)
    while true
        push!(array, readvalue!(r, depth + 1))
        skipspace!(r)
        peek(r) == UInt8(']') && (r.at += 1; return array)
        peek(r) == UInt8(',') || fail(r, "expected `,` or `]`")
        r.at += 1
    end
end

isdigitbyte(byte::UInt8) = UInt8('0') <= byte <= UInt8('9')

function digits!(r::Reader)
    isdigitbyte(peek(r)) || fail(r, "expected a digit")
    while isdigitbyte(peek(r))
        r.at += 1
    end
end

function readnumber!(r::Reader)
    start = r.at
    peek(r) == UInt8('-') && (r.at += 1)
    peek(r) == UInt8('0') ? (r.at += 1) : digits!(r)
    whole = true
    peek(r) == UInt8('.') && (whole = false; r.at += 1; digits!(r))
    if peek(r) in (UInt8('e'), UInt8('E'))
        whole = false
        r.at += 1
        peek(r) in (UInt8('+'), UInt8('-')) && (r.at += 1)
        digits!(r)
    end
    text = String(r.bytes[start:r.at-1])
    if whole
        integer = tryparse(Int, text)
        integer === nothing || return integer
    end
    number = tryparse(Float64, text)
    number === nothing && (number = Float64(Base.parse(BigFloat, text))) # older Julias refuse to round to 0 or Inf
    isfinite(number) || fail(r, "the number $text is beyond Float64")
    return number
end

const ESCAPES = Dict(
    UInt8('"') => '"', UInt8('\\') => '\\', UInt8('/') => '/', UInt8('b') => '\b',
    UInt8('f') => '\f', UInt8('n') => '\n', UInt8('r') => '\r', UInt8('t') => '\t')

function readstring!(r::Reader)
    out = IOBuffer()
    r.at += 1
    while true
        atend(r) && fail(r, "the text ends inside a string")
        byte = peek(r)
        if byte == UInt8('"')
            r.at += 1
            return String(take!(out))
        elseif byte == UInt8('\\')
            r.at += 1
            print(out, readescape!(r))
        elseif byte < 0x20
            fail(r, "a control character stands in a string without an escape")
        else
            Base.write(out, byte)
            r.at += 1
        end
    end
end

function readescape!(r::Reader)
    byte = peek(r)
    r.at += 1
    byte == UInt8('u') || return get(() -> fail(r, "unknown escape"), ESCAPES, byte)
    unit = readhex!(r)
    if 0xd800 <= unit <= 0xdbff # the first half of a surrogate pair
        expect!(r, "\\u", nothing)
        low = readhex!(r)
        0xdc00 <= low <= 0xdfff || fail(r, "half a surrogate pair")
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
    elseif 0xdc00 <= unit <= 0xdfff
        fail(r, "half a surrogate pair")
    end
    return Char(unit)
end

function readhex!(r::Reader)
    r.at + 3 <= length(r.bytes) || fail(r, "expected four hexadecimal digits")
    unit = UInt32(0)
    for _ in 1:4
        byte = peek(r)
        digit = isdigitbyte(byte) ? byte - UInt8('0') :
            UInt8('a') <= byte <= UInt8('f') ? byte - UInt8('a') + 0x0a :
            UInt8('A') <= byte <= UInt8('F') ? byte - UInt8('A') + 0x0a :
            fail(r, "expected four hexadecimal digits")
        unit = unit << 4 | digit
        r.at += 1
    end
    return unit
end

"""
    JSON.write(value) -> String

Write `value` as JSON: dictionaries and named tuples become objects, vectors and tuples arrays, symbols strings, `nothing` `null`.
Throws [`InvalidArgument`](@ref), naming the member of an object in which it stands, for what JSON cannot hold: NaN, Inf, text that is
not UTF-8, another type.
"""
write(value) = sprint(print_value, value, "value")

"""
    JSON.options(value) -> String

[`JSON.write`](@ref FluxGuard.JSON.write) without the members of objects that are `nothing`: those that are not given.
"""
options(@nospecialize(value)) = write(given(value))

given(@nospecialize(x::Union{AbstractDict,NamedTuple})) = Dict{String,Any}(string(k) => given(v) for (k, v) in pairs(x) if v !== nothing)
given(x::Union{AbstractVector,Tuple}) = Any[given(v) for v in x]
given(x) = x

# What is printed, and what it is called where it cannot be.
print_value(io::IO, ::Nothing, name) = print(io, "null")
print_value(io::IO, x::Bool, name) = print(io, x)
print_value(io::IO, x::Integer, name) = print(io, x)
function print_value(io::IO, x::Real, name)
    y = Float64(x)
    isfinite(y) || throw(invalid(name, x, "a finite number"))
    print(io, y)
end
print_value(io::IO, x::Symbol, name) = print_value(io, String(x), name)
print_value(io::IO, x::Union{AbstractVector,Tuple}, name) = print_list((io, y) -> print_value(io, y, name), io, '[', x, ']')
print_value(io::IO, x::Union{AbstractDict,NamedTuple}, name) = print_list(print_pair, io, '{', pairs(x), '}')
print_value(io::IO, x, name) = throw(invalid(name, "a value of type $(typeof(x))", "numbers, texts, or lists or names of these"))

function print_value(io::IO, x::AbstractString, name)
    isvalid(x) || throw(invalid(name, repr(x), "text in UTF-8"))
    print(io, '"')
    for c in x
        c == '"' ? print(io, "\\\"") :
        c == '\\' ? print(io, "\\\\") :
        c < ' ' ? print(io, "\\u", lpad(string(UInt32(c), base = 16), 4, '0')) : print(io, c)
    end
    print(io, '"')
end

function print_pair(io::IO, pair)
    name = string(pair.first)
    print_value(io, name, "name")
    print(io, ':')
    print_value(io, pair.second, name)
end

function print_list(f, io::IO, open::Char, items, close::Char)
    print(io, open)
    first = true
    for item in items
        first || print(io, ',')
        first = false
        f(io, item)
    end
    print(io, close)
end

end
