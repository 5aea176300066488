# This project beside the limit and a peer, in one run: what `make bench` prints.
#
# Sides that are compared run in turn, in short blocks, and a ratio is taken of neighbors: a busy machine slows both.
# What is shown is the median of many such ratios, the middle half of them, and the ratio of the fastest tenths.

using Dates: Dates, now
using Printf: @sprintf
using LinearAlgebra: BLAS
using Random: MersenneTwister, randn, randn!

using FluxGuard, FluxGuard.Outliers, FluxGuard.Sequences, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Sketches, FluxGuard.Privacy

include("support/measure.jl")
include("support/machine.jl")
include("support/heading.jl")
include("support/rows.jl")
include("support/pass.jl")
include("support/hook.jl")
include("support/network.jl")
include("support/threads.jl")
include("support/memory.jl")
include("support/drift.jl")
include("support/ks.jl")
include("support/prepared.jl")
include("support/streams.jl")
include("support/privacy.jl")
include("support/detectors.jl")
include("support/detectors_ood.jl")
include("support/detectors_rows.jl")
include("support/private.jl")
include("support/reports.jl")
include("support/mmd.jl")
include("support/program.jl")
include("support/plot.jl")
include("support/cost_detectors.jl")
include("support/cost.jl")

const TOPICS = [
    "pass" => pass_rows,
    "hook" => hook_rows,
    "network" => network_rows,
    "threads" => threads_rows,
    "memory" => memory_rows,
    "drift" => drift_rows,
    "ks" => ks_rows,
    "prepared" => prepared_rows,
    "streams" => streams_rows,
    "privacy" => privacy_rows,
    "detectors" => detectors_rows,
    "private" => private_rows,
    "reports" => reports_rows,
    "mmd" => mmd_rows,
    "program" => program_rows,
    "cost" => cost_rows,
]

# Arguments choose topics by name: `benches/run.jl pass ks`.
function main(arguments)
    unknown = setdiff(arguments, first.(TOPICS))
    isempty(unknown) || (println(stderr, "bench: no topic $(join(unknown, ", ")); there are $(join(first.(TOPICS), ", "))"); exit(2))
    describe_machine()
    rows = Row[]
    for (name, measure) in TOPICS
        isempty(arguments) || name in arguments || continue
        print(stderr, "measuring: ", name, " ...")
        seconds = @elapsed append!(rows, try
            measure()
        catch error
            [Row(name, "failed"; figure = first(split(sprint(showerror, error), '\n')), met = false)]
        end)
        println(stderr, @sprintf(" %.0f s", seconds))
    end
    println("load average after: ", load_average(), "\n")
    print_rows(rows)
    haskey(ENV, "FLUXGUARD_BENCH_TIMES") && write_times(ENV["FLUXGUARD_BENCH_TIMES"], rows)
    any(row -> row.what == "failed", rows) && exit(1)
end

main(ARGS)
