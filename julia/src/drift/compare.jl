# Two samples side by side, without a guard.

"""
    MissingValues

Observations of a feature that have no value: how many of the `reference` and of the `current` sample, and `test`, Fisher's exact test of
the two shares ([`TestResult`](@ref FluxGuard.TestResult); its effect is their difference).
"""
struct MissingValues
    reference::Int
    current::Int
    test::TestResult
end

"""
    ColumnComparison

One feature of a [`Comparison`](@ref): `name`, `drift`, `tests` (each a [`TestResult`](@ref FluxGuard.TestResult), of the observations
that have a value), `missing_values` ([`MissingValues`](@ref FluxGuard.MissingValues), or `nothing` where all have one).
"""
struct ColumnComparison
    name::String
    drift::Bool
    tests::Vector{TestResult}
    missing_values::Union{Nothing,MissingValues}
end

"""
    Comparison

What [`compare`](@ref) gives: `drift`, `alpha`, `correction`, `reference_size`, `current_size` (observations),
`every` (1, or of both samples only every so-manieth observation was compared),
`copies` (how often each observation of `reference` and of `current` is there, where all are there several times: each was compared once),
`columns` (each a [`ColumnComparison`](@ref FluxGuard.ColumnComparison)) and `all_columns`, the tests of all features
together (each a [`TestResult`](@ref FluxGuard.TestResult); empty where none was asked for).
"""
struct Comparison
    drift::Bool
    alpha::Float64
    correction::String
    reference_size::Int
    current_size::Int
    every::Int
    copies::Tuple{Float64,Float64}
    columns::Vector{ColumnComparison}
    all_columns::Vector{TestResult}
end

ColumnComparison(d::AbstractDict) =
    ColumnComparison(d["name"], d["drift"], [TestResult(d["name"], t) for t in d["tests"]],
        haskey(d, "missing") ? MissingValues(d["name"], d["missing"]) : nothing)
MissingValues(name, d::AbstractDict) = MissingValues(d["reference"], d["current"], TestResult(name, d))

Comparison(d::AbstractDict) = Comparison(d["drift"], d["alpha"], string(d["correction"]), d["reference_size"],
    d["current_size"], get(d, "every", 1), Tuple{Float64,Float64}(get(d, "copies", (1, 1))), [ColumnComparison(c) for c in d["columns"]],
    haskey(d, "all_columns") ? [TestResult("(all)", t) for t in d["all_columns"]["tests"]] : TestResult[])

"""
    compare(reference, current; tests = [:ks], method = :auto, permutations = 999, seed = 0, alpha = 0.05,
        correction = :benjamini_hochberg, min_effect = nothing, names = nothing, categorical = [], order = :none)

Whether `current` comes from the distribution of `reference`, feature by feature: a [`Comparison`](@ref). Both are
features × observations (a vector: observations of one feature), `Float16`, `Float32`, `Float64`, whole numbers or `Bool`; or both are
tables: a `NamedTuple` or a dictionary of vectors by name, or with Tables.jl any of its sources, such as a `DataFrame`. A column of a table holds categories where its values are no numbers (text,
symbols, dates, `true` and `false`) or `categorical` names it; so does a feature of an array that `categorical` names (`y1`, `y2`, ...
without `names`). Categories are compared by `:chi2`, or by those of `tests` that go by counts; those that hardly come again, as ids,
are an error, and so is `order = :given` with any. `missing` and `NaN` are observations
without a value: they are counted and left out, and their share is tested (tests of all features together take the observations that have a
value for each). A feature drifted
where a test's p-value, corrected over the features, is below `alpha` and its effect at least `min_effect` (`nothing`: 0.1
on each test's own scale, `:welch`, `:epps_singleton` and `:hotelling` 0.2, `:kl` 0.05).

Tests: `:ks`, `:cvm`, `:ad`, `:kuiper`, `:mannwhitney`, `:welch`, `:epps_singleton`, `:chi2`, `:g`, `:fisher` (features of
two values), `:psi`, `:js`, `:hellinger`, `:tv`, `:kl`, `:wasserstein`, `:energy`. Of all features together: `:mmd`, `:energy_nd`,
`:lsdd`, `:c2st` (a classifier tells the samples apart), `:pca` (reconstruction errors), `:hotelling`. `docs/drift.md` says which
to use when, and what each costs.

`method` says how p-values are computed: one for all tests, or by test, such as `(ks = :exact, mmd = :linear)`. A test has some of
`:exact`, `:asymptotic`, `:permutation`; `:mmd` has `:permutation`, `:linear` and `:random_features` (for many observations), `:c2st` has
`:logistic` and `:forest`; a method that a test has not is an [`InvalidArgument`](@ref) that lists those it has. `:auto` leaves it to
the test; each result says its `method`. Where p-values come from reassignments of the pooled observations, `permutations` of them are
drawn from `seed`, 1 to 10,000,000; no p-value is then below `1 / (permutations + 1)`.

`order = :given` where the order of the observations is that of time: where neighbors depend on each other (measured on both samples), only
observations that are far enough apart to be independent are compared, every so-manieth of each. `:none` takes all as independent.

A reference that is compared with again and again is prepared once: [`Reference`](@ref).

Throws [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref), [`FeatureMismatch`](@ref), [`NonFiniteBaseline`](@ref),
[`InvalidArgument`](@ref).
"""
function compare(reference, current; options...)
    both = as_table(reference), as_table(current)
    any(x -> x isa Table, both) && return compare_tables(both...; options...)
    return Comparison(Native.ask(face(), "drift.compare", compare_options(; options...); reference = sample("reference", reference),
        current = sample("current", current)))
