# For Functors: a Guarded layer is taken apart as its model is, and put together again around what its guards watch. A guard has no children,
# and stays the same object when a model is rebuilt (moved to a device, converted, updated).
module FluxGuardFunctorsExt

using FluxGuard: FluxGuard, Guard, Guarded, inner, rewrap
using Functors: Functors

# `x` may be a layer, or a gradient or a state of one, which is what it is of the bare model.
Functors.functor(::Type{<:Guarded{M}}, x) where {M} = Functors.functor(M, x)
Functors.functor(::Type{T}, x::Guarded) where {M,T<:Guarded{M}} = apart(M, x)
# Beside a bare model, whose type says how it is taken apart.
Functors.functor(T::Type, x::Guarded) = apart(T, x)
Functors.functor(::Type{<:Guard}, x) = (), _ -> x

function apart(T, x)
    children, rebuild = Functors.functor(T, inner(x))
    return children, new -> rewrap(x, rebuild(new))
end

__init__() = (FluxGuard.TAKE_APART[] = Functors.functor; nothing)

end
