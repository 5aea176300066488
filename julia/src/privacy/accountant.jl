# What has been spent.

"""
    Accountant(; accountant = :pld, relation = :add_remove, unit_size = 1)

Counts the steps of a private run ([`step!`](@ref)) and says what they cost ([`epsilon`](@ref), [`delta`](@ref),
[`report`](@ref)): upper bounds for the mechanism that the steps describe.

# Arguments
- `accountant`: `:pld`, privacy loss distributions composed by FFT (tight), or `:rdp`, Rényi differential privacy.
- `relation`: neighboring data sets differ by the presence of a unit (`:add_remove`), or by what one unit is
  (`:replace_one`). The clip norm is what one example adds at most; replacing one counts as twice that.
- `unit_size`: what is protected is one example (1), or a user with at most so many (to 1024), by group privacy.

It stores phases and works when asked; it can be copied, compared, serialized, and used from several tasks. It counts what it is
told: to plan a run, or for mechanisms of your own. What FluxGuard itself releases, a [`PrivateRun`](@ref) counts. Throws [`InvalidArgument`](@ref).
Sources: `docs/privacy.md`.

```julia
accountant = Accountant()
step!(accountant; noise_multiplier = 1.0, sample_rate = 0.01, steps = 1000)
step!(accountant; noise_multiplier = 2.0, sample_rate = 0.02, steps = 500)
epsilon(accountant; delta = 1e-5)   # 2.068
```
"""
mutable struct Accountant
    kind::Symbol
    relation::Symbol
    unit_size::Int
    statistical_distance::Float64
    noise_samples::Int
    phases::Vector{Phase}
end

function Accountant(; accountant = :pld, relation = :add_remove, unit_size = 1)
    made = Accountant(one_of("accountant", accountant, (:pld, :rdp)),
        one_of("relation", relation, (:add_remove, :replace_one)), whole("unit_size", unit_size), 0.0, 0, Phase[])
    return Accountant(ask(:check; accountant = crossing(made)))
end

Accountant(d::AbstractDict) = Accountant(Symbol(d["kind"]), Symbol(d["relation"]), d["unit_size"],
    number(d["statistical_distance"]), d["noise_samples"], Phase[Phase(p) for p in d["phases"]])

# Steps may be counted, and asked about, from several tasks: one at a time.
const COUNTING = ReentrantLock()
counting(f) = lock(f, COUNTING)

crossing(a::Accountant) = counting(() -> fields(a))
fields(a::Accountant) = (kind = a.kind, relation = a.relation, unit_size = a.unit_size,
    statistical_distance = a.statistical_distance, noise_samples = a.noise_samples, phases = map(crossing_phase, a.phases))

function assign!(a::Accountant, b::Accountant)
    for name in fieldnames(Accountant)
        setfield!(a, name, getfield(b, name))
    end
    return a
end

Base.:(==)(a::Accountant, b::Accountant) = all(name -> getfield(a, name) == getfield(b, name), fieldnames(Accountant))
Base.hash(a::Accountant, h::UInt) = foldr(hash, (getfield(a, name) for name in fieldnames(Accountant)); init = h)
Base.copy(a::Accountant) = counting(() -> deepcopy(a))

"""
    step!(accountant; noise_multiplier, sample_rate, steps = 1, dimension = 0, sampler...) -> accountant

Count `steps` steps. The keywords of noise and sampler are those of [`FluxGuard.Phase`](@ref FluxGuard.Phase); steps like
the last ones join their phase, others begin a new one. Count a step whatever its lot was, empty or not.

With `dimension`, how many numbers got discrete noise at each step, the distance between the noise that is drawn and the
noise that is accounted for is charged to delta, too (it is small: `docs/privacy.md`, "Noise").

Throws [`InvalidArgument`](@ref), and counts nothing then.
"""
step!(a::Accountant; dimension = 0, phase...) = step!(a, Phase(; phase...); dimension = dimension)

function step!(a::Accountant, phase::Phase; dimension = 0)
    dimension = whole("dimension", dimension)
    return counting(() -> assign!(a, Accountant(ask(:step; accountant = fields(a), phase = crossing_phase(phase), dimension = dimension))))
end

"""
    step!(accountant, other::Accountant) -> accountant

Count all that `other` counted, too: the composition of both runs on the same data. Throws [`Incompatible`](@ref) where
their relation or unit differ, [`InvalidArgument`](@ref) for more than 10^9 steps in all.
"""
step!(a::Accountant, other::Accountant) =
    counting(() -> assign!(a, Accountant(ask(:compose; accountant = fields(a), other = fields(other)))))

"""
    steps(accountant) -> Int

Steps counted so far.
"""
steps(a::Accountant) = sum(Int[p.steps for p in a.phases])

