# What can be done when a model answers: less precise inputs, answers that say less. None of this is differential privacy
# of the training data; it makes extraction and membership inference dearer, and costs accuracy.

"""
    perturb_input(x, rng = RandomDevice(); deviation) -> Array

`x` plus independent Gaussian noise of standard deviation `deviation` (at least 0), in the units of `x`. Throws
[`InvalidArgument`](@ref), [`ElementTypeUnsupported`](@ref).
"""
function perturb_input(x::AbstractArray, rng::AbstractRNG = RandomDevice(); deviation)
    finite("deviation", deviation) >= 0 || throw(invalid("deviation", deviation, "a number of at least 0"))
    T = element_type("x", [x])
    noisy = Array{T}(x)
    deviation == 0 && return noisy
    return noisy .+= T(deviation) .* randn(rng, T, size(noisy))
end

"""
    round_output(y; digits) -> Array

Outputs to `digits` decimal digits (at least 0): scores close to each other become equal. Throws [`InvalidArgument`](@ref).
"""
round_output(y::AbstractArray; digits) = round.(y; digits = whole("digits", digits))

"""
    top_k(y; k = 1, values = false) -> Array

Of every observation (a column, the last dimensions together) only the `k` largest scores: the others become 0. Without
`values`, the largest becomes 1, the next 1/2, ...: ranks alone, no confidence. Ties go to the first. Throws
[`InvalidArgument`](@ref), for `k` outside 1 to the number of classes.
"""
function top_k(y::AbstractArray; k = 1, values = false)
    classes = size(y, 1)
    1 <= whole("k", k) <= classes || throw(invalid("k", k, "1 to $classes, the classes"))
    flat, out = reshape(y, classes, :), zeros(float(eltype(y)), size(y))
    released = reshape(out, classes, :)
    for j in axes(flat, 2)
        order = partialsortperm(view(flat, :, j), 1:k; rev = true)
        for (rank, class) in enumerate(order)
            released[class, j] = values ? flat[class, j] : 1 / rank
        end
    end
    return out
end
