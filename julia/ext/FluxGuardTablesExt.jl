# Sources of Tables.jl: what FluxGuard takes as a table, and what it gives as one.
module FluxGuardTablesExt

using FluxGuard: FluxGuard, Alert, TestedWindow, Verdict
using FluxGuard.Audits: AuditReport
using FluxGuard.Drift: Comparison, Moments
using FluxGuard.Performance: PerformanceReport
using Tables: Tables

function columns_of(x)
    Tables.istable(x) || return nothing
    columns = Tables.columns(x)
    return [String(name) => Tables.getcolumn(columns, name) for name in Tables.columnnames(columns)]
end

__init__() = (FluxGuard.COLUMNS_OF[] = columns_of; nothing)

for T in (Comparison, TestedWindow, Verdict, PerformanceReport, AuditReport, Moments, AbstractVector{Alert}, AbstractVector{TestedWindow})
    @eval begin
        Tables.istable(::Type{<:$T}) = true
        Tables.rowaccess(::Type{<:$T}) = true
        Tables.rows(x::$T) = Tables.rows(FluxGuard.rows(x))
        Tables.schema(x::$T) = Tables.schema(FluxGuard.rows(x))
    end
end

end
