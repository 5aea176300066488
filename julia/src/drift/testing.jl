# For test suites. `@test` takes a Bool and nothing else, and shows of a failed call only the call: so these return a
# Bool and print what they found before they return false.

"""
    no_drift(reference, current; tests = [:ks], alpha = 0.05, io = stderr, kwargs...) -> Bool

For `@test no_drift(reference, current)`: whether [`compare`](@ref) finds no drift. Prints the table of what drifted,
in which feature and by how much to `io` before it returns `false`. Arguments and errors are those of
[`compare`](@ref); on unchanged data it is `false` with probability `alpha` at most.
"""
function no_drift(reference, current; io::IO = stderr, kwargs...)
    comparison = compare(reference, current; kwargs...)
    comparison.drift || return true
    print_whole(io, comparison)
    return false
end

"""
    no_anomalies(guard, batch; allowed = 0, io = stderr) -> Bool

For `@test no_anomalies(guard, batch)`: whether at most `allowed` observations of the batch are anomalous to the guard.
Prints which are, with their scores and the thresholds, to `io` before it returns `false`. The guard's windows and
counters do not change. Arguments and errors are those of [`observe!`](@ref).

A guard calls a fraction `anomaly_rate` of unchanged observations anomalous: allow for it in a large batch.
"""
function no_anomalies(guard::Guard, batch; allowed::Integer = 0, io::IO = stderr)
    found = score(guard, batch)
    found.anomalous <= allowed && return true
    print_whole(io, found)
    return false
end

# In one write, so that other output does not fall in between.
print_whole(io::IO, found) = print(io, sprint(show, MIME("text/plain"), found; context = :limit => false))
