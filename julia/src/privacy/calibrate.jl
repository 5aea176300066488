# The noise that a budget asks for.

"""
    noise_multiplier(; target_epsilon, delta, sample_rate, steps, accountant = :pld, relation = :add_remove, unit_size = 1, sampler...) -> Float64

The least noise multiplier (to about 0.1% of ε) whose ε at `delta` does not exceed `target_epsilon`, by Brent's method;
never one that overshoots. Sampler keywords are those of [`FluxGuard.Phase`](@ref FluxGuard.Phase).

Throws [`InvalidArgument`](@ref), also where no multiplier from 0.01 to 100,000 is enough.

```julia
noise_multiplier(; target_epsilon = 3, delta = 1e-5, sample_rate = 256/60_000, steps = 14_000)
```
"""
function noise_multiplier(; target_epsilon, delta, steps, accountant = :pld, relation = :add_remove, unit_size = 1, sampling...)
    options = merge((target_epsilon = finite("target_epsilon", target_epsilon), delta = finite("delta", delta),
        steps = whole("steps", steps), accountant = one_of("accountant", accountant, (:pld, :rdp)),
        relation = one_of("relation", relation, (:add_remove, :replace_one)), unit_size = whole("unit_size", unit_size)),
        crossing(sampling_fields(; sampling...)))
    return Float64(ask(:noise_multiplier; options = options)["noise_multiplier"])
end

"""
    effective_noise_multiplier(noise_multiplier, clip::AdaptiveClip) -> Float64

What to account for in place of `noise_multiplier` where the clip norm is adaptive: the noisy count of clipped examples
costs, too. `z^-2 = noise_multiplier^-2 + (2 count_noise)^-2`. Throws [`InvalidArgument`](@ref).
Source: Andrew et al. 2021, Theorem 1.
"""
effective_noise_multiplier(noise_multiplier, clip) = Float64(ask(:effective_noise_multiplier;
    noise_multiplier = finite("noise_multiplier", noise_multiplier), count_noise = clip.count_noise))

"""
    FluxGuard.shuffled_lower_bound(; noise_multiplier, lots, delta) -> Float64

What ε at `delta` is at least for one epoch of `lots` shuffled lots: no accountant can promise less. Throws
[`InvalidArgument`](@ref). Source: Chua et al. 2024, "How Private are DP-SGD Implementations?".
"""
shuffled_lower_bound(; noise_multiplier, lots, delta) = Float64(ask(:shuffled_lower_bound;
    noise_multiplier = finite("noise_multiplier", noise_multiplier), lots = whole("lots", lots, 1), delta = finite("delta", delta)))
