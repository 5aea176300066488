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

"What is compared as a table: columns by name, each a vector of one value per observation."
const Table = Union{NamedTuple,AbstractDict}

table(argument, x::NamedTuple) = [string(name) => column for (name, column) in pairs(x)]
function table(argument, x::AbstractDict)
    named = sort!([string(name) => column for (name, column) in x]; by = first)
    k = findfirst(k -> first(named[k]) == first(named[k + 1]), 1:length(named)-1)
    k === nothing || throw(invalid(argument, "two columns called $(first(named[k]))", "columns of different names"))
    return named
end
table(argument, x::AbstractVector) = ["y1" => x]

lacks(value) = ismissing(value) || value isa AbstractFloat && isnan(value)
is_number(value) = value isa Real && !(value isa Bool)

"""
Whether a column holds numbers: by its values, whatever its element type is. Numbers and other values in one column are an error.
"""
function holds_numbers(argument, name, column)
    nonmissingtype(eltype(column)) <: Union{AbstractFloat,Signed,Unsigned} && return true
    number, other = false, nothing
    for value in column
        lacks(value) && continue
        is_number(value) ? (number = true) : (other = value)
        number && other !== nothing && throw(invalid(argument, "column $name with numbers and $(repr(other))",
            "one kind of values (missing for none), or its name in categorical"))
    end
    return other === nothing
end

"""
    columns(reference, current, categorical) -> (reference, current, names, categorical)

Two tables as matrices, features × observations. A column holds categories where `categorical` names it or its values are no
numbers; `true` and `false` are two categories. Samples of different precision are compared in the lower one.
"""
function columns(reference, current, categorical)
    before = table("reference", reference)
    sides, names = ("reference" => Dict(before), "current" => Dict(table("current", current))), first.(before)
    for ((argument, side), (_, other)) in (sides, reverse(sides))
        lacking = setdiff(keys(other), keys(side))
        isempty(lacking) || throw(invalid(argument, "no column $(first(lacking))", "the columns of the other: $(join(sort!(collect(keys(other))), ", "))"))
    end
    isempty(names) && throw(invalid("reference", "a table without columns", "at least one"))
    kinds = Bool[]
    for name in names
        for (argument, side) in sides
            side[name] isa AbstractVector || throw(invalid(argument, "column $name of type $(typeof(side[name]))", "a vector"))
            isempty(side[name]) && throw(invalid(argument, "column $name without values", "at least one observation"))
        end
        numbers = name in categorical ? [false] : [holds_numbers(argument, name, side[name]) for (argument, side) in sides if !all(lacks, side[name])]
        length(unique(numbers)) < 2 || throw(invalid("current", "column $name, which holds numbers in one sample and none in the other",
            "one kind of values, or its name in categorical"))
        push!(kinds, !isempty(numbers) && !first(numbers))
    end
    matrices = map(sides) do (argument, side)
        n = length(side[first(names)])
        out = Matrix{Float64}(undef, length(names), n)
        for (k, name) in enumerate(names)
            column = side[name]
            length(column) == n || throw(invalid(argument, "column $name of $(length(column)) values", "$n, as the others have"))
            both = (last(sides[1])[name], last(sides[2])[name])
            narrow = narrower(both...)
            codes = kinds[k] ? codes_of(narrow, both...) : nothing
            for (j, value) in enumerate(column)
                out[k, j] = lacks(value) ? NaN : codes !== nothing ? codes[plain(narrow, value)] :
                    value isa Integer ? exact(argument, value) : plain(narrow, value)
            end
        end
        out
    end
    for (k, name) in enumerate(names)
        kinds[k] && expect_repeats(name, matrices[1][k, :], matrices[2][k, :])
    end
    return matrices[1], matrices[2], names, names[kinds]
end

"The float type of lower precision of two columns, or `Float64`."
function narrower(columns...)
    floats = [T for T in (nonmissingtype(eltype(column)) for column in columns) if T <: Union{Float16,Float32}]
    return isempty(floats) ? Float64 : first(sort!(floats; by = sizeof))
end

# As of arrays: a number beyond the largest of that type stays as it is. Zeros of either sign are equal.
function plain(T, value::AbstractFloat)
    near = T(value)
    return (isfinite(near) ? Float64(near) : Float64(value)) + 0.0
end
plain(T, value::Integer) = value
plain(T, value::Real) = Float64(value)
plain(T, value) = value

"A number for each category of either column."
function codes_of(narrow, columns...)
    codes = Dict{Any,Float64}()
    for column in columns, value in column
        lacks(value) || get!(codes, plain(narrow, value), length(codes))
    end
    return codes
end

"Demands that categories come again: of ids and times no test can say anything."
function expect_repeats(name, samples...)
    values = filter(!isnan, reduce(vcat, samples))
    different = length(unique(values))
    length(values) < 40 || 2different < length(values) || throw(invalid("reference", "column $name with $different categories among " *
        "$(length(values)) values, as ids and times have", "categories that come again, or numbers; leave the column out"))
end
