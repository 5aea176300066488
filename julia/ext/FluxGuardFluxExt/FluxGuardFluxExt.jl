# For Flux: a Guarded layer trains and prints as its model does (what Flux must know beyond that, it reads from Functors),
# and models are trained privately.
module FluxGuardFluxExt

using ChainRulesCore: ChainRulesCore, AbstractZero, NoTangent, ZeroTangent, @non_differentiable, unthunk
using Flux: Flux, Bilinear, Conv, Dense, Embedding, GroupNorm, InstanceNorm, NNlib, Scale, Zygote
using FluxGuard: Guarded
using Functors: Functors
using Flux.LinearAlgebra: BLAS, mul!
using Flux.NNlib: DenseConvDims
using Flux.Statistics: mean, var

Flux.@layer Guarded trainable = (model,)

include("ghost/kernels.jl")
include("ghost/tap.jl")
include("ghost/model.jl")
include("ghost/dense.jl")
include("ghost/conv.jl")
include("ghost/scale.jl")
include("ghost/embedding.jl")
include("ghost/bilinear.jl")
include("ghost/each.jl")
include("ghost/tree.jl")

end
