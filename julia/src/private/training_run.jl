# A training run: what is asked once for each step, and how clipped sums go through the door. It knows no model.

"""
    TrainingRun(; clip, noise_multiplier, lot_size, ...)

The state of a private training: parameters and their schedules, and the [`PrivateRun`](@ref) that releases and counts. `AutoDP`
holds one; its docstring lists the keywords.
"""
mutable struct TrainingRun
    clip::Any
    noise_multiplier::Any
    lot_size::Any
    named::Union{Nothing,NamedTuple} # how lots are drawn, by the caller's word
    noise::Symbol
    noise_options::NamedTuple
    correlated::Any                  # the running TreeNoise or BandedNoise
    door::PrivateRun
    delta::Union{Nothing,Float64}
    stop_at::Union{Nothing,Float64}
    before::Int                      # steps of an earlier run that goes on
    non_finite::Int
    id::UInt128
    lock::ReentrantLock              # one step at a time; questions do not take it
end

function TrainingRun(; clip, noise_multiplier, lot_size, sampler = nothing, sample_rate = nothing, max_lot = nothing,
    dataset_size = nothing, noise = :discrete, noise_options = NamedTuple(), accountant = :pld, relation = :add_remove,
    unit_size = 1, delta = nothing, stop_at = nothing, seed = nothing, resume = nothing, keep = nothing)
    clip isa AdaptiveClip || clip isa Function || foreach(c -> positive("clip", c), clip)
    noise_multiplier isa Function || positive("noise_multiplier", noise_multiplier)
    lot_size isa Function || positive("lot_size", lot_size)
    stop_at === nothing || delta === nothing && throw(invalid("delta", "nothing", "a number in (0, 1): stop_at needs it"))
    stop_at === nothing || positive("stop_at", stop_at)
    delta === nothing || 0 < finite("delta", delta) < 1 || throw(invalid("delta", delta, "a number in (0, 1)"))
    resume isa Union{Nothing,PrivacyState} || throw(invalid("resume", typeof(resume), "a PrivacyState: load(PrivacyState, path)"))
    name = one_of("noise", noise, (:discrete, :fast, :tree, :banded))
    name in (:tree, :banded) && check_noise_options(name, clip, noise_multiplier, lot_size, noise_options)
    n = lot_size isa Real ? lot_size : nothing
    dataset_size === nothing || n === nothing || n <= dataset_size ||
        throw(invalid("lot_size", n, "at most $dataset_size, the size of the data"))
    clip isa Union{AbstractVector,Tuple} && (clip = Float64[c for c in clip]) # the caller's may change
    # an earlier run goes on: its accounting, its adaptive norm, its steps for schedules; with fresh randomness
    door = PrivateRun(; accountant = accountant, relation = relation, unit_size = unit_size, stop_at = stop_at,
        delta = stop_at === nothing ? nothing : delta, seed = seed, keep = keep, spent = resume)
    resume === nothing || clip isa AdaptiveClip && resume.clip isa AdaptiveClip && (clip = resume.clip)
    before = resume === nothing || name in (:tree, :banded) ? 0 : steps(resume.accountant)
    return TrainingRun(clip, noise_multiplier, lot_size, named_sampling(sampler, sample_rate, max_lot, dataset_size, n), name,
        noise_options, nothing, door, optional(Float64, delta), optional(Float64, stop_at), before, 0, rand(RandomDevice(), UInt128), ReentrantLock())
end

function check_noise_options(name, clip, noise_multiplier, lot_size, o)
    clip isa Union{Real,AbstractVector,Tuple} && noise_multiplier isa Real && lot_size isa Real ||
        throw(invalid("clip", "a schedule or an AdaptiveClip", "fixed norms, noise multiplier and lot size: the noise of $(repr(name)) spans steps"))
    haskey(o, :steps) || throw(invalid("noise_options", o, "steps, of one run of the noise of $(repr(name))"))
    all(k -> k in (:steps, :participations, :min_separation, :bands), keys(o)) ||
        throw(invalid("noise_options", keys(o), "steps, participations, min_separation (:tree) or bands (:banded)"))
end

