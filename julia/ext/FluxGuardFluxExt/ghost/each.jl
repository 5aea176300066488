# The other path: a gradient for every observation, one after the other on each thread. Any model, any layer; slower.

"The trainable part of a Zygote gradient, added up where a parameter has several places."
function collect_gradients!(found::IdDict, index, x, g)
    (g === nothing || g isa AbstractZero) && return found
    if haskey(index, x)
        g = unthunk(g)
        size(g) == size(x) || throw(invalid("model", "a gradient of size $(size(g)) for a parameter of size $(size(x))",
            "gradients of their parameters' sizes: a differentiation rule of one of the layers (rrule, @adjoint) is wrong"))
        found[x] = haskey(found, x) ? found[x] .+ g : g
    elseif !Functors.isleaf(x)
        children, _ = Functors.functor(x)
        gradients, _ = Functors.functor(typeof(x), g isa Base.RefValue ? g[] : g)
        for key in keys(children)
            collect_gradients!(found, index, children[key], gradients[key])
        end
    end
    return found
end

"`(value, IdDict of gradients)` of one observation, or of a whole batch."
function ordinary(model, index, loss, batch)
    value, back = Zygote.pullback(m -> scalar(loss(m, batch...)), model)
    return value, collect_gradients!(IdDict{Any,Any}(), index, model, back(one(value))[1])
end

"""
    each!(visit, pairs, parameters, batch)

`visit(i, values, squares, gradients)` for every observation: the losses of the `(model, loss)` pairs, the squared norms
over `parameters`, and the gradients, of all pairs together. On all threads; visits do not overlap. Memory: one gradient a
thread.
"""
function each!(visit::F, pairs, parameters, batch) where {F}
    index = IdDict{Any,Int}(p => k for (k, p) in enumerate(parameters))
    lock = ReentrantLock()
    in_parallel(lot_observations(batch)) do range
        for i in range
            one, values, gradients = observation_of(batch, i), Float64[], IdDict{Any,Any}()
            for (model, loss) in pairs
                value, own = ordinary(model, index, loss, one)
                push!(values, value)
                merge!(gradients, own)
            end
            squares = [haskey(gradients, p) ? square(settled(gradients[p], eltype(p))) : 0.0 for p in parameters]
            @lock lock visit(i, values, squares, gradients)
        end
    end
    return
end

"A batch of one. The last dimension stays."
observation_of(batch, i) = Flux.MLUtils.getobs(batch, i:i)
