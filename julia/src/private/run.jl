# A private run: how sums of clipped gradients become a release, and what that has cost. It knows no model.

"""
    PrivateRun(; clip, noise_multiplier, lot_size, ...)

The state of a private training run: parameters and their schedules, randomness, accountant. `AutoDP` holds one; its
docstring lists the keywords.
"""
mutable struct PrivateRun
    clip::Any
    noise_multiplier::Any
    lot_size::Any
    sampling::Union{Nothing,NamedTuple}
    noise::Symbol
    noise_options::NamedTuple
    correlated::Any          # the running TreeNoise or BandedNoise
    source::NoiseSource
    spent::Accountant        # without the steps of `waiting`: ask `accountant(run)`
    waiting::Union{Nothing,Tuple{Phase,Int}} # a phase that is being repeated, and its dimension
    delta::Union{Nothing,Float64}
    stop_at::Union{Nothing,Float64}
    allowed::Union{Nothing,Tuple{Phase,Int}} # steps of a phase that the budget still has room for
    step::Int
    lots_private::Bool
    non_finite::Int
end

function PrivateRun(; clip, noise_multiplier, lot_size, sampler = nothing, sample_rate = nothing, max_lot = nothing,
    dataset_size = nothing, noise = :discrete, noise_options = NamedTuple(), accountant = :pld, relation = :add_remove,
    unit_size = 1, delta = nothing, stop_at = nothing, seed = nothing, resume = nothing)
    clip isa AdaptiveClip || clip isa Function || foreach(c -> positive("clip", c), clip)
    noise_multiplier isa Function || positive("noise_multiplier", noise_multiplier)
    lot_size isa Function || positive("lot_size", lot_size)
    stop_at === nothing || delta === nothing && throw(invalid("delta", "nothing", "a number in (0, 1): stop_at needs it"))
    stop_at === nothing || positive("stop_at", stop_at)
    delta === nothing || 0 < finite("delta", delta) < 1 || throw(invalid("delta", delta, "a number in (0, 1)"))
    name = one_of("noise", noise, (:discrete, :fast, :tree, :banded))
    if name in (:tree, :banded)
        clip isa Union{Real,AbstractVector,Tuple} && noise_multiplier isa Real && lot_size isa Real ||
            throw(invalid("clip", "a schedule or an AdaptiveClip", "fixed norms, noise multiplier and lot size: the noise of $(repr(name)) spans steps"))
        haskey(noise_options, :steps) || throw(invalid("noise_options", noise_options, "steps, of one run of the noise of $(repr(name))"))
        all(k -> k in (:steps, :participations, :min_separation, :bands), keys(noise_options)) ||
            throw(invalid("noise_options", keys(noise_options), "steps, participations, min_separation (:tree) or bands (:banded)"))
    end
    n = lot_size isa Real ? lot_size : nothing
    dataset_size === nothing || n === nothing || n <= dataset_size ||
        throw(invalid("lot_size", n, "at most $dataset_size, the size of the data"))
    spent = Accountant(; accountant = accountant, relation = relation, unit_size = unit_size)
    run = PrivateRun(clip, noise_multiplier, lot_size, named_sampling(sampler, sample_rate, max_lot, dataset_size, n), name,
        noise_options, nothing, NoiseSource(; seed = seed), spent, nothing, delta === nothing ? nothing : Float64(delta),
        stop_at === nothing ? nothing : Float64(stop_at), nothing, 0, true, 0)
    resume === nothing || go_on!(run, resume)
    return run
end

"Go on from a saved state: its accounting, its adaptive norm, its count of steps for schedules; with fresh randomness."
function go_on!(run::PrivateRun, state)
    state isa PrivacyState || throw(invalid("resume", typeof(state), "a PrivacyState: load(PrivacyState, path)"))
    run.spent = step!(run.spent, state.accountant) # says no where relation or unit differ
    run.clip isa AdaptiveClip && state.clip isa AdaptiveClip && (run.clip = state.clip)
    run.noise in (:tree, :banded) || (run.step = steps(state.accountant)) # correlated noise begins anew
    run.lots_private = state.private
    return run
end

