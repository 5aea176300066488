# For Zygote and all that reads ChainRules: the hook has no derivative, and a guarded model has its model's gradient, in its form.
module FluxGuardChainRulesCoreExt

using ChainRulesCore: ChainRulesCore, NoTangent, @non_differentiable
using FluxGuard: FluxGuard, Guarded, inner, once, recomputed, traced!, untraced, watch, watches, wrap

ChainRulesCore.rrule(::typeof(inner), m::Guarded) = inner(m), Δ -> (NoTangent(), Δ)
ChainRulesCore.frule((_, Δ), ::typeof(inner), m::Guarded) = inner(m), Δ

# Guarded within a loss.
ChainRulesCore.rrule(::typeof(wrap), model, watches::Tuple) = wrap(model, watches), Δ -> (NoTangent(), Δ, NoTangent())

@non_differentiable watches(::Any)
@non_differentiable once(::Any, ::Any)
@non_differentiable watch(::Any, ::Any) # by hand, in a loss
@non_differentiable FluxGuard.observe!(::Any, ::Any)
@non_differentiable FluxGuard.verdict(::Any)
@non_differentiable FluxGuard.unguarded(::Any)
@non_differentiable FluxGuard.guards(::Any)

# A call is counted once: not again where the backward pass makes it a second time.
function ChainRulesCore.rrule(::typeof(watch), watches, y, arguments)
    before = untraced(watches)
    if !(before && recomputed())
        watch(watches, y, arguments)
        before || traced!(watches)
    end
    return nothing, _ -> (NoTangent(), NoTangent(), NoTangent(), NoTangent())
end
ChainRulesCore.frule(_, ::typeof(watch), watches, y, arguments) = watch(watches, y, arguments), NoTangent()

end
