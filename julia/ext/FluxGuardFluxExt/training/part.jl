# A model and its loss, and what has been found out about them.

"""
`reduction` is `:mean` or `:sum` once the loss is known to be one of them over examples. `path` is `:ghost`, or `:each`
with the reason why in `recorder.unfit`.
"""
mutable struct Part
    model::Any
    loss::Any
    frozen::Any
    recorder::Recorder
    reduction::Union{Nothing,Symbol}
end

ghost(part::Part) = part.recorder.unfit === nothing

"The part for this model and loss: closures of one place in the code are one loss."
function part_of(dp, loss, model, frozen)
    frozen = frozen_arrays(model, frozen)
    for part in getfield(dp, :parts)
        if part.model === model && typeof(part.loss) === typeof(loss) && part.frozen == frozen
            part.loss = loss
            return part
        end
    end
    problems = check_private(model)
    isempty(problems) || throw(invalid("model", join(problems.problems, "; "), "no layer that couples examples: privatise(model)"))
    strange = findfirst(p -> !(p isa Array), Flux.trainables(model))
    strange === nothing || throw(invalid("model", "parameters of type $(typeof(Flux.trainables(model)[strange]))",
        "arrays in host memory (Array): cpu(model)"))
    part = Part(model, loss, frozen, Recorder(model; frozen = frozen), dp.reduction === :check ? nothing : dp.reduction)
    length(getfield(dp, :parts)) >= 16 && popfirst!(getfield(dp, :parts))
    push!(getfield(dp, :parts), part)
    return part
end

"The arrays that are not trained, as keys: of layers and arrays, or of the frozen leaves of an optimiser's state."
frozen_arrays(model, frozen::IdDict) = frozen
frozen_arrays(model, frozen::NamedTuple) = frozen_state(model, frozen)

function frozen_arrays(model, frozen)
    found = IdDict{Any,Nothing}()
    for x in frozen, p in (x isa AbstractArray ? (x,) : Flux.trainables(x))
        found[p] = nothing
    end
    return found
end

frozen_state(model, state) = (found = IdDict{Any,Nothing}(); frozen_leaves!(found, state, model); found)

frozen_leaves!(found, leaf::Optimisers.Leaf, x) = leaf.frozen && (found[x] = nothing)
function frozen_leaves!(found, tree::Union{Tuple,NamedTuple,AbstractArray}, x)
    children, _ = Functors.functor(x)
    for key in keys(tree)
        key in keys(children) && frozen_leaves!(found, tree[key], children[key])
    end
end
frozen_leaves!(found, _, x) = nothing

# How many observations the test of a loss looks at, and how far gradients may differ in Float32.
const TEST_LOT = 4
const TEST_TOLERANCE = 1e-3

"""
Find out whether the loss is a mean or a sum over examples, and whether recording gives each example's own gradient, on up
to $TEST_LOT observations of the first lot that has two. Everything is compared with gradients of single observations, in
test mode (no dropout). Throws [`InvalidArgument`](@ref) for a loss that is neither.
"""
function decide!(part::Part, dp, batch)
    part.reduction === nothing || return
    model = Flux.testmode!(deepcopy(part.model))
    trial = Recorder(model; frozen = frozen_twins(part.model, model, part.frozen))
    n = lot_observations(batch)
    n > 1 || return
    alone = Any[]
    chosen = Int[]
    for i in 1:n
        _, gradients = ordinary(model, trial.index, part.loss, observation_of(batch, i))
        squares = [square(settled(get(gradients, p, zero(p)), eltype(p))) for p in trial.parameters]
        isfinite(sum(squares)) || continue
        push!(alone, (gradients, squares))
        push!(chosen, i)
        length(chosen) == TEST_LOT && break
        # a second look at examples beyond is cheap, but a lot of NaN must end, too
        i >= 8TEST_LOT && break
    end
    length(chosen) > 1 || return
    lot = Flux.MLUtils.getobs(batch, chosen)
    part.reduction = reduction_of(part, trial, alone, lot)
    part.reduction === nothing && return
    if part.recorder.unfit === nothing
        part.recorder.unfit = trial.unfit !== nothing ? trial.unfit : misfit(trial, part, alone, lot)
    end
    return
end

function frozen_twins(model, twin, frozen)
    twins = IdDict{Any,Nothing}()
    for (p, q) in zip(Flux.trainables(model), Flux.trainables(twin))
        haskey(frozen, p) && (twins[q] = nothing)
    end
    return twins
end

flat_gradient(gradients, parameters) = reduce(vcat, [vec(Float64.(get(gradients, p, zero(p)))) for p in parameters])
norm2(x) = sqrt(sum(abs2, x))

"`:mean` or `:sum`; `nothing` where all gradients vanish and nothing can be told."
function reduction_of(part, trial, alone, lot)
    own = [flat_gradient(gradients, trial.parameters) for (gradients, _) in alone]
    size = sum(norm2, own)
    size > 0 || return nothing
    _, gradients = ordinary(trial.original, trial.index, part.loss, lot)
    whole = flat_gradient(gradients, trial.parameters)
    off(scale) = norm2(whole .- scale .* sum(own)) / (scale * size)
    n = length(own)
    off(1 / n) <= TEST_TOLERANCE && return :mean
    off(1) <= TEST_TOLERANCE && return :sum
    throw(invalid("loss", "a lot's gradient that is neither mean nor sum of its examples' own (off by $(round(off(1 / n); sigdigits = 2)))",
        "a mean or a sum over examples, each depending on its own example alone; if it draws random numbers, say reduction = :mean or :sum"))
end

"Why recording cannot be trusted for this model and loss; `nothing` where it can."
function misfit(trial, part, alone, lot)
    n = length(alone)
    scale = part.reduction === :mean ? n : 1
    squares = try
        record!(trial, part.loss, lot)[2]
    catch error
        error isa Unfit || rethrow()
        return error.reason
    end
    expected = reduce(vcat, (permutedims(s) for (_, s) in alone))
    largest = maximum(sqrt, sum(expected; dims = 2))
    maximum(abs, sqrt.(squares) .* scale .- sqrt.(expected)) <= TEST_TOLERANCE * largest ||
        return "the norms that were recorded are not those of single examples"
    weights = zeros(size(squares))
    weights[end, :] .= scale
    got = flat_gradient(sums!(IdDict{Any,Any}(), trial, weights), trial.parameters)
    own = flat_gradient(alone[end][1], trial.parameters)
    norm2(got .- own) <= TEST_TOLERANCE * largest || return "the gradient that was recorded is not that of a single example"
    return nothing
end
