# Names of private training; their methods come with Flux.

"""
    AutoDP(AutoZygote(); clip, noise_multiplier, lot_size, options...) <: ADTypes.AbstractADType

Private training of a Flux model by changing one argument:

    dp   = AutoDP(AutoZygote(); clip = 1.0, noise_multiplier = 1.1, lot_size = 256)
    lots = PoissonSampler((x, y); rate = 256 / n, steps = 1000)
    Flux.train!(loss, dp, model, lots, opt)
    epsilon(dp; delta = 1e-5)

Every example's gradient is clipped, the sum gets noise, and is divided by `lot_size` (Abadi et al. 2016). `loss(model,
batch...)` must be a mean or a sum over the lot's examples, without a penalty on parameters (give that to the optimizer:
`WeightDecay`); the first lot shows whether it is. Layers that couple examples are refused ([`check_private`](@ref)).

# Arguments
- `clip`: L2 norm of an example's contribution (flat), a vector of norms, one for each of `Flux.trainables(model)`, or an
  [`AdaptiveClip`](@ref).
- `noise_multiplier`: standard deviation of the noise over the clip norm; [`noise_multiplier`](@ref) finds it for a target.
- `lot_size`: the expected size of a lot, `rate × observations`.
- Schedules: each of these three may be a function of the step (1, 2, ...).
- `lots`: `:sampled`, lots of a [`PoissonSampler`](@ref), which are known again and charged as they were drawn, and others are refused; or
  `:any` with `relation = :replace_one`: others are charged as if every example were in them, each time.
- `accountant = :pld`, `relation = :add_remove`, `unit_size = 1`: as in [`Accountant`](@ref).
- `stop_at`, `delta`: training stops before epsilon at `delta` exceeds `stop_at`.
- `noise`: `:discrete` (default), `:fast` (for experiments), `:none` (for debugging: all is as with noise but that none is added; the
  run is then **not private**, says so, and its epsilon is `Inf`), or for streams that cannot be sampled (DP-FTRL) `:tree` or
  `:banded` with `noise_options = (steps, participations, min_separation | bands)`: the steps of one run of the noise, and
  how often and how far apart one example may take part ([`TreeNoise`](@ref), [`BandedNoise`](@ref)). The data are then
  batches in any order that keeps this promise: a `DataLoader` in order, with `relation = :replace_one`.
- `max_physical_batch_size`: larger lots are worked off in parts of this size; the result is the same.
- `reduction`: `:check`, the examination of the first lots finds out whether the loss is a mean or a sum over examples and refuses
  others; `:mean` or `:sum` promises it, for a loss that draws random numbers. A promise that is seen to be wrong is refused, and the
  fast path is proven whatever was promised.
- `progress = false`: `true` or an `IO`: a line with loss and epsilon about every twentieth of the steps; needs `delta`.
- `resume`: a [`PrivacyState`](@ref) that `FluxGuard.save(path, dp)` wrote in an earlier run: its accounting goes on, an adaptive norm stands
  where it stood, schedules count from its steps; randomness is fresh, and correlated noise begins (and is paid for) anew.
- `keep`: a path: what was spent, and up to a hundredth of the steps more, is in that file before it is spent, as in
  [`PrivateRun`](@ref); at the end of `train!` it is exact. Resume from it after a crash.
- `seed`: for tests; the run is then **not private**.

`Flux.withgradient(loss, dp, model, batch...)` and [`private_gradient`](@ref) take one step's gradient. `dp.run` holds the
state: `dp.accountant`, `dp.steps`, `dp.report` (the last lot's [`ClipReport`](@ref), not private).

Cost: Dense, Conv, Embedding, LayerNorm, GroupNorm, InstanceNorm, Scale, Bilinear, MultiHeadAttention and all that is
made of them take one forward and one backward pass (ghost clipping with book-keeping: Li et al. 2021, "Large Language
Models Can Be Strong Differentially Private Learners"; Bu et al. 2022, "Differentially Private Optimization on Large
Model at Small Cost"). A model with any other layer that has parameters takes a gradient for every example.

Throws [`InvalidArgument`](@ref), [`BudgetExhausted`](@ref) (`train!` for the first step alone: later it stops, and says so). Needs Flux 0.16 and arrays in host memory.
"""
function AutoDP end

