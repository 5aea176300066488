# A model and its loss, and what has been found out about them.

"""
`reduction` is `:mean` or `:sum` once the loss is known to be one of them over examples, `promised` what the user said of it. `proven`: the
fast path was proven for this model and loss; why it cannot be taken is in `recorder.unfit`. `told`: the user knows.
"""
mutable struct Part
    model::Any
    loss::Any
    frozen::Any
    key::Key
    recorder::Recorder
    promised::Symbol
    reduction::Union{Nothing,Symbol}
    proven::Bool
    told::Bool
    watch::Watch
end

"Whether a lot takes one backward pass: only once that was proven."
ghost(part::Part) = part.proven && part.recorder.unfit === nothing

"The path that lots take: `:ghost`, one backward pass a lot, or `:each`, one for every example."
path(part::Part) = ghost(part) && part.reduction !== nothing ? :ghost : :each

"""
The part for this model and loss, as they are now. Closures of one place in the code are one loss, as long as what they captured
is the same (see [`Key`](@ref)). Throws [`InvalidArgument`](@ref) for a model that cannot be trained privately.
"""
function part_of(dp, loss, model, frozen)
    frozen = frozen_arrays(model, frozen)
    parts = getfield(dp, :parts)
    for part in Iterators.reverse(parts)
        if part.model === model && typeof(part.loss) === typeof(loss) && part.frozen == frozen && holds(part.key, model, loss)
            part.loss = loss
            return part
        end
    end
    problems = structural(model, frozen)
    isempty(problems) || throw(invalid("model", join(problems, "; "), "no layer that couples examples (privatize(model)), and parameters of Float32 or Float64 in host memory"))
    recorder = Recorder(model; frozen = frozen)
    part = Part(model, loss, frozen, Key(model, loss), recorder, dp.reduction, dp.reduction === :check ? nothing : dp.reduction,
        false, recorder.unfit !== nothing || any(old -> old.told && old.model === model && typeof(old.loss) === typeof(loss), parts), Watch())
    length(parts) >= 16 && popfirst!(parts)
    push!(parts, part)
    return part
end

"""
    decide!(part, dp, batch)

Called before every lot that is not empty. Finds out by the first lot whether the loss is a mean or a sum over examples and whether
recording gives each example's own gradient (see [`examine`](@ref)), and looks again at random later lots, for less than 1 % of
the time that training takes. Throws [`InvalidArgument`](@ref) where examples are coupled; it says in which step that was seen.
"""
function decide!(part::Part, dp, batch)
    w, n = tick!(part.watch), lot_observations(batch)
    tell(part)
    known = w.cost > 0 && settled_by(part)
    n > 1 && (known ? paid(w) : tryagain!(w, n)) || return
    step = FluxGuard.steps(dp) + 1
    again = w.cost > 0
    began = time_ns()
    finding = examine(part.model, part.loss, part.frozen, part.promised, part.recorder.unfit, batch; draw = w.draw,
        order = again ? Random.shuffle(w.draw, 2:11) : TRIAL_SIZES,
        when = again ? ", seen in step $step (lots before did not show it)" : ", seen in step $step")
    apply!(part, finding, step)
    # where it compiled, its cost is taken from its evaluations, with room for what is around them
    measured, usual = (time_ns() - began) / 1e9, 2finding.seconds + 0.002
    seconds = known && measured <= 4usual ? measured : usual
    examined!(w, seconds, settled_by(part), n)
    tell(part)
    return
end

"Whether all that an examination can find out is known."
settled_by(part) = part.reduction !== nothing && (part.proven || part.recorder.unfit !== nothing)

function apply!(part, finding, step)
    if finding.reduction !== nothing
        part.reduction === nothing || part.reduction === finding.reduction || throw(invalid("loss",
            "a $(finding.reduction) over examples in step $step, a $(part.reduction) before", "one of them throughout"))
        part.reduction = finding.reduction
    end
    finding.fast === true && (part.proven = true)
    finding.fast === false && part.recorder.unfit === nothing && (part.recorder.unfit = finding.reason)
    return
end

"One line where a model that looked fit for the fast path does not take it."
function tell(part)
    (part.told || part.recorder.unfit === nothing) && return
    part.told = true
    @info "Private training takes a backward pass for every example, not one a lot: $(part.recorder.unfit)"
    return
end
