# How often a monitor may be wrong: `every(Week(1))`, `FalseAlarms(2; per = Day(1))`, `FalseAlarms(0.001; per = :window)`.

"""
    FalseAlarms(rate; per = :window)

How many false alarms a monitor that watches an unchanged stream may raise: `rate` (positive, finite) `per` span of time (a period of
Dates such as `Day(1)` or `Minute(5)`), per tested `:window`, or per `:observation`. [`every`](@ref) is short for one per span of time;
where a rate is expected, a plain number is a rate per window.

Throws [`InvalidArgument`](@ref FluxGuard.InvalidArgument) for a rate that is not positive and finite, or a span whose length varies (`Month(1)`).

```jldoctest
julia> using Dates

julia> FalseAlarms(2; per = Day(1))
2 false alarms per day

julia> FalseAlarms(0.01; per = :window)
0.01 false alarms per window
```
"""
struct FalseAlarms
    rate::Float64
    per::Symbol
    function FalseAlarms(rate::Real, per::Symbol)
        isfinite(rate) && rate > 0 || throw(invalid("false_alarms", rate, "a positive finite number, such as in FalseAlarms(2; per = Day(1))"))
        per in RATE_UNITS || throw(invalid("false_alarms", "per $per", "per :window, :observation, or a period such as Day(1)"))
        return new(rate, per)
    end
end

const RATE_UNITS = (:second, :minute, :hour, :day, :week, :window, :observation)

FalseAlarms(rate::FalseAlarms) = rate
FalseAlarms(rate::Real; per = :window) = per_unit(rate, per)
FalseAlarms(rate; per = :window) =
    throw(invalid("false_alarms", repr(rate), "a rate such as every(Week(1)) or FalseAlarms(2; per = Day(1)), or a number per window"))

per_unit(rate, unit::Symbol) = FalseAlarms(rate, unit)
for (Unit, name) in ((Week, :week), (Day, :day), (Hour, :hour), (Minute, :minute), (Second, :second))
    @eval per_unit(rate, period::$Unit) = FalseAlarms(rate / positive_period(period).value, $(QuoteNode(name)))
end
per_unit(rate, period::Dates.FixedPeriod) = FalseAlarms(rate / (Dates.toms(positive_period(period)) / 1000), :second)
per_unit(rate, other) = throw(invalid("per", repr(other), ":window, :observation, or a period of fixed length such as Day(1)"))

positive_period(period) = period.value > 0 ? period : throw(invalid("per", repr(period), "a period longer than none"))

"""
    every(period) -> FalseAlarms

One false alarm in a span of time, on average: `every(Week(1))`, `every(Hour(12))`. See [`FalseAlarms`](@ref).

```jldoctest
julia> using Dates

julia> every(Week(1))
1 false alarm per week
```
"""
every(period) = FalseAlarms(1; per = period)

function Base.show(io::IO, rate::FalseAlarms)
    number = isinteger(rate.rate) && rate.rate < 1e15 ? string(Int(rate.rate)) : string(rate.rate)
    print(io, number, rate.rate == 1 ? " false alarm per " : " false alarms per ", rate.per)
end
