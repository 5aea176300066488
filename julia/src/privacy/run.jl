# The door: nothing private is released but through a run, and what passes is what is counted.

"""
    PrivateRun(; accountant = :pld, relation = :add_remove, unit_size = 1, stop_at = nothing, delta = nothing,
        spent = nothing, keep = nothing, seed = nothing)

The randomness of a private run, and the ledger of what it released. [`private_mean!`](@ref), [`add_noise!`](@ref),
[`adapt!`](@ref), [`TreeNoise`](@ref) and [`BandedNoise`](@ref) take one: each of them writes down what it is about to
release, and only then draws noise. So `epsilon(run; delta)` is a bound for all that left it, from any thread, at any time.

# Arguments
- `accountant`, `relation`, `unit_size`: as in [`Accountant`](@ref).
- `stop_at`, `delta`: a release that would take ε at `delta` beyond `stop_at` throws [`BudgetExhausted`](@ref) and does
  nothing.
- `spent`: a [`PrivacyState`](@ref), or a run, that spent on the same data before, which is counted, too; a seed there is known here.
- `keep`: a path. What was spent, and up to a hundredth of the steps more, is written there before it is spent, so that after a
  crash `FluxGuard.load(PrivacyState, keep)` says too much, never too little. One write of a small file in a hundred steps or so; a release
  throws [`PathUnusable`](@ref) where it cannot be written, or somebody else has written it since. A file of a run that this one
  does not go on from (`spent`) is refused, not written over.
- `seed`: for tests; the run is then **not private**, and [`isprivate`](@ref) says so. Without: ChaCha20, keyed with 256 bits
  of the operating system's.

A run cannot be copied, serialized or saved: [`PrivacyState`](@ref) keeps what was spent. Calls from several tasks take turns.
Throws [`InvalidArgument`](@ref), [`Incompatible`](@ref).
"""
struct PrivateRun
    handle::Native.RunHandle
end

function PrivateRun(; accountant = :pld, relation = :add_remove, unit_size = 1, stop_at = nothing, delta = nothing,
    spent = nothing, keep = nothing, seed::Union{Nothing,Integer} = nothing)
    spent isa Union{Nothing,PrivateRun,PrivacyState} ||
        throw(invalid("spent", typeof(spent), "a PrivateRun or a PrivacyState, which know whether its randomness was private"))
    spent isa PrivateRun && (spent = PrivacyState(spent; clip = 1.0))
    options = (accountant = one_of("accountant", accountant, (:pld, :rdp)),
        relation = one_of("relation", relation, (:add_remove, :replace_one)), unit_size = whole("unit_size", unit_size),
        stop_at = optional(x -> finite("stop_at", x), stop_at), delta = optional(x -> finite("delta", x), delta),
        spent = spent === nothing ? nothing : crossing(spent.accountant),
        spent_seeded = spent !== nothing && !spent.private, keep = optional(path -> path_text(path; argument = "keep"), keep), seed = optional(x -> whole("seed", x), seed))
    return PrivateRun(Native.make(:run, face(), "run.new", options))
end

ask(run::PrivateRun, question::Symbol; fields...) = Native.ask(run.handle, "run.$question", isempty(fields) ? nothing : values(fields))

const NOT_PRIVATE = ", not private: seeded, or without noise"

"""
    isprivate(run) -> Bool

Whether the randomness of a [`PrivateRun`](@ref), [`PoissonSampler`](@ref), [`TreeNoise`](@ref) or
[`BandedNoise`](@ref) was keyed by the operating system, and not by a seed: of a run, that of the lots that it released, and of
what was `spent` before, too. A run that released anything without noise (`noise = :none`) is not private, either.
"""
isprivate(run::PrivateRun) = Bool(ask(run, :steps)[2])

"""
    Accountant(run::PrivateRun) -> Accountant

What the run has spent so far: a copy, which later releases do not change.
"""
Accountant(run::PrivateRun) = Accountant(ask(run, :accountant))

"""
    epsilon(run::PrivateRun; delta) -> Float64

An upper bound on ε of all that the run released, what was `spent` before included. As for an [`Accountant`](@ref); asked again before
the next release, it is known in microseconds.
"""
function epsilon(run::PrivateRun; delta)
    delta isa Real || return epsilon(Accountant(run); delta = delta)
    return bound(ask(run, :epsilon; delta = finite("delta", delta)))
end
delta(run::PrivateRun; epsilon) = delta(Accountant(run); epsilon = epsilon)

"""
    steps(run::PrivateRun) -> Int

Sums and steps of correlated noise that the run itself released.
"""
steps(run::PrivateRun) = Int(ask(run, :steps)[1])

report(run::PrivateRun; options...) = report(Accountant(run); private = isprivate(run), options...)

"""
    releases(run::PrivateRun) -> Vector{NamedTuple{(:record, :times)}}

The run's ledger: every release in order, those that are alike in a row together. A record is a dictionary of `release` (`sum`,
`sum_and_count`, `count`, `tree`, `banded`, or `node`, a step of what a tree or band has paid for), `clip_norm`,
`expected_lot_size`, `noise_multiplier`, `noise`, `dimension`, `sampler` with its fields, and `origin`: who drew the
lot (`sampler`, `workers`, or `unknown`: charged as if every example were in it).
"""
releases(run::PrivateRun) = [(record = record, times = Int(times)) for (record, times) in ask(run, :records)]

Base.show(io::IO, run::PrivateRun) =
    print(io, "PrivateRun(", plural(steps(run), "step"), isprivate(run) ? "" : NOT_PRIVATE, ")")
