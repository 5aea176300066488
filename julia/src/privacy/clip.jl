# Clipping: what norm, and what it did.

"""
    AdaptiveClip(initial; count_noise, quantile = 0.5, learning_rate = 0.2, bounds = (1e-6, 1e6))

A clip norm that follows a quantile of the gradients' norms by a noisy count of the examples within it, step by step
([`private_mean!`](@ref) moves it; so does [`adapt!`](@ref)). `norm` is where it stands.

# Arguments
- `initial`: the first norm, within `bounds`.
- `count_noise`: standard deviation of the noise on the count, in examples; the paper's choice is the lot's size / 20.
  The count costs privacy: account for [`effective_noise_multiplier`](@ref).
- `quantile`: the share of examples that shall not be clipped, in (0, 1).
- `learning_rate`: of the norm's logarithm, positive.

Throws [`InvalidArgument`](@ref). Source: Andrew, Thakkar, McMahan and Ramaswamy 2021, Algorithm 1.
"""
mutable struct AdaptiveClip
    norm::Float64
    initial::Float64
    quantile::Float64
    learning_rate::Float64
    count_noise::Float64
    bounds::Tuple{Float64,Float64}
end

function AdaptiveClip(initial; count_noise, quantile = 0.5, learning_rate = 0.2, bounds = (1e-6, 1e6))
    length(bounds) == 2 || throw(invalid("bounds", repr(bounds), "two norms"))
    clip = AdaptiveClip(finite("initial", initial), finite("initial", initial), finite("quantile", quantile),
        finite("learning_rate", learning_rate), finite("count_noise", count_noise),
        (finite("bounds", bounds[1]), finite("bounds", bounds[2])))
    return AdaptiveClip(ask(:adaptive; clip = crossing(clip)))
end

function AdaptiveClip(d::AbstractDict)
    o = d["options"]
    return AdaptiveClip(number(d["norm"]), number(o["initial"]), number(o["quantile"]), number(o["learning_rate"]),
        number(o["count_noise"]), (number(o["bounds"][1]), number(o["bounds"][2])))
end

crossing(c::AdaptiveClip) = (norm = c.norm, options = (initial = c.initial, quantile = c.quantile,
    learning_rate = c.learning_rate, count_noise = c.count_noise, bounds = c.bounds))

Base.:(==)(a::AdaptiveClip, b::AdaptiveClip) = all(name -> getfield(a, name) == getfield(b, name), fieldnames(AdaptiveClip))
Base.hash(a::AdaptiveClip, h::UInt) = foldr(hash, (getfield(a, name) for name in fieldnames(AdaptiveClip)); init = h)

Base.show(io::IO, c::AdaptiveClip) =
    print(io, "AdaptiveClip(norm ", cell(c.norm), ", quantile ", cell(c.quantile), ", count_noise ", cell(c.count_noise), ")")

"What clipping is, as it crosses the border: one norm, or one for each parameter."
clipping(norm::Real) = (flat = finite("clip", norm),)
clipping(norms::Union{AbstractVector,Tuple}) = (per_layer = Float64[finite("clip", norm) for norm in norms],)
clipping(clip::AdaptiveClip) = (flat = clip.norm,)
clipping(clip) = throw(invalid("clip", repr(clip), "a norm, a norm for each parameter, or an AdaptiveClip"))

"""
    ClipReport

What clipping did. **Not private**: for whoever holds the data.

| field | |
|:--|:--|
| `examples` | in the lot |
| `clipped` | how many were shortened (in any parameter) |
| `non_finite` | which (from 1) have a NaN or Inf: they contribute zero |
| `norms` | each example's L2 norm over all parameters before clipping; `NaN` for those of `non_finite` |
| `clip_norm` | what no example's contribution exceeds: the sum's sensitivity to adding or removing one |
| `path` | how examples were told apart: `:given` (per-example gradients), `:ghost` (one backward pass a lot), `:each` (one per example) |
| `adapted` | of an [`AdaptiveClip`](@ref) that was moved: `(fraction, norm)`, the noisy share of examples within the norm and the next norm. This alone is noised, and may be released |
"""
struct ClipReport
    examples::Int
    clipped::Int
    non_finite::Vector{Int}
    norms::Vector{Float64}
    clip_norm::Float64
    path::Symbol
    adapted::Union{Nothing,NamedTuple{(:fraction, :norm),Tuple{Float64,Float64}}}
end

ClipReport(d::AbstractDict, norms, adapted = nothing) = ClipReport(d["examples"], d["clipped"],
    Int[from_zero(i) for i in d["non_finite"]], norms, number(d["clip_norm"]), :given, adapted)

with_adapted(r::ClipReport, adapted) = ClipReport(r.examples, r.clipped, r.non_finite, r.norms, r.clip_norm, r.path, adapted)

Base.show(io::IO, r::ClipReport) = print(io, "ClipReport(", r.clipped, " of ", plural(r.examples, "example"),
    " clipped to ", cell(r.clip_norm), isempty(r.non_finite) ? "" : ", $(length(r.non_finite)) non-finite", ")")

function Base.show(io::IO, ::MIME"text/plain", r::ClipReport)
    println(io, "Clipped ", r.clipped, " of ", plural(r.examples, "example"), " to norm ", cell(r.clip_norm))
    isempty(r.non_finite) || println(io, "  NaN or Inf (contributed zero): ", join(r.non_finite, ", "))
    finite_norms = sort!(filter(isfinite, r.norms))
    n = length(finite_norms)
    n == 0 || println(io, "  norms: median ", cell(finite_norms[(n + 1) ÷ 2]), ", largest ", cell(finite_norms[end]))
    r.path === :given || println(io, "  ", r.path === :ghost ? "by one backward pass a lot" : "by a backward pass for every example")
    r.adapted === nothing || println(io, "  next norm ", cell(r.adapted.norm), " (noisy share within: ", cell(r.adapted.fraction), ")")
end

"""
    clip_sum!(out, gradients; clip) -> ClipReport

Write the sum of clipped per-example gradients, without noise: `out = Σ_i min(1, clip / ‖g_i‖) g_i`, the norm L2 and over
all parameters together.

# Arguments
- `gradients`: an array of features × examples (any number of dimensions, the last is the example), or a vector or tuple
  of such arrays, one for each parameter; all `Float32` or all `Float64`. A lot may be empty (0 examples).
- `out`: an array of the gradients' size without the last dimension, or one for each parameter.
- `clip`: a positive norm (flat), a norm for each parameter (per layer; a vector or tuple), or an [`AdaptiveClip`](@ref)
  (as it stands: only [`private_mean!`](@ref) and [`adapt!`](@ref) move it).

An example with NaN or Inf contributes zero and is listed in the [`ClipReport`](@ref). Sums are kept in double precision.
Every number is read twice, in place, on all cores; an array that is not contiguous host memory is copied first.

Throws [`InvalidArgument`](@ref) (a norm, or shapes that disagree), [`ElementTypeUnsupported`](@ref),
[`EmptyTensor`](@ref). Sources: Abadi et al. 2016, Algorithm 1; per layer: McMahan et al. 2018.
"""
function clip_sum!(out, gradients; clip)
    lot = Lot(out, gradients)
    return first(clip_lot!(face(), "privacy.clip_sum", clipping(clip), lot))
end

function clip_lot!(on, operation, options, lot::Lot)
    norms = Vector{Float64}(undef, lot.examples)
    d = Native.ask(on, operation, options; gradients = Native.Many(lot.gradients), out = places(lot), norms = Native.Out(norms))
    finish!(lot)
    return ClipReport(d, norms), d
end
