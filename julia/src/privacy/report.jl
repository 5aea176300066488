# What a private run may say of itself.

"""
    PrivacyReport

The privacy of a run with everything that its meaning depends on: [`report`](@ref) makes it.

| field | |
|:--|:--|
| `unit`, `unit_size` | what is protected, and how many examples that is at most |
| `relation` | what neighbors are: `:add_remove` or `:replace_one` |
| `samplers` | how lots were drawn, in order |
| `accountant` | `:pld` or `:rdp` |
| `epsilon`, `delta` | the bound; `epsilon` is `nothing` where randomness was seeded or noise left out: no ε describes that |
| `steps`, `phases` | executed |
| `tuning_runs`, `epsilon_with_tuning` | runs that chose the hyperparameters, and ε of all together, each as this one; or `nothing` |
| `epsilon_lower_bound` | for shuffled lots: ε is at least this; or `nothing` |
| `private` | whether all randomness was keyed by the operating system, and there was noise |
"""
struct PrivacyReport
    unit::String
    unit_size::Int
    relation::Symbol
    samplers::Vector{Symbol}
    accountant::Symbol
    epsilon::Union{Nothing,Float64}
    delta::Float64
    steps::Int
    phases::Vector{Phase}
    tuning_runs::Union{Nothing,Int}
    epsilon_with_tuning::Union{Nothing,Float64}
    epsilon_lower_bound::Union{Nothing,Float64}
    private::Bool
end

PrivacyReport(d::AbstractDict) = PrivacyReport(d["unit"], d["unit_size"], Symbol(d["relation"]), Symbol.(d["samplers"]),
    Symbol(d["accountant"]), d["epsilon"], number(d["delta"]), d["steps"], Phase[Phase(p) for p in d["phases"]],
    d["tuning_runs"], d["epsilon_with_tuning"], d["epsilon_lower_bound"], d["private"])

"""
    report(accountant; delta, unit = "example", tuning_runs = nothing, private = true) -> PrivacyReport

The report of a run at `delta`. `unit` is what a unit is called; `tuning_runs` counts the runs on the same data that
chose hyperparameters, if the caller counted them; `private` says whether all randomness was ([`isprivate`](@ref)).
Of a [`PrivateRun`](@ref) or an `AutoDP` it is known.
Throws [`InvalidArgument`](@ref).
"""
function report(a::Accountant; delta, unit = "example", tuning_runs = nothing, private::Bool = true)
    options = (unit = string(unit), tuning_runs = optional(x -> whole("tuning_runs", x), tuning_runs), private_randomness = private)
    return PrivacyReport(ask(:report; accountant = crossing(a), delta = finite("delta", delta), options = options))
end

Base.show(io::IO, r::PrivacyReport) =
    print(io, "PrivacyReport(epsilon ", r.epsilon === nothing ? "none" : cell_above(r.epsilon), ", delta ", cell(r.delta), ", ", plural(r.steps, "step"), ")")

function Base.show(io::IO, ::MIME"text/plain", r::PrivacyReport)
    println(io, r.private ? "Privacy of a run" : "NOT PRIVATE: randomness was seeded, or there was no noise")
    rows = Any[("epsilon", r.epsilon === nothing ? "none" : cell_above(r.epsilon)), ("delta", cell(r.delta)), ("unit", r.unit),
        ("relation", r.relation), ("sampler", join(r.samplers, ", ")), ("accountant", r.accountant), ("steps", r.steps)]
    r.tuning_runs === nothing || push!(rows, ("tuning runs", r.tuning_runs))
    r.epsilon_with_tuning === nothing || push!(rows, ("epsilon with tuning", cell_above(r.epsilon_with_tuning)))
    r.epsilon_lower_bound === nothing || push!(rows, ("epsilon at least", cell(r.epsilon_lower_bound)))
    for (name, value) in rows
        println(io, "  ", pad_right(name, 21), value)
    end
    isempty(r.phases) && return
    print_table(io, ["sampler", "noise multiplier", "steps"], [(sampler_text(p), p.noise_multiplier, p.steps) for p in r.phases];
        limit = row_limit(io, 14))
end
