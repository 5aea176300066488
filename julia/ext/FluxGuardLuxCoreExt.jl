# For Lux: a guarded layer is a layer of Lux, whose parameters and states are those of the layer that is watched.
module FluxGuardLuxCoreExt

using FluxGuard: FluxGuard, inner, once, unguarded, watch, watches
using LuxCore: LuxCore, AbstractLuxLayer, AbstractLuxWrapperLayer

struct GuardedLux{L<:AbstractLuxLayer,W<:Tuple} <: AbstractLuxWrapperLayer{:layer}
    layer::L
    watches::W
end

FluxGuard.is_guarded(::GuardedLux) = true
FluxGuard.inner(m::GuardedLux) = getfield(m, :layer)
FluxGuard.watches(m::GuardedLux) = getfield(m, :watches)
FluxGuard.wrap(layer::AbstractLuxLayer, watches::Tuple) = GuardedLux(layer, watches)
FluxGuard.wrap(m::GuardedLux, more::Tuple) = GuardedLux(inner(m), (watches(m)..., once(more, watches(m))...))

# Every property is the layer's own; Lux itself asks for the field of a wrapper by getfield.
Base.getproperty(m::GuardedLux, name::Symbol) = getproperty(inner(m), name)
Base.propertynames(m::GuardedLux, private::Bool = false) = propertynames(inner(m), private)

function (m::GuardedLux)(x, ps, st)
    y, st = LuxCore.apply(getfield(m, :layer), x, ps, st)
    watch(watches(m), y, (x,))
    return y, st
end

Base.show(io::IO, m::GuardedLux) = show(io, inner(m))
Base.show(io::IO, mime::MIME"text/plain", m::GuardedLux) = show(io, mime, unguarded(m))

end
