# Samples as callers have them: arrays of numbers, whole numbers, truth values and `missing`, and tables whose columns hold numbers or
# categories. The engine takes numbers; a category crosses as one.

"The whole numbers that a `Float64` has all of."
const EXACT = 2^53

function exact(argument, x::Integer)
    -EXACT <= x <= EXACT || throw(invalid(argument, x, "whole numbers of at most 2^53; larger ones, as ids, are categories: give them as text"))
    return Float64(x)
end

"""
    sample(argument, x)

`x` as an array that the engine takes: whole numbers and truth values as `Float64`, exactly.
"""
sample(argument, x) = told(argument, x)
function sample(argument, x::AbstractArray{<:Union{Missing,Integer}})
    eltype(x) === Missing && Native.unsupported(argument, x)
    return Float64[ismissing(v) ? NaN : exact(argument, v) for v in x]
end

"What is compared as a table: columns by name, each a vector of one value an observation."
const Table = Union{NamedTuple,AbstractDict}

table(argument, x::NamedTuple) = [string(name) => column for (name, column) in pairs(x)]
table(argument, x::AbstractDict) = sort!([string(name) => column for (name, column) in x]; by = first)
table(argument, x::AbstractVector) = ["y1" => x]

is_number(column) = nonmissingtype(eltype(column)) <: Real && nonmissingtype(eltype(column)) !== Bool

"""
    columns(reference, current, categorical) -> (reference, current, names, categorical)

Two tables as matrices, features × observations. A column holds categories where `categorical` names it or a value of either sample is
neither a number nor missing; `true` and `false` are two categories.
"""
function columns(reference, current, categorical)
    before, after = table("reference", reference), Dict(table("current", current))
    names = first.(before)
    for (argument, others, these) in (("current", names, collect(keys(after))), ("reference", collect(keys(after)), names))
        lacking = setdiff(others, these)
        isempty(lacking) || throw(invalid(argument, "no column $(first(lacking))", "the columns of the other: $(join(others, ", "))"))
    end
    isempty(names) && throw(invalid("reference", "a table without columns", "at least one"))
    kinds = [name in categorical || !is_number(column) || !is_number(after[name]) for (name, column) in before]
    matrices = map((("reference", Dict(before)), ("current", after))) do (argument, side)
        n = length(side[first(names)])
        out = Matrix{Float64}(undef, length(names), n)
        for (k, name) in enumerate(names)
            column = side[name]
            column isa AbstractVector || throw(invalid(argument, "column $name of type $(typeof(column))", "a vector"))
            length(column) == n || throw(invalid(argument, "column $name of $(length(column)) values", "$n, as the others have"))
            codes = kinds[k] ? codes_of(last(before[k]), after[name]) : nothing
            for (j, value) in enumerate(column)
                out[k, j] = ismissing(value) ? NaN : codes !== nothing ? codes[value] : value isa Integer ? exact(argument, value) : value
            end
        end
        out
    end
    return matrices[1], matrices[2], names, names[kinds]
end

"A number for each category of either column."
function codes_of(columns...)
    codes = Dict{Any,Float64}()
    for column in columns, value in column
        ismissing(value) || get!(codes, value, length(codes))
    end
    return codes
end
