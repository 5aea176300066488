# Several workers: each makes its part of a lot's clipped sum, one puts them together, adds the noise once, and counts once.

"""
A worker's part of a step: a clipped sum **without noise**, not private. Plain arrays and numbers; `id` is its own, so that none is
used twice.
"""
struct LotPart
    id::UInt128
    settings::StepSettings
    sums::Vector{Any}
    losses::Vector{Float64}
    norms::Vector{Float64}
    clipped::Int
    path::Symbol
    sampling::Union{Nothing,NamedTuple} # as our sampler drew it; `nothing` where none did
    draw::Tuple{Int,Int,Int}            # process, sampler, number: a lot is in one part alone
    private::Bool
end

Base.show(io::IO, p::LotPart) = print(io, "LotPart(step ", p.settings.step, ", ", FluxGuard.plural(length(p.norms), "example"), "; not private)")

FluxGuard.next_step(dp::DPBackend) = @lock dp.run.lock StepSettings(dp.run)

function FluxGuard.lot_part(dp::DPBackend, settings::StepSettings, loss, model, batch...; frozen = ())
    run = dp.run
    run.noise in (:tree, :banded) && throw(invalid("noise", run.noise, "independent noise: who takes part in the parts of others is not known"))
    return @lock run.lock begin
        batch, n = checked_batch(batch)
        parts, parameters = parts_of(dp, loss, model, frozen, settings.clip)
        loss isa Tuple && throw(invalid("loss", "$(length(loss)) losses", "one: parts of several models are not put together"))
        drawn = FluxGuard.draw_of(batch)
        # the same arrays in two parts would count for twice the clip norm
        drawn === nothing && n > 0 && FluxGuard.claim!(batch) &&
            throw(invalid("batch", "arrays that were in a part, or a step, before", "each worker's own examples"))
        n > 0 && foreach(part -> decide!(part, dp, batch), parts)
        value, sums, report = clipped_sums(parts, parameters, settings, batch, n, dp.max_physical_batch_size)
        # the draw is spent here, in the process that made it
        sampling = drawn === nothing ? nothing : FluxGuard.spent_sampling(drawn)
        FluxGuard.released!(drawn)
        good = n - length(report.non_finite)
        total = value === missing ? 0.0 : only(parts).reduction === :mean ? value * good : value
        LotPart(rand(FluxGuard.RandomDevice(), UInt128), settings, Any[sums[p] for p in parameters], [total], report.norms, report.clipped,
            report.path, sampling, drawn === nothing ? (0, 0, 0) : (Int(getpid()), drawn.sampler, drawn.number), drawn === nothing || drawn.private)
    end
end

function FluxGuard.private_gradient(dp::DPBackend, model, parts::AbstractVector{LotPart}; frozen = ())
    run = dp.run
    return @lock run.lock begin
        settings = StepSettings(run)
        trained = frozen_arrays(model, frozen)
        parameters = Any[p for p in Flux.trainables(model) if !haskey(trained, p)]
        check_parts(parts, settings, parameters)
        lot = lot_of_parts(run, parts)
        sums = [sum(part.sums[k] for part in parts) for k in eachindex(parameters)]
        norms = reduce(vcat, (part.norms for part in parts))
        bad = findall(!isfinite, norms)
        path = all(part -> part.path === :ghost, parts) ? :ghost : :each
        report = ClipReport(length(norms), sum(part -> part.clipped, parts), bad, norms, total_clip(settings.clip), path, nothing)
        report = release!(run, settings, sums, report; lot = lot)
        dp.report = report
        good = length(norms) - length(bad)
        gradient = gradient_tree(model, IdDict{Any,Any}(p => s for (p, s) in zip(parameters, sums)))
        (loss = good == 0 ? missing : sum(part -> only(part.losses), parts) / good, gradient = gradient, report = report)
    end
end

function check_parts(parts, settings, parameters)
    isempty(parts) && throw(invalid("parts", "none", "at least one: of a worker without examples, too"))
    allunique(part.id for part in parts) || throw(invalid("parts", "a part twice", "each worker's part once"))
    lots = [part.draw for part in parts if part.draw != (0, 0, 0)]
    allunique(lot[1:2] for lot in lots) || throw(invalid("parts", "lots of one sampler in two parts", "one lot of each worker's own shard: an example in both would count twice"))
    for part in parts
        part.settings.run == settings.run || throw(invalid("parts", "a part of another run", "parts made with next_step of this AutoDP"))
        part.settings.step == settings.step && same_settings(part.settings, settings) || throw(invalid("parts", "a part of step $(part.settings.step)",
            "parts of step $(settings.step), made with one next_step: a part that comes late is left out"))
        map(size, part.sums) == map(size, parameters) ||
            throw(invalid("parts", "sums of sizes $(map(size, part.sums))", "$(map(size, parameters)), the model's parameters"))
    end
end

same_settings(a, b) = all(name -> getfield(a, name) == getfield(b, name), fieldnames(StepSettings))

"How the whole lot was drawn: each part from a shard of its own. Of Poisson rates the largest bounds all; a part from elsewhere takes the amplification of all."
function lot_of_parts(run, parts)
    private = all(part -> part.private, parts)
    samplings = unique(part.sampling for part in parts)
    run.lots === :any || all(!isnothing, samplings) || FluxGuard.throw_unsampled("parts", "parts of lots that no PoissonSampler drew, each of a worker's shard")
    length(samplings) == 1 && only(samplings) !== nothing && return (workers = only(samplings), private = private)
    all(s -> s === nothing || s.sampler in (:poisson, :full_batch), samplings) ||
        throw(invalid("parts", "parts drawn in several ways", "one way, or Poisson sampling"))
    whole = any(s -> s === nothing || s.sampler === :full_batch, samplings)
    return (workers = whole ? sampling_fields(; sampler = :full_batch) : sampling_fields(; sample_rate = maximum(s.sample_rate for s in samplings)), private = private)
end