"""
    private_gradient(dp, loss, model, batch...; frozen = (), examples = nothing) -> (loss, gradient, report)

One private gradient for a training loop of one's own: `Flux.update!(opt, model, result.gradient)`. Counts one step, for
an empty lot, too (its `loss` is `missing`). A batch that is one tuple is taken apart, as `Flux.train!` does.

# Arguments
- `loss`, `model`: also tuples of as many losses and models, which take one step together (a GAN): the contribution of an
  example to all of them is clipped as one. A tuple or named tuple of models with one loss works as one model.
- `frozen`: layers or arrays that are not trained: neither clipped nor noised nor in the gradient. An optimizer state with
  frozen leaves (`Flux.freeze!`) says the same; `train!` reads it.
- `examples`: who is in the lot, by whole numbers that are the same for the same example: noise that is correlated over steps
  needs it.

How the lot was drawn is asked of the lot itself: as a [`PoissonSampler`](@ref) gave it, it is known; other arrays are refused,
or with `AutoDP(...; lots = :any)` charged as if they were all data. A lot that is used for a second step is charged there without amplification. Calls on one
`dp` from several tasks take turns; `epsilon(dp; delta)` never waits for them.

`report` is a [`ClipReport`](@ref): NaN and Inf examples contribute zero and are listed there (a lot of nothing else is an error),
and `path` is the way that was taken. It is not private.

Throws [`InvalidArgument`](@ref) (also for a loss that is not per-example, or a layer that couples examples) and
[`BudgetExhausted`](@ref), both before anything is released or changed.
"""
function private_gradient end

"""
    check_private(model) -> PrivacyCheck
    check_private(model, loss, batch...) -> PrivacyCheck

Each layer that cannot be trained privately, by its place in the model, what is wrong with it and the fix; and whether
the model may take the fast path, which the first lot must confirm. With a loss and a lot, both are examined as a run does, and the path
that will run is named, and why. `isempty(check_private(model))` where nothing is wrong. Needs Flux.
"""
function check_private end

"""
    privatize(model; groups = 32) -> (model, changes)

The model with layers that couple examples replaced: BatchNorm by GroupNorm of at most `groups` groups with the same
scale, bias and activation (inputs of any dimension stay as they are), InstanceNorm without running statistics. The other
layers are the same objects. `changes` lists what was replaced, as [`check_private`](@ref) names it. Needs Flux.
"""
function privatize end

"""
    next_step(dp) -> settings

What the next step uses (clip norm, lot size, noise, its number), asked once: plain numbers, to be sent to workers.
"""
function next_step end

"""
    lot_part(dp, settings, loss, model, batch...; frozen = ()) -> part

A worker's part of a step: the clipped sum of its own lot, **without noise and not private**, to be sent to the one that
releases. `settings` came from there; `dp` is the worker's own `AutoDP` (of its options only those of the model and the loss
matter). Each worker samples its own shard of the data; shards must not have examples in common.

    settings = next_step(dp)                                            # on one
    part = lot_part(mine, settings, loss, model, x, y)                  # on each, x and y from a PoissonSampler over its shard
    result = private_gradient(dp, model, [part1, part2, part3])         # on the one: noise once, one step counted

Whoever is slow or dead is left out: the noise is whole all the same. A part that comes late, or of another clip norm, is refused, and
so is one that comes twice. An [`AdaptiveClip`](@ref) moves on the one. Needs Flux. Throws [`InvalidArgument`](@ref).
"""
function lot_part end

"""
    begin_noise!(dp) -> dp

Give up the correlated noise (`:tree`, `:banded`) that runs; the next step begins it anew and counts all of it. Every call of
`Flux.train!` does so: an interrupted loop that is begun again would have its examples take part more often than was paid
for. Needs Flux.
"""
function begin_noise! end
