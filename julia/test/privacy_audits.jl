# A canary audit of each mechanism: what an attacker finds out, beside what is claimed; and of the faults that loops had, which it sees.
using Test, FluxGuard, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Privacy, FluxGuard.Audits
using FluxGuard: StepSettings, TrainingRun, lot_of, named_examples, release!

const RUNS, Δ = 1200, 1e-3
const BIG = 1000.0f0

# The canary is one example among four, in a coordinate of its own; its score is what the releases have there.
batch(included) = (Float32[BIG 0 0 0; 0 BIG 0 0; 0 0 BIG 0; 0 0 0 BIG][:, included ? (1:4) : (2:4)],)
whole(data) = first(PoissonSampler(data; rate = 1, steps = 1))

function step(run, x; examples = nothing, scale = 1, lot = lot_of(run, x))
    settings = StepSettings(run)
    sum = zeros(Float32, 4)
    report = clip_sum!(sum, x[1]; clip = settings.clip)
    sum .*= scale / settings.lot_size
    release!(run, settings, [sum], report; lot = lot, examples = named_examples(run, examples))
    return sum[1]
end

run_of(; options...) = TrainingRun(; merge((clip = 1.0, noise_multiplier = 1.0, lot_size = 1), values(options))...)

# Each gives a run and what an attacker sees of it; a run is asked for its claim after one training.
function sums(; steps = 3, scale = 1, options...)
    run = run_of(; options...)
    return run, included -> sum(step(run, whole(batch(included)); scale = scale) for _ in 1:steps)
end

function correlated(; noise, noise_multiplier, noise_options)
    run = run_of(noise = noise, noise_multiplier = noise_multiplier, noise_options = merge((steps = 4,), noise_options))
    return run, included -> step(run, batch(included); examples = included ? [1, 2, 3, 4] : [2, 3, 4])
end

"The report of an audit of `make`, which gives a new run and its training each time; the claim is that of one run, unless a fault counts otherwise."
function audit_of(make, counted = run -> FluxGuard.accountant(run); runs = RUNS)
    run, train = make()
    train(true)
    claimed = epsilon(counted(run); delta = Δ)
    return audit_canaries(included -> make()[2](included), identity; runs = runs, delta = Δ, claimed = claimed)
end

const MECHANISMS = [
    "sums" => () -> sums(),
    "sums with an adaptive norm" => () -> sums(clip = AdaptiveClip(1.0; count_noise = 2.0)),
    "sums by fast noise" => () -> sums(noise = :fast),
    "a tree" => () -> correlated(noise = :tree, noise_multiplier = 0.4, noise_options = (participations = 1,)),
    "a band" => () -> correlated(noise = :banded, noise_multiplier = 0.6, noise_options = (participations = 1, bands = 2))]

@testset "found is at most claimed: $name" for (name, make) in MECHANISMS
    report = audit_of(make)
    println("  audit of ", name, ": at least ", round(report.epsilon; digits = 2), ", claimed ", round(report.claimed; digits = 2))
    @test !report.violated && 0 < report.epsilon
end

# Each of the faults that training loops had, as far as it made epsilon too small (one of the nine took steps of pure noise, which no
# attacker can see). Contributions are longer than the clip norm by what was measured then.
function claimed_poisson()
    run = run_of()
    return run, included -> sum(step(run, batch(included); lot = (workers = FluxGuard.sampling_fields(; sample_rate = 0.05), private = true)) for _ in 1:3)
end

function tree_begun_again()
    run = run_of(noise = :tree, noise_options = (steps = 8, participations = 8))
    # paid for once by hand, and taken part in eight times
    tree = TreeNoise(4, run.door; steps = 8, participations = 1, clip_norm = 1.0, noise_multiplier = 1.0)
    return run, included -> sum((x = zeros(4); x[1] = included; add_noise!(x, tree); x[1]) for _ in 1:8)
end

counted_as(; options...) = run -> step!(Accountant(); sampler = :full_batch, options...)

const FAULTS = [
    "whole data counted as Poisson lots" => (claimed_poisson,),
    "a tree that is begun again without being paid for" => (tree_begun_again,),
    "questions that lose 23 of 24 steps" => (() -> sums(steps = 24, noise_multiplier = 3.0), counted_as(noise_multiplier = 3.0, steps = 1)),
    "a schedule that is asked twice: noise by one answer, counted by the other" => (() -> sums(noise_multiplier = 1.0), counted_as(noise_multiplier = 4.0, steps = 3)),
    "eight workers whose norms drifted apart: noise for their mean square" => (() -> sums(scale = sqrt(8), noise_multiplier = 3.0),),
    "a layer that couples examples in train mode: 11.5 clip norms" => (() -> sums(scale = 11.5, noise_multiplier = 3.0),),
    "weights that come later: 3.9 clip norms" => (() -> sums(scale = 3.9, noise_multiplier = 3.0),),
    "a promised reduction on an axis that is no lot: 6.2 clip norms" => (() -> sums(scale = 6.2, noise_multiplier = 3.0),)]

# Of more runs than the others: noise is the system's, and of 1,200 the weakest of these faults is missed now and then.
@testset "the audit sees: $name" for (name, fault) in FAULTS
    report = audit_of(fault...; runs = 3RUNS)
    println("  audit of ", name, ": at least ", round(report.epsilon; digits = 2), ", claimed ", round(report.claimed; digits = 2))
    @test report.violated
end