end
compare(reference::Table, current; options...) = compare_tables(reference, current; options...)
compare(reference, current::Table; options...) = compare_tables(reference, current; options...)
compare(reference::Table, current::Table; options...) = compare_tables(reference, current; options...)
as_table(x::Table) = x
function as_table(x)
    columns = table_columns(x)
    return columns === nothing ? x : NamedTuple{Tuple(Symbol(name) for (name, _) in columns)}(Tuple(column for (_, column) in columns))
end
# A vector of names is a table of one column.
const Names = AbstractVector{<:Union{Missing,AbstractString,AbstractChar,Symbol}}
compare(reference::Names, current::Names; options...) = compare_tables(reference, current; options...)

function compare_tables(reference, current; names = nothing, categorical = String[], options...)
    reference, current = as_table(reference), as_table(current)
    for (argument, x, other) in (("reference", reference, current), ("current", current, reference))
        other isa Table && !(x isa Table) && throw(invalid(argument, "a $(typeof(x))", "a table, as the other is: a NamedTuple or a dictionary of vectors"))
    end
    names === nothing || throw(invalid("names", names, "none: a table's columns have names"))
    wanted = something(texts("categorical", categorical), String[])
    before, after, names, categorical = columns(reference, current, wanted)
    unknown = setdiff(wanted, names)
    isempty(unknown) || throw(invalid("categorical", repr(first(unknown)), "a column: $(join(names, ", "))"))
    return compare(before, after; names = names, categorical = categorical, options...)
end

function compare_options(; tests = [:ks], method = :auto, permutations::Integer = 999, seed::Integer = 0, alpha::Real = 0.05,
    correction = :benjamini_hochberg, min_effect = nothing, names = nothing, categorical = String[], order = :none)
    1 <= permutations <= 10_000_000 || throw(invalid("permutations", permutations, "1 to 10000000 reassignments"))
    0 <= seed <= typemax(UInt64) || throw(invalid("seed", seed, "a whole number from 0 to 2^64 - 1"))
    return (tests = words("tests", tests), method = methods_of(method), permutations = (draws = permutations, seed = seed),
        alpha = alpha, correction = word("correction", correction),
        min_effect = numbers("min_effect", min_effect), names = texts("names", names),
        categorical = something(texts("categorical", categorical), String[]), order = word("order", order))
end
methods_of(method::Union{Symbol,AbstractString}) = word(method)
methods_of(by_test::Union{NamedTuple,AbstractDict}) = Dict(word(test) => word(method) for (test, method) in pairs(by_test))
methods_of(other) = throw(invalid("method", repr(other), "a method such as :exact, or methods by test such as (ks = :exact,)"))

Base.show(io::IO, c::Comparison) = print(io, "Comparison(",
    c.drift ? "drift in $(count(x -> x.drift, c.columns)) of " : "no drift in ", plural(length(c.columns), "feature"), together(c), ")")

"""
    drifted(c::Comparison) -> Bool
    drifted(column::ColumnComparison) -> Bool

Whether drift was found: `c.drift`.
"""
drifted(c::Union{Comparison,ColumnComparison}) = c.drift

together(c::Comparison) = any(t -> t.drift, c.all_columns) ? ", and in all together" : ""

function Base.show(io::IO, ::MIME"text/plain", c::Comparison)
    println(io, c.drift ? "Drift" : "No drift", " in ", c.drift ? "$(count(x -> x.drift, c.columns)) of " : "",
        plural(length(c.columns), "feature"), together(c), ": ", c.current_size, " observations against ", c.reference_size,
        " (alpha ", c.alpha, ", corrected by ", c.correction, ")")
    c.copies == (1, 1) || println(io, "Observations are there several times (", round(c.copies[1]; digits = 1), " in the reference, ",
        round(c.copies[2]; digits = 1), " in the current sample): each was compared once")
    c.every == 1 || println(io, "Neighbors depend on each other: of either sample every $(c.every)th observation was compared")
    print_tests(io, [[t for column in c.columns for t in column.tests]; missing_tests(c); c.all_columns]; taken = 6)
end

missing_tests(c::Comparison) = TestResult[TestResult(t.name, Symbol("missing (", named(t.test), ")"), t.statistic, t.p_value, t.adjusted_p_value, t.effect,
    t.min_effect, t.method, t.drift) for t in (column.missing_values.test for column in c.columns if column.missing_values !== nothing)]
