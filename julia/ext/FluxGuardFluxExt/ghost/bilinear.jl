# Bilinear: the gradient of one observation is a product of three vectors, and so is its norm.

supported(l::Bilinear) = true
parameters(l::Bilinear) = (l.weight, l.bias)

"`weight · y` for every observation: outputs × features of x × observations."
through_y(l::Bilinear, y) = reshape(reshape(l.weight, :, size(l.weight, 3)) * y, size(l.weight, 1), size(l.weight, 2), :)

function forward(l::Bilinear, x, y)
    size(x, 2) == size(y, 2) || throw(DimensionMismatch("Bilinear got $(size(x, 2)) and $(size(y, 2)) observations"))
    z = reshape(NNlib.batched_mul(through_y(l, y), reshape(x, size(x, 1), 1, :)), size(l.weight, 1), :)
    l.bias === false || (z .+= l.bias)
    return z
end

function backward(l::Bilinear, dy, x, y)
    n = size(x, 2)
    dx = NNlib.batched_mul(NNlib.batched_adjoint(through_y(l, y)), reshape(dy, :, 1, n))
    both = reshape(reshape(dy, :, 1, n) .* reshape(x, 1, :, n), :, n)
    return reshape(dx, size(x)), reshape(l.weight, :, size(l.weight, 3))' * both
end

(t::Tap{<:Bilinear})(x::AbstractMatrix, y::AbstractMatrix) = NNlib.bias_act!(t.σ, linear(t, x, y), false)
(t::Tap{<:Bilinear})(x::AbstractMatrix) = t(x, x)
(t::Tap{<:Bilinear})(x::NTuple{2,AbstractArray}) = t(x[1], x[2])
(t::Tap{<:Bilinear})(x...) = throw(Unfit("$(layer(t)) got $(join(summary.(x), ", "))"))

"The call; several are left to the per-example path, whose norms of sums they would need."
only_call(t::Tap{<:Bilinear}) = length(calls(t)) == 1 ? only(calls(t)) : throw(Unfit("$(layer(t)) is called more than once"))

function squares!(n, t::Tap{<:Bilinear}, index)
    isempty(calls(t)) && return
    call = only_call(t)
    x, y = call.input
    weight, bias = parameters(layer(t))
    d = columns(call.cotangent)
    haskey(index, weight) && (n[:, index[weight]] = columns(x) .* columns(y) .* d)
    haskey(index, bias) && (n[:, index[bias]] = d)
    return
end

function sums!(sums, t::Tap{<:Bilinear}, weights, index)
    isempty(calls(t)) && return
    call = only_call(t)
    x, y = call.input
    weight, bias = parameters(layer(t))
    if haskey(index, weight)
        both = reshape(reshape(x, :, 1, size(x, 2)) .* reshape(y, 1, :, size(y, 2)), :, size(x, 2))
        sums[weight] = reshape(scaled(call.cotangent, weights[:, index[weight]]) * both', size(weight))
    end
    haskey(index, bias) && (sums[bias] = weighted(call.cotangent, weights[:, index[bias]]))
    return
end
