# The examination: does one example change what another contributes? On a copy of the model, as training runs it, with a few
# examples of the lot at hand.

"""
What an examination found: `reduction` is `:mean`, `:sum` or, where all gradients vanish, `nothing`. `fast`: the fast path was
proven (`true`), does not fit (`false`), or nothing can be said by this lot (`nothing`); `reason` says why not. `seconds`: what another one
costs.
"""
struct Finding
    reduction::Union{Nothing,Symbol}
    fast::Union{Nothing,Bool}
    reason::String
    seconds::Float64
end

"""
    examine(model, loss, frozen, promised, unfit, batch; draw, order, when) -> Finding

Throws [`InvalidArgument`](@ref) for a model and loss that couple examples, that keep data, or that are not the reduction they
are promised to be. `promised` is `:check`, `:mean` or `:sum`; `unfit` why the model cannot take the fast path, if it is known; `draw` the
examination's own random numbers; `when` is added to what an error says.
"""
function examine(model, loss, frozen, promised, unfit, batch; draw = Random.Xoshiro(), order = TRIAL_SIZES, when = "")
    n = lot_observations(batch)
    too_few = Finding(promised === :check ? nothing : promised, nothing, "a lot of $n proves nothing", 0.0)
    n > 1 || return too_few
    t = Trial(model, loss, frozen)
    taken = axes_taken(batch, t.parameters)
    chosen, lot, whole, alone = choose_examples(t, frozen, batch, n, first(trial_sizes(n, taken, order)), draw, when)
    length(chosen) > 1 || return too_few
    sizes = trial_sizes(length(chosen), taken, order)
    if first(sizes) < length(chosen)
        chosen, alone = chosen[1:first(sizes)], alone[1:first(sizes)]
        lot = Flux.MLUtils.getobs(batch, chosen)
        whole = outcome(t, lot)
    end

    random, holds_still = randomness(t, lot, whole)
    random && check_promised(promised, when)
    sure = !random || keeps_promise(t, promised, lot, batch, chosen, when)
    reduction = random ? promised : reduction_of(t, whole, alone, promised, lot, when)
    done(fast, reason) = (unchanged(t); Finding(reduction, fast, reason, length(t.times) * middle(t.times)))
    holds_still || return done(false, "the loss or a layer draws random numbers from a generator of its own, so nothing can be compared")
    seen, replaced = check_replaced(t, whole, swaps(batch, lot, chosen, draw), when)
    reduction === nothing && return done(nothing, "all gradients vanish in this lot")
    unfit === nothing || return done(false, unfit)
    length(sizes) == 2 || return done(nothing, "a lot of $n is too small to prove the fast path")
    sure || return done(nothing, "the loss's random numbers hide whether it is the $reduction that was promised")
    seen || return done(nothing, "no example made a difference in this lot")
    fast, reason = prove_fast(t, batch, chosen, sizes, reduction, random ? nothing : alone, replaced)
    return done(fast, reason)
end

middle(x) = (y = sort(x); y[cld(length(y), 2)])

"The model must be, after all, what it was."
function unchanged(t::Trial)
    t.stateful && return
    place = difference(t.plain, t.model)
    place === nothing || throw(kept_data(place))
    return
end

"""
Up to `m` examples whose own gradients are finite, drawn at random, with the lot they make and its outcome and those of each alone.
On the way it is seen whether a call changes the model.
"""
function choose_examples(t, frozen, batch, n, m, draw, when)
    at(i) = Flux.MLUtils.getobs(batch, i)
    # drawn without a permutation of a large lot
    candidates = n <= 64 ? Random.randperm(draw, n) : unique!(rand(draw, 1:n, 8m))
    chosen = candidates[1:m]
    lot = at(chosen)
    whole = check_state!(t, frozen, lot, at([chosen[2]; chosen[2:end]]))
    fine, alone = Int[], Outcome[]
    for i in first(candidates, 8m)
        own = outcome(t, observation_of(batch, i))
        isfine(own) || continue
        push!(fine, i)
        push!(alone, own)
        length(fine) == m && break
    end
    isempty(fine) && isfine(whole) && throw(invalid("model", "no finite gradient of any example alone, but one of $m together$when",
        "layers and a loss that take no statistics of the lot (privatize(model) replaces BatchNorm), and couple no examples otherwise"))
    fine == chosen || length(fine) < 2 || (chosen = fine; lot = at(chosen); whole = outcome(t, lot))
    return fine, lot, whole, alone
end

"Whether the outcome is random, and whether it is the same when random numbers are."
function randomness(t, lot, o)
    close(a, b) = (tol = tolerance(t).rounding; norm2(a.gradient .- b.gradient) <= tol * norm2(b.gradient) && abs(a.value - b.value) <= tol * abs(b.value))
    close(outcome(t, lot; seed = 2), o) && return false, true
    return true, close(outcome(t, lot), o)
end

const NEITHER = "a lot's gradient that is neither mean nor sum of its examples' own"

"`:mean` or `:sum`, by the gradients of single examples; `nothing` where all vanish and nothing can be told."
function reduction_of(t, whole, alone, promised, lot, when)
    of_all = sum(norm2(o.gradient) for o in alone)
    of_all > 0 || return promised === :check ? nothing : promised
    total = sum(o.gradient for o in alone)
    off(scale) = norm2(whole.gradient .- scale .* total) / (scale * of_all)
    n = length(alone)
    for (name, scale) in ((:mean, 1 / n), (:sum, 1))
        off(scale) <= tolerance(t).wide || continue
        promised in (:check, name) && return name
        throw(invalid("reduction", "$(repr(promised)), but the loss is a $name over examples$when", "$(repr(name)), or :check, which finds it out"))
    end
    layers = moded_layers(t)
    isempty(layers) || !uncoupled_in_test_mode(t, lot, n) || throw(invalid("model", "examples that are coupled in train mode by $(join(layers, " or "))$when",
        "layers that treat each example alone: GroupNorm or LayerNorm in place of statistics of the lot"))
    throw(invalid("loss", "$NEITHER (off by $(round(off(1 / n); sigdigits = 2)))$when", "$NO_COUPLING; if it draws random numbers, say reduction = :mean or :sum"))
