# Flux.train! with a private gradient.

function Flux.train!(loss, dp::DPBackend, model, data, opt; cb = nothing, progress = dp.progress, options...)
    cb === nothing || throw(invalid("cb", cb, "nothing: for more control use a loop with private_gradient and Flux.update!"))
    use_data!(dp.run, data)
    Flux.trainmode!(model)
    frozen = frozen_state(model, opt)
    show_progress = Progress(progress, data, dp)
    for (step, lot) in enumerate(data)
        tell_step!(dp.run, data, step)
        result = try
            private_gradient(dp, loss, model, lot isa Tuple ? lot : (lot,); frozen = frozen)
        catch error
            error isa BudgetExhausted || rethrow()
            @info "Training stopped with the model as it was after $(dp.steps) steps: $(error.message)"
            break
        end
        Flux.update!(opt, model, result.gradient)
        show_progress(step, result.loss)
    end
    return nothing
end

function Flux.train!(loss, dp::DPBackend, model, data, rule::Optimisers.AbstractRule; options...)
    Flux.train!(loss, dp, model, data, Flux.setup(rule, model); options...)
end

"What the data say of how lots are drawn must be what the accountant is told."
function use_data!(run, lots::PoissonLots)
    same_lot_size(run, expected_lot_size(lots), lots.n)
    told = with_name(sampling(lots))
    run.sampling === nothing || run.sampling == told ||
        throw(invalid("sampler", run.sampling, "$told, as the PoissonSampler draws; or leave it out"))
    run.lots_private &= isprivate(lots)
    return
end

with_name(s) = merge((sampler = haskey(s, :max_lot) ? :truncated_poisson : :poisson,), s)

function same_lot_size(run, expected, n)
    run.lot_size isa Real || return
    run.lot_size <= n || throw(invalid("lot_size", run.lot_size, "at most $n, the size of the data"))
    isapprox(run.lot_size, expected; rtol = 0.01) ||
        throw(invalid("lot_size", run.lot_size, "$expected, the expected size of the lots: rate × observations"))
end

function use_data!(run, loader::Flux.DataLoader)
    n = Flux.MLUtils.numobs(loader.data)
    run.noise in (:tree, :banded) && return check_participations(run, loader)
    run.sampling === nothing && throw(invalid("data", "a DataLoader with lots of $(loader.batchsize), $(loader.shuffle ? "shuffled" : "in order")",
        "PoissonSampler(data; rate = $(loader.batchsize)/$n); or name the analysis that fits: AutoDP(...; sampler = :shuffled, relation = :replace_one)"))
    name = run.sampling.sampler
    name === :shuffled || name === :full_batch && loader.batchsize >= n || throw(invalid("data",
        "a DataLoader with lots of $(loader.batchsize)", "what sampler = $(repr(name)) describes: a DataLoader is :shuffled, or :full_batch where a batch is all data"))
    told = name === :full_batch ? (sampler = name,) : (sampler = name, lot_size = loader.batchsize, dataset_size = n)
    run.sampling.sampler === :full_batch || all(k -> getfield(run.sampling, k) in (nothing, getfield(told, k)), keys(told)) ||
        throw(invalid("data", "lots of $(loader.batchsize) of $n", "$(run.sampling), as was given to AutoDP"))
    run.sampling = told
    return
end

"Each example is in every epoch once, at the same place: as far apart as an epoch is long."
function check_participations(run, loader)
    loader.shuffle && throw(invalid("data", "a shuffled DataLoader", "one in order: noise of $(repr(run.noise)) is accounted for " *
        "by how far apart an example takes part"))
    o = run.noise_options
    apart = run.noise === :tree ? get(o, :min_separation, 1) : get(o, :bands, 16)
    epochs = cld(o.steps, length(loader))
    epochs <= get(o, :participations, 1) || throw(invalid("noise_options", o,
        "participations of at least $epochs: so many epochs of $(length(loader)) batches are begun in $(o.steps) steps"))
    epochs == 1 || apart <= length(loader) || throw(invalid("noise_options", o,
        "at most $(length(loader)) steps between an example's participations: an epoch has no more"))
    return
end

function use_data!(run, data)
    run.noise in (:tree, :banded) && return
    run.sampling === nothing && throw(invalid("data", "a $(nameof(typeof(data))), which does not say how lots are drawn",
        "PoissonSampler(data; rate); or name the analysis that fits, as AutoDP's sampler or sample_rate"))
    return
end

"The sampler of the step to come: a schedule changes it."
tell_step!(run, lots::PoissonLots, step) = (run.sampling = with_name(sampling(lots, step)))
tell_step!(run, data, step) = nothing

# Lines with loss and epsilon.

struct Progress
    io::Union{Nothing,IO}
    steps::Union{Nothing,Int}
    every::Int
    dp::DPBackend
end

function Progress(io, data, dp)
    io === false && return Progress(nothing, nothing, 1, dp)
    steps = Base.IteratorSize(typeof(data)) isa Union{Base.HasLength,Base.HasShape} ? length(data) : nothing
    return Progress(io === true ? stderr : io, steps, steps === nothing ? 50 : cld(steps, 20), dp)
end

function (p::Progress)(step, loss)
    p.io === nothing && return
    step % p.every == 0 || step == p.steps || return
    of = p.steps === nothing ? "" : "/$(p.steps)"
    shown(x) = x isa Real ? string(round(x; sigdigits = 4)) : "-"
    println(p.io, "step ", step, of, "  loss ", loss isa Tuple ? join(shown.(loss), ", ") : shown(loss),
        "  epsilon ", shown(epsilon(p.dp)), " at delta ", p.dp.run.delta)
end
