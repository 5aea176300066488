# Random programs of what users do, without Flux: claimed epsilon is never below what was really released.
using Test, Random, FluxGuard, FluxGuard.Privacy
using Main.Support
using Main.Support.Programs, Main.Support.Witness
using FluxGuard: StepSettings, TrainingRun, lot_of, named_examples, release!

# What private_gradient does, on gradients that are given: an example is its own gradient.
function step(run, batch; examples)
    lock(run.lock) do
        settings = StepSettings(run)
        lot = lot_of(run, batch)
        named = named_examples(run, examples)
        sum = zeros(Float32, size(batch[1], 1))
        report = clip_sum!(sum, batch[1]; clip = settings.clip)
        sum ./= settings.lot_size
        release!(run, settings, [sum], report; lot = lot, examples = named)
    end
end

function go_on(run, options)
    path = scratch("run.fgdp")
    FluxGuard.save(path, PrivacyState(run))
    return TrainingRun(; options..., resume = FluxGuard.load(PrivacyState, path))
end

const DRIVER = Driver((; options...) -> TrainingRun(; options...), step, run -> bound(() -> epsilon(FluxGuard.accountant(run); delta = Programs.DELTA)),
    go_on, run -> (run.correlated = nothing), run -> run.clip.norm)

understated((claimed, truth, _)) = claimed < truth

@testset "the witness's own calculation" begin
    # a Gaussian mechanism, and the sampled one beside the accountant, which is within a hundredth or two of the truth
    @test true_epsilon([Group(1.0, 1.0)], 1e-5) ≈ epsilon(; noise_multiplier = 1, sampler = :full_batch, steps = 1, delta = 1e-5) rtol = 1e-4
    @test true_epsilon([Group(1.0, 0.6), Group(1.0, 0.8)], 1e-5) ≈ true_epsilon([Group(1.0, 1.0)], 1e-5) rtol = 1e-9
    for (q, σ, count) in ((0.1, 1.0, 12), (0.5, 2.0, 6), (0.3, 0.7, 3))
        claimed = epsilon(; noise_multiplier = σ, sample_rate = q, steps = count, delta = 1e-4)
        found = true_epsilon(fill(Group(q, 1 / σ), count), 1e-4)
        @test 0.9claimed - 0.02count < found <= claimed
    end
    # a lot that is released twice is worse than two lots, and what is charged for it is enough
    twice, apart = Group(0.1, sqrt(2) / 1.0), fill(Group(0.1, 1.0), 2)
    @test true_epsilon([twice], 1e-4) > true_epsilon(apart, 1e-4)
    @test tree_shift([1.0, 0, 0, 0], 1.0) ≈ sqrt(3) && tree_shift([1.0, 1.0, 0, 0], 2.0) ≈ sqrt(1 + 4 + 4) / 2
end

@testset "claimed is at least the truth, in every program" begin
    rng = SplitMix64(parse(Int, get(ENV, "FLUXGUARD_PROGRAMS_SEED", "14")))
    failed, releases, tight = [], 0, 0
    programs = parse(Int, get(ENV, "FLUXGUARD_PROGRAMS", "300"))
    for k in 1:programs
        setup, actions = random_program(rng)
        seed = rand(rng, 1:10^9)
        result = run_program(DRIVER, setup, actions, seed)
        releases += result.releases
        tight += result.truth > 0.8 * result.claimed
        understated(values(result)) || continue
        fewer = smallest_failing(program -> understated(values(run_program(DRIVER, setup, program, seed))), actions)
        push!(failed, (setup, fewer, run_program(DRIVER, setup, fewer, seed)))
    end
    foreach(f -> println("UNDERSTATED: ", f), failed)
    @test isempty(failed)
    @test releases > programs && tight > programs ÷ 15 # the programs do release, and the witness sees nearly all that is claimed
end

# Faults that training loops had, put back one at a time: the programs find each of them, so they can fail.

"A step whose keywords of the release are `f`'s, and not what the door asks."
with_examples(f) = (run, batch; examples = nothing) -> lock(run.lock) do
    settings = StepSettings(run)
    sum = zeros(Float32, size(batch[1], 1))
    report = clip_sum!(sum, batch[1]; clip = settings.clip)
    sum ./= settings.lot_size
    release!(run, settings, [sum], report; f(run, settings, batch, examples)...)
end

remembered(run, settings, batch, examples) = (lot = run.noise in (:tree, :banded) ? nothing : (workers = FluxGuard.sampling_fields(; sample_rate = settings.lot_size / Programs.N), private = true),
    examples = named_examples(run, examples))
unchecked(run, settings, batch, examples) = (lot = lot_of(run, batch), examples = nothing)

const FAULTS = [
    "sampling is a memory of the run, not a fact of the lot" => Driver(DRIVER.new_run, with_examples(remembered), DRIVER.claimed, go_on, DRIVER.restart, DRIVER.clip),
    "nobody looks who takes part in a tree" => Driver(DRIVER.new_run, with_examples(unchecked), DRIVER.claimed, go_on, DRIVER.restart, DRIVER.clip),
    "an example contributes more than the clip norm" => Driver(DRIVER.new_run, (run, batch; examples) -> lock(run.lock) do
            settings = StepSettings(run)
            lot, named = lot_of(run, batch), named_examples(run, examples)
            sum = zeros(Float32, size(batch[1], 1))
            report = clip_sum!(sum, batch[1]; clip = settings.clip)
            release!(run, settings, [sum .* (3 / settings.lot_size)], report; lot = lot, examples = named)
        end, DRIVER.claimed, go_on, DRIVER.restart, DRIVER.clip),
    "a question loses a step" => Driver(DRIVER.new_run, step, run -> epsilon(fewer(FluxGuard.accountant(run)); delta = Programs.DELTA), go_on, DRIVER.restart, DRIVER.clip),
    "a resumed run forgets what was spent" => Driver(DRIVER.new_run, step, DRIVER.claimed, (run, options) -> TrainingRun(; options...), DRIVER.restart, DRIVER.clip),
    "each step is charged for less noise than a schedule gives it" => Driver(DRIVER.new_run, step,
        run -> epsilon(louder(FluxGuard.accountant(run)); delta = Programs.DELTA), go_on, DRIVER.restart, DRIVER.clip)]

# The accountant without its last step, or with more noise than there was.
function fewer(a)
    b = Accountant()
    phases = [(p, k == length(a.phases) ? p.steps - 1 : p.steps) for (k, p) in enumerate(a.phases)]
    foreach(((p, n),) -> step!(b, FluxGuard.Phase(p.noise_multiplier, n, FluxGuard.sampling_of(p))), phases)
    return b
end
function louder(a)
    b = Accountant()
    foreach(p -> step!(b, FluxGuard.Phase(1.3 * p.noise_multiplier, p.steps, FluxGuard.sampling_of(p))), a.phases)
    return b
end

@testset "put back: $fault" for (fault, driver) in FAULTS
    rng = SplitMix64(3)
    found = withenv("FLUXGUARD_PROGRAMS_SEEN" => nothing) do
        any(1:200) do _
            setup, actions = random_program(rng)
            understated(values(run_program(driver, setup, actions, rand(rng, 1:10^9))))
        end
    end
    @test found
end