"""
    PrivacyState(dp)

What [`save`](@ref) keeps of a private run; `save(path, dp)` does both. `AutoDP(...; resume = load(PrivacyState, path))` goes on.
"""
PrivacyState(run::PrivateRun) = PrivacyState(copy(accountant(run)); private = isprivate(run),
    clip = run.clip isa AdaptiveClip ? deepcopy(run.clip) : clip_at(run) isa Tuple ? collect(clip_at(run)) : clip_at(run))

function positive(argument, x)
    x isa Real && isfinite(x) && x > 0 || throw(invalid(argument, repr(x), "a positive number"))
    return Float64(x)
end

"The analysis that the caller named, with the fields it is told by; `nothing` where none was named."
function named_sampling(sampler, sample_rate, max_lot, dataset_size, lot_size)
    sampler === nothing && sample_rate === nothing && return nothing
    name = sampler === nothing ? (max_lot === nothing ? :poisson : :truncated_poisson) : one_of("sampler", sampler, SAMPLERS)
    given = (sample_rate = sample_rate, max_lot = max_lot, dataset_size = dataset_size,
        lot_size = lot_size === nothing ? nothing : round(Int, lot_size))
    fields = NamedTuple{SAMPLER_FIELDS[name]}(map(field -> getfield(given, field), SAMPLER_FIELDS[name]))
    # the loader tells a size that is missing here
    any(field -> field !== :dataset_size && getfield(fields, field) === nothing, keys(fields)) || dataset_size === nothing ||
        sampling_fields(; sampler = name, fields...)
    return merge((sampler = name,), fields)
end

scheduled(x, step) = x
scheduled(x::Function, step) = x(step)

clip_at(run::PrivateRun) = (c = scheduled(run.clip, run.step + 1); c isa AdaptiveClip ? c.norm : c)
noise_multiplier_at(run::PrivateRun) = positive("noise_multiplier", scheduled(run.noise_multiplier, run.step + 1))
lot_size_at(run::PrivateRun) = positive("lot_size", scheduled(run.lot_size, run.step + 1))

"The norm that no example's contribution exceeds, all parameters together."
total_clip(clip::Real) = positive("clip", clip)
total_clip(clips) = sqrt(sum(c -> positive("clip", c)^2, clips))

"What the next step is to the accountant."
function next_phase(run::PrivateRun)
    run.sampling === nothing && throw(invalid("sampler", "no word on how lots are drawn",
        "lots of a PoissonSampler given to train!, or sample_rate (Poisson sampling), or sampler = $(join(map(repr, SAMPLERS), ", ", " or ")), given to AutoDP"))
    σ = noise_multiplier_at(run)
    run.clip isa AdaptiveClip && (σ = effective_noise_multiplier(σ, run.clip))
    return Phase(; noise_multiplier = σ, run.sampling...)
end

"The accountant with every step that was taken."
function accountant(run::PrivateRun)
    run.waiting === nothing && return run.spent
    phase, dimension = run.waiting
    step!(run.spent, phase; dimension = dimension)
    run.waiting = nothing
    return run.spent
end

"Count a step. Equal ones are counted together, when someone asks."
function count_step!(run::PrivateRun, phase, dimension)
    if run.waiting !== nothing && same_kind(run.waiting[1], phase) && run.waiting[2] == dimension
        run.waiting = (with_steps(phase, run.waiting[1].steps + 1), dimension)
    else
        accountant(run)
        step!(copy(run.spent), phase; dimension = dimension) # says no now, not later
        run.waiting = (phase, dimension)
    end
    run.allowed === nothing || (run.allowed = (run.allowed[1], run.allowed[2] - 1))
    return
end

with_steps(p::Phase, steps) = Phase(p.noise_multiplier, p.sampler, p.sample_rate, p.lot_size, p.max_lot, p.dataset_size, steps)

"""
Throws [`BudgetExhausted`](@ref) where another step would go beyond `stop_at`. How many steps there is room for is found
once for each phase: a question to the accountant takes longer than a step.
"""
function check_run(run::PrivateRun)
    run.noise in (:tree, :banded) && return check_correlated(run)
    phase = next_phase(run)
    run.stop_at === nothing && return
    if run.allowed === nothing || !same_kind(run.allowed[1], phase)
        run.allowed = (phase, steps_within(accountant(run), phase, run.stop_at, run.delta))
    end
    run.allowed[2] > 0 || throw_exhausted(run, phase)
    return
