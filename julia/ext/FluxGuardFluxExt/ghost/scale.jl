# Scale, and with it LayerNorm, which holds one; GroupNorm and InstanceNorm, whose channels are scaled.

supported(l::Scale) = true
supported(l::Union{GroupNorm,InstanceNorm}) = l.affine
parameters(l::Scale) = (l.scale, l.bias)
parameters(l::Union{GroupNorm,InstanceNorm}) = (l.γ, l.β)

const Affine = Union{Scale,GroupNorm,InstanceNorm}

"Scale and bias as they meet an array of `n` dimensions."
affine(l::Scale, n) = (l.scale, l.bias)
affine(l::Union{GroupNorm,InstanceNorm}, n) = (along_channels(l.γ, n), along_channels(l.β, n))
along_channels(p, n) = reshape(p, ntuple(_ -> 1, n - 2)..., :)

function forward(l::Affine, x)
    scale, bias = affine(l, ndims(x))
    z = scale .* x .+ bias
    ndims(z) > ndims(scale) || throw(Unfit("$l got $(size(x)): the lot's dimension is one of its own"))
    return z
end

function backward(l::Affine, dy, x)
    scale, _ = affine(l, ndims(x))
    dx = scale .* dy
    return (size(dx) == size(x) ? dx : reshape(sum(dx; dims = (d for d in 1:ndims(dx) if size(x, d) < size(dx, d))), size(x)),)
end

(t::Tap{<:Scale})(x::AbstractArray) = NNlib.bias_act!(t.σ, linear(t, x), false)

function (t::Tap{<:GroupNorm})(x::AbstractArray)
    Flux._size_check(layer(t), x, ndims(x) - 1 => layer(t).chs)
    grouped = reshape(x, size(x)[1:end-2]..., size(x, ndims(x) - 1) ÷ t.G, t.G, size(x, ndims(x)))
    return (t.λ).(linear(t, reshape(standardized(grouped, 1:ndims(x)-1, t.ϵ), size(x))))
end

function (t::Tap{<:InstanceNorm})(x::AbstractArray)
    Flux._size_check(layer(t), x, ndims(x) - 1 => layer(t).chs)
    return (t.λ).(linear(t, standardized(x, 1:ndims(x)-2, t.ϵ)))
end

function standardized(x, dims, ϵ)
    μ = mean(x; dims = dims)
    σ² = var(x; mean = μ, dims = dims, corrected = false)
    return (x .- μ) ./ sqrt.(σ² .+ convert(float(eltype(x)), ϵ))
end

"Per-example gradients of scale and bias, each parameters × observations."
function affine_gradients(t::Tap{<:Affine})
    scale, bias = nothing, nothing
    for call in calls(t)
        d, l = call.cotangent, layer(t)
        p, _ = affine(l, ndims(d))
        dims = Tuple(k for k in 1:ndims(d)-1 if size(p, k) == 1)
        s = flat(sum(d .* first(call.input); dims = dims))
        b = flat(sum(d; dims = dims))
        scale, bias = scale === nothing ? (s, b) : (scale .+ s, bias .+ b)
    end
    return scale, bias
end

function squares!(n, t::Tap{<:Affine}, index)
    isempty(calls(t)) && return
    gradients = keep!(t, affine_gradients(t))
    for (p, gradient) in zip(parameters(layer(t)), gradients)
        haskey(index, p) && (n[:, index[p]] = columns(gradient))
    end
    return
end

function sums!(sums, t::Tap{<:Affine}, weights, index)
    isempty(calls(t)) && return
    for (p, gradient) in zip(parameters(layer(t)), kept(t))
        haskey(index, p) && (sums[p] = reshape(weighted(gradient, weights[:, index[p]]), size(p)))
    end
    return
end
