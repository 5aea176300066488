# Which of a model's arrays are not trained.

"The arrays that are not trained, as keys: of layers and arrays, or of the frozen leaves of an optimizer's state."
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

"The frozen arrays of a copy of the model."
function frozen_twins(model, twin, frozen)
    twins = IdDict{Any,Nothing}()
    for (p, q) in zip(Flux.trainables(model), Flux.trainables(twin))
        haskey(frozen, p) && (twins[q] = nothing)
    end
    return twins
end
