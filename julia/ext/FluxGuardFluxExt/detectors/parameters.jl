# A model as what a file can hold: its arrays by path, and what else its layers are made of, in words.

"Numbers and named functions of layers, such as an activation, in words. What has no words that last is left out."
leaf_words(x::Union{Number,Nothing,Symbol,AbstractString}) = repr(x)
leaf_words(x::Function) = startswith(string(nameof(x)), '#') ? nothing : string(nameof(x))
leaf_words(x) = nothing

"""
    model_parts(model) -> (arrays, leaves)

The arrays of numbers by path (`"layers.1.weight"`), in their order, and the other leaves in words, but for `active`: whether a layer
is in training is none of a detector's.
"""
function FluxGuard.model_parts(model)
    arrays, leaves = Pair{String,Array}[], Dict{String,String}()
    visit(path, x) = begin
        name = join(path.keys, '.')
        if x isa AbstractArray{<:Number}
            push!(arrays, name => Array(x))
        elseif !endswith(name, "active") && leaf_words(x) !== nothing
            leaves[name] = leaf_words(x)
        end
        return x
    end
    Functors.fmap_with_path(visit, Flux.cpu(model))
    return arrays, leaves
end

"""
    with_parts(model, arrays, leaves) -> model

A model of the same structure with these arrays, in inference. Throws [`Incompatible`](@ref) with the place where it is another.
"""
function FluxGuard.with_parts(model, arrays::AbstractDict, leaves::AbstractDict)
    own, words = FluxGuard.model_parts(model)
    for name in unique!([first.(own); sort!(collect(keys(arrays)))])
        at = findfirst(pair -> first(pair) == name, own)
        at === nothing && throw(other_model(name, "no such array", "one of size $(size(arrays[name]))"))
        haskey(arrays, name) || throw(other_model(name, "an array of size $(size(last(own[at])))", "none"))
        size(last(own[at])) == size(arrays[name]) || throw(other_model(name, "an array of size $(size(last(own[at])))", "$(size(arrays[name]))"))
    end
    for name in sort!(unique!([collect(keys(words)); collect(keys(leaves))]))
        was, expected = get(words, name, "nothing of the kind"), get(leaves, name, "nothing of the kind")
        was == expected || throw(other_model(name, was, expected))
    end
    filled = Functors.fmap_with_path(Flux.cpu(model)) do path, x
        x isa AbstractArray{<:Number} ? arrays[join(path.keys, '.')] : x
    end
    return Flux.testmode!(filled)
end

other_model(place, was, expected) = FluxGuard.Incompatible("model: $place: got $was, expected $expected, as in the file; give the model that was saved")
