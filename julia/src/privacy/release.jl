# Sums that may be released.

const NOISE_KINDS = (:discrete, :fast)

"""
    private_mean!(out, gradients, source::NoiseSource; clip, noise_multiplier, expected_lot_size, noise = :discrete) -> ClipReport

Write a private mean of per-example gradients: clipped, summed, noised, divided by `expected_lot_size`; in the same two
passes as [`clip_sum!`](@ref), whose arrays these are.

# Arguments
- `clip`: as in [`clip_sum!`](@ref). An [`AdaptiveClip`](@ref) is moved afterwards: account for
  [`effective_noise_multiplier`](@ref) then.
- `noise_multiplier`: standard deviation of the noise over the clip norm (0.001 to 1e6).
- `expected_lot_size`: `sample_rate × dataset_size`. Never the lot's own size, which is private.
- `noise`: `:discrete`, a discrete Gaussian on an integer grid (exact, and its time does not depend on what is drawn), or
  `:fast`, floating-point noise whose last bits can betray the sum below them: for experiments.

An empty lot gives noise alone. Count one step for every call, whatever the lot was ([`step!`](@ref)).

Throws as [`clip_sum!`](@ref) does. Sources: Abadi et al. 2016; Canonne, Kamath and Steinke 2020; Mironov 2012.
"""
function private_mean!(out, gradients, source::NoiseSource; clip, noise_multiplier, expected_lot_size, noise = :discrete)
    options = JSON.write((clipping = clipping(clip), noise_multiplier = finite("noise_multiplier", noise_multiplier),
        expected_lot_size = finite("expected_lot_size", expected_lot_size), noise = one_of("noise", noise, NOISE_KINDS)))
    lot = Lot(out, gradients)
    report = clip_lot!((T, table, examples, norms) -> Native.privacy_mean(source.handle, options, T, table, examples, norms), lot)
    clip isa AdaptiveClip || return report
    return with_adapted(report, adapt!(clip, report, source; expected_lot_size = expected_lot_size))
end

"""
    add_noise!(sums, source::NoiseSource; sensitivity, noise_multiplier, noise = :discrete) -> sums

Add noise of standard deviation `noise_multiplier × sensitivity` to clipped sums, in place: an array, or a vector or tuple
of arrays, all `Float32` or all `Float64`. `sensitivity` is what one example moves all arrays together by, in L2: the
report's `clip_norm`. With `:discrete` noise the sums are first rounded to the noise's grid, and the rounding of
[`clip_sum!`](@ref) is allowed for, of up to 65,536 examples; [`private_mean!`](@ref) saves a pass and has no such limit.

Throws [`InvalidArgument`](@ref), [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref).
"""
function add_noise!(sums, source::NoiseSource; sensitivity, noise_multiplier, noise = :discrete)
    options = JSON.write((sensitivity = finite("sensitivity", sensitivity),
        noise_multiplier = finite("noise_multiplier", noise_multiplier), noise = one_of("noise", noise, NOISE_KINDS)))
    noise_lot!(Lot(sums), source, options)
    return sums
end

function noise_lot!(lot::Lot{T}, source, options) where {T}
    GC.@preserve lot Native.privacy_noise(source.handle, options, T, lot.table)
    finish!(lot)
end
