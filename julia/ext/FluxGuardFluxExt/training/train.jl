# Flux.train! with a private gradient.

function Flux.train!(loss, dp::DPBackend, model, data, opt; cb = nothing, progress = dp.progress, epochs = 1, options...)
    cb === nothing || throw(invalid("cb", cb, "nothing: for more control use a loop with private_gradient and Flux.update!"))
    run, epochs = dp.run, whole("epochs", epochs)
    check_data(run, data, epochs)
    # a tree or band serves one call: who takes part is counted within it
    run.noise in (:tree, :banded) && begin_noise!(dp)
    Flux.trainmode!(model)
    frozen = frozen_state(model, opt)
    show_progress = progress_of(progress, data, epochs, dp)
    step = 0
    for _ in 1:epochs, (place, lot) in enumerate(data)
        result = try
            private_step(dp, loss, model, tuple_of(lot); frozen = frozen, examples = examples_of(run, data, place))
        catch error
            # Before the first step there is no model that training has stopped with.
            error isa BudgetExhausted && FluxGuard.steps(run.door) > 0 || rethrow()
            @info "Training stopped with the model as it was after $(dp.steps) steps: $(error.message)"
            FluxGuard.settle(run)
            return nothing
        end
        Flux.update!(opt, model, result.gradient)
        show_progress(step += 1, result.loss)
    end
    FluxGuard.settle(run)
    return nothing
end

function Flux.train!(loss, dp::DPBackend, model, data, rule::Optimisers.AbstractRule; options...)
    Flux.train!(loss, dp, model, data, Flux.setup(rule, model); options...)
end

function FluxGuard.begin_noise!(dp::DPBackend)
    run = dp.run
    run.noise in (:tree, :banded) || throw(invalid("noise", run.noise, ":tree or :banded: other noise has no beginning"))
    @lock run.lock begin
        unfinished = run.correlated !== nothing && 0 < run.correlated.taken[] < run.noise_options.steps
        unfinished && @info "The noise that was running is given up after $(run.correlated.taken[]) of $(run.noise_options.steps) steps; new noise begins, and is counted on top."
        run.correlated = nothing
    end
    return dp
end

# What can be seen of the data before the first step; each lot is asked for itself all the same.

function check_data(run, lots::PoissonLots, epochs)
    n = lots.sampler.n
    if run.lot_size isa Real
        run.lot_size <= n || throw(invalid("lot_size", run.lot_size, "at most $n, the size of the data"))
        expected = expected_lot_size(lots)
        isapprox(run.lot_size, expected; rtol = 0.01) ||
            throw(invalid("lot_size", run.lot_size, "$expected, the expected size of the lots: rate × observations"))
    end
    return nothing
end

function check_data(run, loader::Flux.DataLoader, epochs)
    n = Flux.MLUtils.numobs(loader.data)
    run.noise in (:tree, :banded) && return check_participations(run, loader, epochs)
    run.lots === :any || FluxGuard.throw_unsampled("data", "a DataLoader with lots of $(loader.batchsize) of $n, $(loader.shuffle ? "shuffled" : "in order")")
    return
end

# A DataLoader inside of an iterator is one still.
function check_data(run, data, epochs)
    if run.noise in (:tree, :banded)
        never_too_often(run) || throw(invalid("data", "a $(nameof(typeof(data)))", "a DataLoader in order, which says who is in which " *
            "batch: noise of $(repr(run.noise)) is paid for by how often and how far apart an example takes part"))
        return
    end
    loader = inner_loader(data)
    loader === nothing || check_data(run, loader, epochs)
    return
end

never_too_often(run) = try
    FluxGuard.named_examples(run, nothing)
    true
catch error
    error isa InvalidArgument || rethrow()
    false
end

inner_loader(x, depth = 4) = nothing
inner_loader(x::Flux.DataLoader, depth = 4) = x
function inner_loader(x::Union{Base.Generator,Iterators.Take,Iterators.Drop,Iterators.Filter,Iterators.Enumerate,Iterators.Zip,Iterators.Cycle,
        Iterators.Flatten,Iterators.Rest,Iterators.Stateful,Iterators.TakeWhile,Iterators.DropWhile,Iterators.Accumulate,Iterators.PartitionIterator,
        Tuple,NamedTuple}, depth = 4)
    depth == 0 && return nothing
    for name in fieldnames(typeof(x))
        isdefined(x, name) || continue
        found = inner_loader(getfield(x, name), depth - 1)
        found === nothing || return found
    end
    return nothing
end

# Which kind of loading stands in the type alone.
parallel(loader::Flux.DataLoader) = any(p -> p === :parallel, typeof(loader).parameters)

"Each example is in every epoch once, at the same place: as far apart as an epoch is long."
function check_participations(run, loader, epochs)
    parallel(loader) && throw(invalid("data", "a DataLoader with parallel = true", "parallel = false: the order of its batches is not known, and so " *
        "not who takes part when"))
    accountant(run).relation === :replace_one || throw(invalid("relation", ":add_remove", "relation = :replace_one: with one example more or " *
        "less, a DataLoader's batches behind it are others, all of them"))
    loader.shuffle && throw(invalid("data", "a shuffled DataLoader", "one in order: noise of $(repr(run.noise)) is accounted for " *
        "by how far apart an example takes part"))
    o = run.noise_options
    apart = run.noise === :tree ? get(o, :min_separation, 1) : get(o, :bands, 16)
    begun = cld(min(o.steps, epochs * length(loader)), length(loader))
    begun <= get(o, :participations, 1) || throw(invalid("noise_options", o,
        "participations of at least $begun: so many epochs of $(length(loader)) batches are begun in $(o.steps) steps"))
    begun == 1 || apart <= length(loader) || throw(invalid("noise_options", o,
        "at most $(length(loader)) steps between an example's participations: an epoch has no more"))
    return
end

"Who is in the batch at this place, by numbers; `nothing` where nobody needs to know, or can."
function examples_of(run, loader::Flux.DataLoader, place)
    run.noise in (:tree, :banded) || return nothing
    first = (place - 1) * loader.batchsize + 1
    return first:min(first + loader.batchsize - 1, Flux.MLUtils.numobs(loader.data))
end
examples_of(run, data, place) = nothing

# Lines with loss and epsilon.

"Rounded up. A run that has spent far too much is no reason to end it here: beyond some 70 there may be no bound at this delta."
function shown_epsilon(dp)
    try
        return string(round(epsilon(dp), RoundUp; sigdigits = 4))
    catch error
        error isa InvalidArgument || rethrow()
        return "without a bound"
    end
end

struct Progress
    io::Union{Nothing,IO}
    steps::Union{Nothing,Int}
    every::Int
    dp::DPBackend
end

function progress_of(io, data, epochs, dp)
    io === false && return Progress(nothing, nothing, 1, dp)
    steps = Base.IteratorSize(typeof(data)) isa Union{Base.HasLength,Base.HasShape} ? epochs * length(data) : nothing
    return Progress(io === true ? stderr : io, steps, steps === nothing ? 50 : cld(steps, 20), dp)
end

function (p::Progress)(step, loss)
    p.io === nothing && return
    step % p.every == 0 || step == p.steps || return
    of = p.steps === nothing ? "" : "/$(p.steps)"
    shown(x) = x isa Real ? string(round(x; sigdigits = 4)) : "-"
    println(p.io, "step ", step, of, "  loss ", loss isa Tuple ? join(shown.(loss), ", ") : shown(loss),
        "  epsilon ", shown_epsilon(p.dp), " at delta ", p.dp.run.delta)
end
