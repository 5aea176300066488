# How often a monitor may be wrong, in words: `1//week`, `2/day`, `1//1000/window`.
#
# second, minute, hour, day and week are the functions of that name from Dates, not constants of our own: the two
# packages are used together (`window = Minute(5)`), and two exports of one name would make both unusable.

using Dates: second, minute, hour, day, week

"The unit of a rate that is not a time: see [`window`](@ref) and [`observation`](@ref)."
struct PerUnit{name} end

"""
    window

The unit "a tested window" of a rate of false alarms: `false_alarms = 0.01/window`.
"""
const window = PerUnit{:window}()

"""
    observation

The unit "an observation" of a rate of false alarms: `false_alarms = 1//100_000/observation`.
"""
const observation = PerUnit{:observation}()

const TimeUnit = Union{typeof(second),typeof(minute),typeof(hour),typeof(day),typeof(week)}
const RateUnit = Union{TimeUnit,PerUnit}

unitname(::PerUnit{name}) where {name} = name
unitname(unit::TimeUnit) = nameof(unit)

"""
    FalseAlarms(rate, per)

How many false alarms a monitor that watches an unchanged stream may raise: `rate` (positive, finite) `per` unit, one
of `:second`, `:minute`, `:hour`, `:day`, `:week`, `:window` (tested window) and `:observation`.

Written as a quotient with the unit: `1//week`, `2/day`, `0.01/window`. A plain number is a rate per window.
Throws [`InvalidArgument`](@ref) for a rate that is not positive and finite, or another unit.

```jldoctest
julia> 1//week
1 false alarm per week

julia> 0.01/window
0.01 false alarms per window
```
"""
struct FalseAlarms
    rate::Float64
    per::Symbol
    function FalseAlarms(rate::Real, per::Symbol)
        isfinite(rate) && rate > 0 || throw(invalid("false_alarms", rate, "a positive finite number per unit, such as 1//week"))
        per in RATE_UNITS || throw(invalid("false_alarms", "per $per", "per $(join(RATE_UNITS, ", ", " or "))"))
        return new(rate, per)
    end
end

const RATE_UNITS = (:second, :minute, :hour, :day, :week, :window, :observation)

FalseAlarms(rate::FalseAlarms) = rate
FalseAlarms(rate::Real) = FalseAlarms(rate, :window)
FalseAlarms(rate) = throw(invalid("false_alarms", repr(rate), "a rate such as 1//week, 2/day, 0.01/window, or a number per window"))

Base.:(//)(count::Union{Integer,Rational}, unit::RateUnit) = FalseAlarms(count, unitname(unit))
Base.:(/)(count::Real, unit::RateUnit) = FalseAlarms(count, unitname(unit))

Base.show(io::IO, ::PerUnit{name}) where {name} = print(io, name)

function Base.show(io::IO, rate::FalseAlarms)
    number = isinteger(rate.rate) && rate.rate < 1e15 ? string(Int(rate.rate)) : string(rate.rate)
    print(io, number, rate.rate == 1 ? " false alarm per " : " false alarms per ", rate.per)
end