end

"The layers, by place, that do something of their own in train mode."
function moded_layers(t)
    found, ours = String[], Union{Flux.Dropout,Flux.AlphaDropout,GroupNorm,InstanceNorm}
    generic = which(Flux.testmode!, Tuple{Nothing,Bool})
    walk(t.model, "model") do layer, place
        layer isa ours || which(Flux.testmode!, Tuple{typeof(layer),Bool}) === generic || push!(found, "$place ($(nameof(typeof(layer))))")
    end
    return found
end

"Whether the gradient of a lot of `n` would be a mean or a sum in test mode."
function uncoupled_in_test_mode(t, lot, n)
    model, _ = subject(t, true)
    Flux.testmode!(model)
    at(batch) = flat_gradient(held(() -> ordinary(model, t.index, t.loss, batch), 1)[2], t.parameters)
    whole, alone = at(lot), [at(observation_of(lot, i)) for i in 1:n]
    near(scale) = norm2(whole .- scale .* sum(alone)) <= tolerance(t).wide * scale * sum(norm2, alone)
    return near(1 / n) || near(1)
end

"A loss that draws random numbers must promise what it is."
check_promised(promised, when) = promised === :check && throw(invalid("loss", "$NEITHER: it draws random numbers, the same lot gave two gradients$when",
    "$NO_COUPLING; if it draws random numbers, say reduction = :mean or :sum"))

# How many times a random loss is evaluated, at most, to tell a mean from a sum.
const MOST_DRAWS = 256

"""
Whether a random loss is seen to be the reduction it promises: when every example stands in the lot twice, a mean stays as it is and a
sum doubles. `false` where random numbers hide it. Throws [`InvalidArgument`](@ref) where it is seen to be the other.
"""
function keeps_promise(t, promised, lot, batch, chosen, when)
    twice = Flux.MLUtils.getobs(batch, [chosen; chosen])
    right, wrong = promised === :mean ? (1, 2) : (2, 1)
    once, doubled = Float64[], Float64[]
    for k in 1:MOST_DRAWS
        push!(once, value_of(t, lot; seed = 1000 + k))
        push!(doubled, value_of(t, twice; seed = 2000 + k))
        k >= 16 && k % 8 == 0 || continue
        error_of(factor) = sqrt((var(doubled) + factor^2 * var(once)) / k) + tolerance(t).wide * abs(mean(doubled))
        off(factor) = abs(mean(doubled) - factor * mean(once)) / error_of(factor)
        off(right) <= 4 && off(wrong) > 6 && return true
        off(wrong) <= 4 && off(right) > 6 && throw(invalid("reduction",
            "$(repr(promised)), but every example twice $(wrong == 2 ? "doubles the loss" : "leaves the loss as it is")$when", repr(promised === :mean ? :sum : :mean)))
    end
    return false
end

"""
Whether replacing examples made a difference at all, and the swaps that could be evaluated. One example is replaced, all others
are, and all are: where no example changes what another contributes, the changes of the gradient and of the loss add up. The random
numbers and the lot's size stay the same.
"""
function check_replaced(t, whole, replaced, when)
    seen, used = false, Any[]
    for swap in replaced
        what, lots = swap.what, (swap.one, swap.rest, swap.all)
        any(other -> !isempty(swap.kinds) && swap.kinds ⊆ other.kinds, used) && continue
        outcomes = what === :numbers ? tried(() -> map(lot -> outcome(t, lot), lots)) : map(lot -> outcome(t, lot), lots)
        outcomes !== nothing && all(isfine, outcomes) || continue
        push!(used, swap)
        moved, off = second_difference(t, whole, outcomes...)
        seen |= moved
        off === nothing && continue
        by = "$(round(100off; sigdigits = 2)) % of the change"
        what === :examples && throw(invalid("loss", "examples that are coupled: when one is replaced, others contribute something else ($by)$when",
            "$NO_COUPLING: no statistics of the lot, no comparison of examples"))
        throw(invalid("loss", "a term of one example that depends on other examples' numbers ($by), as weights or a mask in sum(w .* l) / sum(w)$when",
            "weights as data of a mean over examples, divided by a constant: mean(w .* l)"))
    end
    return seen, used
end

"`f()`, or `nothing` where it throws: invented numbers may be no sensible data."
function tried(f)
    try
        return f()
    catch error
        error isa InterruptException && rethrow()
        return nothing
    end
end

"Whether both changes can be seen, and by how much they do not add up (`nothing` where they do)."
function second_difference(t, o, one, rest, all)
    moved, by_gradient = added_up(t, o.gradient, one.gradient, rest.gradient, all.gradient)
    _, by_value = added_up(t, o.value, one.value, rest.value, all.value)
    return moved, something(by_gradient, by_value, Some(nothing))
end

function added_up(t, a, b, c, d)
    wide, rounding = tolerance(t)
    changes = norm2(b .- a), norm2(c .- a)
    noise = rounding * (norm2(a) + norm2(b) + norm2(c) + norm2(d))
    off = norm2(a .- b .- c .+ d)
    return minimum(changes) > noise, off > wide * maximum(changes) + noise ? off / maximum(changes) : nothing
end
