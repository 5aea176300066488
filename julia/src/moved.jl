# Names that were exported before there were modules: whoever writes one is told where it is.

const UNITS = (:second, :minute, :hour, :day, :week)

"Adds to Julia's error where a name is now; to be called in `__init__`."
function hint_at_moved()
    isdefined(Base.Experimental, :register_error_hint) || return
    Base.Experimental.register_error_hint(UndefVarError) do io, error
        text = moved(error.var)
        text === nothing || print(io, "\n", text)
    end
    Base.Experimental.register_error_hint(MethodError) do io, error, types, _
        error.f in (/, //) && length(types) == 2 && is_unit(types[2]) &&
            print(io, "\nA rate of false alarms is written every($(uppercasefirst(String(unit_of(types[2]))))(1)), or FalseAlarms(2; per = Day(1)).")
    end
    return
end

"Where a name of FluxGuard is, in words; `nothing` for others."
function moved(name::Symbol)
    haskey(MODULE_OF, name) && return "FluxGuard has $name in the module FluxGuard.$(MODULE_OF[name]): using FluxGuard.$(MODULE_OF[name]), or FluxGuard.$name."
    name in ALONE && return "FluxGuard has it as FluxGuard.$name."
    name in UNITS && return "A rate of false alarms is written every($(uppercasefirst(String(name)))(1)), with `using Dates`."
    name in (:window, :observation) && return "A rate of false alarms per $name is written FalseAlarms(0.001; per = :$name)."
    return nothing
end

is_unit(T) = unit_of(T) in UNITS
unit_of(T) = (T isa DataType && T <: Function && isdefined(T, :instance)) ? nameof(T.instance) : :none