end

function throw_exhausted(run, phase)
    spent = epsilon(accountant(run); delta = run.delta)
    after = epsilon(step!(copy(run.spent), phase); delta = run.delta)
    throw(BudgetExhausted("a step would take epsilon at delta $(run.delta) from $(cell(spent)) to $(cell(after)), beyond stop_at = $(run.stop_at)"))
end

"How many steps of a phase may follow until epsilon at `delta` would exceed `most`: a doubling search, then halving."
function steps_within(spent::Accountant, phase::Phase, most, delta)
    fits(n) = epsilon(step!(copy(spent), with_steps(phase, n)); delta = delta) <= most
    fits(1) || return 0
    high = 2
    while high < 10^8 && fits(high)
        high *= 2
    end
    low = high ÷ 2
    while high - low > 1
        middle = (low + high) ÷ 2
        fits(middle) ? (low = middle) : (high = middle)
    end
    return low
end

"""
    release!(run, sums, report; share = 1) -> ClipReport

Make clipped sums (a vector of arrays), divided by the expected lot size already, private in place. Counts a step.
`share = k` adds the k-th part of the noise's variance, for one of `k` workers whose results are added; the first counts.
"""
function release!(run::PrivateRun, sums, report::ClipReport; share = 1, count = true)
    lot, σ, dimension = lot_size_at(run), noise_multiplier_at(run), sum(length, sums)
    run.non_finite += length(report.non_finite)
    if run.noise in (:tree, :banded)
        share == 1 || throw(invalid("share", share, "1: noise of $(repr(run.noise)) is added by one worker"))
        add_noise!(sums, run.correlated)
    else
        phase = next_phase(run)
        count && count_step!(run, phase, run.noise === :discrete ? dimension : 0)
        add_noise!(sums, run.source; sensitivity = report.clip_norm / lot, noise_multiplier = σ / sqrt(share), noise = run.noise)
    end
    run.step += 1
    run.clip isa AdaptiveClip || return report
    return with_adapted(report, adapt!(run.clip, report, run.source; expected_lot_size = lot))
end

# Noise that spans steps is paid for when it begins.

"Begin the noise of the next steps, where none is running; `dimension` is known from the first step on."
function begin_correlated!(run::PrivateRun, dimension)
    run.noise in (:tree, :banded) || return
    o = run.noise_options
    run.correlated !== nothing && run.step % o.steps != 0 && return
    run.correlated !== nothing && run.noise === :banded && throw(BudgetExhausted(
        "the noise was made for $(o.steps) steps (noise_options), and $(run.step) were taken"))
    common = (clip_norm = total_clip(run.clip) / lot_size_at(run), noise_multiplier = noise_multiplier_at(run))
    participations = get(o, :participations, 1)
    run.correlated = run.noise === :tree ?
        TreeNoise(dimension, run.source; steps = o.steps, participations = participations,
            min_separation = get(o, :min_separation, 1), common...) :
        BandedNoise(dimension, run.source; bands = get(o, :bands, 16), common...)
    run.noise === :tree ? step!(run.spent, run.correlated) : step!(run.spent, run.correlated; participations = participations)
    return
end

function check_correlated(run::PrivateRun)
    run.stop_at === nothing || run.step % run.noise_options.steps != 0 && return
    run.stop_at === nothing && return
    # the whole of what is begun counts; a tree of another dimension costs the same but for its rounding
    after = copy(run.spent)
    if run.noise === :tree
        step!(after, Phase(; noise_multiplier = noise_multiplier_at(run), sampler = :full_batch))
    elseif run.correlated === nothing
        step!(after, BandedNoise(1; bands = get(run.noise_options, :bands, 16), clip_norm = 1.0, noise_multiplier = noise_multiplier_at(run));
            participations = get(run.noise_options, :participations, 1))
    end
    spent = epsilon(after; delta = run.delta)
    spent <= run.stop_at || throw(BudgetExhausted("the noise of the next $(run.noise_options.steps) steps would take epsilon at " *
        "delta $(run.delta) to $(cell(spent)), beyond stop_at = $(run.stop_at)"))
    return
end

isprivate(run::PrivateRun) = isprivate(run.source) && run.lots_private
