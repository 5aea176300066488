# The proof that the fast path may be taken: what it records is each example's own gradient.

"""
    prove_fast(trial, batch, chosen, sizes, reduction, alone, replaced) -> fast, reason

On lots of two sizes, under the same random numbers: the contributions that were recorded add up to the ordinary gradient; their norms
are the recorded norms; where nothing is random they are the gradients of single examples (`alone`, else `nothing`); when one example is
replaced, the others' contributions stay as they are. `fast` is `nothing` where no contribution changed, so nothing was shown.
"""
function prove_fast(t, batch, chosen, sizes, reduction, alone, replaced)
    seen = false
    for m in sizes
        lot = Flux.MLUtils.getobs(batch, chosen[1:m])
        recorded = record_trial(t, lot, m)
        recorded isa String && return false, recorded
        own, squares = recorded
        largest = maximum(norm2, own)
        largest > 0 || return nothing, "all gradients vanish in this lot"
        wide = tolerance(t).wide
        near(a, b, scale = 1) = norm2(scale .* a .- b) <= wide * norm2(b) + wide / 10 * scale * largest
        norm2(sum(own) .- outcome(t, lot).gradient) <= wide * sum(norm2, own) || return false, "what was recorded does not add up to the gradient"
        all(j -> abs(sqrt(sum(view(squares, j, :))) - norm2(own[j])) <= wide * largest, 1:m) ||
            return false, "the norms that were recorded are not those of what was recorded"
        scale = reduction === :mean ? m : 1
        alone === nothing || all(j -> near(own[j], alone[j].gradient, scale), 1:m) ||
            return false, "the gradients that were recorded are not those of single examples"
        m == first(sizes) || continue
        for swap in replaced
            again = swap.what === :numbers ? tried(() -> record_trial(t, swap.one, m)) : record_trial(t, swap.one, m)
            again === nothing && continue
            again isa String && (swap.what === :numbers ? continue : return false, again)
            others = again[1]
            all(o -> all(isfinite, o), others) || continue
            seen |= !near(others[1], own[1])
            all(j -> near(others[j], own[j]), 2:m) || return false, "replacing one example changes what was recorded of others"
        end
    end
    return seen ? (true, "") : (nothing, "no example made a difference in this lot")
end

"""
The contributions of `m` examples (each a `flat_gradient`) and their squared norms (examples × parameters) by recording, or why that is
not possible.
"""
function record_trial(t::Trial, lot, m; seed = 1)
    model, own = subject(t)
    recorder = Recorder(model; frozen = t.frozen)
    recorder.unfit === nothing || return recorder.unfit
    began = time_ns()
    squares = try
        held(() -> record!(recorder, t.loss, lot)[2], seed, [own; t.generators])
    catch error
        error isa Unfit || rethrow()
        return error.reason
    end
    contributions = map(1:m) do j
        weights = zeros(size(squares))
        weights[j, :] .= 1
        one = IdDict{Any,Any}()
        foreach(tap -> sums!(one, tap, weights, recorder.index), recorder.taps)
        flat_gradient(one, recorder.parameters)
    end
    push!(t.times, (time_ns() - began) / 1e9)
    all(isfinite, squares) || return "the norms that were recorded are not finite"
    return contributions, squares
end
