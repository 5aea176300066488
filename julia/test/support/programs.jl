# Random programs of what users do with private training, run on tiny data, and what they cost in truth.
#
# A program is a vector of actions on one run. Each release is attributed to the lot that it was really made on: a fresh Poisson
# draw, the same lot again, or data that was not sampled. Claimed epsilon must be at least that of `Witness.true_epsilon`.

module Programs

using FluxGuard, FluxGuard.Outliers, FluxGuard.Privacy, FluxGuard.Errors, Random
using ..Support: SplitMix64
using ..Witness

export Setup, World, see!, lots, data, refusing, random_program, run_program, smallest_failing, Driver, bound

const N = 8          # examples
const DELTA = 1e-4

"How a run is made: `kind` is :sampled (lots say for themselves), :any (lots from anywhere, charged whole), :tree or :banded."
struct Setup
    kind::Symbol
    rate::Float64
    noise_multiplier::Float64
    clip::Symbol       # :fixed, :schedule (another answer each time), :adaptive
    scheduled::Bool    # the noise multiplier is a function with another answer each time
    participations::Int
    separation::Int
    steps::Int         # of a tree or band
    stop_at::Union{Nothing,Float64}
end

const ACTIONS = (
    sampled = (:loop, :loop, :take, :collect, :zipped, :prefetched, :again, :filtered, :broken_off, :raw, :changed, :copied, :mixed, :viewed,
        :resumed, :asked, :two_tasks, :failing, :stolen),
    any = (:raw, :loop, :again, :filtered, :copied, :changed, :viewed, :stolen, :resumed, :asked, :two_tasks, :failing),
    tree = (:epoch, :epoch, :broken_off, :restarted, :resumed, :asked, :unnamed, :reversed, :failing),
    banded = (:epoch, :broken_off, :restarted, :resumed, :asked, :unnamed, :reversed, :failing))

"`more` has further actions for each kind: those that a driver's `extras` know."
function random_program(rng; more = NamedTuple())
    kind = rand(rng, (:sampled, :sampled, :any, :tree, :banded))
    correlated = kind in (:tree, :banded)
    steps = rand(rng, 2:9)
    setup = Setup(kind, rand(rng, (0.1, 0.3, 0.5)), rand(rng, (0.6, 1.0, 2.0, 4.0)),
        correlated ? :fixed : rand(rng, (:fixed, :fixed, :schedule, :adaptive)), !correlated && rand(rng, Bool),
        rand(rng, 1:2), rand(rng, 1:3), steps, rand(rng) < 0.2 ? rand(rng, (1.0, 3.0, 8.0)) : nothing)
    return setup, [rand(rng, (getfield(ACTIONS, kind)..., get(more, kind, ())...)) for _ in 1:rand(rng, 1:5)]
end

"""
What a program runs on: `new_run(; options...)` makes a run, `step(run, batch; examples)` releases one step on a batch, a tuple
of arrays, `go_on(run, options)` saves and resumes, `claimed(run)` is its epsilon at `DELTA`, `restart(run)` begins correlated noise anew, `clip(run)` is where an
adaptive norm stands.
"""
struct Driver
    new_run::Function
    step::Function
    claimed::Function
    go_on::Function
    restart::Function
    clip::Function
    extras::Dict{Symbol,Function}
end

Driver(new_run, step, claimed, go_on, restart, clip) = Driver(new_run, step, claimed, go_on, restart, clip, Dict{Symbol,Function}())

mutable struct World
    driver::Driver
    setup::Setup
    rng::SplitMix64
    run::Any
    options::NamedTuple
    groups::Vector{Group}                         # of releases on lots
    lots::Dict{Any,Int}                           # which group a lot has
    trees::Dict{Int,Tuple{Float64,Vector{Vector{Float64}}}} # of each mechanism: deviation, and each step's contributions
    clip_told::Float64
    last::Any
end

data() = (x = zeros(Float32, N, N); foreach(i -> x[i, i] = 1000, 1:N); (x,))

