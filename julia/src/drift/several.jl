# Many tests at once. A stream of p-values that never ends is LORD's and SAFFRON's: streams.jl.

"""
    adjust(p_values; correction = :benjamini_hochberg) -> Vector{Float64}

The p-values of tests that were made at once, adjusted: where one is at most alpha its hypothesis is rejected, and the family-wise
error rate (`:bonferroni`, `:holm`) or the false discovery rate (`:benjamini_hochberg` for independent or positively dependent tests,
`:benjamini_yekutieli` for any) is at most alpha. Throws [`InvalidArgument`](@ref) for a p-value not in [0, 1].
"""
function adjust(p_values; correction = :benjamini_hochberg)
    adjusted = Native.ask(face(), "drift.adjust", (correction = word("correction", correction),); p_values = float_vector("p_values", p_values))
    return Float64[number(p) for p in adjusted]
end

"""
    e_bh(e_values; alpha = 0.05) -> Vector{Int}

The positions (from 1) of the hypotheses that e-BH rejects (Wang & Ramdas 2022): the false discovery rate is at most `alpha` under **any**
dependence of the e-values, such as [`statistic`](@ref) of several [`Martingale`](@ref)s. Throws [`InvalidArgument`](@ref) for a
negative e-value or NaN.
"""
e_bh(e_values; alpha::Real = 0.05) =
    Int[from_zero(index) for index in Native.ask(face(), "drift.e_bh", (alpha = alpha,); e_values = float_vector("e_values", e_values))]

float_vector(argument, values::AbstractArray{<:Real}) = vec(collect(Float64, values))
float_vector(argument, values) = Native.unsupported(argument, values)
