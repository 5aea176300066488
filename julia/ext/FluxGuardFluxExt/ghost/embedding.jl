# Embedding of indices. One-hot arrays are turned into indices first.

supported(l::Embedding) = true
parameters(l::Embedding) = (l.weight,)

forward(l::Embedding, x::AbstractArray{<:Integer}) =
    reshape(NNlib.gather(l.weight, vec(x)), size(l.weight, 1), size(x)...)

backward(l::Embedding, dy, x) = (NoTangent(),)

(t::Tap{<:Embedding})(x::AbstractArray{<:Integer}) = linear(t, x)
(t::Tap{<:Embedding})(x::Flux.OneHotArray) = linear(t, hot_indices(x))
(t::Tap{<:Embedding})(x::AbstractArray{Bool}) = throw(Unfit("$(layer(t)) got an array of Bool that is not one-hot"))
(t::Tap{<:Embedding})(x) = throw(Unfit("$(layer(t)) got $(summary(x))"))

hot_indices(x::Flux.OneHotArray) = Flux.onecold(x, axes(x, 1))
@non_differentiable hot_indices(::Any)

"Indices (positions × observations) and cotangents (features × positions × observations) of all calls."
function looked_up(t::Tap{<:Embedding})
    done = calls(t)
    x = reduce(vcat, [reshape(first(call.input), :, size(call.cotangent, ndims(call.cotangent))) for call in done])
    return x, reduce(hcat3, [sequence(call.cotangent) for call in done])
end

# Rows that were looked up more than once in an observation add up before they are squared.
function embedding_squares(x, d::AbstractArray{T,3}) where {T}
    size(x, 1) == 1 && return columns(d)
    n = zeros(size(x, 2))
    in_parallel(length(n)) do range
        row = Vector{T}(undef, size(d, 1))
        order = Vector{Int}(undef, size(x, 1))
        for i in range
            sortperm!(order, view(x, :, i))
            for (k, t) in enumerate(order)
                k == 1 || x[t, i] == x[order[k-1], i] || (n[i] += square(row))
                k == 1 || x[t, i] != x[order[k-1], i] ? row .= view(d, :, t, i) : row .+= view(d, :, t, i)
            end
            n[i] += square(row)
            n[i] = sum_bound(n[i], sum(t -> sqrt(square(view(d, :, t, i))), axes(x, 1)), T, size(x, 1))
        end
    end
    return n
end

function squares!(n, t::Tap{<:Embedding}, index)
    isempty(calls(t)) && return
    haskey(index, layer(t).weight) && (n[:, index[layer(t).weight]] = embedding_squares(looked_up(t)...))
    return
end

function sums!(sums, t::Tap{<:Embedding}, weights, index)
    isempty(calls(t)) && return
    weight = layer(t).weight
    haskey(index, weight) || return
    x, d = looked_up(t)
    total = zero(weight)
    for (i, w) in enumerate(weights[:, index[weight]]), position in axes(x, 1)
        @views total[:, x[position, i]] .+= eltype(weight)(w) .* d[:, position, i]
    end
    sums[weight] = total
    return
end
