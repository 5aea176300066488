# For Flux: a Guarded layer trains and prints as its model does. What Flux must know beyond that, it reads from Functors.
module FluxGuardFluxExt

using Flux: Flux
using FluxGuard: Guarded

Flux.@layer Guarded trainable = (model,)

end
