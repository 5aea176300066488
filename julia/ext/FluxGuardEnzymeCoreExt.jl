# For Enzyme: the hook is inactive, and the C call inside it is never looked into.
module FluxGuardEnzymeCoreExt

using EnzymeCore: EnzymeCore, EnzymeRules
using FluxGuard: FluxGuard, Guard

EnzymeRules.inactive(::typeof(FluxGuard.watch), args...) = nothing
EnzymeRules.inactive(::typeof(FluxGuard.observe!), args...) = nothing
EnzymeRules.inactive(::typeof(FluxGuard.verdict), args...) = nothing

# A guard in a model is no parameter.
EnzymeRules.inactive_type(::Type{<:Guard}) = true

end
