# What an array's features look like in five numbers each: one pass, and nothing kept.

"""
    Moments

What [`moments`](@ref) gives, a number per feature: `mean`, `std` (divisor n - 1; `NaN` of fewer than two finite values),
`min` and `max` of the finite values (`NaN` without any), and `non_finite`, how many are NaN or Inf. `observations`: how
many there were, those included.
"""
struct Moments
    observations::Int
    mean::Vector{Float64}
    std::Vector{Float64}
    min::Vector{Float64}
    max::Vector{Float64}
    non_finite::Vector{Int}
end

"""
    moments(y) -> Moments

Mean, standard deviation, range and number of non-finite values of each feature, in one pass over `y`: features ×
observations, any number of dimensions, the last is the observation (a vector: observations of one feature); `Float16`,
`Float32` or `Float64`. Arithmetic is in double precision, of differences from the first observation (Chan, Golub and
LeVeque 1983, section 3, "shifted data"), so that a large mean costs no digits.

Throws [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref).
"""
function moments(y::AbstractArray{<:Native.Element})
    out = moments!(Matrix{Float64}(undef, MOMENTS, features(y)), y)
    return Moments(observations(y), out[1, :], out[2, :], out[3, :], out[4, :], Int.(out[5, :]))
end
moments(y) = Native.unsupported("y", y)

"""
    moments!(out, y) -> out

[`moments`](@ref) into the rows of `out`, a `Matrix{Float64}` of 5 × features: mean, std, min, max, non-finite.
Allocates nothing in Julia where `y` is an `Array`. Throws [`InvalidArgument`](@ref), too,
for an `out` of another size.
"""
function moments!(out::Matrix{Float64}, y::AbstractArray{<:Native.Element})
    size(out) == (MOMENTS, features(y)) || throw(invalid("out", "size $(size(out))", "($MOMENTS, features) = $((MOMENTS, features(y)))"))
    # The face is known only at run time: what crosses here must not have to be boxed.
    Native.moments!(face(), out, Native.contiguous(y) ? y : Native.hostcopy(y), observations(y))
    return out
end
moments!(out::Matrix{Float64}, y) = Native.unsupported("y", y)

# Numbers a feature.
const MOMENTS = 5

features(y::AbstractArray) = observations(y) == 0 ? 0 : length(y) ÷ observations(y)

Base.show(io::IO, m::Moments) = print(io, "Moments(", plural(length(m.mean), "feature"), ", ", plural(m.observations, "observation"), ")")

function Base.show(io::IO, ::MIME"text/plain", m::Moments)
    println(io, "Moments of ", plural(length(m.mean), "feature"), ", ", plural(m.observations, "observation"))
    rows = collect(zip(eachindex(m.mean), m.mean, m.std, m.min, m.max, m.non_finite))
    print_table(io, ["feature", "mean", "std", "min", "max", "non-finite"], rows; limit = row_limit(io, 6))
end