function World(driver, setup, rng)
    w = World(driver, setup, rng, nothing, NamedTuple(), Group[], Dict{Any,Int}(), Dict(), 1.0, nothing)
    jitter(x) = x * rand(rng, (0.5, 1.0, 2.0))
    clip = setup.clip === :adaptive ? AdaptiveClip(1.0; count_noise = 2.0) :
        setup.clip === :schedule ? (_ -> (w.clip_told = jitter(1.0))) : 1.0
    σ = setup.scheduled ? (_ -> jitter(setup.noise_multiplier)) : setup.noise_multiplier
    options = (clip = clip, noise_multiplier = σ, lot_size = setup.kind in (:tree, :banded) ? 2 : setup.rate * N, delta = DELTA)
    setup.stop_at === nothing || (options = merge(options, (stop_at = setup.stop_at,)))
    setup.kind in (:tree, :banded) && rand(rng, Bool) && (options = merge(options, (relation = :replace_one,))) # as loaders need it
    if setup.kind === :any
        options = merge(options, (lots = :any, relation = :replace_one))
    elseif setup.kind === :tree
        options = merge(options, (noise = :tree, noise_options = (steps = setup.steps, participations = min(setup.participations, setup.steps),
            min_separation = setup.separation)))
    elseif setup.kind === :banded
        options = merge(options, (noise = :banded, noise_options = (steps = setup.steps, participations = setup.participations, bands = setup.separation)))
    end
    w.options = options
    w.run = driver.new_run(; options...)
    return w
end

"What is claimed; beyond some 70 it is refused, for no bound can be given."
function bound(epsilon)
    try
        return epsilon()
    catch error
        error isa InvalidArgument && startswith(error.message, "delta") || rethrow()
        return Inf
    end
end

"Whether `f` was refused."
function refusing(f)
    try
        f()
        return false
    catch error
        error isa FluxGuardError || rethrow()
        return true
    end
end

"One step, and what it really released. `rate` is the truth about the lot, `lot` what it is."
function step!(w::World, batch, lot, rate; examples = nothing)
    w.last = (batch, lot, rate)
    w.setup.clip === :adaptive && (w.clip_told = w.driver.clip(w.run))
    refused = refusing(() -> w.driver.step(w.run, batch; examples = examples))
    see!(w, lot, rate)
    return !refused
end

function see!(w::World, lot, rate)
    for sight in sights()
        if sight.mechanism > 0
            push!(get!(() -> (sight.deviation, Vector{Float64}[]), w.trees, sight.mechanism)[2], contributions(sight.sum))
            continue
        end
        moved = length(sight.sum) == 1 ? 0.5 : maximum(contributions(sight.sum)) # a count moves by half
        moved == 0 && lot !== nothing && (moved = w.clip_told / w.options.lot_size) # an empty lot: what it would have been
        # another in its place: what is known to be in there moves twice
        w.setup.kind === :any && rate == 1 && (moved *= 2)
        add!(w, lot === nothing ? fresh() : lot, rate, moved / sight.deviation)
    end
end

contributions(x) = [sqrt(mapreduce(abs2, +, x[i:N:end])) for i in 1:N]

function add!(w::World, lot, rate, shift)
    at = get(w.lots, lot, 0)
    if at == 0
        push!(w.groups, Group(rate, shift))
        w.lots[lot] = length(w.groups)
    else
        w.groups[at] = Group(w.groups[at].rate, sqrt(w.groups[at].shift^2 + shift^2))
    end
end

lots(w::World; steps = rand(w.rng, 1:4)) = PoissonSampler(data(); rate = w.setup.rate, steps = steps, seed = rand(w.rng, 1:10^9))
fresh() = gensym()

