# Dense, on vectors and on sequences (any dimensions between features and observations).

supported(l::Dense) = true
parameters(l::Dense) = (l.weight, l.bias)

function forward(l::Dense, x)
    z = reshape(l.weight * reshape(settled_input(x, eltype(l.weight)), size(x, 1), :), :, Base.tail(size(x))...)
    l.bias === false || (z .+= l.bias)
    return z
end

backward(l::Dense, dy, x) = (reshape(l.weight' * reshape(dy, size(dy, 1), :), size(x)),)

function (t::Tap{<:Dense})(x::AbstractArray)
    Flux._size_check(layer(t), x, 1 => size(layer(t).weight, 2))
    return NNlib.bias_act!(t.σ, linear(t, x), false)
end

# `W * x` knows a one-hot `x`, and is faster for it.
settled_input(x::Flux.OneHotLike, T) = x
settled_input(x::AbstractArray{T}, ::Type{T}) where {T} = x
settled_input(x::AbstractArray, T) = convert(AbstractArray{T}, x)

"Inputs and cotangents of all calls, positions side by side."
function joined(t::Tap)
    done = calls(t)
    T = eltype(layer(t).weight)
    x = [sequence(settled(first(call.input), T)) for call in done]
    d = [sequence(call.cotangent) for call in done]
    return length(done) == 1 ? (only(x), only(d)) : (reduce(hcat3, x), reduce(hcat3, d))
end

hcat3(a, b) = cat(a, b; dims = 2)

function squares!(n, t::Tap{<:Dense}, index)
    isempty(calls(t)) && return
    x, d = joined(t)
    weight, bias = parameters(layer(t))
    haskey(index, weight) && (n[:, index[weight]] = dense_squares(t, x, d))
    haskey(index, bias) && (n[:, index[bias]] = columns(size(d, 2) == 1 ? d : sum(d; dims = 2)))
    return
end

function dense_squares(t, x, d)
    features, outputs, positions = size(x, 1), size(d, 1), size(x, 2)
    positions == 1 && return columns(x) .* columns(d)
    gram_is_cheaper(features, outputs, positions) && return gram_squares(x, d)
    features * outputs <= positions * (features + outputs) || return product_squares(x, d)
    return columns(keep!(t, products(x, d)))
end

function sums!(sums, t::Tap{<:Dense}, weights, index)
    isempty(calls(t)) && return
    x, d = joined(t)
    weight, bias = parameters(layer(t))
    haskey(index, weight) && (sums[weight] = dense_sum(kept(t), x, d, weights[:, index[weight]]))
    haskey(index, bias) && (sums[bias] = weighted(flat(size(d, 2) == 1 ? d : sum(d; dims = 2)), weights[:, index[bias]]))
    return
end

function dense_sum(::Nothing, x, d, weights)
    # the smaller side is the one that is copied
    size(x, 1) < size(d, 1) ? (x = scaled(x, weights)) : (d = scaled(d, weights))
    return reshape(d, size(d, 1), :) * reshape(x, size(x, 1), :)'
end

dense_sum(kept, x, d, weights) = reshape(weighted(flat(kept), weights), size(d, 1), size(x, 1))