"""
    PrivacyState(dp)

What [`save`](@ref) keeps of a private run; `save(path, dp)` does both. `AutoDP(...; resume = load(PrivacyState, path))` goes on.
"""
PrivacyState(run::TrainingRun) = PrivacyState(accountant(run); private = isprivate(run), sampling_claimed = isclaimed(run),
    clip = run.clip isa AdaptiveClip ? deepcopy(run.clip) : kept_norms(next_clip(run)))

kept_norms(clip) = clip isa Tuple ? collect(clip) : clip

function positive(argument, x)
    x isa Real && isfinite(x) && x > 0 || throw(invalid(argument, repr(x), "a positive number"))
    return Float64(x)
end

"The analysis that the caller named, with the fields it is told by; `nothing` where none was named."
function named_sampling(sampler, sample_rate, max_lot, dataset_size, lot_size)
    sampler === nothing && sample_rate === nothing && return nothing
    sample_rate === nothing || 0 < finite("sample_rate", sample_rate) <= 1 ||
        throw(invalid("sample_rate", sample_rate, "a probability in (0, 1]"))
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

steps(run::TrainingRun) = run.before + steps(run.door)
accountant(run::TrainingRun) = Accountant(run.door)
"Write exactly what was spent to the file that is kept, if one is."
settle(run::TrainingRun) = (ask(run.door, :settle); nothing)

isclaimed(run::TrainingRun) = isclaimed(run.door)
isprivate(run::TrainingRun) = isprivate(run.door)

"""
What one step uses, asked once: schedules are functions of the user's, and may answer otherwise the next time. Immutable, and plain
numbers: it may be sent to workers.
"""
struct StepSettings
    run::UInt128
    step::Int
    clip::Union{Float64,Vector{Float64}}
    noise_multiplier::Float64
    lot_size::Float64
end

function StepSettings(run::TrainingRun)
    step = steps(run) + 1
    clip = next_clip(run, step)
    norms = clip isa Real ? positive("clip", clip) : Float64[positive("clip", c) for c in clip]
    return StepSettings(run.id, step, norms, positive("noise_multiplier", scheduled(run.noise_multiplier, step)),
        positive("lot_size", scheduled(run.lot_size, step)))
end

next_clip(run::TrainingRun, step = steps(run) + 1) = run.clip isa AdaptiveClip ? run.clip.norm : scheduled(run.clip, step)

"The norm that no example's contribution exceeds, all parameters together."
total_clip(clip::Real) = clip
total_clip(clips) = sqrt(sum(abs2, clips))

"""
How the lot of a step was drawn: a [`Draw`](@ref) of a sampler of ours, or what the caller named, and never a memory of earlier lots.
`n` observations; `claimed` is what a data loader says of its batches. Throws [`InvalidArgument`](@ref) where nobody says.
"""
function lot_of(run::TrainingRun, settings, batch, n; claimed = nothing)
    run.noise in (:tree, :banded) && return nothing # participation is charged, not sampling
    drawn = draw_of(batch)
    if drawn !== nothing
        run.named === nothing || sampling_fields(; run.named...) == drawn.sampling ||
            throw(invalid("sampler", run.named, "$(drawn.sampling), as the PoissonSampler draws; or leave it out"))
        return drawn
    end
    named = something(claimed, Some(run.named))
    named === nothing && throw(invalid("sampler", "no word on how lots are drawn (this one comes from no PoissonSampler as it is)",
        "lots of a PoissonSampler, unchanged, or sample_rate (Poisson sampling), or sampler = $(join(map(repr, SAMPLERS), ", ", " or ")), given to AutoDP"))
    check_named(named, settings, n)
    # the same arrays again are no fresh draw
    named.sampler in (:poisson, :truncated_poisson, :without_replacement) && n > 0 && claim!(batch) && return (again = sampling_fields(; named...),)
    return sampling_fields(; named...)
end