"""
    epsilon(accountant; delta) -> Float64

An upper bound on ε at `delta`, in (0, 1); 0 where nothing ran, `Inf` where noise was left out (`noise = :none`). For a vector of deltas a vector, at little more cost.
Some milliseconds with `:pld`. Throws [`InvalidArgument`](@ref).

    epsilon(; noise_multiplier, sample_rate, steps, delta, accountant = :pld, relation = :add_remove, unit_size = 1, sampler...)

The same for steps of one kind, without an accountant of one's own. Keywords are those of
[`FluxGuard.Phase`](@ref FluxGuard.Phase) and [`Accountant`](@ref).

```julia
epsilon(; noise_multiplier = 1.1, sample_rate = 256/60_000, steps = 14_000, delta = 1e-5)
```
"""
epsilon(a::Accountant; delta) = epsilon_at(a, delta)
function epsilon(; delta, accountant = :pld, relation = :add_remove, unit_size = 1, phase...)
    a = Accountant(accountant = accountant, relation = relation, unit_size = unit_size)
    return epsilon_at(step!(a, Phase(; phase...)), delta)
end

# JSON has no infinity, which is all that it leaves out of a bound.
bound(epsilon) = epsilon === nothing ? Inf : Float64(epsilon)

epsilon_at(a::Accountant, delta) = bound(ask(:epsilon; accountant = crossing(a), delta = finite("delta", delta)))
epsilon_at(a::Accountant, deltas::Union{AbstractVector,Tuple}) = Float64[bound(epsilon) for (epsilon, _) in curve(a, deltas)]

curve(a::Accountant, deltas) = ask(:curve; accountant = crossing(a), deltas = [finite("delta", delta) for delta in deltas])

"""
    delta(accountant; epsilon) -> Float64

An upper bound on δ at `epsilon`, at least 0. Throws [`InvalidArgument`](@ref).
"""
delta(a::Accountant; epsilon) = Float64(ask(:delta; accountant = crossing(a), epsilon = finite("epsilon", epsilon)))

"""
    privacy_curve(accountant; delta = 10.0 .^ (-10:-1)) -> Vector{NamedTuple{(:epsilon, :delta)}}

The (ε, δ) pairs that hold all at once, one for each `delta`. Throws [`InvalidArgument`](@ref).
"""
privacy_curve(a::Accountant; delta = 10.0 .^ (-10:-1)) =
    [(epsilon = bound(epsilon), delta = Float64(delta)) for (epsilon, delta) in curve(a, delta)]

"""
    trade_off(accountant; fpr) -> Float64

The f-DP trade-off: a lower bound on the false negative rate of any test of membership with false positive rate `fpr`, in
(0, 1). For a vector of rates a vector. Throws [`InvalidArgument`](@ref). Source: Dong, Roth and Su 2022, Proposition 6.
"""
trade_off(a::Accountant; fpr) = trade_off_at(a, fpr)

trade_off_at(a::Accountant, fpr) = only(trade_off_at(a, [fpr]))
trade_off_at(a::Accountant, fpr::AbstractVector) =
    Float64.(ask(:trade_off; accountant = crossing(a), fpr = [finite("fpr", x) for x in fpr]))

"""
    tpr_at_fpr(accountant; fpr) -> Float64

The highest true positive rate that any test of membership can have at false positive rate `fpr`, in (0, 1): an upper
bound, `1 - trade_off(accountant; fpr)`. Throws [`InvalidArgument`](@ref).
"""
tpr_at_fpr(a::Accountant; fpr) = Float64(ask(:tpr_at_fpr; accountant = crossing(a), fpr = finite("fpr", fpr)))

"""
    rdp(accountant; orders) -> Vector{Float64}

Rényi differential privacy of all steps at each of the `orders`, finite and above 1. Throws [`InvalidArgument`](@ref).
Source: Mironov, Talwar and Zhang 2019, section 3.3 (Poisson sampling).
"""
rdp(a::Accountant; orders) = Float64[bound(rdp) for (_, rdp) in
    ask(:rdp; accountant = crossing(a), orders = [finite("orders", order) for order in orders])]

"""
    check_budget(accountant; epsilon, delta, noise_multiplier, sample_rate, steps = 1, sampler...)

Throws [`BudgetExhausted`](@ref) where the given next steps would take ε at `delta` beyond `epsilon`; counts nothing.
Throws [`InvalidArgument`](@ref).
"""
function check_budget(a::Accountant; epsilon, delta, phase...)
    ask(:check_budget; accountant = crossing(a), phase = crossing_phase(Phase(; phase...)),
        epsilon = finite("epsilon", epsilon), delta = finite("delta", delta))
    return nothing
end

Base.show(io::IO, a::Accountant) = print(io, "Accountant(", a.kind, ", ", a.relation,
    a.unit_size == 1 ? "" : ", unit_size $(a.unit_size)", ", ", plural(steps(a), "step"), ")")

function Base.show(io::IO, ::MIME"text/plain", a::Accountant)
    println(io, "Accountant (", a.kind, ", ", a.relation, "): ", plural(steps(a), "step"),
        a.unit_size == 1 ? "" : ", units of up to $(a.unit_size) examples")
    isempty(a.phases) && return
    print_table(io, ["sampler", "noise multiplier", "steps"],
        [(sampler_text(p), p.noise_multiplier, p.steps) for p in a.phases]; limit = row_limit(io, 6))
end
