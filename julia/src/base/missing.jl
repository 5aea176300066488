# What has no value. One policy, in docs/files.md: an observation that lacks a number has no score and is not learned from; a symbol that is
# missing is none. Which observations those are stays as it was, so that answers are still one per observation.

# `missing` crosses as NaN.
told(argument, x::AbstractArray{<:Native.Element}) = x
function told(argument, x::AbstractArray{>:Missing})
    T = nonmissingtype(eltype(x))
    isconcretetype(T) && T <: Native.Element || Native.unsupported(argument, x)
    return T[ismissing(v) ? T(NaN) : v for v in x]
end
told(argument, x) = Native.unsupported(argument, x)

"""
    there(argument, y) -> (array, whole)

The observations of `y` that have all their numbers, and whether each of them is one (`whole`, a `Bool` an observation).
"""
function there(argument, y::AbstractArray)
    n = observations(y)
    numbers, holes = reshape(first(Native.host(told(argument, y))), :, n), reshape(collect(ismissing.(y)), :, n)
    whole = Bool[!any(view(holes, :, k)) for k in 1:n]
    return ndims(y) == 1 ? numbers[1, whole] : reshape(numbers[:, whole], size(y)[1:end-1]..., count(whole)), whole
end

"One value per observation: `values` of those that are there, `none` of the others."
function spread(values, whole, none)
    out = fill!(Vector{promote_type(eltype(values), typeof(none))}(undef, length(whole)), none)
    out[whole] = values
    return out
end

# What goes with the observations, one each.
function of_those(argument, x::AbstractVector, whole)
    length(x) == length(whole) || throw(invalid(argument, "$(length(x)) $argument", "$(length(whole)), one per observation"))
    return x[whole]
end
of_those(argument, x, whole) = x