"What the named analysis says of a lot's size must hold for this one."
function check_named(s, settings, n)
    s.sampler === :without_replacement && n != s.lot_size &&
        throw(invalid("batch", "$n observations", "$(s.lot_size), the lot_size that sampler = :without_replacement accounts for"))
    s.sampler === :shuffled && n > s.lot_size &&
        throw(invalid("batch", "$n observations", "at most $(s.lot_size), the lot_size that sampler = :shuffled accounts for"))
    s.sampler === :truncated_poisson && n > s.max_lot &&
        throw(invalid("batch", "$n observations", "at most $(s.max_lot), the max_lot that is accounted for"))
    # a Poisson lot is larger than this once in 10^20
    most = settings.lot_size + 12 * sqrt(settings.lot_size) + 30
    s.sampler === :poisson && n > most && throw(invalid("batch", "$n observations",
        "a lot of Poisson sampling with an expected size of $(cell(settings.lot_size)): at most about $(round(Int, most))"))
    return
end

"""
    release!(run, settings, sums, report; lot, examples = nothing) -> ClipReport

Make clipped sums (a vector of arrays), divided by the settings' lot size already, private in place: counted, then noised. Throws
[`InvalidArgument`](@ref) for a lot in which no example is finite, [`BudgetExhausted`](@ref); nothing is counted then.
"""
function release!(run::TrainingRun, settings::StepSettings, sums, report::ClipReport; lot, examples = nothing)
    # pure noise would be a step paid for nothing, and hides that the model is broken
    report.examples > 0 && length(report.non_finite) == report.examples &&
        throw(invalid("batch", "a lot of $(plural(report.examples, "example")), each with NaN or Inf in its gradient",
            "at least one finite gradient: look at the data, the learning rate, and at layers that divide by what one example alone does not have"))
    run.non_finite += length(report.non_finite)
    if run.noise in (:tree, :banded)
        begin_correlated!(run, settings, sum(length, sums))
        add_noise!(sums, run.correlated; examples = examples)
        return report
    end
    adaptive = run.clip isa AdaptiveClip ? merge(crossing(run.clip), (norm = report.clip_norm,)) : nothing
    step = (clip_norm = report.clip_norm, expected_lot_size = settings.lot_size, noise_multiplier = settings.noise_multiplier,
        noise = run.noise, adaptive = adaptive)
    adapted = release_sums!(run.door, sums, step, crossing_lot(lot), adaptive === nothing ? Float64[] : report.norms)
    released!(lot)
    return adaptive === nothing ? report : with_adapted(report, moved!(run.clip, adapted))
end

# Noise that spans steps is paid for when it begins.

"Begin the noise of the next steps, where none is running."
function begin_correlated!(run::TrainingRun, settings, dimension)
    o = run.noise_options
    taken = run.correlated === nothing ? 0 : run.correlated.taken[]
    if run.correlated !== nothing
        if taken < o.steps
            was, is = run.correlated.options.clip_norm, total_clip(settings.clip) / settings.lot_size
            was == is || throw(invalid("clip", is, "$was over the lot size, for which the noise was begun: begin_noise!(dp) begins it anew"))
            return
        end
        run.noise === :banded && throw(BudgetExhausted(
            "the noise was made for $(o.steps) steps (noise_options), and $taken were taken; begin_noise!(dp) begins it anew, and counts it"))
    end
    common = (clip_norm = total_clip(settings.clip) / settings.lot_size, noise_multiplier = settings.noise_multiplier)
    participations = get(o, :participations, 1)
    run.correlated = run.noise === :tree ?
        TreeNoise(dimension, run.door; steps = o.steps, participations = participations, min_separation = get(o, :min_separation, 1), common...) :
        BandedNoise(dimension, run.door; bands = get(o, :bands, 16), participations = participations, common...)
    return
end

"""
The examples that a step of correlated noise names, or `nothing` where nobody can take part too often. Throws
[`InvalidArgument`](@ref) where that hangs on who takes part, and nobody says.
"""
function named_examples(run::TrainingRun, examples)
    run.noise in (:tree, :banded) || return nothing
    o = run.noise_options
    examples === nothing || return examples
    worst = get(o, :participations, 1) >= o.steps && (run.noise === :tree ? get(o, :min_separation, 1) : get(o, :bands, 16)) == 1
    worst || throw(invalid("examples", "nothing", "who is in this lot, by whole numbers (private_gradient(...; examples = 1:30)): " *
        "noise of $(repr(run.noise)) is paid for by how often each example takes part; or participations = $(o.steps), " *
        (run.noise === :tree ? "min_separation" : "bands") * " = 1, which hold for any"))
    return nothing
end
