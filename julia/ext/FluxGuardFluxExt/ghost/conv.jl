# Conv in one, two and three dimensions, with stride, padding, dilation and groups.

supported(l::Conv) = true
parameters(l::Conv) = (l.weight, l.bias)

conv_dims(l::Conv, x) = DenseConvDims(size(x), size(l.weight);
    stride = l.stride, padding = l.pad, dilation = l.dilation, groups = l.groups)

function forward(l::Conv, x)
    z = NNlib.conv(settled(x, eltype(l.weight)), l.weight, conv_dims(l, x))
    l.bias === false || (z .+= reshape(l.bias, ntuple(_ -> 1, ndims(z) - 2)..., :))
    return z
end

backward(l::Conv, dy, x) = (NNlib.∇conv_data(dy, l.weight, conv_dims(l, x)),)

function (t::Tap{<:Conv})(x::AbstractArray)
    l = layer(t)
    ndims(x) == ndims(l.weight) || throw(Unfit("$l got $(size(x))"))
    Flux._size_check(l, x, ndims(x) - 1 => size(l.weight, ndims(x) - 1) * l.groups)
    return NNlib.bias_act!(t.σ, linear(t, x), false)
end

"Three spatial dimensions, the missing ones of size 1: NNlib unfolds these."
spatial(x::AbstractArray{T,N}) where {T,N} = reshape(x, size(x)[1:N-2]..., ntuple(_ -> 1, 5 - N)..., size(x, N - 1), size(x, N))

"Sizes of one group's convolution of one observation in three dimensions."
function group_dims(l::Conv, x)
    missing_dims = 5 - ndims(x)
    x, w = spatial(x), spatial(l.weight)
    more(values, with, n) = (values..., ntuple(_ -> with, n)...)
    return DenseConvDims((size(x)[1:3]..., size(w, 4), 1), (size(w)[1:4]..., size(w, 5) ÷ l.groups);
        stride = more(l.stride, 1, missing_dims), padding = more(l.pad, 0, 2missing_dims),
        dilation = more(l.dilation, 1, missing_dims))
end

"""
`work(i, g, patches, dy)` for every observation `i` of `range` and group `g`: `patches` is positions × inputs of the
kernel (overwritten each time), `dy` positions × outputs of the group.
"""
function unfold(work::F, l::Conv, x::AbstractArray{T}, d, range) where {F,T}
    dims = group_dims(l, x)
    x, d = spatial(x), spatial(d)
    positions, inputs, outputs = prod(size(d)[1:3]), prod(NNlib.kernel_size(dims)) * NNlib.channels_in(dims), size(d, 4) ÷ l.groups
    patches = Matrix{T}(undef, positions, inputs)
    d = reshape(d, positions, outputs, l.groups, :)
    channels = NNlib.channels_in(dims)
    for i in range, g in 1:l.groups
        NNlib.im2col!(patches, view(x, :, :, :, (g-1)*channels+1:g*channels, i), dims)
        work(i, g, patches, view(d, :, :, g, i))
    end
    return
end

"Per-example gradients of one call: (inputs of the kernel × outputs of a group) × groups × observations."
function filters!(out::AbstractArray{T,4}, l::Conv, x, d, add) where {T}
    in_parallel(size(out, 4)) do range
        unfold(l, x, d, range) do i, g, patches, dy
            mul!(view(out, :, :, g, i), patches', dy, one(T), T(add))
        end
    end
    return out
end

function squares!(n, t::Tap{<:Conv}, index)
    done, l = calls(t), layer(t)
    isempty(done) && return
    weight, bias = parameters(l)
    haskey(index, weight) && (n[:, index[weight]] = conv_squares(t, l, done))
    haskey(index, bias) && (n[:, index[bias]] = columns(sum(call -> per_channel(call.cotangent), done)))
    return
end

"The sum over positions: channels × observations."
function per_channel(d::AbstractArray{T,N}) where {T,N}
    d3 = reshape(d, :, size(d, N - 1), size(d, N))
    out = Matrix{T}(undef, size(d, N - 1), size(d, N))
    for i in axes(d3, 3), c in axes(d3, 2)
        out[c, i] = sum(view(d3, :, c, i))
    end
    return out
end

function conv_squares(t, l::Conv, done)
    T = eltype(l.weight)
    x, d = settled(first(done[1].input), T), done[1].cotangent
    observations, groups = size(d, ndims(d)), l.groups
    outputs = size(l.weight, ndims(l.weight)) ÷ groups
    inputs = length(l.weight) ÷ (outputs * groups)
    positions = length(d) ÷ (outputs * groups * observations)
    once = length(done) == 1
    # kept where the recorded arrays are larger anyway
    if !once || length(l.weight) * observations <= length(x) + length(d)
        filters = Array{T}(undef, inputs, outputs, groups, observations)
        for (k, call) in enumerate(done)
            filters!(filters, l, settled(first(call.input), T), call.cotangent, k > 1)
        end
        return columns(keep!(t, filters))
    end
    n = zeros(observations)
    gram = gram_is_cheaper(inputs, outputs, positions)
    in_parallel(observations) do range
        a, g = gram ? (Matrix{T}(undef, positions, positions), Matrix{T}(undef, positions, positions)) :
            (Matrix{T}(undef, inputs, outputs), Matrix{T}(undef, 0, 0))
        unfold(l, x, d, range) do i, _, patches, dy
            size = term_size(patches', dy')
            n[i] += gram ? gram_bound(inner(mul!(a, patches, patches'), mul!(g, dy, dy')), size, T, inputs + outputs, positions) :
                sum_bound(square(mul!(a, patches', dy)), size, T, positions)
        end
    end
    return n
end

function sums!(sums, t::Tap{<:Conv}, weights, index)
    done, l = calls(t), layer(t)
    isempty(done) && return
    weight, bias = parameters(l)
    haskey(index, weight) && (sums[weight] = conv_sum(kept(t), l, done, weights[:, index[weight]]))
    haskey(index, bias) && (sums[bias] = weighted(sum(call -> per_channel(call.cotangent), done), weights[:, index[bias]]))
    return
end

conv_sum(kept, l, done, weights) = reshape(weighted(flat(kept), weights), size(l.weight))

function conv_sum(::Nothing, l::Conv, done, weights)
    T = eltype(l.weight)
    x, d = settled(first(only(done).input), T), only(done).cotangent
    lock, total = ReentrantLock(), zeros(T, size(l.weight))
    outputs = size(l.weight, ndims(l.weight)) ÷ l.groups
    in_parallel(length(weights)) do range
        own = zeros(T, length(l.weight) ÷ (outputs * l.groups), outputs, l.groups)
        unfold(l, x, d, range) do i, g, patches, dy
            mul!(view(own, :, :, g), patches', dy, T(weights[i]), one(T))
        end
        @lock lock (total .+= reshape(own, size(total)))
    end
    return total
end
