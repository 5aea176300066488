# Tables: columns by name come in, rows by name go out. A NamedTuple or a dictionary of vectors is one always; other sources of Tables.jl
# are where that package is loaded (its extension).

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
an error, so that no column stands for another. A value that is `missing` is NaN, or with `missings` stays. Throws [`ElementTypeUnsupported`](@ref) for what is no table.
"""
function from_table(argument, x, names = String[]; missings = false)
    columns = table_columns(x)
    columns === nothing && Native.unsupported(argument, x)
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
    table_columns(x) === nothing && return x, names
    return from_table(argument, x, something(texts("names", names), String[]))
end

# ---- out ----

"""
    FluxGuard.rows(result) -> Vector{NamedTuple}

A result as a table, one row each: per feature and test of a comparison, per tested thing of a window, per alert, per observation of a verdict,
per chunk of a performance report. Sources of Tables.jl themselves (`DataFrame(alerts(guard))`) where that package is loaded.
"""
function rows end

test_row(t::TestResult) = (name = t.name, test = t.test, statistic = t.statistic, p_value = t.p_value, adjusted_p_value = t.adjusted_p_value,
    effect = t.effect, min_effect = t.min_effect, method = t.method, drift = t.drift)
rows(c::Comparison) = [test_row(t) for t in [[t for column in c.columns for t in column.tests]; missing_tests(c); c.all_columns]]

rows(list::AbstractVector{Alert}) = [alert_row(a) for a in list]
alert_row(a::Alert) = (id = a.id, time = a.time, guard = a.guard, model = a.model, kind = a.kind, severity = a.severity, feature = a.feature,
    class = a.class, test = a.test, statistic = a.statistic, p_value = a.p_value, adjusted_p_value = a.adjusted_p_value, effect = a.effect,
    threshold = a.threshold, found = a.found, window = a.window.index, first = a.window.first, last = a.window.last, message = a.message)

rows(w::TestedWindow) = rows([w])
rows(list::AbstractVector{TestedWindow}) = [merge((window = w.window.index, first = w.window.first, last = w.window.last, level = w.level), test_row(t))
    for w in list for t in w.tests]

function rows(v::Verdict)
    anomalous = Set(v.indices)
    names = (Tuple(v.detectors)..., (Symbol(name, :_p_value) for name in sort!(collect(keys(v.p_values))))...)
    return [merge((observation = j, anomalous = j in anomalous, predicted = v.predicted === nothing ? nothing : v.predicted[j]),
        NamedTuple{names}((v.scores[:, j]..., (v.p_values[name][j] for name in sort!(collect(keys(v.p_values))))...)))
        for j in 1:v.observations]
end

rows(r::PerformanceReport) = r.chunks
rows(m::Moments) = [(feature = k, mean = m.mean[k], std = m.std[k], min = m.min[k], max = m.max[k], non_finite = m.non_finite[k]) for k in eachindex(m.mean)]
rows(r::AuditReport) = [NamedTuple{fieldnames(AuditReport)}(map(name -> getfield(r, name), fieldnames(AuditReport)))]
