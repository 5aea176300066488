# Pieces that alerts, windows and comparisons have in common.

"""
    Span

A stretch of a guard's stream: `index` of the window (from 1), its `first` and `last` observation (from 1, in the order
in which they were tested), their number `observations`, and the `seconds` from the first one's arrival to the last's.
"""
struct Span
    index::Int
    first::Int
    last::Int
    observations::Int
    seconds::Float64
end

"""
    TestResult

A two-sample test of one feature, score or class distribution: `name` of what was tested, `test`, `statistic` (the
textbook's), `p_value`, `adjusted_p_value` (after the correction for all tests made at once), `effect` and `min_effect`
(on the test's own scale), `method` (`"exact"`, `"asymptotic"`, `"permutation"`, …) and `drift`. A number that there is
not is `NaN`.
"""
struct TestResult
    name::String
    test::Symbol
    statistic::Float64
    p_value::Float64
    adjusted_p_value::Float64
    effect::Float64
    min_effect::Float64
    method::String
    drift::Bool
end

Span(d::AbstractDict) =
    Span(d["index"], from_zero(d["first"]), from_zero(d["last"]), d["observations"], number(d["seconds"]))

TestResult(name, d::AbstractDict) = TestResult(name, symbol(d["test"]), number(d["statistic"]), number(d["p_value"]),
    number(d["adjusted_p_value"]), number(d["effect"]), number(d["min_effect"]), d["method"], d["drift"])

# What drifted stands first.
drifted_first(tests) = sort(tests; by = t -> !t.drift, alg = MergeSort)

print_tests(io::IO, tests; taken) = print_table(io,
    ["feature", "test", "statistic", "p-value", "adjusted", "effect", "min effect", "method", "drift"],
    [(t.name, named(t.test), t.statistic, t.p_value, t.adjusted_p_value, t.effect, t.min_effect, t.method, t.drift)
        for t in drifted_first(tests)];
    limit = row_limit(io, taken))
