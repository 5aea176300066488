# For Flux: a Guarded layer trains and prints as its model does (what Flux must know beyond that, it reads from Functors),
# models are trained privately, and detectors that are models are trained.
module FluxGuardFluxExt

using ChainRulesCore: ChainRulesCore, AbstractZero, NoTangent, ZeroTangent, @non_differentiable, unthunk
using Flux: Flux, BatchNorm, Bilinear, Chain, Conv, Dense, Embedding, GroupNorm, InstanceNorm, NNlib, Optimisers, Parallel, Scale, SkipConnection, Zygote
using FluxGuard: FluxGuard, BudgetExhausted, ClipReport, Guarded, InvalidArgument, PoissonLots, PrivacyState, StepSettings, TrainingRun,
    accountant, audit, audit_one_run, begin_noise!, check_private, epsilon, expected_lot_size, invalid, isprivate, lot_of, named_examples, one_of,
    private_gradient, release!, replace_at, replace_child, rewrap, sampling_fields, total_clip, watch, watches, whole, wrap
using FluxGuard: inner as bare
using Functors: Functors
using Flux.LinearAlgebra: BLAS, mul!
using Flux.Random: Random
using Flux.NNlib: DenseConvDims
using Flux.Statistics: mean, var

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
include("detectors/parameters.jl")
include("detectors/classifier.jl")
include("detectors/autoencoder.jl")
include("detectors/recurrent.jl")
include("training/frozen.jl")
include("training/key.jl")
include("training/held.jl")
include("training/trial.jl")
include("training/state.jl")
include("training/replace.jl")
include("training/fast.jl")
include("training/examine.jl")
include("training/watch.jl")
include("training/part.jl")
include("training/sums.jl")
include("training/autodp.jl")
include("training/train.jl")
include("training/workers.jl")
include("training/check.jl")
include("training/audit.jl")
include("guarded.jl")

# Data of any kind that MLUtils knows.
FluxGuard.numobs(x) = Flux.MLUtils.numobs(x)
FluxGuard.getobs(x, i) = Flux.MLUtils.getobs(x, i)
FluxGuard.PoissonSampler(loader::Flux.DataLoader; options...) = FluxGuard.poisson_lots(loader.data; options...)
FluxGuard.PoissonSampler(view::Flux.MLUtils.ObsView; options...) = FluxGuard.poisson_lots(view; options...)

end
