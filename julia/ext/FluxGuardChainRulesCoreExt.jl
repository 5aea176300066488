# For Zygote and all that reads ChainRules: the hook has no derivative, and the model's own is unchanged.
module FluxGuardChainRulesCoreExt

using ChainRulesCore: @non_differentiable
using FluxGuard: FluxGuard

@non_differentiable FluxGuard.watch(::Any, ::Any)
@non_differentiable FluxGuard.observe!(::Any, ::Any)
@non_differentiable FluxGuard.verdict(::Any)

end
