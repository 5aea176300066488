# For Functors: the model is a Guarded layer's only child. Its guards stay the same objects when it is rebuilt (moved to
# a device, converted, updated), and a guard itself has no children.
module FluxGuardFunctorsExt

using FluxGuard: Guard, Guarded
using Functors: Functors

# `x` may be a layer or a gradient of one, which is a NamedTuple with the same names.
Functors.functor(::Type{<:Guarded}, x) = (model = x.model,), children -> Guarded(children.model, x.guards)
Functors.functor(::Type{<:Guard}, x) = (), _ -> x

end
