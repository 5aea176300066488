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
    lots::Symbol                     # :sampled, or :any, which are charged whole
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

function TrainingRun(; clip, noise_multiplier, lot_size, lots = :sampled, noise = :discrete, noise_options = NamedTuple(), accountant = :pld, relation = :add_remove,
    unit_size = 1, delta = nothing, stop_at = nothing, seed = nothing, resume = nothing, keep = nothing)
    clip isa AdaptiveClip || clip isa Function || foreach(c -> positive("clip", c), clip)
    noise_multiplier isa Function || positive("noise_multiplier", noise_multiplier)
    lot_size isa Function || positive("lot_size", lot_size)
    stop_at === nothing || delta === nothing && throw(invalid("delta", "nothing", "a number in (0, 1): stop_at needs it"))
    stop_at === nothing || positive("stop_at", stop_at)
    delta === nothing || 0 < finite("delta", delta) < 1 || throw(invalid("delta", delta, "a number in (0, 1)"))
    resume isa Union{Nothing,PrivacyState} || throw(invalid("resume", typeof(resume), "a PrivacyState: FluxGuard.load(PrivacyState, path)"))
    name = one_of("noise", noise, (NOISE_KINDS..., :tree, :banded))
    name === :none && stop_at !== nothing && throw(invalid("stop_at", stop_at, "nothing with noise = :none: without noise there is no budget that lasts"))
    name in (:tree, :banded) && check_noise_options(name, clip, noise_multiplier, lot_size, noise_options)
    # with one example more or less, lots that are cut from the data may differ in two examples each
    one_of("lots", lots, (:sampled, :any)) === :any && relation !== :replace_one && !(name in (:tree, :banded)) && throw(invalid("relation", repr(relation),
        "relation = :replace_one with lots = :any: nobody knows what these lots are with one example more; or for all data at once a PoissonSampler of rate 1"))
    clip isa Union{AbstractVector,Tuple} && (clip = Float64[c for c in clip]) # the caller's may change
    # an earlier run goes on: its accounting, its adaptive norm, its steps for schedules; with fresh randomness
    door = PrivateRun(; accountant = accountant, relation = relation, unit_size = unit_size, stop_at = stop_at,
        delta = stop_at === nothing ? nothing : delta, seed = seed, keep = keep, spent = resume)
    resume === nothing || clip isa AdaptiveClip && resume.clip isa AdaptiveClip && (clip = resume.clip)
    before = resume === nothing || name in (:tree, :banded) ? 0 : steps(resume.accountant)
    return TrainingRun(clip, noise_multiplier, lot_size, lots, name,
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

What [`save`](@ref) keeps of a private run; `FluxGuard.save(path, dp)` does both. `AutoDP(...; resume = FluxGuard.load(PrivacyState, path))` goes on.
"""
PrivacyState(run::TrainingRun) = PrivacyState(accountant(run); private = isprivate(run),
    clip = run.clip isa AdaptiveClip ? deepcopy(run.clip) : kept_norms(next_clip(run)))

kept_norms(clip) = clip isa Tuple ? collect(clip) : clip

function positive(argument, x)
    x isa Real && isfinite(x) && x > 0 || throw(invalid(argument, repr(x), "a positive number"))
    return Float64(x)
end

scheduled(x, step) = x
scheduled(x::Function, step) = x(step)

steps(run::TrainingRun) = run.before + steps(run.door)
accountant(run::TrainingRun) = Accountant(run.door)
"Write exactly what was spent to the file that is kept, if one is."
settle(run::TrainingRun) = (ask(run.door, :settle); nothing)

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
How the lot of a step was drawn: a [`Draw`](@ref) of a sampler of ours, or `nothing`, which is charged whole; a fact of the lot, never
a memory of earlier ones, nor anybody's word. Throws [`InvalidArgument`](@ref) for a lot from elsewhere, unless the run takes any.
"""
function lot_of(run::TrainingRun, batch)
    run.noise in (:tree, :banded) && return nothing # participation is charged, not sampling
    drawn = draw_of(batch)
    drawn === nothing && run.lots === :sampled && throw_unsampled("batch", "a lot that comes from no PoissonSampler as it is")
    return drawn
end

throw_unsampled(argument, was) = throw(invalid(argument, was, "lots of a PoissonSampler(data; rate), unchanged; or AutoDP(...; lots = :any, relation = :replace_one), " *
    "which charges every lot as if all data were in it; or noise = :banded, for batches in order"))

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
        examples === nothing || length(examples) == report.examples || throw(invalid("examples", "$(plural(length(examples), "number")) for " *
            "$(plural(report.examples, "example")) in the lot", "a number for each: who is not named is not counted"))
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
