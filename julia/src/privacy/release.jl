# Sums that may be released.

const NOISE_KINDS = (:discrete, :fast, :none)

"""
    private_mean!(out, gradients, run::PrivateRun; clip, noise_multiplier, expected_lot_size, noise = :discrete, lot = nothing) -> ClipReport

Write a private mean of per-example gradients: clipped, summed, noised, divided by `expected_lot_size`; in the same two
passes as [`clip_sum!`](@ref), whose arrays these are. The run counts the step before any noise is drawn.

# Arguments
- `clip`: as in [`clip_sum!`](@ref). An [`AdaptiveClip`](@ref) is moved by the same release, and its count is charged.
- `noise_multiplier`: standard deviation of the noise over the clip norm (0.001 to 1e6).
- `expected_lot_size`: the sampler's `rate × dataset_size`. Never the lot's own size, which is private.
- `noise`: `:discrete`, a discrete Gaussian on an integer grid (exact, and its time does not depend on what is drawn), or
  `:fast`, floating-point noise whose last bits can betray the sum below them: for experiments. `:none` draws none, for debugging:
  what is released is then **not private**, [`isprivate`](@ref) says so, and ε is `Inf`.
- `lot`: what a [`PoissonSampler`](@ref) gave. Without it there is no amplification: the step is charged as if every example
  were in it, for nobody else's word on how a lot was drawn can be checked. (Lots that are cut from the data by number, as a `DataLoader` does,
  may change in two examples with one more: take `relation = :replace_one` there.)

An empty lot gives noise alone, and counts. Throws as [`clip_sum!`](@ref) does, also where every example of a lot is NaN or Inf;
[`BudgetExhausted`](@ref). Nothing is counted or written then. Sources: Abadi et al. 2016; Canonne, Kamath and Steinke 2020;
Mironov 2012.
"""
function private_mean!(out, gradients, run::PrivateRun; clip, noise_multiplier, expected_lot_size, noise = :discrete, lot = nothing)
    step = (clipping = clipping(clip), noise_multiplier = finite("noise_multiplier", noise_multiplier),
        expected_lot_size = finite("expected_lot_size", expected_lot_size), noise = one_of("noise", noise, NOISE_KINDS),
        adaptive = clip isa AdaptiveClip ? crossing(clip) : nothing)
    told = told_lot(lot)
    options = (step = step, lot = crossing_lot(told))
    arrays = Lot(out, gradients)
    told === nothing || numobs(lot) == arrays.examples || throw(invalid("gradients", "$(plural(arrays.examples, "example")) with a lot of $(numobs(lot))",
        "a gradient for each example of the lot, and of no other"))
    report, d = clip_lot!(run.handle, "run.mean", options, arrays)
    released!(told)
    clip isa AdaptiveClip || return report
    return with_adapted(report, moved!(clip, d["adapted"]))
end

"""
    add_noise!(sums, run::PrivateRun; sensitivity, noise_multiplier, noise = :discrete, lot = nothing) -> sums

Add noise of standard deviation `noise_multiplier × sensitivity` to clipped sums, in place: an array, or a vector or tuple
of arrays, all `Float32` or all `Float64`. `sensitivity` is what one example moves all arrays together by, in L2: the
report's `clip_norm`. The run counts the step first; `lot` as in [`private_mean!`](@ref). With `:discrete` noise the sums are
rounded to the noise's grid, and the rounding of [`clip_sum!`](@ref) is allowed for, of up to 65,536 examples;
[`private_mean!`](@ref) saves a pass and has no such limit.

Throws [`InvalidArgument`](@ref), [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref), [`BudgetExhausted`](@ref). Nothing is
counted or changed then.
"""
function add_noise!(sums, run::PrivateRun; sensitivity, noise_multiplier, noise = :discrete, lot = nothing)
    sensitivity = finite("sensitivity", sensitivity)
    sensitivity > 0 || throw(invalid("sensitivity", sensitivity, "a positive number"))
    told = told_lot(lot)
    release_sums!(run, sums, (clip_norm = sensitivity, noise_multiplier = finite("noise_multiplier", noise_multiplier),
        noise = one_of("noise", noise, NOISE_KINDS)), crossing_lot(told))
    released!(told)
    return sums
end

"The release of clipped sums, in place; gives what moved an adaptive norm, or `nothing`."
function release_sums!(run::PrivateRun, sums, step::NamedTuple, lot, norms::Vector{Float64} = Float64[])
    arrays = Lot(sums)
    adapted = Native.ask(run.handle, "run.sum", (step = step, lot = lot); out = places(arrays), norms = norms)
    finish!(arrays)
    return adapted
end

"The norm goes where the release says; gives what may be said of it."
function moved!(clip::AdaptiveClip, d)
    clip.norm = number(d["clip"]["norm"])
    return (fraction = number(d["step"]["fraction"]), norm = number(d["step"]["norm"]))
end

"""
    adapt!(clip::AdaptiveClip, report::ClipReport, run::PrivateRun; expected_lot_size, lot = nothing) -> NamedTuple

Move the norm by what [`clip_sum!`](@ref) saw when it clipped to it: `norm *= exp(-learning_rate (fraction - quantile))`.
Gives `(fraction, norm)`, as in [`ClipReport`](@ref). The run counts it as a release of its own; [`private_mean!`](@ref) does both for
less. Throws [`InvalidArgument`](@ref), [`BudgetExhausted`](@ref).
"""
function adapt!(clip::AdaptiveClip, report::ClipReport, run::PrivateRun; expected_lot_size, lot = nothing)
    step = (clip = crossing(clip), expected_lot_size = finite("expected_lot_size", expected_lot_size))
    options = (step = step, lot = crossing_lot(told_lot(lot)))
    return moved!(clip, Native.ask(run.handle, "run.count", options; norms = report.norms))
end