function act!(w::World, action)
    rate, rng = w.setup.rate, w.rng
    haskey(w.driver.extras, action) && return w.driver.extras[action](w)
    if action === :loop
        foreach(batch -> step!(w, batch, fresh(), rate), lots(w))
    elseif action === :take
        foreach(batch -> step!(w, batch, fresh(), rate), Iterators.take(lots(w; steps = 5), 2))
    elseif action === :collect
        foreach(batch -> step!(w, batch, fresh(), rate), collect(lots(w)))
    elseif action === :zipped
        foreach(pair -> step!(w, pair[1], fresh(), rate), zip(lots(w), 1:10))
    elseif action === :prefetched
        foreach(batch -> step!(w, batch, fresh(), rate), Channel(channel -> foreach(lot -> put!(channel, lot), lots(w)), ctype = Any, csize = 3))
    elseif action === :again
        w.last === nothing || step!(w, w.last...)
    elseif action === :filtered # chosen by what is in them: whoever is in is in for sure
        foreach(batch -> step!(w, batch, fresh(), 1.0), Iterators.filter(batch -> size(batch[1], 2) > 1, collect(lots(w; steps = 5))[2:end]))
    elseif action === :broken_off && !(w.setup.kind in (:tree, :banded))
        for batch in lots(w; steps = 4)
            step!(w, batch, fresh(), rate) && rand(rng) < 0.5 && break
        end
    elseif action === :raw
        step!(w, data(), fresh(), 1.0)
    elseif action === :changed
        batch = first(lots(w))
        size(batch[1], 2) > 0 || return
        batch[1][1] += 1000
        step!(w, batch, fresh(), 1.0)
    elseif action === :copied
        step!(w, map(copy, first(lots(w))), fresh(), 1.0)
    elseif action === :viewed # one example many times: more than its clip norm
        batch = first(lots(w))
        size(batch[1], 2) > 0 && step!(w, (view(batch[1], :, fill(1, 5)),), fresh(), rate)
    elseif action === :mixed
        step!(w, (first(lots(w))..., copy(data()[1])), fresh(), 1.0)
    elseif action === :stolen # a lot that another run has released
        batch, lot = first(lots(w)), fresh()
        step!(w, batch, lot, rate)
        step!(w, batch, lot, rate)
    elseif action === :asked
        asking = Ref(true)
        task = Threads.@spawn while asking[]
            w.driver.claimed(w.run)
            yield()
        end
        act!(w, w.setup.kind in (:sampled, :any) ? :loop : :epoch)
        asking[] = false
        wait(task)
    elseif action === :two_tasks
        @sync for _ in 1:2
            @async foreach(batch -> (refusing(() -> w.driver.step(w.run, batch; examples = nothing)); yield()), lots(w; steps = 2))
        end
        see!(w, nothing, rate)
    elseif action === :resumed
        w.run = w.driver.go_on(w.run, w.options)
    elseif action === :restarted
        w.driver.restart(w.run)
    elseif action === :failing
        batch = (fill(NaN32, N, 2),)
        step!(w, batch, fresh(), 1.0; examples = [1, 2])
    elseif action === :unnamed
        step!(w, (data()[1][:, 1:2],), fresh(), 1.0)
    else # batches of two in order, or the other way round, broken off somewhere
        order = action === :reversed ? (N÷2:-1:1) : (1:N÷2)
        for k in order
            ids = 2k-1:2k
            step!(w, (data()[1][:, ids],), fresh(), 1.0; examples = ids) || w.driver.restart(w.run)
            action === :broken_off && rand(rng) < 0.4 && break
        end
    end
    return
end

"What a program claims, and what it really cost."
function run_program(driver, setup, actions, seed)
    return watching() do
        w = World(driver, setup, SplitMix64(seed))
        foreach(action -> act!(w, action), actions)
        write_seen(w)
        (claimed = w.driver.claimed(w.run), truth = cost(w), releases = length(w.groups) + sum(Int[length(t[2]) for t in values(w.trees)]))
    end
end

# For evaluate/support/witness.py: some programs with sampled lots, and what was seen of them.
const WRITTEN = Ref(0)
function write_seen(w::World)
    path = get(ENV, "FLUXGUARD_PROGRAMS_SEEN", "")
    (isempty(path) || isempty(w.groups) || isinf(w.driver.claimed(w.run)) || w.setup.kind in (:tree, :banded) || (WRITTEN[] += 1) > 200) && return
    open(path, "a") do io
        groups = join(("[$(g.rate), $(g.shift)]" for g in w.groups), ", ")
        println(io, "{\"claimed\": ", w.driver.claimed(w.run), ", \"delta\": ", DELTA, ", \"groups\": [", groups, "]}")
    end
end

function cost(w::World)
    w.setup.kind in (:tree, :banded) || return true_epsilon(w.groups, DELTA)
    # the example that was hit hardest
    shifts = [sqrt(sum(Float64[shift_of(w, t, i)^2 for t in values(w.trees)])) for i in 1:N]
    return true_epsilon([Group(1.0, maximum(shifts))], DELTA)
end

function shift_of(w, (deviation, steps), i)
    c = [step[i] for step in steps]
    w.setup.kind === :tree && return tree_shift(c, deviation)
    bands = w.setup.separation
    coefficients = [binomial(2j, j) / 4.0^j for j in 0:bands-1] # Fichtenberger et al. 2023
    moved = [sum(coefficients[j+1] * (t > j ? c[t-j] : 0.0) for j in 0:bands-1) for t in eachindex(c)]
    return sqrt(sum(abs2, moved)) / deviation
end

"A failing program without what is not needed to fail."
function smallest_failing(fails, actions)
    k = 1
    while k <= length(actions)
        fewer = vcat(actions[1:k-1], actions[k+1:end])
        fails(fewer) ? (actions = fewer) : (k += 1)
    end
    return actions
end

end
