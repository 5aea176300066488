# Tables that come in: columns by name. A NamedTuple or a dictionary of vectors is one always; other sources of Tables.jl are where that
# package is loaded (its extension). What goes out as a table: rows.jl.

"The columns of a source of Tables.jl, as pairs of a name and a vector; `nothing` for what is no table. Set by the extension."
const COLUMNS_OF = Ref{Any}(x -> nothing)

table_columns(x::AbstractArray{<:Union{Missing,Number,AbstractArray}}) = nothing
table_columns(x::Union{Tuple,Number,AbstractString,Nothing}) = nothing
table_columns(x::NamedTuple) = !isempty(x) && all(is_column, values(x)) ? table("table", x) : nothing
table_columns(x::AbstractDict) = !isempty(x) && all(is_column, values(x)) ? table("table", x) : nothing
table_columns(x) = COLUMNS_OF[](x)

is_column(x) = x isa AbstractVector && !(eltype(x) <: AbstractArray)

"""
    from_table(argument, x, names = String[]) -> (features × observations, names)

The numbers of a table: a row of the array for each column. With `names`, those are the columns that are taken, in this order, and others are
an error, so that no column stands for another. A value that is `missing` is NaN, or with `missings` stays. Throws as [`observe!`](@ref) for what is no table.
"""
function from_table(argument, x, names = String[]; missings = false)
    columns = table_columns(x)
    columns === nothing && Native.unsupported(argument, x)
    return from_columns(argument, columns, names; missings = missings)
end

function from_columns(argument, columns, names; missings = false)
    by_name = Dict(columns)
    isempty(names) && (names = String[first(column) for column in columns])
    for (list, others, problem) in ((names, keys(by_name), "no column"), (keys(by_name), names, "one more column,"))
        odd = sort!(filter(name -> !(name in others), collect(list)))
        isempty(odd) || throw(invalid(argument, "a table with $problem $(repr(first(odd)))$(alike(first(odd), collect(setdiff(others, list))))",
            "the columns $(join(map(repr, names), ", "))"))
    end
    n = length(by_name[first(names)])
    T = float_of(by_name[name] for name in names)
    missings = missings && any(name -> Missing <: eltype(by_name[name]), names)
    out = Matrix{missings ? Union{Missing,T} : T}(undef, length(names), n)
    for (k, name) in enumerate(names)
        column = by_name[name]
        length(column) == n || throw(invalid(argument, "column $name of $(length(column)) values", "$n, as the others have"))
        for (j, value) in enumerate(column)
            out[k, j] = missings && ismissing(value) ? missing : number_of(argument, name, value)
        end
    end
    return out, names
end

# In place of wider ones only where all columns are narrow.
function float_of(columns)
    T = reduce(promote_type, map(column -> nonmissingtype(eltype(column)), collect(columns)))
    return T in (Float16, Float32) ? T : Float64
end

number_of(argument, name, ::Missing) = NaN
number_of(argument, name, value::Integer) = exact(argument, value)
number_of(argument, name, value::AbstractFloat) = value
number_of(argument, name, value) = throw(invalid(argument, "column $name with $(repr(value))", "numbers; categories are compared by compare(reference, current)"))

"An array and the names of its features, of a table; anything else as it is."
function untabled(argument, x, names)
    columns = table_columns(x)
    return columns === nothing ? (x, names) : from_columns(argument, columns, something(texts("names", names), String[]))
end
