# What several layers' norms and sums are made of.

"""
    in_parallel(work, n)

`work(range)` on each thread's share of `1:n`, BLAS kept to one thread meanwhile.
"""
function in_parallel(work::F, n::Integer) where {F}
    threads = min(Threads.nthreads(), n)
    threads <= 1 && return (n > 0 && work(1:Int(n)); nothing)
    before = BLAS.get_num_threads()
    BLAS.set_num_threads(1)
    try
        @sync for range in Iterators.partition(1:Int(n), cld(n, threads))
            Threads.@spawn work(range)
        end
    finally
        BLAS.set_num_threads(before)
    end
    return
end

"Sum of squares in Float64."
function square(x)
    sum = 0.0
    @inbounds @simd for i in eachindex(x)
        sum += Float64(x[i])^2
    end
    return sum
end

"`square` of each observation."
function columns(x::AbstractArray)
    flat = reshape(x, :, size(x, ndims(x)))
    return [square(view(flat, :, i)) for i in axes(flat, 2)]
end

"The observation as last dimension of a matrix."
flat(x) = reshape(x, :, size(x, ndims(x)))

"`features × positions × observations`."
sequence(x) = reshape(x, size(x, 1), :, size(x, ndims(x)))

"`Σ_i weights[i]·x[:, i]`."
weighted(x::AbstractMatrix{T}, weights) where {T} = x * convert(Vector{T}, weights)

"`x` with observation `i` times `weights[i]`."
scaled(x::AbstractArray{T,N}, weights) where {T,N} = x .* reshape(convert(Vector{T}, weights), ntuple(_ -> 1, N - 1)..., :)

# The two formulas for ‖Σ_t d_t x_tᵀ‖² of one observation with positions t (Li et al. 2021, section 4):
# Σ_{s,t} (x_s·x_t)(d_s·d_t), or the sum of squares of the product itself. Multiplications of each.
gram_work(features, outputs, positions) = positions^2 * (features + outputs)
product_work(features, outputs, positions) = positions * features * outputs

gram_is_cheaper(features, outputs, positions) =
    gram_work(features, outputs, positions) < product_work(features, outputs, positions)

# What rounding may take from a norm must not be taken: where large terms cancel, an example would be clipped by less than it
# contributes, and the sums that are released are rounded alike. So norms that are not those of the very numbers that are summed
# get the rounding error on top: of terms of size ‖x_t‖‖d_t‖, relative to their sum, which is far below anything else
# unless they cancel to a thousandth.

"Size of the terms of an observation's gradient: `Σ_t ‖x_t‖‖d_t‖`."
function term_size(x, d)
    sum = 0.0
    for t in axes(x, 2)
        sum += sqrt(square(view(x, :, t)) * square(view(d, :, t)))
    end
    return sum
end

"A squared norm by Gram matrices of `T`, and by no less than was lost: dot products of `terms` numbers, and what is summed of `positions`."
gram_bound(square, size, ::Type{T}, terms, positions) where {T} =
    sum_bound(square + 4eps(T) * sqrt(terms) * size^2, size, T, positions)

"The squared norm of what a sum over `positions` in `T` may hold of an observation."
sum_bound(square, size, ::Type{T}, positions) where {T} = (sqrt(square) + 4eps(T) * sqrt(positions) * size)^2

"Squared norms by Gram matrices. `x`: features × positions × observations, `d`: outputs × positions × observations."
function gram_squares(x::AbstractArray{T,3}, d::AbstractArray{T,3}) where {T}
    n = zeros(size(x, 3))
    in_parallel(size(x, 3)) do range
        a, g = (Matrix{T}(undef, size(x, 2), size(x, 2)) for _ in 1:2)
        for i in range
            xi, di = view(x, :, :, i), view(d, :, :, i)
            mul!(a, xi', xi)
            mul!(g, di', di)
            n[i] = gram_bound(inner(a, g), term_size(xi, di), T, size(x, 1) + size(d, 1), size(x, 2))
        end
    end
    return n
end

"`Σ a·b` in Float64; rounding may take a vanishing square below zero."
function inner(a, b)
    sum = 0.0
    @inbounds @simd for i in eachindex(a, b)
        sum += Float64(a[i]) * Float64(b[i])
    end
    return sum < 0 ? 0.0 : sum
end

"Per-example gradients `d_i x_iᵀ`, outputs × features × observations."
function products(x::AbstractArray{T,3}, d::AbstractArray{T,3}) where {T}
    out = Array{T}(undef, size(d, 1), size(x, 1), size(x, 3))
    in_parallel(size(x, 3)) do range
        for i in range
            mul!(view(out, :, :, i), view(d, :, :, i), view(x, :, :, i)')
        end
    end
    return out
end

"Squared norms of `products`, without keeping them."
function product_squares(x::AbstractArray{T,3}, d::AbstractArray{T,3}) where {T}
    n = zeros(size(x, 3))
    in_parallel(size(x, 3)) do range
        g = Matrix{T}(undef, size(d, 1), size(x, 1))
        for i in range
            xi, di = view(x, :, :, i), view(d, :, :, i)
            n[i] = sum_bound(square(mul!(g, di, xi')), term_size(xi, di), T, size(x, 2))
        end
    end
    return n
end
