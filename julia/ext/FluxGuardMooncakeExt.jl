# For Mooncake: the hook has a zero derivative, and a guard in a model is no parameter.
module FluxGuardMooncakeExt

using FluxGuard: FluxGuard, Guard
using Mooncake: Mooncake

Mooncake.tangent_type(::Type{<:Guard}) = Mooncake.NoTangent

Mooncake.@zero_derivative Mooncake.DefaultCtx Tuple{typeof(FluxGuard.watch),Any,Any}
Mooncake.@zero_derivative Mooncake.DefaultCtx Tuple{typeof(FluxGuard.watch),Any,Any,Any}
Mooncake.@zero_derivative Mooncake.DefaultCtx Tuple{typeof(FluxGuard.observe!),Any,Any}
Mooncake.@zero_derivative Mooncake.DefaultCtx Tuple{typeof(FluxGuard.verdict),Any}

end
