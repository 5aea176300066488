# The argument that makes training private, and one step of it.

mutable struct DPBackend{A<:Flux.AbstractADType} <: Flux.AbstractADType
    ad::A
    run::TrainingRun
    max_physical_batch_size::Int
    reduction::Symbol
    progress::Union{Bool,IO}
    parts::Vector{Part}
    report::Union{Nothing,ClipReport}
end

function FluxGuard.AutoDP(ad::Flux.AbstractADType = Flux.AutoZygote(); max_physical_batch_size = typemax(Int), reduction = :check,
    progress = false, options...)
    ad isa Flux.AutoZygote || throw(invalid("ad", ad, "AutoZygote()"))
    for name in (:clip, :noise_multiplier, :lot_size)
        haskey(options, name) || throw(invalid(name, "nothing", "a number: AutoDP needs clip, noise_multiplier and lot_size"))
    end
    for name in (:sample_rate, :sampler, :max_lot, :dataset_size)
        haskey(options, name) && FluxGuard.throw_unsampled(name, repr(options[name]))
    end
    run = TrainingRun(; options...)
    progress === false || run.delta !== nothing || throw(invalid("delta", "nothing", "a number in (0, 1): progress shows epsilon"))
    return DPBackend(ad, run, whole("max_physical_batch_size", max_physical_batch_size, 1),
        one_of("reduction", reduction, (:check, :mean, :sum)), progress, Part[], nothing)
end

function Base.getproperty(dp::DPBackend, name::Symbol)
    name === :accountant && return accountant(getfield(dp, :run))
    name === :steps && return FluxGuard.steps(getfield(dp, :run))
    name === :clip && return FluxGuard.next_clip(getfield(dp, :run))
    return getfield(dp, name)
end

Base.propertynames(::DPBackend) = (fieldnames(DPBackend)..., :accountant, :steps, :clip)

FluxGuard.epsilon(dp::DPBackend; delta = needed_delta(dp)) = epsilon(dp.run.door; delta = delta)
FluxGuard.delta(dp::DPBackend; epsilon) = FluxGuard.delta(dp.accountant; epsilon = epsilon)
FluxGuard.steps(dp::DPBackend) = dp.steps
FluxGuard.releases(dp::DPBackend) = FluxGuard.releases(dp.run.door)
FluxGuard.isprivate(dp::DPBackend) = isprivate(dp.run)
FluxGuard.report(dp::DPBackend; delta = needed_delta(dp), options...) =
    FluxGuard.report(dp.accountant; delta = delta, private = isprivate(dp), options...)

FluxGuard.PrivacyState(dp::DPBackend) = PrivacyState(dp.run)
FluxGuard.save(path::AbstractString, dp::DPBackend) = FluxGuard.save(path, PrivacyState(dp))

needed_delta(dp) = something(dp.run.delta, throw_delta(dp.run.delta))
throw_delta(delta) = delta === nothing ? throw(invalid("delta", "nothing", "a number in (0, 1), here or in AutoDP")) : delta

function Base.show(io::IO, dp::DPBackend)
    run = dp.run
    print(io, "AutoDP(", dp.ad, "; clip = ", run.clip isa Function ? "a schedule" : run.clip,
        ", noise_multiplier = ", run.noise_multiplier isa Function ? "a schedule" : run.noise_multiplier,
        ", lot_size = ", run.lot_size isa Function ? "a schedule" : run.lot_size, ", ", FluxGuard.plural(dp.steps, "step"),
        isprivate(dp) ? "" : FluxGuard.NOT_PRIVATE, ")")
end

tuple_of(x::Tuple) = x
tuple_of(x) = (x,)

FluxGuard.private_gradient(dp::DPBackend, losses, models, batch...; frozen = (), examples = nothing) =
    private_step(dp, losses, models, batch; frozen = frozen, examples = examples)

"""
One step. One at a time for a `dp`: what a pass records belongs to the `dp`, and so does a step's number.
"""
function private_step(dp, losses, models, batch; frozen = (), examples = nothing)
    run = dp.run
    return @lock run.lock begin
        batch, n = checked_batch(batch)
        settings = StepSettings(run)
        parts, parameters = parts_of(dp, losses, models, frozen, settings.clip)
        lot = lot_of(run, batch)
        examples = named_examples(run, examples)
        n > 0 && foreach(part -> decide!(part, dp, batch), parts)
        value, sums, report = clipped_sums(parts, parameters, settings, batch, n, dp.max_physical_batch_size)
        report = release!(run, settings, [sums[p] for p in parameters], report; lot = lot, examples = examples)
        dp.report = report
        gradients = map(model -> gradient_tree(model, sums), losses isa Tuple ? models : (models,))
        (loss = value, gradient = losses isa Tuple ? gradients : only(gradients), report = report)
    end
end

function checked_batch(batch)
    batch = length(batch) == 1 && batch[1] isa Tuple ? batch[1] : batch
    isempty(batch) && throw(invalid("batch", "nothing", "the lot's arrays: private_gradient(dp, loss, model, x, y); a loss " *
        "that holds its data hides which example is which"))
    return batch, lot_observations(batch)
end

"The parts, and the parameters of all, for which there must be norms."
function parts_of(dp, losses, models, frozen, clip)
    losses isa Tuple && !(models isa Tuple && length(models) == length(losses)) &&
        throw(invalid("models", "$(length(tuple_of(models))) models", "as many as losses, $(length(losses))"))
    parts = [part_of(dp, loss, model, frozen) for (loss, model) in (losses isa Tuple ? zip(losses, models) : ((losses, models),))]
    parameters = reduce(vcat, (part.recorder.parameters for part in parts))
    isempty(parameters) && throw(invalid("model", "no parameters to train", "at least one that is not frozen"))
    clip isa Real || length(clip) == length(parameters) ||
        throw(invalid("clip", "$(length(clip)) norms", "one for each of $(length(parameters)) parameters"))
    return parts, parameters
end

"Observations of a lot, which may be none."
function lot_observations(batch)
    counts = [size(x, ndims(x)) for x in arrays(batch) if ndims(x) > 0]
    isempty(counts) && return Flux.MLUtils.numobs(batch)
    allequal(counts) || throw(invalid("batch", "arrays of $(join(counts, ", ")) observations", "as many in each, in the last dimension"))
    return first(counts)
end

function Flux.withgradient(loss::F, dp::DPBackend, model, batch::Vararg{Any,N}) where {F,N}
    result = private_gradient(dp, loss, model, batch...)
    return (val = result.loss, grad = (result.gradient, map(_ -> nothing, batch)...))
end

Flux.gradient(loss::F, dp::DPBackend, model, batch::Vararg{Any,N}) where {F,N} = Flux.withgradient(loss, dp, model, batch...).grad
