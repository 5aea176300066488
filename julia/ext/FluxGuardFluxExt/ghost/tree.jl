# Gradients in the form of Zygote's: what Optimisers.update! reads.

"The gradient of `x` out of `sums`; a parameter with several places gives it once."
gradient_tree(x, sums) = _gradient_tree(x, copy(sums))

function _gradient_tree(x, sums)
    haskey(sums, x) && return pop!(sums, x)
    Functors.isleaf(x) && return nothing
    return _gradient_children(x, sums)
end

_gradient_children(x::Union{Tuple,NamedTuple}, sums) = map(child -> _gradient_tree(child, sums), x)
# A transposed or otherwise wrapped parameter: the gradient of what it wraps, wrapped again.
function _gradient_children(x::AbstractArray{<:Number}, sums)
    children, rebuild = Functors.functor(x)
    inner = map(child -> _gradient_tree(child, sums), children)
    return any(isnothing, values(inner)) ? nothing : rebuild(inner)
end

_gradient_children(x::AbstractArray, sums) = map(child -> _gradient_tree(child, sums), x)
_gradient_children(x::AbstractDict, sums) = Dict(key => _gradient_tree(child, sums) for (key, child) in x)

function _gradient_children(x, sums)
    children, _ = Functors.functor(x)
    part(name) = haskey(children, name) ? _gradient_tree(children[name], sums) : nothing
    return NamedTuple{fieldnames(typeof(x))}(map(part, fieldnames(typeof(x))))
end
